"""The page of the audit log, for auditors: to read, to filter, and for nobody to change."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from approvals.presenters.audit_log import audit_log_of
from approvals.views.frame import SignedIn, page, show
from registry import permissions
from registry.numbers import whole


@require_safe
@page
def audit_log(request: SignedIn) -> HttpResponse:
    """Entries, newest first, with what is asked for by `about` and `action`."""
    permissions.require_log(request.user)
    asked = {name: request.GET.get(name, "").strip()[:300] for name in ("about", "action")}
    before = whole(request.GET.get("before"))
    shown = audit_log_of(request.user, **asked, before=before)
    return show(request, "audit/page.html", {"log": shown, **asked, "before": before})
