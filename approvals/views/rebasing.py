"""The form that brings a change up to date by hand, where both sides changed the same lines."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from approvals import merging, reads, services
from approvals.errors import ScanMissing
from approvals.explain import title_of
from approvals.forms import (
    FORMATS,
    ProposalForm,
    document_of,
    from_body,
    from_post,
    rough_body,
    with_another_message,
    without_message,
)
from approvals.merging import Merge
from approvals.models import ApprovalRequest
from approvals.presenters.conflicts import places_of
from approvals.presenters.diffs import diff_of
from approvals.presenters.request_page import hidden_from
from approvals.services.rebasing import OPEN_TO_REBASE
from approvals.views.desk import Desk, desk_of_change
from approvals.views.frame import SignedIn, key_of, page, show
from approvals.views.proposing import ADD_BUTTON
from registry import permissions
from registry.documents import ROLES
from registry.errors import ContentTooLarge, NotFound, Refusal, Stale
from registry.numbers import whole


@require_http_methods(["GET", "HEAD", "POST"])
@page
def rebase(request: SignedIn, pk: int) -> HttpResponse:
    """The merged text to decide in; a POST saves what a person made of it."""
    desk = _desk(request, pk)
    change = desk.change
    assert change is not None  # noqa: S101  # a desk of a change
    if change.state not in OPEN_TO_REBASE or _is_up_to_date(desk, change):
        # Nothing to bring up to date: its page says where it stands.
        return redirect("approvals:request", pk=pk)
    merged = services.merged_with_live(change, desk.live)
    if request.method != "POST":
        return _form(request, desk, merged, _begun(desk, merged), _problem(merged))
    form = from_post(request.POST)
    verb, _, target = request.POST.get("do", "").partition(":")
    if verb == "add-message":
        form, at = with_another_message(form), len(form.messages)
        return _form(request, desk, merged, form, at=at)
    if verb == "remove-message":
        form = without_message(form, whole(target) or 0)
        return _form(request, desk, merged, form, at=ADD_BUTTON)
    if verb != "save":
        return _form(request, desk, merged, form, preview=True)
    return _saved(request, desk, merged, form)


def _desk(request: SignedIn, pk: int) -> Desk:
    """The change as this person may edit it; raises NotFound, NotAllowed, ScanMissing."""
    change = reads.requests_for(request.user).filter(pk=pk).first()
    if change is None or change.prompt is None:
        raise NotFound("There is no such request.")
    permissions.require(request.user, permissions.PROPOSE, change.prompt)
    hidden = hidden_from(change, request.user)
    if hidden:
        raise ScanMissing(hidden)
    return desk_of_change(request, change)


def _is_up_to_date(desk: Desk, change: ApprovalRequest) -> bool:
    base = change.base_version.content_digest if change.base_version else ""
    return base == desk.live_digest


def _saved(request: SignedIn, desk: Desk, merged: Merge, form: ProposalForm) -> HttpResponse:
    change = desk.change
    assert change is not None  # noqa: S101  # a desk of a change
    try:
        document = document_of(form, merged.body)
        mark = sha256(document.digest.encode()).hexdigest()[:16]
        done = services.rebase(
            change.pk,
            actor=request.user,
            document=document,
            seen=form.seen,
            seen_live=form.live_seen(desk.label),
            key=key_of(request, f"rebase:{mark}"),
        )
    except Stale as refusal:
        # The same text, beside what is there now.
        desk = _desk(request, change.pk)
        assert desk.change is not None  # noqa: S101  # a desk of a change
        merged = services.merged_with_live(desk.change, desk.live)
        seen = desk.change.revision_digest
        form = replace(form, seen=seen, seen_live=_seen_live(desk))
        return _form(request, desk, merged, form, refusal, preview=True)
    except Refusal as refusal:
        worth = not isinstance(refusal, ContentTooLarge)
        return _form(request, desk, merged, form, refusal, preview=worth)
    messages.success(request, done_words(done))
    return redirect("approvals:request", pk=done.pk)


def done_words(change: ApprovalRequest) -> str:
    """What was done, in words."""
    if change.state == ApprovalRequest.State.DRAFT:
        return "Brought up to date. It is a draft; submit it when it is ready."
    return "Brought up to date. The risk scan comes first, then the reviewers."


def _begun(desk: Desk, merged: Merge) -> ProposalForm:
    assert desk.change is not None  # noqa: S101  # a desk of a change
    seen = desk.change.revision_digest
    return from_body(merged.body, seen=seen, seen_live=_seen_live(desk))


def _seen_live(desk: Desk) -> dict[str, str]:
    return {desk.label.name: desk.live_digest} if desk.label else {}


def _problem(merged: Merge) -> Refusal | None:
    """Why the merged text cannot be saved as it is, where that is no matter of both sides."""
    if merged.conflicts:
        return None
    try:
        merging.document_of(merged.body, max_bytes=settings.MAX_PROMPT_BYTES)
    except Refusal as refusal:
        return refusal
    return None


def _form(
    request: SignedIn,
    desk: Desk,
    merged: Merge,
    form: ProposalForm,
    refusal: Refusal | None = None,
    *,
    preview: bool = False,
    at: int | None = None,
) -> HttpResponse:
    change = desk.change
    assert change is not None  # noqa: S101  # a desk of a change
    base, live = change.base_version, desk.live
    places = places_of(
        merged.conflicts, base.number if base else None, live.number if live else None
    )
    context: dict[str, Any] = {
        "desk": desk,
        "change": change,
        "form": form,
        "title": title_of(change),
        "places": places,
        "formats": FORMATS,
        "roles": ROLES,
        "preview": diff_of(desk.live_body, rough_body(form, merged.body)) if preview else None,
        "at": at,
    }
    return show(request, "requests/rebase.html", context, refusal=refusal)
