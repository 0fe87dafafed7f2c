"""Times in words, in the zone that is active for the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

HOUR = 3600
SOON = timedelta(hours=4)


@dataclass(frozen=True)
class Due:
    """A due time in words, with a css class that says soon or late."""

    at: datetime
    words: str
    css: str = ""


def when(at: datetime, now: datetime) -> str:
    """The clock time of today, "yesterday 16:10", or the date with the time."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    days = (today - local.date()).days
    clock = f"{local:%H:%M}"
    if days == 0:
        return clock
    if days == 1:
        return f"yesterday {clock}"
    if days == -1:
        return f"tomorrow {clock}"
    date = f"{local.day} {local:%b}"
    return f"{date} {clock}" if local.year == today.year else f"{date} {local.year} {clock}"


def due(at: datetime | None, now: datetime) -> Due | None:
    """How long there is until `at`, or by how much it is late; None without a due time."""
    if at is None:
        return None
    left = at - now
    if left < timedelta(0):
        return Due(at, f"{span(-left)} late", "late")
    if left < timedelta(hours=12):
        return Due(at, f"in {span(left)}", "soon" if left < SOON else "")
    return Due(at, when(at, now))


def span(length: timedelta) -> str:
    """A length of time in words: "3 h 20 min", "2 days"."""
    minutes = max(1, int(length.total_seconds()) // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days = hours // 24
    return "1 day" if days == 1 else f"{days} days"
