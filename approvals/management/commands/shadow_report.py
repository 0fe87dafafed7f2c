"""Say what policies that are only watched would have done, in the words of the report's page."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from approvals.presenters.shadow import as_dict, lines_of
from approvals.shadow_report import period_of, report_for_nobody
from registry.errors import Refusal

#: disagreements that one run names
MOST = 100


class Command(BaseCommand):
    """`shadow_report` prints the numbers of the page; it names no confidential prompt."""

    help = (
        "Say what policies in shadow mode, and those that nobody decided yet, would have done "
        "with the changes of a period, against what people decided. Days are in UTC."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the policy, the period and --json."""
        parser.add_argument("--policy", default="", help="one policy by name; otherwise all")
        parser.add_argument("--from", dest="first", default="", help="first day; 30 days as a rule")
        parser.add_argument("--to", dest="last", default="", help="last day; today as a rule")
        parser.add_argument("--json", action="store_true", help="every number by name")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Print the report."""
        try:
            period = period_of(options["first"], options["last"])
            report = report_for_nobody(period, policy=options["policy"], most=MOST)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from None
        if options["json"]:
            self.stdout.write(json.dumps(as_dict(report), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(lines_of(report)))
