"""`manage.py import_prompts PATH --as USER`: a folder of prompts, or a git work tree, comes in."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from approvals.importing import (
    Candidate,
    GitFailed,
    Importer,
    Plan,
    apply,
    candidates,
    opened,
    plan,
)
from registry.errors import Refusal
from registry.models import Label, User

_BAR = 30


class Command(BaseCommand):
    """Print one line a file that changes something or cannot come in, then a summary.

    Exit 1 if any file could not be imported as a whole; the others are imported.
    """

    help = (
        "Import every .md, .txt and .jinja2 file of a folder, byte for byte, as a prompt named "
        "by its path without the suffix; in a git work tree every commit becomes a version."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the folder, who imports, the label and --dry-run."""
        parser.add_argument("path", type=Path, help="the folder")
        parser.add_argument("--as", required=True, dest="actor", help="user name of who imports")
        parser.add_argument(
            "--label",
            help="place the newest text there or, where it is protected, open a draft request",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Plan and apply file by file, so that one that fails stops no other."""
        root: Path = options["path"]
        if not root.is_dir():
            raise CommandError(f"There is no folder {root}.")
        root = root.resolve()
        account, label = _account(options["actor"]), _label(options["label"])
        try:
            with opened(root) as tree:
                importer = Importer(root, account, label, tree)
                counts = self.bring_in(candidates(root), importer, dry=options["dry_run"])
        except GitFailed as error:
            raise CommandError(f"git cannot read {root}: {error}") from error
        except OSError as error:
            raise CommandError(f"{root} cannot be read: {error.strerror}.") from error
        self.summary(counts, dry=options["dry_run"])
        if counts["failed"]:
            raise CommandError(f"{_files(counts['failed'])} could not be imported as a whole.")

    def bring_in(self, found: list[Candidate], importer: Importer, *, dry: bool) -> Counter[str]:
        """Plan each file, apply the plan unless `dry`, and count."""
        counts: Counter[str] = Counter()
        for number, candidate in enumerate(found, start=1):
            self.progress(number, len(found))
            planned = plan(candidate, importer)
            if not dry:
                _apply(planned, importer)
            self.tell(planned, importer.label)
            word = "unchanged" if not planned.changes else "changed"
            counts["failed" if planned.problems else word] += 1
            counts["versions"] += len(planned.texts)
            counts["prompts"] += bool(planned.texts and planned.prompt is None)
            counts["steps"] += bool(planned.step)
        return counts

    def tell(self, planned: Plan, label: Label | None) -> None:
        """Print what a plan changes and what stands against it."""
        lines = [planned.line(label)] if planned.changes else []
        lines += [f"error      {planned.candidate.path}: {said}" for said in planned.problems]
        if lines and self.is_watched:
            self.stderr.write("\r\x1b[K", ending="")
        for line in lines:
            self.stdout.write(_shown(line))

    def progress(self, number: int, total: int) -> None:
        """Draw the bar, on a terminal only."""
        if self.is_watched:
            full = _BAR * number // total
            self.stderr.write(f"\r[{'#' * full:{_BAR}}] {number}/{total}", ending="")
            self.stderr.flush()
            if number == total:
                self.stderr.write("\r\x1b[K", ending="")

    @property
    def is_watched(self) -> bool:
        """Whether somebody watches: a bar in a log file is of no use."""
        return sys.stderr.isatty()

    def summary(self, counts: Counter[str], *, dry: bool) -> None:
        """Print what was done, in one line."""
        total = counts["changed"] + counts["unchanged"] + counts["failed"]
        self.stdout.write(
            f"{_files(total)}: {counts['changed']} changed, {counts['unchanged']} unchanged, "
            f"{counts['failed']} failed; {counts['prompts']} new prompts, "
            f"{counts['versions']} new versions, {counts['steps']} steps on labels."
        )
        if dry:
            self.stdout.write("A dry run: nothing was changed.")


def _apply(planned: Plan, importer: Importer) -> None:
    """Apply a plan; what a verb says against it becomes a problem of the file."""
    try:
        apply(planned, importer)
    except Refusal as refusal:
        planned.take_back()
        planned.problems.append(refusal.sentence)


def _shown(line: str) -> str:
    """A line that a terminal can show, whatever a file is called."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in line
    )


def _account(username: str) -> User:
    found = User.objects.filter(username__iexact=username, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no active account named “{username}”.")
    return found


def _label(name: str | None) -> Label | None:
    if name is None:
        return None
    found = Label.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(Label.objects.values_list("name", flat=True))
        raise CommandError(f"There is no label “{name}”. Use one of: {known}.")
    return found


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"
