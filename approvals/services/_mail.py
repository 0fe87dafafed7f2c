"""Owing mail: rows in the outbox, written by the deciding transaction and sent after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from approvals import queue
from registry import outbox
from registry.models import User


def owe(
    kind: str,
    people: Iterable[User | int],
    subject: tuple[str, UUID],
    *,
    at: datetime,
    besides: User | None = None,
    soon: bool = True,
    **data: Any,
) -> None:
    """One row a person, none to `besides` (who did it), and a nudge to the queue on commit.

    What need not go out `soon` waits for the sweep, which is some seconds.
    """
    for row in outbox.write(kind, people, subject, at=at, besides=besides, data=data):
        if soon:
            queue.later(queue.MAIL, row.pk)
