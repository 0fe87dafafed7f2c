"""Scanning a whole document: every section by every scanner, in a fixed order, with no state."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple
from typing import Any

from approvals.scanning import injection, pii, secrets, template, toxicity
from approvals.scanning.findings import (
    CATEGORIES,
    SEVERITIES,
    Context,
    Finding,
    Hit,
    Report,
    Rule,
    report_digest,
)
from approvals.scanning.scoring import score
from registry.documents import Section, sections

RULES: dict[str, Rule] = {
    rule.id: rule
    for module in (pii, secrets, toxicity, injection, template)
    for rule in module.RULES
}
_SCANNERS: tuple[Callable[[str, Context], Iterator[Hit]], ...] = (
    pii.scan,
    secrets.scan,
    toxicity.scan,
    injection.scan,
    template.scan,
)
# Raised by hand with every change of a pattern; a test holds it against the scanners' source.
EDITION = 1
# Beyond this many findings of one category a report gets longer, but says no more.
MOST_FINDINGS = 200


def _ruleset() -> str:
    told = "\n".join(repr(astuple(RULES[rule_id])) for rule_id in sorted(RULES))
    return f"own-{EDITION}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


RULESET = _ruleset()


def scan_document(document: Mapping[str, Any]) -> Report:
    """Return the report of a document as `registry.documents.load` gives it."""
    found: list[Finding] = []
    for section in sections(document):
        context = _context(document, section)
        for scan in _SCANNERS:
            found.extend(_findings(scan(section.text, context), section))
    return _report(_chosen(found, document))


def scan_secrets(document: Mapping[str, Any], seconds: float = 1.0) -> list[Finding]:
    """Return a document's secrets; no rule starts after the time, so late ones may be missing."""
    deadline = time.monotonic() + seconds
    parts = sections(document)
    found: list[Finding] = []
    # All critical rules over all sections come before any other rule.
    for critical_only in (True, False):
        for section in parts:
            hits = secrets.scan(
                section.text,
                _context(document, section),
                critical_only=critical_only,
                deadline=deadline,
            )
            found.extend(_findings(hits, section))
    return list(_chosen(list(dict.fromkeys(found)), document))


def scan_text(text: str, template_format: str = "none") -> Report:
    """Return the report of one bare text, which need not be a valid prompt."""
    return scan_document(text_document(text, template_format))


def text_document(text: str, template_format: str = "none") -> dict[str, Any]:
    """Return the values of a document that has nothing but one text, without checking it."""
    return {"v": 1, "type": "text", "template": text, "template_format": template_format}


def _context(document: Mapping[str, Any], section: Section) -> Context:
    if section.path in {"model_settings", "tools", "response_format"}:
        return Context("none", ())
    return Context(document["template_format"], tuple(document.get("variables", ())))


def _findings(hits: Iterable[Hit], section: Section) -> Iterator[Finding]:
    """Yield hits as findings; where one rule hits overlapping stretches, the first is told."""
    reached: dict[str, int] = {}
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= reached.get(hit.rule.id, 0):
            reached[hit.rule.id] = hit.end
            yield _finding(hit, section)


def _finding(hit: Hit, section: Section) -> Finding:
    rule = hit.rule
    return Finding(
        category=rule.category,
        rule=rule.id,
        severity=rule.severity,
        confidence=rule.confidence,
        path=section.path,
        start=hit.start,
        end=hit.end,
        explanation=rule.explanation,
        remedy=rule.remedy,
    )


def _chosen(found: list[Finding], document: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Keep the most severe findings of each category, and put them in the order of the text."""
    order = {section.path: index for index, section in enumerate(sections(document))}

    def place(finding: Finding) -> tuple[int, int, int, str]:
        return order[finding.path], finding.start, finding.end, finding.rule

    def worst_first(finding: Finding) -> tuple[int, tuple[int, int, int, str]]:
        return -SEVERITIES.index(finding.severity), place(finding)

    kept: list[Finding] = []
    for category in CATEGORIES:
        own = sorted((f for f in found if f.category == category), key=worst_first)
        kept.extend(own[:MOST_FINDINGS])
    return tuple(sorted(kept, key=place))


def _report(findings: Iterable[Finding]) -> Report:
    kept = tuple(findings)
    points, level, breakdown = score(kept)
    digest = report_digest(RULESET, points, level, breakdown, kept)
    return Report(kept, points, level, breakdown, RULESET, digest)
