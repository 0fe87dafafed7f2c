"""The shadow report, for governance owners and auditors."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from approvals.presenters import shadow
from approvals.shadow_report import period_of, report_for
from approvals.views.frame import SignedIn, page, show
from registry.errors import BadInput
from registry.numbers import whole


@require_safe
@page
def shadow_report(request: SignedIn) -> HttpResponse:
    """What watched policies would have done in a period, of all or of one."""
    asked = {name: request.GET.get(name, "") for name in ("from", "to", "policy", "version")}
    refusal: BadInput | None = None
    try:
        period = period_of(asked["from"], asked["to"])
    except BadInput as refused:
        refusal, period = refused, period_of("", "")
    report = report_for(
        request.user,
        period,
        policy=asked["policy"],
        # No version has a key that is no number.
        version=whole(asked["version"]) or 0 if asked["version"] else None,
        page=request.GET.get("page", ""),
    )
    context = {
        "report": report,
        # What was refused stays to be mended.
        "first": (refusal and asked["from"]) or period.first.isoformat(),
        "last": (refusal and asked["to"]) or period.last.isoformat(),
        "cards": shadow.cards_of(report),
        "items": shadow.items_of(report),
        "against": shadow.against(report),
        "period": shadow.period_words(report.period),
        "hidden": shadow.hidden_words(report),
        "refused_title": shadow.REFUSED,
        "none_refused": shadow.NONE_REFUSED,
        "nothing": shadow.NOTHING,
    }
    return show(request, "shadow/page.html", context, refusal=refusal)
