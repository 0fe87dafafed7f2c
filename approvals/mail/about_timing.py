"""Mail about when: planned releases, what became of them, expiry, and emergency releases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals.mail.cases import Case, writer
from approvals.mail.parts import Letter, NotOwed, Words, moment, named
from approvals.mail.texts import one_line
from approvals.models import AfterReview, ApprovalRequest
from registry.models import Release

State = ApprovalRequest.State


def _planned(case: Case) -> Letter:
    change = case.change
    if change.release_at is None or not change.is_open:
        raise NotOwed("no_longer_true")
    who = named(change.planned_by)
    letter = case.letter(
        f"{who} planned a release for {moment(change.release_at)}: {case.name}",
        f"{who} planned to release this change to {case.facts.label} on "
        f"{moment(change.release_at)}. It is judged again then, and goes live if everything is "
        "met.",
        case.where,
    )
    return replace(letter, needs=case.needs)


def _plan_ended(case: Case) -> Letter:
    return case.letter(
        f"Your plan for a release is gone: {case.name}",
        f"The release that you planned will not happen by itself: the change is "
        f"{case.change.get_state_display().lower()}, or somebody took the plan away.",
        case.where,
        "The page tells what happened; a release can be planned again there.",
    )


def _plan_failed(case: Case) -> Letter:
    planned = case.mail.data.get("planned")
    when = f" for {moment(datetime.fromisoformat(planned))}" if planned else ""
    gone = case.mail.data.get("planner_allowed") is False
    letter = case.letter(
        f"A planned release did not happen: {case.name}",
        f"The release planned{when} was judged at its time and did not happen. What was live on "
        f"{case.facts.label} stayed live.",
        "Who planned it may not release it any more; somebody else has to take it on."
        if gone
        else "Something it needs was missing.",
        case.where,
        "The plan is taken away, and nothing goes live by itself. Release the change on its page, "
        "or plan it again.",
    )
    return replace(letter, needs=case.needs)


def _expired(case: Case) -> Letter:
    return case.letter(
        f"Your change waited too long: {case.name}",
        "The policy gives a change only so many days after it was submitted. Yours is a draft "
        "again, with everything you wrote.",
        case.where,
        "Look whether it still fits, and submit it again on its page.",
    )


def _emergency(case: Case) -> Letter:
    moves = Release.objects.filter(
        cause_type="approvals.request", cause_id=case.change.public_id, kind=Release.Kind.EMERGENCY
    )
    move = moves.select_related("account", "version", "from_version", "reason").first()
    if move is None:
        raise NotOwed("no_release")
    who, label, prompt = named(move.account), case.facts.label, one_line(case.prompt.name, 120)
    before = f"v{move.from_version.number}" if move.from_version else "nothing"
    review = AfterReview.objects.filter(release=move, campaign=None).first()
    passed = "; ".join(one_line(item["title"]) for item in review.shortfalls) if review else ""
    letter = case.letter(
        f"EMERGENCY RELEASE by {who} on {label}: {case.name}",
        f"{who} put {prompt} v{move.version.number} live on {label} in an emergency on "
        f"{moment(move.at)}; {before} was live until then.",
        f"It went past: {passed}." if passed else "",
        f"A review after the fact is due on {moment(review.due_at)}, by a reviewer other than "
        f"{who} and the author."
        if review and review.closed_at is None
        else "",
        "No hold follows. Anyone with the release or respond permission can roll it back on the "
        "prompt's page.",
    )
    why: Words | None = case.words(f"{who} wrote why", move.reason)
    return replace(letter, words=why)


WRITERS = {
    "planned": writer(_planned),
    "plan_ended": writer(_plan_ended),
    "plan_failed": writer(_plan_failed),
    "expired": writer(_expired),
    "emergency": writer(_emergency),
}
