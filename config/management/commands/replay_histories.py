"""`manage.py replay_histories FILE`: real histories through every verb, then a look from outside.

Needs no set-up and no environment: without DATABASE_URL everything lies in var/replay/.
"""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from config.children import HOST, ChildEnded, free_port
from config.replay import histories, launch
from config.replay.run import Stalled, run
from registry.errors import Refusal

BAD_FILE = 2


class Command(BaseCommand):
    """Exit 0 only when production serves the last accepted texts and the ledger verifies."""

    help = (
        "Replay version histories (.jsonl or .jsonl.gz, one prompt a line) through proposals, "
        "scans, votes, releases and rollbacks, then check what production serves and the audit log."
    )
    # The command starts itself again with settings of its own; nothing to check before.
    requires_system_checks: list[str] = []

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the file, --url, and what the command tells itself."""
        parser.add_argument("file", type=Path, help="a row of JSON for each prompt")
        parser.add_argument(
            "--url", help="a running server of this database, beside which its worker runs"
        )
        parser.add_argument("--port", type=int, help=SUPPRESS)

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Check the whole file, then replay it beside a worker and a server."""
        file: Path = options["file"].resolve()
        try:
            if options["port"] is not None:
                with launch.company(options["port"]) as watch:
                    self.replay(file, f"http://{HOST}:{options['port']}", watch)
                return
            size = histories.check(file)
            self.stdout.write(f"{file.name}: {size.prompts} prompts, {size.versions} versions")
            if options["url"] is None:
                launch.start_again(file, settings.VAR_DIR / "replay", free_port())
            launch.require_database()
            self.replay(file, options["url"], lambda: None)
        except histories.BadFile as error:
            raise CommandError(str(error), returncode=BAD_FILE) from error
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        except (launch.CannotStart, ChildEnded, Stalled) as problem:
            raise CommandError(str(problem)) from problem

    def replay(self, file: Path, url: str, watch: Any) -> None:
        """Replay in this process; exit 1 unless everything is as it must be."""
        if not run(file, url, self.stdout.write, watch):
            raise SystemExit(1)
