"""The front page: what waits for me, for others, and what is mine."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from approvals.presenters.queue import MOST, queue_of
from approvals.views.frame import SignedIn, page, show
from registry import permissions


@require_safe
@page
def reviews(request: SignedIn) -> HttpResponse:
    """Three groups of changes, each row with what it needs."""
    queue = queue_of(request.user, timezone.now())
    context = {"queue": queue, "most": MOST, "oversees": permissions.oversees(request.user)}
    return show(request, "reviews/page.html", context)
