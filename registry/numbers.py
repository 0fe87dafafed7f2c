"""Numbers that somebody typed, or that a page of ours put where anybody can write."""

from __future__ import annotations

#: digits that every primary key fits in; a database refuses to be asked for a longer one
_MOST_DIGITS = 18


def whole(text: str | None) -> int | None:
    """The whole number that a text writes in plain digits; None for anything else."""
    text = text or ""
    plain = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if plain else None
