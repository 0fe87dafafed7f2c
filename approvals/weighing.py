"""A change's scan weighed against that of its base: only what is new counts for its risk."""

from __future__ import annotations

from collections.abc import Sequence

from approvals import scanning
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest, RiskScan
from approvals.policies import ScanFacts
from approvals.rows import Rows, read_scans


def scan_facts(
    request: ApprovalRequest,
    scans: dict[tuple[str, str, str], RiskScan],
    findings: dict[int, list[scanning.Finding]],
) -> ScanFacts | None:
    """The request's scan weighed against its base's: only what is new raises the score.

    With no scan of the base by the same rules every finding counts as new.
    """
    scan, version = request.scan, request.version
    if scan is None or version is None or scan.content_digest != version.content_digest:
        return None
    # Of erased content the findings stay, without the text that they were found in.
    document = version.body or scanning.text_document("")
    own = scanning.Scanned(findings.get(scan.pk, []), document)
    compared = scanning.compare(own, _base_scanned(request, scan, scans, findings))
    score, level, _ = scanning.score(compared.new)
    return ScanFacts(
        digest=scan.digest,
        level=level,
        score=score,
        new=len(compared.new),
        standing=len(compared.marked) - len(compared.new),
        categories=frozenset(finding.category for finding in own.findings),
        finished_at=scan.finished_at,
        ruleset=scan.ruleset,
    )


def _base_scanned(
    request: ApprovalRequest,
    scan: RiskScan,
    scans: dict[tuple[str, str, str], RiskScan],
    findings: dict[int, list[scanning.Finding]],
) -> scanning.Scanned[scanning.Finding] | None:
    base = request.base_version
    if base is None or base.is_erased:
        return None
    before = scans.get((base.content_digest, base.template_format, scan.ruleset))
    return scanning.Scanned(findings.get(before.pk, []), base.body) if before else None


def findings_of(request: ApprovalRequest) -> scanning.Comparison[scanning.Finding] | None:
    """The findings of a request marked new or standing, and those gone; None unscanned."""
    return findings_of_many([request]).get(request.pk)


def findings_of_many(
    requests: Sequence[ApprovalRequest],
) -> dict[int, scanning.Comparison[scanning.Finding]]:
    """The same of many requests by primary key, without those that are not scanned."""
    rows = Rows(book=PolicyBook((), {}))
    read_scans(rows, requests)
    found: dict[int, scanning.Comparison[scanning.Finding]] = {}
    for request in requests:
        version, scan = request.version, request.scan
        if version is not None and scan is not None and not version.is_erased:
            own = scanning.Scanned(rows.findings.get(scan.pk, []), version.body)
            base = _base_scanned(request, scan, rows.scans, rows.findings)
            found[request.pk] = scanning.compare(own, base)
    return found
