"""Which open changes waited longer than their policies allow, without judging each of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest
from approvals.policies import PolicyRules
from approvals.policies.document import LEVELS

_CHUNK = 200


def expired(now: datetime, most: int) -> list[int]:
    """Primary keys of at most so many, the oldest first.

    A policy that begins at some risk may name one that is judged fresh: the verb decides.
    """
    book = PolicyBook.read()
    in_force = [*book.versions.values(), *book.current]
    days = [m.rules.expires_days for m in in_force if m.rules and m.rules.expires_days]
    if not days:
        return []
    rows = ApprovalRequest.objects.old(now - timedelta(days=min(days)))
    rows = rows.filter(prompt__isnull=False).select_related("prompt", "label")
    found = (row.pk for row in rows.iterator(_CHUNK) if _is_old(row, book, now))
    return list(islice(found, most))


def _is_old(row: ApprovalRequest, book: PolicyBook, now: datetime) -> bool:
    assert row.submitted_at is not None  # noqa: S101  # a CHECK says so of these states
    days = [rules.expires_days for rules in _rules(row, book) if rules.expires_days]
    return bool(days) and now >= row.submitted_at + timedelta(days=min(days))


def _rules(row: ApprovalRequest, book: PolicyBook) -> Iterator[PolicyRules]:
    """Every policy that may be asked: that at submission, and today's at any risk."""
    assert row.prompt is not None and row.label is not None  # noqa: PT018,S101  # as queried
    matches = [book.match_for(row.prompt, row.label, level=level) for level in (None, *LEVELS)]
    for match in (book.pinned(row.policy_id), *matches):
        if match.rules is not None:
            yield match.rules
