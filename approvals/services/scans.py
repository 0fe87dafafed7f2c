"""begin_scan, record_scan, note_scan_failure, rescan: the machine looks before people do.

A scan that is lost, hangs or fails leaves the request in `scanning`: scans fail closed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from approvals import queue, scanning
from approvals.errors import ScanDiffers
from approvals.facts import SCAN_ATTEMPTS
from approvals.models import ApprovalRequest, Finding, RiskScan
from approvals.scans import stored_digest
from approvals.services import _common as common
from approvals.services import _mail as mail
from audit.ledger import Recording, recording
from registry import permissions, roles
from registry.actors import Actor, System
from registry.errors import NotAllowed, WrongState
from registry.models import Membership, Prompt, Version

SCANNING = ApprovalRequest.State.SCANNING
SCANNER = System("scan")


def begin_scan(request_id: int, *, actor: Actor = SCANNER) -> ApprovalRequest | None:
    """Count an attempt and return the request to scan; None when there is nothing to do.

    Nothing to do: not scanning, scanned already, attempts used up, another worker began within the
    hard time limit, or the content was erased meanwhile: its author writes another revision.
    """
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        busy_since = log.at - timedelta(seconds=settings.SCAN_HARD_LIMIT)
        started = request.scan_started_at
        if (
            request.state != SCANNING
            or request.scan_id is not None
            or request.scan_attempts >= SCAN_ATTEMPTS
            or (started is not None and started > busy_since)
            or request.version is None
            or request.version.is_erased
        ):
            return None
        before = common.state_of(request)
        request.scan_attempts += 1
        request.scan_started_at = log.at
        common.save(request, actor=actor, verb="begin_scan", at=log.at)
        common.record(log, "scan_started", request, before, data={"attempt": request.scan_attempts})
        return request


def record_scan(
    request_id: int,
    *,
    revision: int,
    report: scanning.Report,
    base_report: scanning.Report | None = None,
    actor: Actor = SCANNER,
) -> ApprovalRequest | None:
    """Keep the finished scan of this revision and send the request on; None when it is late.

    `base_report` is the scan of the base by the same rules, so that standing findings are
    told from new ones. Raises ScanDiffers where a stored scan says something else.
    """
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        if (
            request.state != SCANNING
            or request.scan_id is not None
            or request.revision != revision
            or request.version is None
        ):
            return None
        before = common.state_of(request)
        scan, base_scan = _keep(request.version, report, log.at), None
        if base_report is not None and request.base_version is not None:
            base_scan = _keep(request.base_version, base_report, log.at)
        request.to_scanned(scan=scan)
        common.save(request, actor=actor, verb="record_scan", at=log.at)
        common.record(
            log,
            "scanned",
            request,
            before,
            data={**_scan_data(scan), "base_scan": _told(base_scan) if base_scan else None},
        )
        queue.later(queue.ROUTE, request.pk)
        return request


def keep_scan(
    version: Version,
    *,
    report: scanning.Report,
    actor: Actor = SCANNER,
    log: Recording | None = None,
) -> RiskScan:
    """Keep the finished scan of a version that no request proposes; a no-op where it is there.

    Placing such a version by hand needs it. `log` is the open recording of a verb that places it
    as a part of its work. Raises ScanDiffers where the stored one says something else.
    """
    with recording(actor=actor.ref, within=log) as log:
        prompt = Prompt.objects.select_for_update(no_key=True).get(pk=version.prompt_id)
        known = RiskScan.objects.filter(
            content_digest=version.content_digest,
            template_format=version.template_format,
            ruleset=report.ruleset,
        ).first()
        if known is not None:
            return _checked(known, report)
        scan = _keep(version, report, log.at)
        log.record(
            "approvals.version.scanned",
            ("registry.version", version.public_id),
            related=[("registry.prompt", prompt.public_id)],
            after={"digest": version.content_digest, "scan": scan.digest},
            data=_scan_data(scan),
        )
        return scan


def note_scan_failure(
    request_id: int, *, error: str, actor: Actor = SCANNER
) -> ApprovalRequest | None:
    """A scan ended without a result; after the third the author and governance owners hear of it.

    `error` is a word of ours (such as "time_limit"), never text of the prompt.
    """
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        started = request.scan_started_at
        if request.state != SCANNING or request.scan_id is not None or started is None:
            return None
        before = common.state_of(request)
        request.scan_error, request.scan_started_at = error[:200], None
        request.scan_queued_at = log.at
        common.save(request, actor=actor, verb="note_scan_failure", at=log.at)
        final = request.scan_attempts >= SCAN_ATTEMPTS
        if final:
            owners = Membership.objects.filter(group__name=roles.GOVERNANCE_OWNERS)
            people = {request.author_id, *owners.values_list("user_id", flat=True)}
            mail.owe("scan_failed", people, (common.REQUEST, request.public_id), at=log.at)
        else:
            queue.later(queue.SCAN, request.pk)
        common.record(
            log,
            "scan_failed",
            request,
            before,
            data={"attempt": request.scan_attempts, "error": error[:40], "final": final},
        )
        return request


def rescan(request_id: int, *, actor: Actor, key: str = "") -> ApprovalRequest:
    """Start a failed scan again; a contributor or a governance owner.

    Raises NotAllowed, WrongState while it is running or finished.
    """
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        if common.repeated(actor, key, "rescan", str(request.public_id)) is not None:
            return request
        common.check_visible(request, actor)
        account = common.person(actor)
        if not request.has_contributor(account) and not permissions.is_governance_owner(account):
            raise NotAllowed("The author or a governance owner can start the scan again.")
        failed = (
            request.scan_attempts >= SCAN_ATTEMPTS
            and request.scan_started_at is None
            and request.scan_error
        )
        if request.state != SCANNING or request.scan_id is not None or not failed:
            raise WrongState("The scan is running or has finished; there is nothing to repeat.")
        before = common.state_of(request)
        request.scan_attempts, request.scan_error = 0, ""
        request.scan_started_at, request.scan_queued_at = None, log.at
        common.save(request, actor=actor, verb="rescan", at=log.at)
        common.remember(actor, key, "rescan", str(request.public_id), str(request.pk), log.at)
        common.record(log, "rescan_asked", request, before)
        queue.later(queue.SCAN, request.pk)
        return request


def _keep(version: Version, report: scanning.Report, at: datetime) -> RiskScan:
    """The stored scan of this content by these rules; an equal one made before is reused."""
    scan, made = RiskScan.objects.get_or_create(
        content_digest=version.content_digest,
        template_format=version.template_format,
        ruleset=report.ruleset,
        defaults={
            "score": report.score,
            "level": report.level,
            "breakdown": [[points.label, points.points] for points in report.breakdown],
            "digest": report.digest,
            "finished_at": at,
        },
    )
    if not made:
        return _checked(scan, report)
    Finding.objects.bulk_create(
        Finding(
            scan=scan,
            position=position,
            category=finding.category,
            rule=finding.rule,
            severity=finding.severity,
            confidence=finding.confidence,
            path=finding.path,
            start=finding.start,
            end=finding.end,
            explanation=finding.explanation,
            remedy=finding.remedy,
        )
        for position, finding in enumerate(report.findings)
    )
    return scan


def _checked(scan: RiskScan, report: scanning.Report) -> RiskScan:
    """A stored scan in the place of an equal report; a row written past the verbs is not one."""
    differs = (scan.digest, scan.level, scan.score) != (report.digest, report.level, report.score)
    if differs or stored_digest(scan) != report.digest:
        raise ScanDiffers(
            "The stored scan of this content is not what the scanners say. Nothing goes on "
            "until somebody has run audit_verify and looked into it."
        )
    return scan


def _scan_data(scan: RiskScan) -> dict[str, Any]:
    return {
        "score": scan.score,
        "level": scan.level,
        "ruleset": scan.ruleset,
        "scan": _told(scan),
    }


def _told(scan: RiskScan) -> dict[str, str]:
    """What names a scan in an event and commits to every field of it."""
    return {
        "id": str(scan.public_id),
        "content": scan.content_digest,
        "template_format": scan.template_format,
        "ruleset": scan.ruleset,
        "digest": scan.digest,
    }
