"""What the verbs share about planned releases: whose they are, and that none ends unsaid."""

from __future__ import annotations

from datetime import datetime

from approvals.models import ApprovalRequest
from approvals.services import _common as common
from approvals.services import _mail as mail
from registry.models import User


def take_away(request: ApprovalRequest) -> None:
    """No time is planned any more."""
    request.release_at = request.planned_by = None


def tell_ended(
    request: ApprovalRequest, planner: User | None, *, at: datetime, by: User | None
) -> None:
    """Mail to whoever planned a release that somebody else ended; `planner` is read before it."""
    if planner is not None and request.planned_by_id is None:
        subject = (common.REQUEST, request.public_id)
        mail.owe("plan_ended", [planner], subject, at=at, besides=by)
