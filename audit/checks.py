"""The database check that names missing guards; `manage.py check --database default` runs it."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from audit.guards import all_missing


def check_guards(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Return an Error for each guard that is absent or changed in a fully migrated database.

    A database with migrations to come is passed over: `migrate` itself runs this check first, and
    the missing guards may be the ones it is about to install.
    """
    return [
        Error(
            f"A guard of the database {alias!r} is missing: {name}.",
            hint="Run `manage.py audit_guards --install`, then `manage.py audit_verify`.",
            id="audit.E001",
        )
        for alias in databases or ()
        if _migrated(alias)
        for name in all_missing(alias)
    ]


def _migrated(alias: str) -> bool:
    executor = MigrationExecutor(connections[alias])
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())
