"""The digest of a stored scan: what a changed row, or one finding more or less, does not match."""

from __future__ import annotations

from approvals import scanning
from approvals.models import RiskScan


def stored_digest(scan: RiskScan) -> str:
    """SHA-256 (hex) of the report that a scan's rows say, as `scanning` computes it of a fresh one.

    Reads `findings` in the order of their positions, prefetched or not.
    """
    rows = sorted(scan.findings.all(), key=lambda row: row.position)
    return scanning.report_digest(
        scan.ruleset,
        scan.score,
        scan.level,
        scan.breakdown,
        (
            scanning.Finding(
                category=row.category,
                rule=row.rule,
                severity=row.severity,
                confidence=row.confidence,
                path=row.path,
                start=row.start,
                end=row.end,
                explanation=row.explanation,
                remedy=row.remedy,
            )
            for row in rows
        ),
    )
