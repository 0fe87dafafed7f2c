"""The page of one change, its verbs, and the part of it that is fetched while it is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from approvals import reads, services
from approvals.errors import MergeConflict, ScanMissing
from approvals.forms import free_text
from approvals.models import ApprovalRequest
from approvals.presenters.request_page import (
    content_of,
    hidden_from,
    standing_of,
    whole_text_of,
)
from approvals.presenters.signing import answers_of
from approvals.presenters.threads import place_of
from approvals.signing import PASSWORD, signed
from approvals.views import talk
from approvals.views.frame import SignedIn, key_of, page, show
from approvals.views.rebasing import done_words
from registry.errors import (
    BadInput,
    ContentTooLarge,
    InvalidDocument,
    NotFound,
    Refusal,
    TemplateDoesNotParse,
)
from registry.numbers import whole

WHEN_READY = "release_when_ready"


@sensitive_post_parameters(PASSWORD)
@require_http_methods(["GET", "HEAD", "POST"])
@page
def request_page(request: SignedIn, pk: int) -> HttpResponse:
    """Show a change; a POST does what the pressed button says and comes back here."""
    change = found(request, pk)
    if request.method != "POST":
        return _show(request, change)
    try:
        done = _act(request, change)
    except NotFound:
        raise
    except (MergeConflict, InvalidDocument, TemplateDoesNotParse, ContentTooLarge):
        # Somebody has to look at the merged text: it opens in a form.
        return redirect("approvals:rebase", pk=pk)
    except Refusal as refusal:
        return _show(request, found(request, pk), refusal)
    messages.success(request, done)
    return redirect("approvals:request", pk=pk)


@require_safe
@page
def request_live(request: SignedIn, pk: int) -> HttpResponse:
    """What may have moved since the page was opened; 304 while the audit log has not grown."""
    change = found(request, pk)
    tag = live_tag(request)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    standing = standing_of(change, request.user, timezone.now())
    context = {"change": change, "standing": standing}
    response = show(request, "requests/_live.html", context)
    response["ETag"] = tag
    response["X-Seen"] = change.revision_digest
    response["X-Mark"] = standing.mark
    return response


@require_safe
@page
def request_diff(request: SignedIn, pk: int) -> HttpResponse:
    """The whole change as plain text, for one that is too long for its page."""
    change = found(request, pk)
    hidden = hidden_from(change, request.user)
    if hidden:
        raise ScanMissing(hidden)
    told = "\n".join(whole_text_of(change))
    return HttpResponse(told, content_type="text/plain; charset=utf-8")


def live_tag(request: SignedIn) -> str:
    """Every change of anything adds an entry to the audit log; words of time change by minute."""
    minute = int(timezone.now().timestamp()) // 60
    return f'"{reads.log_size()}-{minute}-{request.user.pk}"'


def found(request: SignedIn, pk: int) -> ApprovalRequest:
    """The change of this number as the person sees it; NotFound for none."""
    change = reads.requests_for(request.user).filter(pk=pk).first()
    if change is None:
        raise NotFound("There is no such request.")
    return change


def _show(
    request: SignedIn, change: ApprovalRequest, refusal: Refusal | None = None
) -> HttpResponse:
    tag = live_tag(request)
    sent = request.POST if refusal else request.kept
    standing = standing_of(change, request.user, timezone.now(), sent)
    context: dict[str, Any] = {
        "change": change,
        "standing": standing,
        "content": content_of(change, standing.facts, standing.hidden, standing.threads),
        "place": place_of(change, standing.hidden, *talk.chosen_line(request)),
        "typed": talk.typed_of(request),
        "live_tag": tag,
        "comment": sent.get("comment", "") if sent else "",
        "unticked": bool(sent and sent.get("do") == "submit" and not sent.get(WHEN_READY)),
    }
    return show(request, "requests/page.html", context, refusal=refusal)


# -- verbs ----------------------------------------------------------------------------------


def _act(request: SignedIn, change: ApprovalRequest) -> str:
    """Call the verb of the pressed button; what was done, in words."""
    verb, _, role = request.POST.get("do", "").partition(":")
    if verb in _VOTED:
        return _vote(request, change, verb, role)
    known = _VERBS.get(verb)
    if known is None:
        raise BadInput("This page has no such button. Reload it and press one that is there.")
    return known(request, change)


_VOTED = {
    "approve": "You approved this change for {role}.",
    "request_changes": "You asked for changes; the author gets your words.",
    "reject": "You rejected this change; the author gets your words.",
}


def _vote(request: SignedIn, change: ApprovalRequest, decision: str, role: str) -> str:
    auth_method, auth_at = signed(request.user, request.POST.get(PASSWORD, ""))
    services.review(
        change.pk,
        actor=request.user,
        role=role,
        decision=decision,
        comment=_comment(request),
        seen=request.POST.get("seen", ""),
        auth_method=auth_method,
        auth_at=auth_at,
        answers=answers_of(request.POST, role),
        key=key_of(request, f"{decision}:{role}"),
    )
    return _VOTED[decision].format(role=role)


def _submit(request: SignedIn, change: ApprovalRequest) -> str:
    services.submit(
        change.pk,
        actor=request.user,
        release_when_ready=WHEN_READY in request.POST,
        seen=request.POST.get("seen", ""),
        key=key_of(request, "submit"),
    )
    return "Submitted. The risk scan comes first, then the reviewers."


def _withdraw(request: SignedIn, change: ApprovalRequest) -> str:
    services.withdraw(
        change.pk,
        actor=request.user,
        comment=_comment(request),
        seen=request.POST.get("seen", ""),
        key=key_of(request, "withdraw"),
    )
    return "Withdrawn. What is live stays as it is."


def _release(request: SignedIn, change: ApprovalRequest) -> str:
    services.release(
        change.pk,
        actor=request.user,
        expected_generation=whole(request.POST.get("expected_generation")),
        seen=request.POST.get("seen", ""),
        key=key_of(request, "release"),
    )
    return f"Released to {change.label}."


def _rescan(request: SignedIn, change: ApprovalRequest) -> str:
    services.rescan(change.pk, actor=request.user, key=key_of(request, "rescan"))
    return "The scan starts again."


def _rebase(request: SignedIn, change: ApprovalRequest) -> str:
    done = services.rebase(
        change.pk,
        actor=request.user,
        seen=request.POST.get("seen", ""),
        seen_live=request.POST.get("seen_live", ""),
        key=key_of(request, "rebase"),
    )
    return done_words(done)


def _comment(request: SignedIn) -> str:
    return free_text(request.POST.get("comment", ""))


_VERBS: dict[str, Callable[[SignedIn, ApprovalRequest], str]] = {
    "submit": _submit,
    "withdraw": _withdraw,
    "release": _release,
    "rescan": _rescan,
    **talk.VERBS,
    "rebase": _rebase,
}
