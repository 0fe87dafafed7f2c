"""Opening a copied SQLite database file beside the installation's own database, to read it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import DEFAULT_DB_ALIAS, connections

COPY_ALIAS = "audit_copy"


@contextmanager
def opened_copy(path: Path) -> Iterator[str]:
    """Open the database file at `path` for reading only and yield its alias.

    Nothing is written, not even beside the file. Raises FileNotFoundError where there is none.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    defaults: dict[str, Any] = dict(connections.settings[DEFAULT_DB_ALIAS])
    connections.settings[COPY_ALIAS] = defaults | {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _address(path),
        "OPTIONS": {},
        "CONN_MAX_AGE": 0,
    }
    try:
        yield COPY_ALIAS
    finally:
        connections[COPY_ALIAS].close()
        del connections[COPY_ALIAS]
        del connections.settings[COPY_ALIAS]


def _address(path: Path) -> str:
    # A file with a log of changes beside it is read together with them; without one nobody is
    # writing, and "immutable" lets SQLite read it in a folder where it may create nothing.
    log = path.with_name(f"{path.name}-wal")
    mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
    return f"file:{quote(str(path.resolve()))}?{mode}"
