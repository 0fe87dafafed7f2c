"""owe_digests: one mail a day about what went live without people, for whoever owns or wrote it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from approvals.models import ApprovalRequest
from registry import outbox
from registry.models import User

#: ended days (UTC) that are looked at, so that a scheduler that stood still misses none
DAYS = 3


def owe_digests(*, now: datetime | None = None) -> int:
    """Owe owners and authors one mail for each ended day on which a change of theirs passed alone.

    Returns how many are new: a person gets one for a day however often this runs.
    """
    at = now or timezone.now()
    today = at.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    return sum(_owe(day, at) for day in days)


def _owe(day: date, at: datetime) -> int:
    ids: set[int] = set()
    rows = ApprovalRequest.objects.of_prompts().passed_alone(day)
    for owner, author in rows.values_list("prompt__owner_id", "author_id"):
        ids |= {person for person in (owner, author) if person is not None}
    people = User.objects.filter(pk__in=ids).order_by("pk")
    kind, about = "automatic_digest", day.isoformat()
    return sum(outbox.write_once(kind, person, about=about, at=at) for person in people)
