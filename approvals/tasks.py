"""Thin Celery tasks: fetch by key, call one verb, answer. Each may run twice, late or never.

`sweep` runs every few seconds and finds what was lost: the row is the truth, not the queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from approvals import mail, queue, scanning, services
from approvals.errors import ScanDiffers
from approvals.expiry import expired
from approvals.facts import SCAN_ATTEMPTS
from approvals.models import ApprovalRequest
from registry.errors import Refusal

log = logging.getLogger(__name__)

#: how long after the hard limit a scan counts as lost
GRACE_SECONDS = 5
#: how often a waiting request is looked at again although nothing was heard of it
REASSESS_SECONDS = 300
#: how often a release is tried again that a freeze, say, keeps back
RETRY_SECONDS = 30
#: how much of one kind a sweep takes on
MOST = 500


@shared_task(name=queue.SCAN)
def scan(request_id: int) -> None:
    """Scan a request's version and its base; a time limit or an error counts as an attempt."""
    request = services.begin_scan(request_id)
    if request is None or request.version is None:
        return
    try:
        report = scanning.scan_document(request.version.body)
        base = request.base_version
        base_report = scanning.scan_document(base.body) if base and not base.is_erased else None
    except SoftTimeLimitExceeded:
        services.note_scan_failure(request_id, error="time_limit")
        return
    except Exception:  # whatever a scanner does, the request must not be lost
        log.exception("a scanner failed on request %s", request_id)
        services.note_scan_failure(request_id, error="scanner_error")
        return
    try:
        services.record_scan(
            request_id, revision=request.revision, report=report, base_report=base_report
        )
    except ScanDiffers:
        log.exception("a stored scan stands in the way of request %s", request_id)
        services.note_scan_failure(request_id, error="scan_differs")


@shared_task(name=queue.ROUTE)
def route(request_id: int) -> None:
    """Put the change on staging as its author, then send it on; each in its own transaction."""
    try:
        services.try_on_staging(request_id)
    except Refusal as refusal:
        log.info("request %s was not placed: %s", request_id, refusal.code)
    services.route(request_id)


@shared_task(name=queue.REASSESS)
def reassess(request_id: int) -> None:
    """Approve what became ready, send back what no longer is."""
    services.reassess(request_id)


@shared_task(name=queue.RELEASE)
def release(request_id: int) -> None:
    """Release for whoever planned it, once its time has come; else for the author who asked for
    it as soon as the list is met. What a plan runs into suspends it, save a freeze, which ends."""
    rows = ApprovalRequest.objects.awaiting_release(timezone.now())
    request = rows.select_related("author", "planned_by").filter(pk=request_id).first()
    if request is None:
        return
    try:
        services.release(request_id, actor=request.planned_by or request.author, automatic=True)
    except Refusal as refusal:
        log.info("request %s was not released: %s", request_id, refusal.code)
        services.fail_plan(request_id)
        services.reassess(request_id)


@shared_task(name=queue.EXPIRE)
def expire(request_id: int) -> None:
    """Send back to its author what waited too long."""
    services.expire(request_id)


@shared_task(name=queue.MAIL)
def send_mail(mail_id: int) -> None:
    """Send one owed mail."""
    mail.deliver(mail_id)


@shared_task(name="approvals.digest")
def digest() -> None:
    """Owe the mails of the last days about what passed without people; the sweep sends them."""
    services.owe_digests()


@shared_task(name="approvals.sweep")
def sweep() -> None:
    """Find what the queue lost: scans, routes, releases, mails and requests gone unready."""
    now = timezone.now()
    limit = settings.SCAN_HARD_LIMIT + GRACE_SECONDS
    for found in _lost(now, limit):
        try:
            found()
        except Exception:  # one that cannot be helped must not keep the others waiting
            log.exception("the sweep could not help one of what it found")


def _lost(now: datetime, limit: int) -> Iterator[Callable[[], object]]:
    """What to do about each thing that was found, oldest first and bounded."""
    before = now - timedelta(seconds=GRACE_SECONDS)
    for request in ApprovalRequest.objects.awaiting_scan(before).order_by("pk")[:MOST]:
        started = request.scan_started_at
        if started is not None and started > now - timedelta(seconds=limit):
            continue
        if started is not None:
            yield partial(services.note_scan_failure, request.pk, error="lost")
        elif request.scan_attempts < SCAN_ATTEMPTS:
            yield partial(_again, queue.SCAN, request.pk, limit)
    for task, rows, wait in (
        (queue.ROUTE, ApprovalRequest.objects.awaiting_route(), GRACE_SECONDS),
        (queue.RELEASE, ApprovalRequest.objects.awaiting_release(now), RETRY_SECONDS),
    ):
        for pk in rows.order_by("pk").values_list("pk", flat=True)[:MOST]:
            yield partial(_again, task, pk, wait)
    for pk in expired(now, MOST):
        yield partial(_again, queue.EXPIRE, pk, REASSESS_SECONDS)
    waiting = ApprovalRequest.objects.of_prompts().filter(state__in=["review", "approved"])
    for pk in waiting.order_by("updated_at").values_list("pk", flat=True):
        yield partial(_again, queue.REASSESS, pk, REASSESS_SECONDS)
    for pk in mail.due(now):
        yield partial(_again, queue.MAIL, pk, limit)


def _again(task: str, pk: int, seconds: int) -> None:
    """Send a lost piece of work again, at most once in so many seconds."""
    if cache.add(f"sweep:{task}:{pk}", 1, timeout=seconds):
        queue.send(task, pk)
