"""The page of a change set: one press votes on many changes, each with a vote of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals import reads, services
from approvals.forms import free_text
from approvals.models import ApprovalRequest, ChangeSet
from approvals.presenters.set_page import set_page_of
from approvals.views.frame import SignedIn, key_of, page, show
from registry.errors import BadInput, NotFound, Refusal
from registry.numbers import whole


@dataclass(frozen=True)
class Told:
    """What a press did, in words, and the changes with which it did nothing."""

    words: str
    left: tuple[services.Left, ...] = ()
    hidden: int = 0


@require_http_methods(["GET", "HEAD", "POST"])
@page
def change_set_page(request: SignedIn, public_id: UUID) -> HttpResponse:
    """Show a change set; a POST does what the pressed button says."""
    change_set = _found(request, public_id)
    if request.method != "POST":
        return _show(request, change_set)
    try:
        told = _act(request, change_set)
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request, _found(request, public_id), refusal)
    if told.left or told.hidden:
        return _show(request, _found(request, public_id), told=told)
    messages.success(request, told.words)
    return redirect("approvals:change-set", public_id=public_id)


def _found(request: SignedIn, public_id: UUID) -> ChangeSet:
    change_set = reads.change_set_for(request.user, public_id)
    if change_set is None:
        raise NotFound("There is no such change set.")
    return change_set


def _show(
    request: SignedIn,
    change_set: ChangeSet,
    refusal: Refusal | None = None,
    *,
    told: Told | None = None,
) -> HttpResponse:
    sent = request.POST if refusal or told else request.kept
    context = {
        "change_set": change_set,
        "shown": set_page_of(change_set, request.user, timezone.now()),
        "told": told,
        "comment": sent.get("comment", "") if sent else "",
        "picked": [whole(pk) for pk in sent.getlist("pick")] if sent else None,
    }
    return show(request, "sets/page.html", context, refusal=refusal)


# -- verbs ----------------------------------------------------------------------------------


def _act(request: SignedIn, change_set: ChangeSet) -> Told:
    verb, _, role = request.POST.get("do", "").partition(":")
    if verb in _VOTED:
        return _vote(request, change_set, verb, role)
    known = _VERBS.get(verb)
    if known is None:
        raise BadInput("This page has no such button. Reload it and press one that is there.")
    return known(request, change_set)


#: decision -> what was done with one, and with many
_VOTED = {
    "approve": "You approved {count} for {role}.",
    "request_changes": "You asked for changes in {count}; the author gets your words.",
    "reject": "You rejected {count}; the author gets your words.",
}


def _vote(request: SignedIn, change_set: ChangeSet, decision: str, role: str) -> Told:
    """One vote on each change that is ticked: each signed by itself, and refused by itself."""
    comment = free_text(request.POST.get("comment", ""))
    seen, done = _seen(request), 0
    left: list[services.Left] = []
    for member in _picked(request, change_set):
        try:
            services.review(
                member.pk,
                actor=request.user,
                role=role,
                decision=decision,
                comment=comment,
                seen=seen[member.pk].digest if member.pk in seen else "",
                auth_at=request.user.last_login,
                key=key_of(request, f"{decision}:{role}:{member.pk}"),
            )
            done += 1
        except Refusal as refusal:
            left.append(services.Left(member, refusal))
    if not done and len({one.refusal.code for one in left}) == 1:
        # The same for all of them: the panel says it once, and at the field it speaks of.
        raise left[0].refusal
    words = _VOTED[decision].format(count=_count(done), role=role)
    return Told(words if done else "No vote was given.", tuple(left))


def _picked(request: SignedIn, change_set: ChangeSet) -> list[ApprovalRequest]:
    """The changes that are ticked, which are all of this set; BadInput for none."""
    wanted = {whole(pk) for pk in request.POST.getlist("pick")}
    members = reads.members_of(change_set, request.user)
    picked = [member for member in members if member.pk in wanted]
    if not picked or len(picked) < len(wanted):
        raise BadInput("Tick at least one change of this set, and none of another.")
    return picked


def _seen(request: SignedIn) -> dict[int, services.Seen]:
    """What the page showed of each change: its key, the label's moves and what was read."""
    found: dict[int, services.Seen] = {}
    for mark in request.POST.getlist("member"):
        pk, _, rest = mark.partition(".")
        generation, _, digest = rest.partition(".")
        found[whole(pk) or 0] = services.Seen(digest, whole(generation))
    return found


def _submit(request: SignedIn, change_set: ChangeSet) -> Told:
    outcome = services.submit_set(change_set.pk, actor=request.user, key=key_of(request, "submit"))
    return _told(outcome, "Submitted {count}. The risk scan comes first, then the reviewers.")


def _release(request: SignedIn, change_set: ChangeSet) -> Told:
    only = None
    if not change_set.whole:
        only = [member.pk for member in _picked(request, change_set)]
    outcome = services.release_set(
        change_set.pk,
        actor=request.user,
        only=only,
        seen=_seen(request),
        key=key_of(request, "release"),
    )
    return _told(outcome, f"Released {{count}} to {change_set.label}.")


def _rollback(request: SignedIn, change_set: ChangeSet) -> Told:
    outcome = services.rollback_set(
        change_set.pk,
        actor=request.user,
        reason=free_text(request.POST.get("comment", "")),
        seen=_seen(request),
        key=key_of(request, "rollback"),
    )
    return _told(outcome, "Rolled back {count}. Nothing new goes live there until it is lifted.")


def _withdraw(request: SignedIn, change_set: ChangeSet) -> Told:
    outcome = services.withdraw_set(
        change_set.pk,
        actor=request.user,
        comment=free_text(request.POST.get("comment", "")),
        key=key_of(request, "withdraw"),
    )
    return _told(outcome, "Withdrew {count}. What is live stays as it is.")


def _told(outcome: services.Outcome, words: str) -> Told:
    return Told(words.format(count=_count(len(outcome.done))), outcome.left, outcome.hidden)


def _count(number: int) -> str:
    return f"{number} {'change' if number == 1 else 'changes'}"


_VERBS: dict[str, Callable[[SignedIn, ChangeSet], Told]] = {
    "submit": _submit,
    "release": _release,
    "rollback": _rollback,
    "withdraw": _withdraw,
}
