"""The form that plans the release of a change, or takes the plan away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals import services
from approvals.explain import title_of
from approvals.models import ApprovalRequest
from approvals.presenters.request_page import standing_of
from approvals.views.frame import SignedIn, key_of, page, show, zone_of
from approvals.views.requests import found
from registry.errors import BadInput, NotAllowed, NotFound, Refusal


@require_http_methods(["GET", "HEAD", "POST"])
@page
def plan(request: SignedIn, pk: int) -> HttpResponse:
    """Show the form to whoever may plan; a POST plans, or takes the plan away."""
    change = found(request, pk)
    if request.method != "POST":
        return _show(request, change)
    try:
        done = _unplan(request, pk) if request.POST.get("do") == "unplan" else _plan(request, pk)
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request, found(request, pk), refusal)
    messages.success(request, done)
    return redirect("approvals:request", pk=pk)


def _plan(request: SignedIn, pk: int) -> str:
    at = _moment(request)
    change = services.plan_release(
        pk,
        actor=request.user,
        at=at,
        seen=request.POST.get("seen", ""),
        key=key_of(request, "plan"),
    )
    return f"Planned: {change.label} gets it then, if everything is met."


def _unplan(request: SignedIn, pk: int) -> str:
    change = services.unplan_release(
        pk,
        actor=request.user,
        seen=request.POST.get("seen", ""),
        key=key_of(request, "unplan"),
    )
    if change.release_when_ready:
        return "The plan is taken away. It releases itself as soon as everything is met."
    return "The plan is taken away."


def _moment(request: SignedIn) -> datetime:
    """The time typed, in the person's own time zone."""
    try:
        typed = datetime.fromisoformat(request.POST.get("when", ""))
    except ValueError:
        raise BadInput("Choose a day and a time.", field="at") from None
    return typed if typed.tzinfo else typed.replace(tzinfo=zone_of(request.user))


def _show(
    request: SignedIn, change: ApprovalRequest, refusal: Refusal | None = None
) -> HttpResponse:
    now = timezone.now()
    standing = standing_of(change, request.user, now)
    if not standing.verbs.plan and refusal is None:
        raise NotAllowed(
            "A release is planned by its author or somebody with the release permission, once the "
            "change is submitted and before it has ended."
        )
    planned = timezone.localtime(change.release_at) if change.release_at else None
    context: dict[str, Any] = {
        "change": change,
        "standing": standing,
        "title": title_of(change),
        "zone": zone_of(request.user).key,
        "at": request.POST.get("when", "")
        if refusal
        else f"{planned:%Y-%m-%dT%H:%M}"
        if planned
        else "",
        "earliest": f"{timezone.localtime(now):%Y-%m-%dT%H:%M}",
    }
    return show(request, "requests/plan.html", context, refusal=refusal)
