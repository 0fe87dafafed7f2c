"""Whose turn it is: while a question waits for the author, the reviewers' clock stands."""

from __future__ import annotations

from datetime import datetime

from approvals.models import ApprovalRequest, Thread


def question_waits(request: ApprovalRequest) -> bool:
    """Whether somebody's question has neither an answer nor an end."""
    rows = Thread.objects.filter(request=request, question=True)
    return rows.filter(answered_at=None, resolved_at=None).exists()


def pass_to_author(request: ApprovalRequest, at: datetime) -> None:
    """Stop the clock, unless an earlier question stopped it already."""
    if request.waiting_since is None:
        request.waiting_since = at


def go_on(request: ApprovalRequest, at: datetime) -> None:
    """Let the clock go on once no question waits; the due time moves by as long as it stood."""
    if request.waiting_since is None or question_waits(request):
        return
    if request.due_at is not None:
        request.due_at += at - request.waiting_since
    request.waiting_since = None


def begin(request: ApprovalRequest, at: datetime) -> None:
    """A due time was set anew: the clock stands from now where a question still waits."""
    request.waiting_since = at if question_waits(request) else None
