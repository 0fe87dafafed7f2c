"""`manage.py audit_guards`: name the database guards that are missing, or install them all."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from typing_extensions import override

from audit.guards import all_missing, all_specs, install


class Command(BaseCommand):
    """List missing guards and exit 1, or install every guard; needs the owner of the tables."""

    help = "Name the database guards that are missing; with --install, install them all."
    # The check it would fail on is the very state that it repairs.
    requires_system_checks: list[str] = []

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --install and --database."""
        parser.add_argument("--install", action="store_true", help="install every guard afresh")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="alias of the database")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the arguments say and print one line a missing guard."""
        using: str = options["database"]
        if options["install"]:
            install(all_specs(), connections[using])
        names = all_missing(using)
        for name in names:
            self.stdout.write(name)
        if names:
            raise CommandError(f"{len(names)} guards are missing.")
        self.stdout.write("All guards are in place.")
