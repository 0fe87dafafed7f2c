"""Risk scanning: pure functions from a document to findings, a score and excerpts."""

from approvals.scanning.comparing import Comparison, Marked, Scanned, change_score, compare
from approvals.scanning.engine import (
    RULES,
    RULESET,
    scan_document,
    scan_secrets,
    scan_text,
    text_document,
)
from approvals.scanning.excerpts import excerpt, excerpts, redact
from approvals.scanning.findings import (
    CATEGORIES,
    SEVERITIES,
    Finding,
    Found,
    Points,
    Report,
    Rule,
    report_digest,
)
from approvals.scanning.scoring import level_of, score

__all__ = [
    "CATEGORIES",
    "RULES",
    "RULESET",
    "SEVERITIES",
    "Comparison",
    "Finding",
    "Found",
    "Marked",
    "Points",
    "Report",
    "Rule",
    "Scanned",
    "change_score",
    "compare",
    "excerpt",
    "excerpts",
    "level_of",
    "redact",
    "report_digest",
    "scan_document",
    "scan_secrets",
    "scan_text",
    "score",
    "text_document",
]
