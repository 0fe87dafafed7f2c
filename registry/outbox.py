"""Where mail becomes owed: one row a person, in the transaction that decides.

A row is sent when a sweep finds that it is due; who can reach the queue may have it sent sooner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from audit.compiled import CompiledQuery
from registry.models import OutboxMail, User

#: names of mails of which one person gets one only; drawn once, like any namespace of RFC 9562
_ONCE = UUID("5d0f4b0e-6c55-4c6b-9d0a-3a1f6f0d7c52")


def write_once(kind: str, person: User, *, about: str, at: datetime) -> bool:
    """Write a row about the person, whose `data` says what of; False where there is one already.

    None for a service account or a closed one.
    """
    if not (person.is_person and person.is_active):
        return False
    _, new = OutboxMail.objects.get_or_create(
        # Two that run at once make the same one.
        public_id=uuid5(_ONCE, f"{kind} {person.public_id} {about}"),
        defaults={
            "kind": kind,
            "recipient": person,
            "subject_type": "registry.user",
            "subject_id": person.public_id,
            "data": {"about": about},
            "created_at": at,
            "next_try_at": at,
        },
    )
    return new


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

    Of a user that is given as such, and not by key, it counts what was read already.
    Service accounts get no mail, nor does a closed account but for the kinds of TO_CLOSED.
    """
    skip = besides.pk if besides else None
    keys: set[int] = set()
    active: dict[int, bool] = {}
    for person in people:
        if isinstance(person, int):
            keys.add(person)
        elif person.kind == User.Kind.PERSON:
            active[person.pk] = person.is_active
    active.update(_people([*keys - {*active, skip}]))
    reached = [
        pk
        for pk, is_active in sorted(active.items())
        if pk != skip and (is_active or kind in OutboxMail.TO_CLOSED)
    ]
    return OutboxMail.objects.bulk_create(
        OutboxMail(
            kind=kind,
            recipient_id=person,
            subject_type=subject[0],
            subject_id=subject[1],
            data=dict(data),
            created_at=at,
            next_try_at=at,
        )
        for person in reached
    )


_people = CompiledQuery[tuple[int, bool]](
    lambda accounts: (
        User.objects.filter(pk__in=accounts, kind=User.Kind.PERSON)
        .order_by("pk")
        .values_list("pk", "is_active")
    )
)
