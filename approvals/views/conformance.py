"""What is live and is not what today's policies ask for; dated exceptions are made here."""

from __future__ import annotations

from datetime import date, datetime, time

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals import services
from approvals.conformance import conformance_for, exception_of, live_at
from approvals.views.frame import SignedIn, key_of, page, show
from registry import permissions
from registry.errors import BadInput, Refusal
from registry.models import User
from registry.numbers import whole


@require_http_methods(["GET", "HEAD", "POST"])
@page
def conformance(request: SignedIn) -> HttpResponse:
    """The list; a post makes an exception for one line of it or ends one."""
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            _act(request)
            return redirect("approvals:conformance")
        except Refusal as refused:
            refusal = refused
    found = conformance_for(request.user)
    context = {
        "found": found,
        "governs": permissions.is_governance_owner(request.user),
        "at": request.POST.get("place", ""),
        "again": request.POST.get("do") == "campaign",
        "typed": request.POST,
    }
    return show(request, "conformance/page.html", context, refusal=refusal)


def _act(request: SignedIn) -> None:
    do, _, target = request.POST.get("do", "").partition(":")
    if do == "end":
        row = exception_of(request.user, whole(target) or 0)
        services.end_exception(row.pk, actor=request.user, key=key_of(request, f"end:{target}"))
        return
    if do == "campaign":
        opened = services.open_campaign(
            reason=request.POST.get("campaign_reason", ""),
            a_day=whole(request.POST.get("a_day")) or 0,
            days=whole(request.POST.get("days")) or 0,
            actor=request.user,
            key=key_of(request, "campaign"),
        )
        count = "1 review" if len(opened) == 1 else f"{len(opened)} reviews"
        messages.success(request, f"You asked for {count}, on the first page of who can do them.")
        return
    if do != "except":
        raise BadInput("This page has no such button. Reload it and press again.")
    live = live_at(request.user, request.POST.get("place", ""))
    services.except_live(
        live.prompt,
        live.label,
        owner=_owner(request.POST.get("owner", "")),
        until=_end_of(request.POST.get("until", "")),
        reason=request.POST.get("reason", ""),
        actor=request.user,
        key=key_of(request, f"except:{live.pk}"),
    )


def _owner(username: str) -> User:
    found = User.objects.filter(username__iexact=username.strip()).first()
    if found is None:
        raise BadInput("There is no account of this user name. Write one that is.", field="owner")
    return found


def _end_of(day: str) -> datetime:
    """The end of a day in the zone that is active; BadInput for what is no day."""
    try:
        found = date.fromisoformat(day.strip())
        return timezone.make_aware(datetime.combine(found, time(23, 59)))
    except (ValueError, OverflowError):
        raise BadInput("Write a day such as 2026-12-31.", field="until") from None
