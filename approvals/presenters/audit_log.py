"""The page of the audit log: each entry in words, about what, and as it is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from approvals import log, reads
from approvals.presenters.timeline import in_words
from audit.models import AuditEvent
from registry.models import User

#: entries of one page
MOST = 50
#: what an entry is about -> the word for it
KINDS = {
    "registry.prompt": "Prompt",
    "registry.version": "Version",
    "registry.user": "Account",
    "registry.role": "Role",
    "registry.team": "Team",
    "registry.namespace": "Namespace",
    "registry.label": "Label",
    "registry.token": "Token",
    "registry.mail": "Mail",
    "approvals.request": "Change",
    "approvals.policy": "Policy",
    "approvals.hold": "Hold",
    "approvals.after_review": "Review after the fact",
    "approvals.erasure": "Erasure",
    "approvals.exception": "Exception from a policy",
    "approvals.check": "Test evidence",
}


@dataclass(frozen=True)
class Line:
    """One entry; `name` and `url` are empty where its reader may not know what it is about."""

    seq: int
    at: datetime
    who: str
    words: str
    action: str
    kind: str
    number: str
    name: str
    url: str
    fingerprint: str
    entry: str


@dataclass(frozen=True)
class AuditLog:
    """The entries asked for, newest first; `older` is where those before them begin."""

    lines: tuple[Line, ...]
    size: int
    fingerprint: str
    actions: tuple[str, ...]
    #: what was asked for is not there, or its reader may not know of it
    unknown: bool = False
    older: int | None = None


def audit_log_of(
    account: User, *, about: str = "", action: str = "", before: int | None = None
) -> AuditLog:
    """One page of the log, in a number of queries that does not grow with the log."""
    which = log.about(about, account) if about else Q()
    events: list[AuditEvent] = []
    if which is not None:
        events = list(log.entries(which, action=action, before=before)[: MOST + 1])
    size, fingerprint = log.end()
    more = len(events) > MOST
    return AuditLog(
        lines=_lines(events[:MOST], account),
        size=size,
        fingerprint=fingerprint,
        actions=tuple(log.actions()),
        unknown=which is None,
        older=events[MOST - 1].seq if more else None,
    )


def _lines(events: list[AuditEvent], account: User) -> tuple[Line, ...]:
    people = reads.names_of(event.actor for event in events)
    labels = reads.label_names()
    keys = [(event.subject_type, event.subject_id) for event in events]
    names = log.names(keys, account)
    return tuple(
        _line(event, people, labels, names.get(key))
        for event, key in zip(events, keys, strict=True)
    )


def _line(
    event: AuditEvent, people: dict[str, str], labels: dict[str, str], name: log.Name | None
) -> Line:
    told = in_words(event, json.loads(event.payload), people, labels)
    kind = event.subject_type
    return Line(
        seq=event.seq,
        at=event.ts,
        who=told.who,
        words=told.words,
        action=event.action,
        kind=KINDS.get(kind, kind.rpartition(".")[2].replace("_", " ").capitalize()),
        number=str(event.subject_id),
        name=name.words if name else "",
        url=name.url if name else "",
        fingerprint=bytes(event.leaf).hex(),
        entry=event.payload,
    )
