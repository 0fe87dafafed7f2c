"""The replay itself: several histories at once, then what production serves and the ledger."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from django.utils import timezone

from approvals.facts import SCAN_ATTEMPTS
from approvals.models import ApprovalRequest
from audit.verify import verify
from config.replay import histories, lane, names, people, serving
from config.replay.tally import Expected, Tally
from registry.errors import Refusal
from registry.models import OutboxMail

#: histories under way at once; different prompts do not wait for one another
WINDOW = 8
#: seconds from one look at what the worker finished to the next: more while nothing has
LOOK_SECONDS = (0.002, 0.004, 0.008, 0.016)
#: seconds without any progress after which the replay gives up
STALL_SECONDS = 240.0
MAIL_STALL_SECONDS = 20.0

Say = Callable[[str], None]
#: raises when a process that the replay needs is gone
Watch = Callable[[], None]
Lane = Generator[int, None, Expected]


class Stalled(Exception):
    """Nothing moves any more; the message says what was waited for."""


def run(path: Path, url: str, say: Say, watch: Watch) -> bool:
    """Replay a checked file and tell how it went; True when everything is as it must be."""
    cast = people.ready()
    tally = Tally()
    began = time.monotonic()
    wanted = list(_replayed(path, cast, tally, watch))
    seconds = time.monotonic() - began
    _bar("")
    for line in [*tally.refusals, *tally.failures, *tally.lines()]:
        say(line)
    _tell_speed(tally, seconds, say)
    _wait_for_mail(say, watch)
    served = _check_served(url, cast, wanted, say)
    whole = _check_ledger(say)
    return served and whole and not tally.failures and not tally.refused_too_many


def _replayed(path: Path, cast: people.Cast, tally: Tally, watch: Watch) -> Iterator[Expected]:
    """Yield what production must serve of each prompt, as its history ends."""
    seen: Counter[tuple[str, str]] = Counter()
    waiting: dict[int, tuple[Lane, histories.History]] = {}
    moved_at, looks = time.monotonic(), 0
    rows = histories.read(path)
    more = True
    while more or waiting:
        while more and len(waiting) < WINDOW:
            history = next(rows, None)
            if history is None:
                more = False
                break
            tally.counts["prompts"] += 1
            tally.versions += len(history.texts)
            seen[history.repo, history.path] += 1
            source = names.source_of(history, seen[history.repo, history.path])
            started = lane.replay(history, source, cast, tally)
            yield from _advanced(started, history, waiting, tally)
        ready = _moved(waiting)
        for pk in ready:
            advanced, history = waiting.pop(pk)
            yield from _advanced(advanced, history, waiting, tally)
        if ready or not waiting:
            moved_at, looks = time.monotonic(), 0
            _progress(tally)
        elif time.monotonic() - moved_at > STALL_SECONDS:
            raise Stalled(f"the worker has not finished a scan for {STALL_SECONDS:.0f} seconds")
        else:
            watch()
            time.sleep(LOOK_SECONDS[min(looks, len(LOOK_SECONDS) - 1)])
            looks += 1


def _advanced(
    started: Lane,
    history: histories.History,
    waiting: dict[int, tuple[Lane, histories.History]],
    tally: Tally,
) -> Iterator[Expected]:
    """Let a history go on until it waits for the worker again, or ends."""
    try:
        waiting[next(started)] = (started, history)
    except StopIteration as end:
        yield end.value
    except (Refusal, lane.Stuck) as problem:
        said = getattr(problem, "sentence", None) or str(problem)
        tally.failures.append(f"failed: line {history.line}, {history.path!r}: {said}")


def _moved(waiting: dict[int, tuple[Lane, histories.History]]) -> list[int]:
    """The requests that the worker is done with, oldest first; one query."""
    rows = ApprovalRequest.objects.filter(pk__in=[*waiting]).order_by("pk")
    # This is asked many times a second: Python sorts out what a longer query would cost more for.
    columns = ("pk", "state", "scan", "scan_attempts", "scan_started_at", "scan_error")
    return [
        pk
        for pk, state, scan, attempts, started, error in rows.values_list(*columns)
        if state != "scanning"
        or (scan is None and attempts >= SCAN_ATTEMPTS and started is None and error)
    ]


def _tell_speed(tally: Tally, seconds: float, say: Say) -> None:
    requests, rollbacks = tally.counts["proposed"], tally.counts["rolled_back"]
    rate = requests / max(seconds, 0.001)
    say(
        f"{requests} requests and {rollbacks} rollbacks in {seconds:.1f} s: "
        f"{rate:.1f} requests per second"
    )


def _wait_for_mail(say: Say, watch: Watch) -> None:
    """Let the worker send what is owed, as long as it gets less."""
    least, least_at = sys.maxsize, time.monotonic()
    while owed := _owed():
        if owed < least:
            least, least_at = owed, time.monotonic()
        elif time.monotonic() - least_at > MAIL_STALL_SECONDS:
            say(f"mails still owed: {owed}")
            return
        watch()
        time.sleep(0.1)


def _owed() -> int:
    return OutboxMail.objects.filter(
        sent_at=None, given_up_at=None, next_try_at__lte=timezone.now()
    ).count()


def _check_served(url: str, cast: people.Cast, wanted: list[Expected], say: Say) -> bool:
    token = people.reading_token(cast)
    serving.wait_until_up(url)
    wrong = list(serving.differences(url, token, wanted))
    for line in wrong:
        say(f"served: {line}")
    right = len(wanted) - len(wrong)
    say(f"served over HTTP, byte for byte: {right} of {len(wanted)} prompts")
    return not wrong


def _check_ledger(say: Say) -> bool:
    report = verify()
    for line in report.lines():
        say(line)
    return report.ok


def _progress(tally: Tally) -> None:
    counts = tally.counts
    done = sum(counts[word] for word in ("released", "rolled_back", "unchanged", "before"))
    _bar(f"{counts['prompts']} prompts, {done + tally.rules.total()} versions")


def _bar(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
