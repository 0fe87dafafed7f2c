"""A new installation gets all tables at once, an older one step by step: with the same outcome."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.processes import MANAGE, PYTHON, ROOT, bare_environ, on_embedded

STEP_BY_STEP = """
import django
django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
executor = MigrationExecutor(connection)
executor.loader.replace_migrations = False
executor.loader.build_graph()
leaves = executor.loader.graph.leaf_nodes()
executor.migrate([leaf for leaf in leaves if "_squashed_" not in leaf[1]])
"""


def tables(file: Path) -> dict[str, Any]:
    """Of each table its columns, keys, indexes, checks and guards, in no order."""
    found = {}
    with closing(sqlite3.connect(file)) as database:
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
        for table, sql in database.execute(asked).fetchall():
            indexes = database.execute(f"PRAGMA index_list('{table}')").fetchall()
            keys = database.execute(f"PRAGMA foreign_key_list('{table}')").fetchall()
            guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
            found[table] = (
                sorted(
                    row[1:] for row in database.execute(f"PRAGMA table_info('{table}')").fetchall()
                ),
                sorted(row[2:] for row in keys),
                sorted(
                    (unique, _columns(database.execute(f"PRAGMA index_info('{name}')").fetchall()))
                    for _, name, unique, *_ in indexes
                ),
                sorted(re.split(r',? CONSTRAINT "|\)$', sql)[1:]),
                sorted(database.execute(guards, [table]).fetchall()),
            )
    return found


def _columns(rows: list[tuple[Any, ...]]) -> str:
    """The columns of an index, whose places differ; an expression has no name."""
    return str([name for _, _, name in rows])


@pytest.mark.nightly
@on_embedded
def test_migrate__at_once_and_step_by_step__leave_the_same_tables(tmp_path: Path) -> None:
    files = {}
    ways = {
        "at once": [*MANAGE, "migrate", "--verbosity", "0"],
        "step by step": [PYTHON, "-c", STEP_BY_STEP],
    }
    for way, command in ways.items():
        files[way] = tmp_path / way
        environ = bare_environ(
            DATABASE_URL=f"sqlite:///{files[way]}",
            DJANGO_SETTINGS_MODULE="config.settings",
            VAR_DIR=str(tmp_path),
        )
        subprocess.run(command, cwd=ROOT, env=environ, check=True)
    new, old = (tables(file) for file in files.values())
    assert new.keys() == old.keys()
    assert {name: (new[name], old[name]) for name in new if new[name] != old[name]} == {}
