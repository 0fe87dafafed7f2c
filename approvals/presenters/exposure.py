"""For how long each version was live on a label, from its releases alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from approvals.presenters.times import span
from registry.models import Release


@dataclass(frozen=True)
class Window:
    """A version was served from `start` until `end`; None: it still is."""

    version: int
    start: datetime
    end: datetime | None
    kind: str
    suspended: bool = False

    def length(self, now: datetime) -> str:
        return span((self.end or now) - self.start)


def windows_of(moves: Iterable[Release]) -> tuple[Window, ...]:
    """The windows of one label, newest first; a time of suspension is one of its own.

    `moves` are its releases in the order of their generations.
    """
    found: list[Window] = []
    for move in moves:
        if found:
            last = found.pop()
            found.append(Window(last.version, last.start, move.at, last.kind, last.suspended))
        stopped = move.kind == Release.Kind.SUSPEND
        found.append(Window(move.version.number, move.at, None, move.kind, stopped))
    return tuple(reversed(found))
