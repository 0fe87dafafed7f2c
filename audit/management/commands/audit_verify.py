"""`manage.py audit_verify`: check the whole ledger; the exit codes are in `audit.report`."""

import json
from argparse import ArgumentParser
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from typing_extensions import override

from audit.copies import opened_copy
from audit.verify import verify


class Command(BaseCommand):
    """Print what the verifier finds and exit 0 only when the ledger is whole."""

    help = "Check the audit log: events, chain, head, texts, guards, and the rows it explains."
    # A fault elsewhere in the project is no reason not to read the log.
    requires_system_checks: list[str] = []

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --json, and which database to read."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--database", default=DEFAULT_DB_ALIAS, help="alias of the database")
        which.add_argument("--database-file", type=Path, help="a copy of an SQLite database file")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, print, and leave with the code of the first problem."""
        with _database(options["database"], options["database_file"]) as using:
            report = verify(using)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), indent=2))
        else:
            self.stdout.write("\n".join(report.lines()))
        if not report.ok:
            raise SystemExit(report.exit_code)


def _database(alias: str, file: Path | None) -> AbstractContextManager[str]:
    if file is None:
        if alias not in connections:
            raise CommandError(f"There is no database {alias!r} in the settings.")
        return nullcontext(alias)
    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    return opened_copy(file)
