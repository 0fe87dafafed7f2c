"""Replaying the events gives today's rows of this floor, exactly; `told` and `rows` say of which.

Memory grows with the number of rows, never with the number of events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from approvals.reconcile.rows import ROWS, Rows
from approvals.reconcile.told import told
from audit.reconcile import Problem


@dataclass
class _Known:
    """What the events said of one thing, and the number of the newest."""

    seq: int
    facts: dict[str, Any]


class ApprovalsReconciler:
    """Sees every event once, then holds what they say against the rows, both ways."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.known: dict[str, dict[str, _Known]] = {noun: {} for noun in ROWS}

    def feed(self, event: dict[str, Any]) -> None:
        """Take one payload; actions of other floors pass by."""
        for noun, key, facts in told(event):
            known = self.known[noun].setdefault(key, _Known(0, {}))
            known.seq = event["seq"]
            known.facts.update(facts)

    def finish(self) -> Iterable[Problem]:
        """What does not agree, in a stable order."""
        for noun, rows in ROWS.items():
            yield from self._compare(noun, rows(self.using))

    def _compare(self, noun: str, rows: Rows) -> Iterator[Problem]:
        code, left = f"approvals.{noun}", self.known[noun]
        for key, facts in rows:
            known = left.pop(key, None)
            if known is None:
                yield Problem(code, None, f"{noun} {key} has no event")
                continue
            wrong = (name for name, value in facts.items() if known.facts.get(name) != value)
            for name in wrong:
                words = f"{noun} {key}: {name} is not what the event says"
                yield Problem(code, known.seq, words)
        for key in sorted(left):
            yield Problem(code, left[key].seq, f"{noun} {key} is gone")


def reconciler(using: str) -> ApprovalsReconciler:
    """The reconciler of this floor for one database alias."""
    return ApprovalsReconciler(using)


__all__ = ["ApprovalsReconciler", "reconciler"]
