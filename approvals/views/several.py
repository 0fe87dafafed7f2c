"""Low-risk changes approved together: each ticked one is a vote of its own, whatever the others."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals import services
from approvals.forms import free_text
from approvals.presenters.queue import MOST
from approvals.presenters.several import Pick, picks_of, refused_of, several_of
from approvals.views.frame import SignedIn, key_of, page, show
from registry.errors import Refusal


@require_http_methods(["GET", "HEAD", "POST"])
@page
def several(request: SignedIn) -> HttpResponse:
    """The changes to tick; a POST approves the ticked ones and says what became of each."""
    if request.method != "POST":
        return _show(request, request.kept)
    try:
        picks, comment = picks_of(request.POST), free_text(request.POST.get("comment", ""))
    except Refusal as refusal:
        return _show(request, request.POST, refusal=refusal)
    refused: list[tuple[Pick, Refusal]] = []
    for pick in picks:
        try:
            _approve(request, pick, comment)
        except Refusal as refusal:
            refused.append((pick, refusal))
    if not refused:
        count = "1 change" if len(picks) == 1 else f"{len(picks)} changes"
        messages.success(request, f"You approved {count}.")
        return redirect("approvals:several")
    approved = len(picks) - len(refused)
    outcome = {"refused": refused_of(refused, request.user), "approved": approved}
    left = request.POST.copy()
    left.setlist("change", [str(pick.change) for pick, _ in refused])
    response = _show(request, left, outcome)
    response.status_code = refused[0][1].status
    return response


def _approve(request: SignedIn, pick: Pick, comment: str) -> None:
    services.review(
        pick.change,
        actor=request.user,
        role=pick.role,
        decision="approve",
        comment=comment,
        seen=pick.seen,
        auth_at=request.user.last_login,
        several=True,
        key=key_of(request, f"several:{pick.change}"),
    )


def _show(
    request: SignedIn,
    sent: QueryDict | None,
    outcome: dict[str, Any] | None = None,
    *,
    refusal: Refusal | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "several": several_of(request.user, timezone.now(), sent),
        "comment": sent.get("comment", "") if sent else "",
        "outcome": outcome,
        "most": MOST,
    }
    return show(request, "reviews/several.html", context, refusal=refusal)
