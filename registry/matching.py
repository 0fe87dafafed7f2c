"""Which items two sequences have in common, in order and within bounded work."""

import sys
import time
from collections.abc import Sequence
from itertools import chain
from typing import Literal, NamedTuple

from diff_match_patch import diff_match_patch
from typing_extensions import override

#: work of one search; a usual core does about so many steps in a second
STEPS = 1_000_000

# Items that are copied and laid out in the time of one step.
_ITEMS_A_STEP = 8
# How many times slower than a usual core a search may be before it is cut short after all.
_SLOWEST = 20

_KINDS: dict[int, Literal["same", "del", "add"]] = {0: "same", -1: "del", 1: "add"}


class Run(NamedTuple):
    """A stretch of items that both have, or that only the old or only the new one has."""

    kind: Literal["same", "del", "add"]
    length: int


class Budget:
    """Steps of work that one or more searches may take together.

    Steps are counted, not time: two texts have the same diff, the same count of changed words and
    the same kind of change on every machine, busy or not. Only a search whose steps take twenty
    times as long as usual is stopped by time (of this thread's own work), so that it ends at all.
    """

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps
        self._seconds = _SLOWEST * steps / STEPS
        self._end = 0.0
        self._depth = 0

    @property
    def spent(self) -> bool:
        return self._left < 0

    def start(self) -> None:
        self._end = time.thread_time() + self._seconds

    def stop(self) -> None:
        self._seconds = self._end - time.thread_time()

    def begin(self, items: int) -> None:
        """Count the start of a search between so many items."""
        self._depth = 0
        self._left -= items // _ITEMS_A_STEP

    def __lt__(self, now: float) -> bool:
        """Whether work is to end: the search asks "is it later than this?" at each depth, and
        looks at as many places as it is deep."""
        self._depth += 1
        self._left -= self._depth
        return self.spent or time.thread_time() > self._end


class _Matcher(diff_match_patch):  # type: ignore[misc]  # the package has no types
    """The package's search, with its work counted."""

    @override
    def diff_bisect(self, text1: str, text2: str, deadline: Budget) -> list[tuple[int, str]]:
        deadline.begin(len(text1) + len(text2))
        found: list[tuple[int, str]] = super().diff_bisect(text1, text2, deadline)
        return found


def runs(old: Sequence[str], new: Sequence[str], budget: Budget | None = None) -> list[Run]:
    """Return the runs that turn old into new; what is unmatched at the end counts as changed."""
    budget = budget or Budget()
    items = dict.fromkeys(chain(old, new))
    if len(items) > sys.maxunicode:
        # More than there are characters to code them by: nothing that any limit lets be stored.
        return [run for run in (Run("del", len(old)), Run("add", len(new))) if run.length]
    codes = {item: chr(code) for code, item in enumerate(items)}
    coded = ["".join(map(codes.__getitem__, side)) for side in (old, new)]
    matcher = _Matcher()
    # Its half-match speed-up asks for no end and is quadratic on repeating input; a timeout of
    # zero turns that off, and the budget still bounds the search itself.
    matcher.Diff_Timeout = 0
    budget.start()
    diffs = matcher.diff_main(*coded, False, budget)
    budget.stop()
    return [Run(_KINDS[kind], len(text)) for kind, text in diffs if text]


def common_ends(old: str, new: str) -> tuple[int, int]:
    """Return how many characters two texts have in common before and after what differs."""
    matcher = diff_match_patch()
    head = matcher.diff_commonPrefix(old, new)
    return head, matcher.diff_commonSuffix(old[head:], new[head:])


def pairs(
    old: Sequence[str], new: Sequence[str], budget: Budget | None = None
) -> list[tuple[int, int]]:
    """Return (old index, new index) of items that stand in both or replace each other in turn."""
    found: list[tuple[int, int]] = []
    old_at = new_at = 0
    removed: range = range(0)
    for run in runs(old, new, budget):
        if run.kind == "del":
            removed = range(old_at, old_at + run.length)
            old_at += run.length
            continue
        partners = removed if run.kind == "add" else range(old_at, old_at + run.length)
        found.extend(zip(partners, range(new_at, new_at + run.length), strict=False))
        new_at += run.length
        if run.kind == "same":
            old_at += run.length
        removed = range(0)
    return found
