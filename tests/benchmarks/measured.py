"""What the benchmarks share: work that begins in many processes at once, and the closing lines."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections

#: work of one process: it makes itself ready, calls what it was given, and does what is measured
Work = Callable[[Callable[[], object]], None]

_forks = multiprocessing.get_context("fork")


def seconds(works: Sequence[Work]) -> float:
    """Seconds from when all are ready until the last is done; an error of any of them ends it.

    Each has a process of its own, as each request that a web server works on at once has: threads
    of one process would measure how Python hands its lock around.
    """
    # A connection that both sides of a fork use is of use to neither.
    connections.close_all()
    # What was made so far is of no concern to a collection while the clock runs.
    gc.collect()
    gc.freeze()
    gate = _forks.Barrier(len(works) + 1)
    done: Any = _forks.SimpleQueue()
    workers = [_forks.Process(target=_run, args=(work, gate, done)) for work in works]
    for worker in workers:
        worker.start()
    gate.wait(60)
    began = time.perf_counter()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("what was measured failed in one of its processes; see above")
    return max(float(done.get()) for _ in works) - began


def _run(work: Work, gate: Any, done: Any) -> None:
    code = 1
    try:
        work(lambda: gate.wait(60))
        done.put(time.perf_counter())
        code = 0
    except BaseException:
        traceback.print_exc()
        gate.abort()
    finally:
        # Without what the parent would do at its own end.
        os._exit(code)


def goal(reached: bool, what: str, figure: str, wanted: str) -> str:
    """The closing line of one goal: `reached` or `missed`, the figure, the goal."""
    return f"{'reached' if reached else 'missed'}: {what}: {figure} (goal: {wanted})"
