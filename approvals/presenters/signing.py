"""What a vote's form asks for besides the comment: the checklist of each role, and a signature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from approvals.policies import Facts, PolicyRules
from approvals.policies.signoffs import level_of, signature_asked

#: answer in the code -> on the page
ANSWERS = (("yes", "Yes"), ("no", "No"), ("na", "Does not apply"))


@dataclass(frozen=True)
class Choice:
    value: str
    words: str
    chosen: bool


@dataclass(frozen=True)
class Asked:
    """One question; `field` is the name of its radio buttons, `key` what a refusal calls it."""

    field: str
    key: str
    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Sheet:
    """The questions that an approval in one role answers."""

    role: str
    title: str
    questions: tuple[Asked, ...]


@dataclass(frozen=True)
class VoteForm:
    """What the approvals that a viewer may give have to bring; empty for who may give none."""

    sheets: tuple[Sheet, ...] = ()
    signature_minutes: int = 0
    policy: str = ""

    @property
    def any(self) -> bool:
        return bool(self.sheets) or bool(self.signature_minutes)


def vote_form_of(
    facts: Facts, roles: Sequence[str], typed: Mapping[str, str] | None = None
) -> VoteForm:
    """What approvals in these roles need by the policy at submission and the policy today.

    `typed` is a form that was refused: its answers stay.
    """
    if not roles:
        return VoteForm()
    policies = [rules for rules in (facts.pinned, facts.current) if rules is not None]
    asking = [p for p in policies if p.signature and signature_asked(p, level_of(facts))]
    strictest = min(asking, key=_minutes, default=None)
    sheets = (_sheet(policies, role, typed or {}) for role in roles)
    return VoteForm(
        sheets=tuple(sheet for sheet in sheets if sheet is not None),
        signature_minutes=_minutes(strictest) if strictest else 0,
        policy=strictest.name if strictest else "",
    )


def answers_of(post: Mapping[str, str], role: str) -> dict[str, str]:
    """The answers in a posted form for one role, by the keys of the questions."""
    before = f"answer:{role}:"
    return {name.removeprefix(before): post[name] for name in post if name.startswith(before)}


def field_of(role: str, key: str) -> str:
    return f"answer:{role}:{key}"


def _minutes(rules: PolicyRules) -> int:
    return rules.signature.minutes if rules.signature else 0


def _sheet(policies: Iterable[PolicyRules], role: str, typed: Mapping[str, str]) -> Sheet | None:
    found = [sheet for rules in policies if (sheet := rules.checklist(role)) is not None]
    if not found:
        return None
    # Both policies are asked; a question of both is asked once, in the words of today.
    texts = {question.key: question.text for sheet in found for question in sheet.questions}
    return Sheet(
        role=role,
        title=found[-1].title,
        questions=tuple(_asked(role, key, text, typed) for key, text in texts.items()),
    )


def _asked(role: str, key: str, text: str, typed: Mapping[str, str]) -> Asked:
    field = field_of(role, key)
    chosen = typed.get(field, "")
    return Asked(
        field, f"answer:{key}", text, tuple(Choice(v, words, v == chosen) for v, words in ANSWERS)
    )
