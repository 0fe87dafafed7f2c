"""Taking the protection off a label, inside the verb of the floor above; no event of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from audit.ledger import Recording
from registry.models import Label, Unprotection, User
from registry.services._common import stamp


def take_protection_off(
    label: Label,
    *,
    actor: User,
    verb: str,
    cause: tuple[str, UUID],
    at: datetime,
    log: Recording,
) -> Unprotection:
    """Append the next un-protection of a locked, protected label, which then follows from it.

    Who decides on it, and that it takes two, is the caller's part; its event holds `told` of the
    row as `unprotected` in `data`.
    """
    if log.at != at:
        raise ValueError("an un-protection carries the time of the recording it is made in")
    # The database lets the protection go only when the row that explains it is there.
    row = Unprotection.objects.create(
        label=label,
        number=label.unprotections + 1,
        cause_type=cause[0],
        cause_id=cause[1],
        account=actor,
        at=at,
    )
    label.protected, label.unprotections = False, row.number
    stamp(label, actor, verb)
    label.save(update_fields=["protected", "unprotections"])
    return row


def told(row: Unprotection) -> dict[str, Any]:
    """What the event that took the protection off says of it."""
    return {
        "id": str(row.public_id),
        "label": str(row.label.public_id),
        "number": row.number,
        "cause": {"type": row.cause_type, "id": str(row.cause_id)},
        "account": str(row.account.public_id),
    }
