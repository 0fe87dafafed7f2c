"""Which changes one person may approve among others: of low risk, and read at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from approvals.models import ApprovalRequest
from approvals.policies import Facts, Requirement
from approvals.policies.signoffs import counted
from approvals.presenters.signing import vote_form_of
from approvals.presenters.verbs import may_sign
from registry.models import User

#: changed words that are read among others; what is longer is read on its own page
MOST_WORDS = 200


def signs_briefly(
    change: ApprovalRequest, facts: Facts, requirements: Sequence[Requirement], viewer: User
) -> tuple[str, ...]:
    """Roles in which a change of low risk waits for this person, who has not approved it yet.

    Who has would move their approval to another role: that is decided on the change's own page.
    """
    if change.state != ApprovalRequest.State.REVIEW or not facts.low_risk:
        return ()
    policies = [rules for rules in (facts.pinned, facts.current) if rules]
    if any(vote.person_id == viewer.pk for rules in policies for vote in counted(facts, rules)):
        return ()
    return may_sign(facts, requirements, viewer.pk)


def why_alone(facts: Facts, roles: Sequence[str]) -> str:
    """Why an approval in these roles takes more than a tick; empty where it does not."""
    form = vote_form_of(facts, roles)
    if form.sheets and form.signature_minutes:
        return "It asks you to answer a checklist and to sign with your password."
    if form.sheets:
        return "It asks you to answer a checklist."
    if form.signature_minutes:
        return "It asks you to sign with your password."
    words = facts.change.changed_words
    return f"{words:,} words changed, too many to be read among others." * (words > MOST_WORDS)
