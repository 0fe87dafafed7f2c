"""Where mail becomes owed: one row a person, in the transaction that decides.

A row is sent when a sweep finds that it is due; who can reach the queue may have it sent sooner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.models import OutboxMail, User


def write(
    kind: str,
    people: Iterable[User | int],
    subject: tuple[str, UUID],
    *,
    at: datetime,
    besides: User | None,
    data: Mapping[str, Any],
) -> list[OutboxMail]:
    """Write one row a person and return them; none for `besides`, who did it.

    Service accounts get no mail, nor does a closed account but for the kinds of TO_CLOSED.
    """
    skip = besides.pk if besides else None
    ids = {person if isinstance(person, int) else person.pk for person in people} - {skip}
    reached = User.objects.filter(pk__in=ids, kind=User.Kind.PERSON).order_by("pk")
    if kind not in OutboxMail.TO_CLOSED:
        reached = reached.filter(is_active=True)
    return OutboxMail.objects.bulk_create(
        OutboxMail(
            kind=kind,
            recipient=person,
            subject_type=subject[0],
            subject_id=subject[1],
            data=dict(data),
            created_at=at,
            next_try_at=at,
        )
        for person in reached
    )
