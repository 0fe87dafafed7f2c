"""One line of the list that says what a change still needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Gerrit's statuses of a submit requirement, with the words our pages use."""

    SATISFIED = "SATISFIED"
    UNSATISFIED = "UNSATISFIED"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    OVERRIDDEN = "OVERRIDDEN"
    BYPASSED = "BYPASSED"
    ERROR = "ERROR"

    @property
    def word(self) -> str:
        return WORDS[self]


WORDS = {
    Status.SATISFIED: "Met",
    Status.UNSATISFIED: "Not yet met",
    Status.NOT_APPLICABLE: "Does not apply",
    Status.OVERRIDDEN: "Waived",
    Status.BYPASSED: "Bypassed in emergency",
    Status.ERROR: "Could not be checked",
}

#: remedies: grant a permission on the prompt, or put somebody into a role
GRANT = "grant"
ROLE = "role"

_BLOCKING = frozenset({Status.UNSATISFIED, Status.ERROR})
#: worst first, for a rule that two policies judge
_SEVERITY = [
    Status.ERROR,
    Status.UNSATISFIED,
    Status.BYPASSED,
    Status.OVERRIDDEN,
    Status.SATISFIED,
    Status.NOT_APPLICABLE,
]


@dataclass(frozen=True)
class Who:
    """Somebody who can meet a requirement, or cannot (`why_not` says why)."""

    id: int
    name: str
    why_not: str = ""


@dataclass(frozen=True)
class Requirement:
    """A named rule, how it stands, a sentence, and who can meet it.

    `kind` is "gate" (must hold to be approved and to be released), "release" (must hold
    only at the release itself) or "automatic" (must hold only to skip people's review).
    """

    code: str
    status: Status
    title: str
    sentence: str
    kind: str = "gate"
    who: tuple[Who, ...] = ()
    not_who: tuple[Who, ...] = ()
    notes: tuple[str, ...] = ()
    #: where nobody at all could meet it as things are: what the people named can do about it
    remedy: str = ""

    @property
    def blocks(self) -> bool:
        return self.status in _BLOCKING

    @property
    def impossible(self) -> bool:
        """Whether nobody at all could meet it as things are."""
        return bool(self.remedy)

    @property
    def word(self) -> str:
        return self.status.word

    def as_dict(self) -> dict[str, Any]:
        """The same words for the API, mail and the audit log's readers."""
        return {
            "code": self.code,
            "status": str(self.status),
            "word": self.word,
            "title": self.title,
            "sentence": self.sentence,
            "kind": self.kind,
            "who": [who.name for who in self.who],
            "not_who": [{"name": who.name, "why": who.why_not} for who in self.not_who],
            "notes": list(self.notes),
        }


def unmet(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """What stands between this change and its release, in the order of the list."""
    return tuple(r for r in requirements if r.blocks and r.kind != "automatic")


def is_approvable(requirements: Iterable[Requirement]) -> bool:
    """Every gate holds; an empty list is never approvable."""
    gates = [r for r in requirements if r.kind == "gate"]
    return bool(gates) and not any(r.blocks for r in gates)


def is_releasable(requirements: Iterable[Requirement]) -> bool:
    """Every gate and every release rule holds; an empty list is never releasable."""
    rules = [r for r in requirements if r.kind != "automatic"]
    return bool(rules) and not any(r.blocks for r in rules)


def is_automatic(requirements: Iterable[Requirement]) -> bool:
    """Nothing stands against approval without people; an empty list never is automatic."""
    rules = [r for r in requirements if r.kind == "automatic"]
    return bool(rules) and not any(r.blocks for r in rules)


def worse(one: Requirement, other: Requirement) -> Requirement:
    """The one that blocks more; the first where they are equal."""
    return min(one, other, key=lambda r: _SEVERITY.index(r.status))
