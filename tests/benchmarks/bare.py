"""The baseline of a decision: its very writes in one transaction, and nothing around them.

Every read, every rule and all of Django are left out: psycopg sends the statements that the verb
sent, with new keys, over a connection that is open. With `lock` the log's head row is locked first,
as the verb has to lock it; without it votes do not wait for one another, and no log could be whole.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from tests.benchmarks.measured import seconds

_HEAD = 'SELECT size, last_leaf FROM "audit_audithead" WHERE id = 1 FOR UPDATE'


@dataclass(frozen=True)
class Sample:
    """The writes of one decision, and how many queries it took in all."""

    writes: list[tuple[str, list[Any]]]
    queries: int


def of_a_vote(vote: Callable[[], object]) -> Sample:
    """Take a decision and keep what it wrote."""
    found: list[tuple[str, list[Any]]] = []
    count = 0

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += 1
        if sql.startswith(("INSERT", "UPDATE")):
            rest = list(params)
            for one in sql.split(";\n"):
                own = one.count("%s")
                found.append((one, rest[:own]))
                rest = rest[own:]
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        vote()
    return Sample(found, count)


def url() -> str:
    """Where the database of this run is, for psycopg."""
    given = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        dbname=given["NAME"],
        host=given["HOST"] or None,
        port=given["PORT"] or None,
        user=given["USER"] or None,
        password=given["PASSWORD"] or None,
    )


def a_second(sample: Sample, processes: int, each: int, *, lock: bool) -> float:
    """Bare transactions a second, on so many connections at once."""

    def work(ready: Callable[[], object]) -> None:
        with psycopg.connect(url(), cursor_factory=psycopg.ClientCursor) as own:
            _write(own, sample, lock)
            ready()
            for _ in range(each):
                _write(own, sample, lock)

    return processes * each / seconds([work] * processes)


def _write(own: psycopg.Connection[Any], sample: Sample, lock: bool) -> None:
    with own.transaction(), own.cursor() as cursor:
        size, last = 0, b""
        head = None
        for sql, params in sample.writes:
            if 'INTO "audit_auditevent"' in sql:
                if lock:
                    cursor.execute(_HEAD)
                    size, last = cursor.fetchone() or (0, b"")
                else:
                    # Numbers of their own, far beyond those of the log.
                    size, last = 2**40 + secrets.randbits(60), secrets.token_bytes(32)
                head = secrets.token_bytes(32)
                params = [size, last, head, *params[3:]]
            elif '"audit_audithead"' in sql:
                if not lock:
                    continue
                params = [size + 1, head, *params[2:]]
            elif 'INTO "approvals_review"' in sql:
                params = [uuid.uuid4(), *params[1:-1], secrets.token_hex(32)]
            elif 'INTO "registry_outboxmail"' in sql:
                params = [uuid.uuid4(), *params[1:]]
            cursor.execute(sql, params)
