"""Telling people by mail what a verb did to their account, their roles or their permissions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from registry import outbox
from registry.actors import Actor
from registry.models import User


def tell(
    kind: str,
    people: Iterable[User | int],
    subject: tuple[str, UUID],
    *,
    actor: Actor,
    at: datetime,
    **data: Any,
) -> None:
    """Owe the people whom a verb concerns a mail; none to whoever did it.

    The set-up of an installation, which acts without an account, tells nobody: it makes accounts
    for somebody who sits in front of it.
    """
    who = actor.account
    if who is None:
        return
    # Nothing nudges the queue from this floor: the sweep sends it within SWEEP_SECONDS, which is
    # 5 seconds on one machine and 15 in production.
    outbox.write(kind, people, subject, at=at, besides=who, data={"by": str(who.public_id), **data})
