"""Shared by the scanners' tests: which rules find something in a text."""

from collections.abc import Callable, Iterator

from approvals.scanning.findings import Context, Hit

Scan = Callable[[str, Context], Iterator[Hit]]


def rules(scan: Scan, text: str, template_format: str = "none") -> list[str]:
    """Return the ids of the rules that hit, each once, in alphabetical order."""
    return sorted({hit.rule.id for hit in scan(text, Context(template_format))})


def matched(scan: Scan, text: str, template_format: str = "none") -> list[str]:
    """Return the stretches of text that were hit, in the order of the text."""
    hits = sorted(scan(text, Context(template_format)), key=lambda hit: hit.start)
    return [text[hit.start : hit.end] for hit in hits]
