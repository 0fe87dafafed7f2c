"""place by hand, and try_on_staging: unprotected labels, where a change is tried."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from approvals import scanning
from approvals.errors import RiskTooHigh, ScanDiffers, ScanMissing
from approvals.explain import requirements_for
from approvals.models import ApprovalRequest, RiskScan
from approvals.scans import stored_digest
from approvals.services import _common as common
from audit.ledger import Recording, recording
from registry import permissions, releases
from registry.actors import Actor
from registry.errors import Archived, LabelIsProtected, NothingChanged, WrongState
from registry.models import Label, LabelPointer, Prompt, Release, Version

PLACE = "approvals.place"


def place(
    prompt: Prompt,
    version: Version,
    label: Label,
    *,
    actor: Actor,
    expected_generation: int | None = None,
    key: str = "",
    log: Recording | None = None,
) -> Release:
    """Put a scanned version on an unprotected label; a protected one answers what it needs.

    `log` is the open recording of a verb that places as a part of its work. Raises NotAllowed,
    LabelIsProtected, ScanMissing, RiskTooHigh, NothingChanged, Stale.
    """
    with recording(actor=actor.ref, within=log) as log:
        locked, pointer = common.lock_prompt(prompt.pk, label.pk)
        subject = common.about(f"{locked.public_id} {pointer.label.name}", version.public_id)
        done = common.repeated(actor, key, "place", subject)
        if done is not None:
            return Release.objects.get(pk=done)
        _check_may(locked, pointer.label, actor, log.at)
        common.check_version_visible(version, actor)
        if pointer.label.protected:
            raise LabelIsProtected(
                f"{label} is protected: propose the version and have it signed off.",
                requirements=tuple(requirements_for(locked, version, pointer.label, log.at)),
            )
        if pointer.suspended:
            raise WrongState(
                f"{label} is suspended for this prompt; somebody with release or respond can "
                "resume it."
            )
        _check_scan(version)
        if pointer.version_id == version.pk:
            raise NothingChanged(f"{label} serves v{version.number} already.")
        row = _move(pointer, version, actor, log, (PLACE, version.public_id), expected_generation)
        common.remember(actor, key, "place", subject, str(row.pk), log.at)
        return row


def try_on_staging(request_id: int, *, actor: Actor | None = None) -> Release | None:
    """Put the scanned version on the unprotected label that its own promotes from.

    Acts as the author; None when there is nothing to do (critical, there already, or the
    author may not propose any more).
    """
    author = ApprovalRequest.objects.select_related("author").get(pk=request_id).author
    actor = actor or author
    with recording(actor=actor.ref) as log:
        request, live = common.lock_request(request_id)
        source = live.label.promotes_from
        version = request.version
        if (
            request.state not in (request.State.SCANNING, request.State.REVIEW)
            or request.scan is None
            or source is None
            or source.protected
            or version is None
            or not permissions.may(actor.account, permissions.PROPOSE, live.prompt)
        ):
            return None
        if request.scan.level == "critical":
            return None
        pointer = releases.lock_pointer(live.prompt, source.pk)
        if pointer.suspended or pointer.version_id == version.pk:
            return None
        return _move(pointer, version, actor, log, (common.REQUEST, request.public_id), None)


def _check_may(prompt: Prompt, label: Label, actor: Actor, at: datetime) -> None:
    permissions.require(
        actor,
        permissions.PROPOSE,
        prompt,
        "You need the permission to propose on this prompt to place a version.",
    )
    if prompt.status == Prompt.Status.ARCHIVED:
        raise Archived("This prompt is archived.")
    common.in_scope(actor, "place", prompt, at, label)


def _check_scan(version: Version) -> None:
    scan = RiskScan.objects.filter(
        content_digest=version.content_digest,
        template_format=version.template_format,
        ruleset=scanning.RULESET,
    ).first()
    if scan is None:
        raise ScanMissing("This version has no finished risk scan. Submit it first.")
    if stored_digest(scan) != scan.digest:
        raise ScanDiffers("The scan of this version is not what was found. Scan it again.")
    if scan.level == "critical":
        raise RiskTooHigh("The scan found something critical; it goes nowhere.")


def _move(
    pointer: LabelPointer,
    version: Version,
    actor: Actor,
    log: Recording,
    cause: tuple[str, UUID],
    expected_generation: int | None,
) -> Release:
    before = releases.pointer_facts(pointer)
    row = releases.move(
        pointer,
        kind=Release.Kind.PLACED,
        version=version,
        actor=actor,
        at=log.at,
        cause=cause,
        expected_generation=expected_generation,
    )
    change = cause[1] if cause[0] == common.REQUEST else None
    log.record(
        "approvals.version.placed",
        ("registry.version", version.public_id),
        change=change,
        related=[("registry.prompt", pointer.prompt.public_id)],
        before={"pointer": before},
        after={"pointer": releases.pointer_facts(pointer)},
        data=common.pointer_data(pointer, row),
    )
    return row
