"""What the harness does to the database after a test that commits: back to just after `migrate`.

The guards of the product stay on while a test runs, and no product switch lifts them. SQLite gets
back the pages of a copy made after the migrations. On PostgreSQL the harness, as owner, lifts the
guards of the tables that the test wrote, and only there and then.
"""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.test import TransactionTestCase

from audit.guards import all_specs, install
from tests.snapshot import filled, quoted

# Rows that migrations made, such as the empty log's head: columns and rows by table.
_made_by_migrations: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = {}
_Guard = tuple[str, str, str]  # table, trigger, how it is enabled
_guards: list[_Guard] = []


def remember() -> None:
    """Keep what the database holds right after the migrations."""
    if connection.vendor == "sqlite":
        _copy(_sqlite_file(), _sqlite_copy())
        return
    _guards[:] = _guards_now()
    for table in filled():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {quoted(table)}")
            columns = [column.name for column in cursor.description]
            _made_by_migrations[table] = (columns, cursor.fetchall())


def restore(case: TransactionTestCase) -> None:
    """Stand in for the flush with which Django ends a test that commits."""
    if connection.vendor == "sqlite":
        connection.close()
        _copy(_sqlite_copy(), _sqlite_file())
    else:
        _refill(filled())


# --- SQLite ---------------------------------------------------------------------------------------
def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def _sqlite_copy() -> Path:
    return settings.VAR_DIR / "after-migrations.sqlite3"


def _copy(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as reader,
        contextlib.closing(sqlite3.connect(target, timeout=20)) as writer,
    ):
        # A copy that is lost with the machine is made again.
        writer.execute("PRAGMA synchronous=OFF")
        reader.backup(writer)


# --- PostgreSQL -----------------------------------------------------------------------------------
def _guards_now() -> list[_Guard]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname, t.tgenabled FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal ORDER BY 1, 2"
        )
        return [(table, name, state) for table, name, state in cursor.fetchall()]


def _refill(tables: list[str]) -> None:
    if _guards_now() != _guards:
        # A test that took guards away, and its own end did not put them back.
        install(all_specs(), connection)
    guarded = [guard for guard in _guards if guard[0] in tables]
    with transaction.atomic(), connection.cursor() as cursor:
        for table in sorted({table for table, _, _ in guarded}):
            cursor.execute(f"ALTER TABLE {quoted(table)} DISABLE TRIGGER USER")
        # Foreign keys are checked at the end, so that the order is free.
        for table in tables:
            cursor.execute(f"DELETE FROM {quoted(table)}")
        for table, (columns, rows) in _made_by_migrations.items():
            names = ", ".join(map(quoted, columns))
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {quoted(table)} ({names}) VALUES ({marks})", rows)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, name, state in guarded:
            how = {"A": "ENABLE ALWAYS", "O": "ENABLE", "R": "ENABLE REPLICA", "D": "DISABLE"}
            cursor.execute(f"ALTER TABLE {quoted(table)} {how[state]} TRIGGER {quoted(name)}")
