"""What a token may read of a request: its content before it is live, and what it still needs."""

from __future__ import annotations

from typing import Any

from approvals.errors import RiskTooHigh, ScanMissing
from approvals.models import ApprovalRequest
from approvals.presenters.explained import about
from registry import permissions, serving
from registry.errors import NotFound, WrongState
from registry.models import ServiceToken
from registry.scopes import covers_label, covers_name

#: One sentence for all that a token cannot reach, so that it does not tell what exists.
NOT_HERE = (
    "There is no such request for this token. Check its number, "
    "and the token's scopes, names and labels."
)


def request_for(token: ServiceToken, pk: int) -> ApprovalRequest:
    """Return an open request that was submitted, on a prompt and label in the token's reach.

    Raises NotFound, also for a draft, and WrongState for one that is closed.
    """
    rows = ApprovalRequest.objects.with_parts().exclude(state=ApprovalRequest.State.DRAFT)
    visible = permissions.visible_prompts(token.account)
    rows = rows.filter(pk=pk, prompt__in=visible, submitted_at__isnull=False)
    request: ApprovalRequest | None = rows.first()
    if request is None or request.prompt is None or request.label is None:
        raise NotFound(NOT_HERE)
    if not (covers_name(token, request.prompt.name) and covers_label(token, request.label.name)):
        raise NotFound(NOT_HERE)
    if not request.is_open:
        raise WrongState(
            f"This change is {request.get_state_display().lower()}. Read what is live by its label."
        )
    return request


def preview_of(request: ApprovalRequest) -> dict[str, Any]:
    """Return the body of a request's content once its scan found nothing critical.

    Raises ScanMissing, RiskTooHigh, Recalled, Erased.
    """
    assert request.prompt is not None and request.version is not None  # noqa: PT018,S101
    if request.scan is None:
        raise ScanMissing("The risk scan of this change has not finished. Try again shortly.")
    if request.scan.level == "critical":
        raise RiskTooHigh("The scan found something critical, so nobody is served this text.")
    serving.check_readable(request.version)
    body = serving.body_of(request.prompt, request.version, label=None, release=None)
    return {**body, "request": about(request)}
