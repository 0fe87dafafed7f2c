"""Who may and which rules apply: held still while a verb judges, alone while somebody changes them.

On PostgreSQL a decision and a change of roles or policies would otherwise pass each other: the
decision reads the old rules and is recorded after the change. SQLite's write lock does it there.
It is the first lock that a verb takes.
"""

from __future__ import annotations

from django.db import connection

from audit.compiled import Text, together

# Any number that nobody else in this database uses.
_KEY = 0x636F756E746572


def hold_still() -> None:
    """Keep roles and policies as they are until this transaction ends; many verbs may."""
    _lock(holding_still())


def holding_still() -> Text | None:
    """The statement of `hold_still`, to go first `together` with others; None where none is
    needed."""
    return _text("pg_advisory_xact_lock_shared")


def change() -> None:
    """Wait until nobody judges, and keep others from judging until this transaction ends."""
    _lock(_text("pg_advisory_xact_lock"))


def _text(function: str) -> Text | None:
    return (f"SELECT {function}(%s)", (_KEY,)) if connection.vendor == "postgresql" else None


def _lock(text: Text | None) -> None:
    if text:
        together(first=text)
