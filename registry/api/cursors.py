"""Where the next page of a list begins, as text that nobody has to read."""

from __future__ import annotations

import base64
import binascii

from registry.api.problems import InvalidCursor

#: the largest key of a row
MOST = 2**63 - 1


def cursor_to(text: str) -> str:
    """Return the cursor of a list that goes on after `text`."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def text_of(cursor: str) -> str:
    """Return what a cursor was made of; InvalidCursor for one that no page gave."""
    try:
        # `-` and `_` only: the other alphabet would give one place two cursors.
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise _unusable() from None
    if "\0" in text:
        raise _unusable()
    return text


def number_of(cursor: str, most: int = MOST) -> int:
    """Return the number that a cursor was made of; InvalidCursor for others, and above `most`."""
    text = text_of(cursor)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))) or int(text) > most:
        raise _unusable()
    return int(text)


def _unusable() -> InvalidCursor:
    return InvalidCursor("Take the cursor from “next_cursor” of a page, or leave it out.")
