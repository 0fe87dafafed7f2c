"""The one place where the guards of the database are lifted: the harness, around its flush."""

import contextlib
from collections.abc import Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.guards import all_specs, install, uninstall


@contextlib.contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take every guard off the database, as its owner, and put them back afterwards."""
    specs = all_specs()
    uninstall(specs, connection)
    try:
        yield
    finally:
        install(specs, connection)
