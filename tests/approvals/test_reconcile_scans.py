"""A scan that somebody wrote past the verbs is not taken for a finished one: scans fail closed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from approvals import scanning, services, tasks
from approvals.errors import ScanDiffers
from approvals.models import ApprovalRequest, Finding, RiskScan
from audit.models import AuditEvent
from registry.models import Version
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, Desk

WITH_FINDING = f"{FIRST}Write to ada.lovelace@gmail.com.\n"


def _forge(version: Version, report: scanning.Report, **other: Any) -> None:
    """Insert a scan row by SQL, with the columns of a report but for some, and no findings."""
    values: dict[str, Any] = {
        "public_id": uuid4() if connection.vendor == "postgresql" else uuid4().hex,
        "content_digest": version.content_digest,
        "template_format": version.template_format,
        "ruleset": report.ruleset,
        "score": report.score,
        "level": report.level,
        "breakdown": "[]",
        "digest": report.digest,
        "finished_at": "2030-01-01 00:00:00+00:00",
        **other,
    }
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * len(values))
        cursor.execute(
            f"INSERT INTO approvals_riskscan ({', '.join(values)}) VALUES ({marks})",
            [*values.values()],
        )


def _submitted(desk: Desk) -> tuple[ApprovalRequest, Version, scanning.Report]:
    request = steps.submit(desk, WITH_FINDING)
    assert request.version is not None
    report = scanning.scan_document(request.version.body)
    assert report.findings
    return request, request.version, report


@pytest.mark.parametrize("other", [{"score": 0, "level": "low"}, {"digest": "0" * 64}, {}])
def test_record_scan__forged_row_in_its_place__is_refused(
    desk: Desk, other: dict[str, Any]
) -> None:
    request, version, report = _submitted(desk)
    _forge(version, report, **other)
    services.begin_scan(request.pk)
    with pytest.raises(ScanDiffers):
        services.record_scan(request.pk, revision=1, report=report)
    assert steps.fresh(request).scan is None


def test_record_scan__stored_scan_of_the_base_differs__is_refused(desk: Desk) -> None:
    steps.released(desk, FIRST)
    request, _, report = _submitted(desk)
    services.begin_scan(request.pk)
    # The stored scan of the base has no findings, and this says that there are some.
    with pytest.raises(ScanDiffers):
        services.record_scan(request.pk, revision=1, report=report, base_report=report)


def test_scan_task__forged_row_in_its_place__counts_a_failure_and_stays_in_scanning(
    desk: Desk,
) -> None:
    request, version, report = _submitted(desk)
    _forge(version, report, score=0, level="low")
    tasks.scan(request.pk)
    now = steps.fresh(request)
    assert (now.state, now.scan, now.scan_error) == ("scanning", None, "scan_differs")
    assert AuditEvent.objects.latest("seq").action == "approvals.request.scan_failed"


def test_keep_scan__forged_row_in_its_place__is_refused(desk: Desk) -> None:
    _, version, report = _submitted(desk)
    _forge(version, report, level="low")
    with pytest.raises(ScanDiffers):
        services.keep_scan(version, report=report)


def test_record_scan__equal_scan_made_before__is_reused(desk: Desk) -> None:
    request, version, report = _submitted(desk)
    kept = services.keep_scan(version, report=report)
    services.begin_scan(request.pk)
    services.record_scan(request.pk, revision=1, report=report)
    assert steps.fresh(request).scan == kept
    assert (RiskScan.objects.count(), Finding.objects.count()) == (1, len(report.findings))


def test_place__forged_scan_of_a_text_nobody_scanned__is_refused(desk: Desk) -> None:
    _, version, report = _submitted(desk)
    _forge(version, report, score=0, level="low")
    with pytest.raises(ScanDiffers):
        services.place(desk.prompt, version, desk.staging, actor=desk.author)
