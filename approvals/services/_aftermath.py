"""Opening a review after the fact, and what the event of the step says of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from approvals.models import AfterReview, Campaign
from approvals.policies import Facts
from audit.canonical import canonical, sha256_hex
from audit.payload import time_text
from registry.models import Release, User

#: hours where no policy can be asked
DEFAULT_HOURS = 72


def open_review(
    row: Release,
    missing: Iterable[tuple[str, str]],
    account: User,
    at: datetime,
    *,
    hours: int,
    campaign: Campaign | None = None,
) -> AfterReview:
    """A review of a move that lacks `missing` (code and title of each), due in so many hours."""
    return AfterReview.objects.create(
        prompt=row.prompt,
        label=row.label,
        release=row,
        campaign=campaign,
        shortfalls=[{"code": code, "title": title} for code, title in missing],
        opened_by=account,
        opened_at=at,
        due_at=at + timedelta(hours=hours),
    )


def hours_of(facts: Facts) -> int:
    """The time for a review after the fact: the shorter of the policies asked."""
    policies = (facts.pinned, facts.current)
    return min((rules.after_review_hours for rules in policies if rules), default=DEFAULT_HOURS)


def review_data(review: AfterReview | None) -> dict[str, Any]:
    """What `audit_verify` reads of a review that was opened; also said where there is none."""
    return {
        "after_review": str(review.public_id) if review else None,
        "shortfalls_digest": sha256_hex(canonical(review.shortfalls)) if review else None,
        "due_at": time_text(review.due_at) if review else None,
    }
