"""What people said about a change, for programs: the words of its page, and where each line is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from approvals.models import ApprovalRequest, Remark, Thread
from approvals.presenters.threads import Places
from approvals.reading import why_hidden
from audit.payload import time_text
from registry.models import User


def threads_told(
    change: ApprovalRequest, viewer: User, threads: Iterable[Thread]
) -> list[dict[str, Any]]:
    """The bodies of these threads as this account reads them.

    A line is quoted only to who reads the version that it stands in; queries grow with versions.
    """
    rows = list(threads)
    hidden = why_hidden(change.version, viewer) if change.version else ""
    places = Places(change, viewer, hidden, {row.version_id for row in rows})
    return [_told(row, places) for row in rows]


def _told(thread: Thread, places: Places) -> dict[str, Any]:
    spot = places.spot(thread)
    is_open = thread.resolved_at is None
    return {
        "id": str(thread.public_id),
        "version": places.versions[thread.version_id].number,
        "path": thread.path,
        "line": thread.line,
        "now": spot._asdict() if spot is not None else None,
        "where": places.where(thread, spot),
        "quote": places.quote(thread),
        "question": thread.question,
        "waits": thread.question and is_open and thread.answered_at is None,
        "opened_by": str(thread.opened_by),
        "opened_at": time_text(thread.opened_at),
        "resolved_by": str(thread.resolved_by) if thread.resolved_by else None,
        "resolved_at": time_text(thread.resolved_at) if thread.resolved_at else None,
        "remarks": [_remark(remark) for remark in thread.remarks.all()],
    }


def _remark(remark: Remark) -> dict[str, Any]:
    blobs = [blob for blob in (remark.text, remark.suggestion) if blob is not None]
    return {
        "id": str(remark.public_id),
        "by": str(remark.author),
        "at": time_text(remark.created_at),
        "text": remark.text.value if remark.text else None,
        "suggestion": remark.suggestion.value if remark.suggestion else None,
        "erased": any(blob.value is None for blob in blobs),
    }
