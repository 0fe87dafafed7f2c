"""The page of an emergency release: what it passes over, and who signs for it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from approvals import services
from approvals.forms import free_text
from approvals.models import ApprovalRequest
from approvals.presenters.emergency import emergency_page_of
from approvals.signing import PASSWORD, signed
from approvals.views.frame import SignedIn, key_of, page, show
from approvals.views.requests import found
from registry.errors import NotFound, Refusal
from registry.numbers import whole


@sensitive_post_parameters(PASSWORD)
@require_http_methods(["GET", "HEAD", "POST"])
@page
def emergency(request: SignedIn, pk: int) -> HttpResponse:
    """Show what would be passed over; a POST releases and comes back to the change."""
    change = found(request, pk)
    if request.method != "POST":
        return _show(request, change)
    try:
        _release(request, pk)
    except NotFound:
        raise
    except Refusal as refusal:
        return _show(request, found(request, pk), refusal)
    messages.success(
        request,
        f"{change.label} serves it now. Somebody else looks at it afterwards; nothing is on hold.",
    )
    return redirect("approvals:request", pk=pk)


def _release(request: SignedIn, pk: int) -> None:
    auth_method, auth_at = signed(request.user, request.POST.get(PASSWORD, ""))
    services.break_glass(
        pk,
        actor=request.user,
        reason=free_text(request.POST.get("reason", ""), "reason"),
        ticket=request.POST.get("ticket", "").strip(),
        auth_method=auth_method,
        auth_at=auth_at,
        seen=request.POST.get("seen", ""),
        expected_generation=whole(request.POST.get("expected_generation")),
        key=key_of(request, "emergency"),
    )


def _show(
    request: SignedIn, change: ApprovalRequest, refusal: Refusal | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "change": change,
        "shown": emergency_page_of(change, request.user, timezone.now()),
        "reason": request.POST.get("reason", "") if refusal else "",
        "ticket": request.POST.get("ticket", "") if refusal else "",
    }
    return show(request, "requests/emergency.html", context, refusal=refusal)
