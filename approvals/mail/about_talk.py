"""Mail about what people say to one another beside their votes: questions, answers, second asks."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import QuerySet

from approvals.mail.cases import Case, State, writer
from approvals.mail.changes import shown
from approvals.mail.parts import Letter, NotOwed, moment, named
from approvals.models import Lift, Review, Thread
from approvals.presenters.verbs import may_sign


def _question_asked(case: Case) -> Letter:
    thread = _threads(case).filter(opened_at=case.mail.created_at).first()
    if thread is None or thread.resolved_at is not None or thread.answered_at is not None:
        raise NotOwed("no_longer_asked")
    who = named(thread.opened_by)
    letter = case.letter(
        f"{who} asks you something about your change: {case.name}",
        f"{who} has a question{_where(thread)}. Until you answer it the reviewers' time stands "
        "still.",
        case.where,
    )
    first = thread.remarks.select_related("text").first()
    return replace(letter, words=case.words(f"{who} asks", first.text if first else None))


def _question_answered(case: Case) -> Letter:
    thread = _threads(case).filter(answered_at=case.mail.created_at).first()
    if thread is None:
        raise NotOwed("no_longer_true")
    remarks = thread.remarks.filter(created_at=case.mail.created_at)
    answer = remarks.select_related("author", "text").first()
    if answer is None:
        raise NotOwed("no_longer_true")
    who = named(answer.author)
    letter = case.letter(
        f"{who} answered your question: {case.name}",
        f"{who} answered your question{_where(thread)}.",
        case.where,
        "Resolve the thread on the page when that settles it.",
    )
    return replace(letter, words=case.words(f"{who} wrote", answer.text), needs=case.needs)


def _threads(case: Case) -> QuerySet[Thread]:
    rows = Thread.objects.filter(request=case.change, question=True)
    return rows.select_related("opened_by")


def _where(thread: Thread) -> str:
    return f" about line {thread.line}" if thread.line else ""


def _vote_taken_back(case: Case) -> Letter:
    votes = case.change.reviews.filter(
        created_at=case.mail.created_at, decision=Review.Decision.TAKE_BACK
    )
    vote = votes.select_related("reviewer").first()
    if vote is None:
        raise NotOwed("no_vote")
    who = named(vote.reviewer)
    letter = case.letter(
        f"{who} took a vote back: {case.name}",
        f"{who} ({vote.role}) took back the vote on your change; it counts no more.",
        case.where,
    )
    return replace(letter, needs=case.needs)


def _refusal_lifted(case: Case) -> Letter:
    lifts = Lift.objects.filter(review__request=case.change, at=case.mail.created_at)
    lift = lifts.select_related("account", "review__reviewer", "reason").first()
    if lift is None:
        raise NotOwed("no_longer_true")
    who, vote = named(lift.account), lift.review
    whose = "you" if vote.reviewer_id == case.mail.recipient_id else named(vote.reviewer)
    letter = case.letter(
        f"{who} lifted a wish for changes: {case.name}",
        f"{whose[:1].upper()}{whose[1:]} asked for changes on {moment(vote.created_at)}; "
        f"{who} decided as a governance owner that this need not hold the change up.",
        case.where,
    )
    return replace(letter, words=case.words(f"{who} wrote", lift.reason), needs=case.needs)


def _asked_again(case: Case) -> Letter:
    if case.change.state != State.REVIEW:
        raise NotOwed("no_longer_asked")
    viewer = case.mail.recipient_id
    roles = may_sign(case.facts, case.requirements, viewer)
    if not roles and not _can_help(case):
        raise NotOwed("no_longer_asked")
    asks = f"your {' or '.join(roles)} sign-off" if roles else "you to look"
    due = case.change.due_at
    letter = case.letter(
        f"{case.author} asks once more for {asks}: {case.name}"
        if roles
        else f"{case.author} asks {asks} at a change once more: {case.name}",
        f"{case.author} asks once more for {asks}."
        if roles
        else f"{case.author} asks {asks} once more: you can do something that is missing.",
        case.where,
        f"Your answer is due by {moment(due)}." if due and not case.change.waiting_since else "",
    )
    why = case.words(f"{case.author} wrote why", case.change.rationale)
    return replace(letter, words=why, needs=case.needs, shown=shown(case.change))


def _can_help(case: Case) -> bool:
    """By granting what nobody holds, or by a new vote of one who asked for changes."""
    codes = ("sign_off:", "changes_requested")
    return any(
        rule.blocks and any(who.id == case.mail.recipient_id for who in rule.who)
        for rule in case.requirements
        if rule.code.startswith(codes)
    )


WRITERS = {
    "question_asked": writer(_question_asked),
    "question_answered": writer(_question_answered),
    "vote_taken_back": writer(_vote_taken_back),
    "refusal_lifted": writer(_refusal_lifted),
    "asked_again": writer(_asked_again),
}
