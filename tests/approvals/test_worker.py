"""Scans by a real Celery worker: killed, hanging, breaking, and a broker that is down.

Whatever happens, the request is found again, and nothing is approved unscanned.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from approvals import services, tasks
from approvals.explain import requirements_of
from approvals.models import ApprovalRequest
from approvals.policies import Status
from config import celery_app
from config.children import Children, free_port
from registry.errors import Refusal
from registry.models import OutboxMail
from registry.services import people
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, Desk, fresh
from tests.processes import ROOT, run_environ

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 150.0
Start = Callable[..., Children]


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """The desk, whose people have read the mail about their accounts: the queue is free.

    A message that another test left is for a change of the same number here, with its time limits.
    """
    celery_app.control.purge()
    OutboxMail.objects.update(sent_at=timezone.now())
    return desk


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a worker (of `app`, by default the product's own) and end all of them afterwards."""
    started: list[Children] = []

    def start(app: str = "config", **environ: str) -> Children:
        logs = tmp_path / f"logs-{len(started)}"
        children = Children(run_environ(**environ), logs, ROOT)
        started.append(children)
        children.start(
            "worker",
            *("celery", "-A", app, "worker", "--pool", "prefork", "--concurrency", "1"),
            *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
            "--without-heartbeat",
        )
        return children

    yield start
    for children in started:
        # What a worker still has in hand is nobody's any more.
        children.stop(patience=0.5)


def wait(look: Callable[[], object], what: str) -> None:
    """Look until it is so, running the sweep as the scheduler would."""
    deadline = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < deadline, what
        cache.clear()
        tasks.sweep()
        time.sleep(0.2)


def state(request: ApprovalRequest) -> str:
    return fresh(request).state


def test_scan__by_the_worker__goes_to_review_on_staging_with_mail(desk: Desk, start: Start) -> None:
    start()
    request = steps.submit(desk)
    wait(lambda: state(request) == "review", "the worker did not scan it")
    assert desk.prompt.pointers.get(label=desk.staging).version == fresh(request).version
    asked = {m.recipient_id for m in OutboxMail.objects.filter(kind="review_asked")}
    assert asked == {desk.support_reviewer.pk, desk.safety_reviewer.pk, desk.engineer.pk}


def test_scan__worker_killed_in_the_middle__another_worker_finishes_it(
    desk: Desk, start: Start, tmp_path: Path, settings: Settings
) -> None:
    settings.SCAN_HARD_LIMIT = 3
    stop = tmp_path / "in-the-middle"
    hostile = start("tests.hostile_worker", SCAN_SOFT_LIMIT="60", SCAN_HARD_LIMIT="90")
    request = steps.submit(desk, f"{FIRST}STOP {stop}\n")
    wait(stop.exists, "the scan did not begin")
    os.killpg(hostile.running["worker"].pid, signal.SIGKILL)
    assert state(request) == "scanning"
    with pytest.raises(Refusal):
        services.release(request.pk, actor=desk.release_manager)
    start()
    wait(lambda: state(request) == "review", "the lost scan was not found")
    assert fresh(request).scan is not None


@pytest.mark.parametrize(
    "mark", ["HANG", pytest.param("SHIELD", marks=pytest.mark.nightly), "BREAK"]
)
def test_scan__scanner_never_answers__three_attempts_then_an_error_and_mail(
    desk: Desk, start: Start, settings: Settings, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    # Only one that will not listen is to be killed; else the polite limit comes well before.
    hard = 2 if mark == "SHIELD" else 10
    settings.SCAN_HARD_LIMIT = hard
    # A message carries the limits of whoever sent it, and here that is also this process.
    monkeypatch.setattr(tasks.scan, "soft_time_limit", 1)
    monkeypatch.setattr(tasks.scan, "time_limit", hard)
    # Celery keeps what it found at the first message that a process sent.
    monkeypatch.setattr(tasks.scan, "_exec_options", None)
    start("tests.hostile_worker", SCAN_SOFT_LIMIT="1", SCAN_HARD_LIMIT=str(hard))
    request = steps.submit(desk, f"{FIRST}{mark}\n", release_when_ready=True)

    def failed() -> bool:
        rules = {rule.code: rule for rule in requirements_of(fresh(request))}
        return rules["scan"].status == Status.ERROR

    wait(failed, "the failure was not noticed")
    assert state(request) == "scanning"
    assert fresh(request).scan_attempts == 3
    told = {m.recipient_id for m in OutboxMail.objects.filter(kind="scan_failed")}
    assert told == {desk.author.pk, desk.governance_owner.pk}
    assert not OutboxMail.objects.filter(kind="review_asked").exists()
    services.rescan(request.pk, actor=desk.author)
    assert fresh(request).scan_attempts == 0


def test_submit__broker_is_down__is_kept_and_scanned_when_it_is_back(
    desk: Desk, start: Start
) -> None:
    request = steps.propose(desk)
    with broker_down():
        began = time.monotonic()
        services.submit(request.pk, actor=desk.author)
        assert time.monotonic() - began < 5
    assert state(request) == "scanning"
    start()
    wait(lambda: state(request) == "review", "the lost message was not found")


def test_mail__owed_by_a_verb_about_people__is_found_by_the_sweep_and_sent(
    desk: Desk, start: Start
) -> None:
    people.deactivate(desk.outsider, actor=desk.governance_owner)
    owed = OutboxMail.objects.get(kind="account_deactivated")
    start()
    sent = OutboxMail.objects.filter(pk=owed.pk, sent_at__isnull=False)
    wait(sent.exists, "the mail was not sent")


class broker_down:  # reads as a block
    """The product's own Celery app, pointed at a port where nothing listens."""

    def __enter__(self) -> None:
        self.app: Any = celery_app
        self.kept = {n: self.app.conf[n] for n in ("broker_url", "broker_transport")}
        self._point_at(broker_url=f"redis://127.0.0.1:{free_port()}/0", broker_transport=None)

    def __exit__(self, *args: object) -> None:
        self._point_at(**self.kept)

    def _point_at(self, **where: str | None) -> None:
        self.app.conf.update(**where)
        # Forgotten, not closed: kombu keeps one pool for each broker, and would keep it closed.
        self.app._pool = None
        self.app.amqp._producer_pool = None
