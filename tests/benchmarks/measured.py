"""What the benchmarks share: work that begins on many threads at once, and the closing lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

#: work of one thread: it makes itself ready, calls what it was given, and does what is measured
Work = Callable[[Callable[[], object]], None]


def seconds(works: Sequence[Work]) -> float:
    """Seconds from when all are ready until the last is done; an error of any of them ends it."""
    gate = threading.Barrier(len(works) + 1)
    failed: list[BaseException] = []

    def run(work: Work) -> None:
        try:
            work(lambda: gate.wait(60))
        except BaseException as error:
            failed.append(error)
            gate.abort()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        gate.wait(60)
    except threading.BrokenBarrierError:
        began = None
    else:
        began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failed or began is None:
        raise next(e for e in failed if not isinstance(e, threading.BrokenBarrierError))
    return time.perf_counter() - began


def goal(reached: bool, what: str, figure: str, wanted: str) -> str:
    """The closing line of one goal: `reached` or `missed`, the figure, the goal."""
    return f"{'reached' if reached else 'missed'}: {what}: {figure} (goal: {wanted})"
