"""What has to be true of one approval before it is kept: each check raises its refusal.

Every rule is asked of the policy at submission and of the policy today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from approvals.errors import (
    ChecklistNeeded,
    CommentNeeded,
    NotLowRisk,
    SignatureNeeded,
    StageNotOpen,
)
from approvals.policies import Facts, PolicyRules
from approvals.policies.signoffs import (
    SIGNED,
    level_of,
    open_sign_offs,
    signature_asked,
)

ANSWERS = ("yes", "no", "na")


def check_open(facts: Facts, role: str) -> None:
    """StageNotOpen where every sign-off of this role is of a stage that is not asked for yet."""
    closed = ""
    for rules in _policies(facts):
        asked = [s for s in rules.sign_offs if role in s.roles]
        if not asked:
            continue
        if any(role in sign_off.roles for sign_off in open_sign_offs(facts, rules)):
            return
        applies = [s for s in asked if s.applies(level_of(facts), facts.prompt)]
        closed = closed or (applies[0].title if applies else "")
    if closed:
        raise StageNotOpen(
            f"“{closed}” is asked for once the stage before it is complete. You can ask for "
            "changes now."
        )


def check_low_risk(facts: Facts) -> None:
    """NotLowRisk where the risk today is above low, or the scan is not there to say so."""
    if facts.low_risk:
        return
    why = f"Its risk is {facts.scan.level}" if facts.scan else "Its risk scan has not finished"
    raise NotLowRisk(
        f"{why}, so it cannot be approved together with others. Open it and decide on it alone."
    )


def check_answers(facts: Facts, role: str, answers: Mapping[str, str], comment: str) -> None:
    """ChecklistNeeded for a question without an answer; a No needs a comment that explains it."""
    known: set[str] = set()
    for rules in _policies(facts):
        checklist = rules.checklist(role)
        for question in checklist.questions if checklist else ():
            known.add(question.key)
            if answers.get(question.key) not in ANSWERS:
                raise ChecklistNeeded(
                    f"Answer every question of the checklist; this one is open: {question.text}",
                    field=f"answer:{question.key}",
                )
    unknown = sorted(set(answers) - known)
    if unknown:
        raise ChecklistNeeded(f"The checklist has no question “{unknown[0]}”. Reload the page.")
    if "no" in answers.values() and not comment.strip():
        raise CommentNeeded(
            "You answered No to a question; say in a sentence why you approve all the same.",
            field="comment",
        )


def check_signed(facts: Facts, auth_method: str, auth_at: datetime | None, at: datetime) -> None:
    """SignatureNeeded where a policy asks for one and it is missing or too old."""
    for rules in _policies(facts):
        signature = rules.signature
        if signature is None or not signature_asked(rules, level_of(facts)):
            continue
        fresh = auth_at is not None and at - auth_at <= timedelta(minutes=signature.minutes)
        if not auth_method.startswith(SIGNED) or not fresh:
            raise SignatureNeeded(
                f"{rules.name} asks for a signature: type your password again with your vote. It "
                f"holds for {signature.minutes} minutes."
            )


def _policies(facts: Facts) -> Iterator[PolicyRules]:
    return (rules for rules in (facts.pinned, facts.current) if rules is not None)
