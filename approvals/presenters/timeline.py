"""What happened to a change, from the audit log, in words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals import reads
from approvals.models import ApprovalRequest
from approvals.words import Entry, Told, tell
from audit.models import AuditEvent

#: entries shown at once; the rest is said to exist
MOST = 200
#: words typed by a person with an entry; the rationale has its own place on the page
_SAID = ("comment", "reason", "text")
#: entries of interest to nobody who reads the page
_QUIET = frozenset({"approvals.request.scan_started"})


@dataclass(frozen=True)
class Line:
    """One entry: number, time, who (empty for the product itself), words, and what was said."""

    seq: int
    at: datetime
    who: str
    words: str
    said: str = ""


@dataclass(frozen=True)
class Timeline:
    """The newest entries first; `more` says that older ones are not shown."""

    lines: tuple[Line, ...]
    more: bool = False


def timeline_of(request: ApprovalRequest) -> Timeline:
    """The entries of a change in at most five queries."""
    events = list(reads.events_of_change(request.public_id).exclude(action__in=_QUIET)[: MOST + 1])
    return Timeline(_lines(events[:MOST]), len(events) > MOST)


def _lines(events: Iterable[AuditEvent]) -> tuple[Line, ...]:
    read = [(event, json.loads(event.payload)) for event in events]
    names = reads.names_of(event.actor for event, _ in read)
    labels = reads.label_names() if any(_pointer(payload) for _, payload in read) else {}
    said = reads.texts(_digest(payload) for _, payload in read if _digest(payload))
    return tuple(_line(event, payload, names, labels, said) for event, payload in read)


def _line(
    event: AuditEvent,
    payload: dict[str, Any],
    names: dict[str, str],
    labels: dict[str, str],
    said: dict[str, str],
) -> Line:
    told = in_words(event, payload, names, labels)
    return Line(event.seq, event.ts, told.who, told.words, said.get(_digest(payload), ""))


def in_words(
    event: AuditEvent, payload: dict[str, Any], names: dict[str, str], labels: dict[str, str]
) -> Told:
    """Who did what in an entry; it begins with a capital where nobody did it."""
    entry = Entry(
        action=event.action,
        before=payload["from"],
        after=payload["to"],
        data=payload["data"],
        who=names.get(event.actor, ""),
        label=labels.get(str(_pointer(payload).get("label")), ""),
    )
    told = tell(entry)
    return told if told.who else Told("", told.words[:1].upper() + told.words[1:])


def _pointer(payload: dict[str, Any]) -> dict[str, Any]:
    found = payload["data"].get("pointer")
    return found if isinstance(found, dict) else {}


def _digest(payload: dict[str, Any]) -> str:
    texts = payload["commitments"]
    return next((str(texts[name]) for name in _SAID if name in texts), "")
