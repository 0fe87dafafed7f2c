"""What the verbs wrote for a set-up, kept as SQL, so that each later test gets it back at once.

The people of a test and a change that is released cost some eight hundred queries when the verbs
make them. The verbs make each set-up in every process; its rows, with the very keys, are put back
after that, past no guard.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import time_machine
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from audit.triggers import columns_of

# Django's own rows, which no set-up writes.
_KEPT = {"django_content_type", "auth_permission"}
_WRITES = re.compile(r'^(?:INSERT INTO|UPDATE) "(\w+)"', re.MULTILINE)
_Rows = dict[str, dict[str, dict[str, str]]]


@dataclass
class _Written:
    """Tables in the order of their first row; guards look at what is there before."""

    tables: list[str] = field(default_factory=list)
    deleted: bool = False

    def note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        # What a set-up inside this one puts back comes as many statements at once.
        for table in _WRITES.findall(sql):
            if table not in self.tables:
                self.tables.append(table)
        self.deleted |= sql.startswith("DELETE ")
        return execute(sql, params, many, context)


_seen: set[Hashable] = set()
_kept: dict[Hashable, tuple[Any, list[str]]] = {}


def put_back_or_make(key: Hashable, make: Callable[[], Any], *, from_time: int = 1) -> Any:
    """Have what `make` makes: by the verbs at first, as rows after that; returns what it returned.

    The key has to name all that the outcome depends on. Rows are kept from the given time on that
    a key is asked for, since keeping them costs more than a set-up that nobody asks for again.
    """
    if time_machine.escape_hatch.is_travelling():
        # Rows of another time would be wrong here, and these elsewhere.
        return make()
    if key in _kept:
        found, statements = _kept[key]
        try:
            _run(statements)
        except DatabaseError:
            # A test that wrote rows of its own before, with the keys of these.
            return make()
        return found
    if from_time > 1 and key not in _seen:
        _seen.add(key)
        return make()
    before = _rows(filled())
    written = _Written()
    with connection.execute_wrapper(written.note):
        found = make()
    if not written.deleted:
        _kept[key] = (found, _statements(before, written.tables))
    return found


def _run(statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # PostgreSQL takes them all in one go; SQLite's driver wants one at a time.
        whole = [";\n".join(statements)] if connection.vendor == "postgresql" else statements
        for statement in filter(None, whole):
            cursor.execute(statement)


def _tables() -> list[str]:
    return sorted(
        {
            model._meta.db_table
            for model in apps.get_models(include_auto_created=True)
            if model._meta.managed and not model._meta.proxy
        }
        - _KEPT
    )


def filled() -> list[str]:
    """The tables that have any row."""
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in _tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [table for (table,) in cursor.fetchall()]


def _rows(tables: list[str]) -> _Rows:
    """By table and key: each column with its value as an SQL literal."""
    found: _Rows = {}
    for table in tables:
        columns = columns_of(connection, table)
        with connection.cursor() as cursor:
            key = connection.introspection.get_primary_key_column(cursor, table)
            assert key is not None, table
            literals = ", ".join(map(_literal, [key, *columns]))
            cursor.execute(f"SELECT {literals} FROM {quoted(table)} ORDER BY {quoted(key)}")
            found[table] = {
                str(row[0]): dict(zip(columns, row[1:], strict=True)) for row in cursor.fetchall()
            }
    return found


def _statements(before: _Rows, tables: list[str]) -> list[str]:
    inserts, updates = [], []
    for table, rows in _rows(tables).items():
        known = before.get(table, {})
        new = {key: _born(table, row) for key, row in rows.items() if key not in known}
        if new:
            names = ", ".join(map(quoted, next(iter(new.values()))))
            values = ",\n".join(f"({', '.join(row.values())})" for row in new.values())
            inserts.append(f"INSERT INTO {quoted(table)} ({names}) VALUES {values}")
        for key, row in rows.items():
            old = known.get(key) or new[key]
            changed = {name: value for name, value in row.items() if old[name] != value}
            if changed:
                given = ", ".join(f"{quoted(name)} = {value}" for name, value in changed.items())
                where = next(name for name, value in row.items() if value == key)
                updates.append(f"UPDATE {quoted(table)} SET {given} WHERE {quoted(where)} = {key}")
    return [*inserts, *updates]


def _born(table: str, row: dict[str, str]) -> dict[str, str]:
    """A row as guards want it to begin: a label serves nothing until its release is there."""
    if table == "registry_labelpointer" and row["version_id"] != "NULL":
        return {**row, "version_id": "NULL", "generation": "0"}
    return row


def _literal(column: str) -> str:
    if connection.vendor == "postgresql":
        return f"quote_nullable({quoted(column)}::text)"
    return f"quote({quoted(column)})"


def quoted(name: str) -> str:
    """A name as this database wants it."""
    return connection.ops.quote_name(name)
