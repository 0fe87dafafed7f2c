"""What the verbs about threads share: who may, what a row says to the audit log, and its end."""

from __future__ import annotations

from typing import Any

from approvals.models import ApprovalRequest, Contributor, Remark, Thread
from audit.ledger import Recording
from audit.models import AuditBlob
from audit.payload import time_text
from registry.models import User


def close(thread: Thread, account: User, log: Recording) -> dict[str, str]:
    """Resolve the row of a thread; what the event says of it."""
    thread.resolved_by, thread.resolved_at = account, log.at
    thread.save(update_fields=["resolved_by", "resolved_at"])
    return {
        "id": str(thread.public_id),
        "resolved_by": account.ref,
        "resolved_at": time_text(log.at),
    }


def wrote(request: ApprovalRequest, account: User) -> bool:
    """Whether this person answers for the text: a contributor who did more than suggest."""
    hands = request.contributors.filter(account=account)
    return hands.exclude(role=Contributor.Role.SUGGESTER).exists()


def resolves(*, opened: bool, contributes: bool, replied: bool, manages: bool) -> bool:
    """Who may resolve a thread, in one place for the verb and its button."""
    return opened or manages or (contributes and replied)


def thread_told(thread: Thread) -> dict[str, Any]:
    """Every fact of a new thread, as the reconciler reads its row."""
    return {
        "id": str(thread.public_id),
        "request": str(thread.request.public_id),
        "version": str(thread.version.public_id),
        "path": thread.path,
        "line": thread.line,
        "question": thread.question,
        "opened_by": thread.opened_by.ref,
        "opened_at": time_text(thread.opened_at),
        "answered_at": None,
        "resolved_by": None,
        "resolved_at": None,
    }


def remark_told(remark: Remark) -> dict[str, Any]:
    """Every fact of a new remark; its texts by their commitments."""
    return {
        "id": str(remark.public_id),
        "thread": str(remark.thread.public_id),
        "author": remark.author.ref,
        "text": remark.text_id,
        "suggestion": remark.suggestion_id,
        "at": time_text(remark.created_at),
    }


def texts(remark: Remark) -> dict[str, AuditBlob]:
    """The texts of a remark as an event commits to them."""
    found = {"text": remark.text, "suggestion": remark.suggestion}
    return {name: blob for name, blob in found.items() if blob is not None}
