"""Guards: database triggers that keep rows as they were written, on SQLite and PostgreSQL alike.

A floor lists its specifications in `<app>/guards.py` as SPECS, names that list in
`settings.AUDIT_GUARDS`, and ends each migration that touches a guarded table with
`migrate_operation("<app>.guards.SPECS")`: SQLite drops the triggers of a table that it remakes,
and column lists inside triggers grow stale, so installing always reads the tables afresh.
A migration that remakes a table which guards of other tables read begins with `lift_operation`:
SQLite refuses to rename a table while a trigger names one that is not there.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations import RunPython
from django.utils.module_loading import import_string

from audit import triggers_postgresql, triggers_sqlite
from audit.specs import (
    AppendOnly,
    Columns,
    Custom,
    EraseOnce,
    FrozenWhen,
    MonotonicHead,
    NoDelete,
    Refuse,
    Spec,
    absent,
    tables_of,
    triggers_of,
    waits,
)
from audit.triggers import Backend, GuardError, Trigger, columns_of

__all__ = [
    "SPECS",
    "AppendOnly",
    "Custom",
    "EraseOnce",
    "FrozenWhen",
    "GuardError",
    "MonotonicHead",
    "NoDelete",
    "Refuse",
    "Spec",
    "all_missing",
    "all_specs",
    "install",
    "lift_operation",
    "migrate_operation",
    "missing",
    "uninstall",
]

_BACKENDS: dict[str, Backend] = {"sqlite": triggers_sqlite, "postgresql": triggers_postgresql}

SPECS: tuple[Spec, ...] = (
    AppendOnly("audit_auditevent"),
    MonotonicHead("audit_audithead", "size", fixed=("origin",)),
    EraseOnce("audit_auditblob", "digest", erasable=("value", "salt")),
)


def install(specs: Iterable[Spec], connection: BaseDatabaseWrapper) -> None:
    """Create the triggers of `specs` afresh; specifications whose tables are absent wait.

    Runs in one transaction, and may run any number of times. Raises GuardError for a
    specification that no trigger can enforce.
    """
    backend = _backend(connection)
    with transaction.atomic(using=connection.alias):
        backend.settle(connection)
        for trigger in _compiled(list(specs), connection):
            backend.drop(connection, trigger)
            backend.create(connection, trigger)


def uninstall(specs: Iterable[Spec], connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers of `specs`: for `lift_operation` and the test harness, nothing else."""
    backend = _backend(connection)
    with transaction.atomic(using=connection.alias):
        backend.settle(connection)
        for trigger in _compiled(list(specs), connection):
            backend.drop(connection, trigger)


def missing(specs: Iterable[Spec], connection: BaseDatabaseWrapper) -> list[str]:
    """Name each guarded table or column that is absent, and each trigger absent or changed."""
    specs = list(specs)
    columns = _columns(specs, connection)
    found = [
        f"{spec.table}: {name} does not exist" for spec in specs for name in absent(spec, columns)
    ]
    installed = _backend(connection).installed(connection)
    for trigger in _compiled(specs, connection, columns):
        signature = installed.get((trigger.table, trigger.name))
        if signature is None:
            found.append(f"{trigger.table}: {trigger.name} is absent")
        elif signature != trigger.signature:
            found.append(f"{trigger.table}: {trigger.name} is not what it should be")
    return found


def migrate_operation(specs_path: str) -> RunPython:
    """Return the last operation of a migration: install the list that `specs_path` names."""

    def forwards(apps: Any, schema_editor: Any) -> None:
        # Indexes that wait for the end of the migration are part of what the guards cover.
        while schema_editor.deferred_sql:
            schema_editor.execute(schema_editor.deferred_sql.pop(0), params=None)
        install(import_string(specs_path), schema_editor.connection)

    return RunPython(forwards, RunPython.noop)


def lift_operation(specs_path: str) -> RunPython:
    """Return the first operation of a migration that ends with `migrate_operation`: drop the list.

    Both run in the migration's one transaction, so no other connection sees the tables unguarded.
    """

    def forwards(apps: Any, schema_editor: Any) -> None:
        uninstall(import_string(specs_path), schema_editor.connection)

    return RunPython(forwards, RunPython.noop)


def all_specs() -> list[Spec]:
    """Return the specifications of every list that settings.AUDIT_GUARDS names."""
    paths: Sequence[str] = getattr(settings, "AUDIT_GUARDS", ["audit.guards.SPECS"])
    return [spec for path in paths for spec in import_string(path)]


def all_missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Return `missing` for every guard of the installation on one database alias."""
    return missing(all_specs(), connections[using])


def _compiled(
    specs: Sequence[Spec], connection: BaseDatabaseWrapper, columns: Columns | None = None
) -> list[Trigger]:
    backend = _backend(connection)
    if columns is None:
        columns = _columns(specs, connection)
    triggers: dict[str, Trigger] = {}
    for spec in specs:
        if waits(spec, columns):
            continue
        for trigger in triggers_of(spec, connection, backend, columns[spec.table]):
            if trigger.name in triggers:
                raise GuardError(f"two guards are named {trigger.name}")
            triggers[trigger.name] = trigger
    return list(triggers.values())


def _columns(specs: Sequence[Spec], connection: BaseDatabaseWrapper) -> Columns:
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
    wanted = {table for spec in specs for table in tables_of(spec)}
    return {table: columns_of(connection, table) for table in wanted & existing}


def _backend(connection: BaseDatabaseWrapper) -> Backend:
    try:
        return _BACKENDS[connection.vendor]
    except KeyError as error:
        raise GuardError(f"no guards exist for {connection.vendor}") from error
