"""`manage.py policies export [FILE]` and `policies propose FILE --as USER`: policies in git."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from approvals import services
from approvals.models import Policy
from approvals.policies import UnreadablePolicy, document_of, files
from approvals.policies import read as read_policy
from audit.canonical import canonical
from registry.errors import Refusal
from registry.models import User


class Command(BaseCommand):
    """Writes the policies in force as YAML, and proposes what a file says otherwise."""

    help = (
        "export writes the policies in force, in the order in which they are asked; propose "
        "proposes each that a file says otherwise, for another governance owner to decide."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="write the policies in force")
        export.add_argument("file", nargs="?", help="where to; the standard output without one")
        propose = verbs.add_parser("propose", help="propose what a file says otherwise")
        propose.add_argument("file", help="a file that export wrote, edited")
        propose.add_argument("--as", dest="user", required=True, help="user name of who proposes")
        propose.add_argument("--why", required=True, help="the reason, one sentence is enough")
        propose.add_argument("--dry-run", action="store_true", help="only say what would be done")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "export":
            self._export(options["file"])
        else:
            self._propose(options)

    def _export(self, file: str | None) -> None:
        rows = Policy.objects.exclude(current=None).select_related("current").order_by("position")
        try:
            text = files.dump(
                (row.name, read_policy(row.current.document)) for row in rows if row.current
            )
        except UnreadablePolicy as error:
            raise CommandError(f"A policy in force cannot be read: {error}.") from None
        if file is None:
            sys.stdout.write(text)
            return
        try:
            Path(file).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
        self.stdout.write(f"{rows.count()} policies written to {file}.")

    def _propose(self, options: dict[str, Any]) -> None:
        actor = User.objects.filter(username=options["user"]).first()
        if actor is None:
            raise CommandError(f"There is no user {options['user']}.")
        try:
            wanted = files.load(Path(options["file"]).read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise CommandError(f"{options['file']} is not UTF-8.") from None
        except UnreadablePolicy as error:
            raise CommandError(f"{options['file']}: {error}.") from None
        known = {row.name.casefold(): row for row in Policy.objects.select_related("current")}
        for policy in wanted:
            row = known.get(policy.name.casefold())
            if row is not None and row.current and _same(row.current.document, policy):
                self.stdout.write(f"unchanged  {policy.name}")
            elif options["dry_run"]:
                self.stdout.write(f"would propose  {policy.name}")
            else:
                self._one(row, policy, actor, options["why"])

    def _one(self, row: Policy | None, policy: files.NamedPolicy, actor: User, why: str) -> None:
        try:
            request = services.propose_policy(
                row, policy.document, name=policy.name, rationale=why, actor=actor
            )
        except Refusal as refusal:
            raise CommandError(f"{policy.name}: {refusal.sentence}") from None
        self.stdout.write(f"proposed  {request.proposed_policy} (change {request.pk})")


def _same(stored: str, policy: files.NamedPolicy) -> bool:
    try:
        rules = read_policy(stored)
    except UnreadablePolicy:
        return False
    return canonical(document_of(rules)) == canonical(policy.document)
