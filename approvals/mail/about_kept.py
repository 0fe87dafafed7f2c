"""Mail to those who approved an earlier revision: whether their approval still counts."""

from __future__ import annotations

from dataclasses import replace

from approvals.mail.cases import Case, State, writer
from approvals.mail.changes import shown
from approvals.mail.parts import Letter, NotOwed, moment
from approvals.models import Review
from approvals.policies.carrying import REASONS
from approvals.presenters.verbs import may_sign


def _kept(case: Case) -> Letter:
    """Nothing to do: the same change, on what is live now or with another reason."""
    copies = Review.objects.filter(request=case.change, reviewer=case.mail.recipient)
    copy = copies.filter(created_at=case.mail.created_at).select_related("copied_from").first()
    if copy is None or copy.copied_from is None:
        raise NotOwed("no_vote")
    letter = case.letter(
        f"Your approval was kept: {case.name}",
        f"You approved revision {copy.copied_from.revision} of this change for {copy.role}. "
        f"Revision {copy.revision} makes the same change, so your approval was kept.",
        case.where,
        "Nothing is asked of you. If you see it otherwise, ask for changes on the page.",
    )
    return replace(letter, shown=shown(case.change))


def _dismissed(case: Case) -> Letter:
    reason = REASONS.get(str(case.mail.data.get("why")), "it was given on an earlier revision")
    asks = case.change.state == State.REVIEW and may_sign(
        case.facts, case.requirements, case.mail.recipient_id
    )
    due = case.change.due_at
    letter = case.letter(
        f"Your approval no longer counts: {case.name}",
        f"You approved an earlier revision of this change. Your approval no longer counts, because "
        f"{reason}.",
        case.where,
        f"Your {' or '.join(asks)} sign-off is asked for again." if asks else "",
        f"Your answer is due by {moment(due)}." if asks and due else "",
    )
    return replace(letter, needs=case.needs, shown=shown(case.change)) if asks else letter


WRITERS = {"approval_kept": writer(_kept), "approval_dismissed": writer(_dismissed)}
