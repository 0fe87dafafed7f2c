"""Events, raw SQL and ledger files for the tests of the audit floor."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor

from audit import ledger
from audit.models import AuditBlob, AuditEvent

ACTOR = "user:0b5d53e6-7a0c-4f57-9d2c-5f0a3f7f1c11"
SUBJECT = ("desk.request", UUID("6f1d2c3b-0000-4000-8000-00000000000a"))
CHANGE = UUID("6f1d2c3b-0000-4000-8000-00000000000b")
FILE_ALIAS = "ledger_file"

# Runs `audit_verify` with options; returns its exit code and what it printed.
Run = Callable[..., tuple[int, str]]


def append(count: int = 1, *, using: str = DEFAULT_DB_ALIAS, **extra: Any) -> list[AuditEvent]:
    """Append events in one recording each, numbered in `data.n`."""
    events: list[AuditEvent] = []
    for number in range(count):
        with ledger.recording(actor=ACTOR, using=using) as log:
            log.record("desk.request.moved", SUBJECT, change=CHANGE, data={"n": number}, **extra)
        events += log.events
    return events


def append_text(text: str, *, using: str = DEFAULT_DB_ALIAS) -> AuditBlob:
    """Append one event that commits to `text`."""
    with ledger.recording(actor=ACTOR, using=using) as log:
        blob = log.commit(text)
        log.record("desk.request.reasoned", SUBJECT, blobs={"reason": blob})
    return blob


def append_erasure(blob: AuditBlob) -> None:
    """Append one event that erases a text."""
    with ledger.recording(actor=ACTOR) as log:
        log.erase(blob)
        log.record("desk.request.erased", SUBJECT)


def sql(statement: str, params: Sequence[Any] = ()) -> None:
    """Run a statement as someone with a database shell would."""
    with connection.cursor() as cursor:
        # Without parameters a percent sign is only a percent sign.
        cursor.execute(statement, params or None)


@contextmanager
def ledger_file(path: Path) -> Iterator[None]:
    """Make an SQLite file with the ledger's tables and open it under FILE_ALIAS."""
    connections.settings[FILE_ALIAS] = dict(connections.settings[DEFAULT_DB_ALIAS]) | {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
    try:
        MigrationExecutor(connections[FILE_ALIAS]).migrate([("audit", "0001_initial")])
        yield
    finally:
        connections[FILE_ALIAS].close()
        del connections[FILE_ALIAS]
        del connections.settings[FILE_ALIAS]
