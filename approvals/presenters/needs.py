"""What a change still needs, said to one viewer or to nobody in particular: marks and words,
who can do it and who cannot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.policies import GRANT, Requirement, Status, Who
from approvals.words import MARKS, YOURSELF
from registry.wording import MOST_NAMES, either

NO = Status.NOT_APPLICABLE
#: a viewer who is none of the people named, so that nobody is "you"
NOBODY = 0


@dataclass(frozen=True)
class Need:
    """One requirement as a line; `can` and `cannot` are sentences, `yours` puts it first.

    `grants_on` is the prompt on which the viewer can grant what would meet it; empty where not.
    """

    code: str
    css: str
    mark: str
    word: str
    title: str
    sentence: str
    can: str
    cannot: str
    notes: tuple[str, ...]
    yours: bool
    blocks: bool
    grants_on: str = ""


@dataclass(frozen=True)
class Needs:
    """The list of a change; apart from it what does not apply, and the automatic way."""

    lines: tuple[Need, ...]
    other: tuple[Need, ...]
    automatic: tuple[Need, ...]
    missing: int

    @property
    def against(self) -> int:
        return sum(need.blocks for need in self.automatic)


def needs_of(requirements: Sequence[Requirement], viewer: int, prompt: str = "") -> Needs:
    """The list as this viewer reads it: viewer-independent rules, "you" for their own name.

    With the name of its prompt it leads whoever can grant what is missing to where that is done.
    """
    own = [r for r in requirements if r.kind != "automatic"]
    # What is missing comes first; otherwise the order of the list stays.
    own.sort(key=lambda r: not r.blocks)
    auto = [r for r in requirements if r.kind == "automatic"]
    return Needs(
        lines=tuple(_need(r, viewer, prompt) for r in own if r.status != NO),
        other=tuple(_need(r, viewer) for r in own if r.status == NO),
        automatic=tuple(_need(r, viewer) for r in auto),
        missing=sum(r.blocks for r in own),
    )


def lines_of(
    requirements: Iterable[Requirement], viewer: int, prompt: str = ""
) -> tuple[Need, ...]:
    """The blocking lines of a list that came with a refusal."""
    blocking = (r for r in requirements if r.blocks and r.kind != "automatic")
    return tuple(_need(r, viewer, prompt) for r in blocking)


def can_grant(requirement: Requirement, viewer: int) -> bool:
    """Whether this viewer is one of those who can grant what would meet it."""
    named = any(who.id == viewer for who in requirement.who)
    return named and requirement.blocks and requirement.remedy == GRANT


def told(requirement: Requirement) -> dict[str, Any]:
    """One requirement for programs, in the very words of the page; nobody is "you"."""
    need = _need(requirement, NOBODY)
    said = {"sentence": need.sentence, "can": need.can, "cannot": need.cannot}
    return {**requirement.as_dict(), **said}


def _need(requirement: Requirement, viewer: int, prompt: str = "") -> Need:
    mark, css = MARKS[requirement.status]
    return Need(
        code=requirement.code,
        css=css,
        mark=mark,
        word=requirement.word,
        title=requirement.title,
        sentence=_upper(requirement.sentence),
        can=_can(requirement, viewer) if requirement.blocks else "",
        cannot=_cannot(requirement.not_who, viewer) if requirement.blocks else "",
        notes=requirement.notes,
        yours=requirement.blocks and any(who.id == viewer for who in requirement.who),
        blocks=requirement.blocks,
        grants_on=prompt if can_grant(requirement, viewer) else "",
    )


def _can(requirement: Requirement, viewer: int) -> str:
    people = sorted(requirement.who, key=lambda who: who.id != viewer)
    if not people:
        return ""
    names = [_name(who, viewer) for who in people]
    return f"{_upper(either(names))} can {_deed(requirement)}."


def _deed(requirement: Requirement) -> str:
    if requirement.remedy == GRANT:
        return "grant it"
    # Where nobody who may sign is left, the people named can only change that.
    signs = requirement.code.startswith("sign_off:") and not requirement.impossible
    return "sign" if signs else "do this"


def _cannot(people: Sequence[Who], viewer: int) -> str:
    said = [
        f"not you: {YOURSELF.get(who.why_not, 'you ' + who.why_not)}"
        if who.id == viewer
        else f"not {who.name}, who {who.why_not}"
        for who in sorted(people, key=lambda who: who.id != viewer)[:MOST_NAMES]
    ]
    others = len(people) - len(said)
    if others > 0:
        said.append(f"nor {'1 other' if others == 1 else f'{others} others'} with a hand in it")
    return _upper(f"{'; '.join(said)}.") if said else ""


def _upper(text: str) -> str:
    """A sentence with a large first letter, save for the name of a version: "v3 is live."."""
    named = text[:1] == "v" and text[1:2].isdecimal()
    return text if named else text[:1].upper() + text[1:]


def _name(who: Who, viewer: int) -> str:
    return "you" if who.id == viewer else who.name
