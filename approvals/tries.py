"""Wrong passwords of a signed-in person: so many in a while, whichever process they reach.

Each try takes one of a few places, which only one process can take: Redis and the database see to
that. A place is free again after a while, or all are once the password was right.
"""

from __future__ import annotations

from django.core.cache import caches

from approvals.errors import TooManyTries
from registry.models import User

#: wrong passwords that one account may send within so many seconds
TRIES, WITHIN_SECONDS = 5, 15 * 60


def take(person: User, field: str) -> None:
    """Count a try before the password is looked at. Raises TooManyTries, whatever was typed."""
    tries = caches["tries"]
    if not any(tries.add(place, 1, timeout=WITHIN_SECONDS) for place in _places(person)):
        raise TooManyTries(
            f"A wrong password was typed {TRIES} times. Wait {WITHIN_SECONDS // 60} minutes and "
            "try again; nothing was done.",
            field=field,
        )


def forget(person: User) -> None:
    """The password was right: all tries are free again."""
    caches["tries"].delete_many(_places(person))


def _places(person: User) -> list[str]:
    return [f"password:{person.public_id}:{number}" for number in range(TRIES)]
