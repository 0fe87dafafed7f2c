"""Scan a text, or JSON lines of texts, for risk; needs no database and no settings of its own."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from approvals.scanning import Finding, Report, excerpts, scan_text, text_document

_SHOWN = ("category", "rule", "severity", "confidence", "path", "start", "end")


class Command(BaseCommand):
    """Reads standard input and writes one JSON line for each text, in order."""

    help = (
        "Scan the text on standard input for risk, or with --jsonl every line "
        '{"id": …, "text": …}, and write a JSON line for each text.'
    )
    requires_system_checks = []

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare --jsonl and --explain."""
        parser.add_argument("--jsonl", action="store_true", help="read one JSON object a line")
        parser.add_argument(
            "--explain",
            action="store_true",
            help="add explanations, remedies, redacted excerpts and the score's breakdown",
        )

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Scan each text as it is read; an unreadable line ends the run and is named."""
        source = sys.stdin.buffer
        if options["jsonl"]:
            for number, line in enumerate(source, start=1):
                if line.strip():
                    self._scan(*_row(line, number), options["explain"])
        else:
            self._scan("stdin", source.read().decode("utf-8", "replace"), options["explain"])

    def _scan(self, row_id: Any, text: str, explain: bool) -> None:
        report = scan_text(text)
        self.stdout.write(json.dumps(_told(row_id, text, report, explain)))


def _row(line: bytes, number: int) -> tuple[Any, str]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"Line {number} is not JSON: {error}", returncode=2) from None
    if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("text"), str):
        raise CommandError(f"Line {number} needs the keys “id” and “text”.", returncode=2)
    return row["id"], row["text"]


def _told(row_id: Any, text: str, report: Report, explain: bool) -> dict[str, Any]:
    findings = [_plain(finding) for finding in report.findings]
    told: dict[str, Any] = {
        "id": row_id,
        "categories": sorted({finding.category for finding in report.findings}),
        "score": report.score,
        "level": report.level,
        "findings": findings,
    }
    if explain:
        told["breakdown"] = [[line.label, line.points] for line in report.breakdown]
        told["ruleset"] = report.ruleset
        quoted: Iterable[str] = excerpts(report.findings, text_document(text))
        for value, finding, excerpt in zip(findings, report.findings, quoted, strict=True):
            value["excerpt"] = excerpt
            value["explanation"] = finding.explanation
            value["remedy"] = finding.remedy
    return told


def _plain(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in _SHOWN}
