"""What `audit_verify` says: the report, its codes, and the exit code that each one ends with.

The process ends with the exit code of the first bad event, else of the first problem found.
0 means whole; 1 and 2 are errors of the command itself, such as a wrong argument.

    code          exit  means
    sequence        10  an event is missing, or its number is out of order or no whole number
    payload         11  a payload is not canonical JSON of a known version
    leaf            12  a fingerprint is not that of its payload
    prev            13  an event does not follow on the one before it
    origin          14  an event belongs to another log
    derived         15  a search column does not say what the payload says
    head            16  the head row is absent, or does not fit the last event
    blob_missing    17  a text that an event commits to has no row
    blob_altered    18  a text is not the one that an event commits to
    blob_erasure    19  a text is erased and no event says so, or an event says so and it is not
    guard           20  a database guard is absent or changed
    reconciler      21  a reconciler stopped with an error
    unreadable      22  the tables of the audit log cannot be read
    (dotted)        30  a reconciler found rows that the events do not explain
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from audit.models import NO_LEAF
from audit.reconcile import Problem

EXIT_CODES = {
    "sequence": 10,
    "payload": 11,
    "leaf": 12,
    "prev": 13,
    "origin": 14,
    "derived": 15,
    "head": 16,
    "blob_missing": 17,
    "blob_altered": 18,
    "blob_erasure": 19,
    "guard": 20,
    "reconciler": 21,
    "unreadable": 22,
}
EXIT_RECONCILED = 30
# A log damaged throughout is described well enough by so many problems of a kind.
KEPT_PER_CODE = 50


@dataclass
class Report:
    """What a verification found: the first 50 problems of each code, and how many of each."""

    events: int = 0
    erased: int = 0
    origin: str = ""
    head: str = NO_LEAF.hex()
    #: The problem with the lowest event number; of several, the one found first.
    first_bad: Problem | None = None
    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, problem: Problem) -> None:
        """Take one problem."""
        self.counts[problem.code] += 1
        if self.counts[problem.code] <= KEPT_PER_CODE:
            self.problems.append(problem)
        first = None if self.first_bad is None else self.first_bad.seq
        if problem.seq is not None and (first is None or problem.seq < first):
            self.first_bad = problem

    @property
    def ok(self) -> bool:
        """Whether nothing at all was found."""
        return not self.counts

    @property
    def exit_code(self) -> int:
        """0 when whole, else the exit code of the first bad event or the first problem."""
        if self.ok:
            return 0
        first = self.first_bad or self.problems[0]
        return EXIT_CODES.get(first.code, EXIT_RECONCILED)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values for JSON."""
        return {
            "ok": self.ok,
            "exit_code": self.exit_code,
            "events": self.events,
            "erased": self.erased,
            "origin": self.origin,
            "head": self.head,
            "first_bad": None if self.first_bad is None else asdict(self.first_bad),
            "counts": dict(self.counts),
            "problems": [asdict(problem) for problem in self.problems],
        }

    def lines(self) -> list[str]:
        """Return the report as plain lines for people."""
        if self.ok:
            return [
                f"Audit log whole: {self.events} events, head {self.head}",
                f"Log {self.origin}; erased texts: {self.erased}",
            ]
        lines = ["Audit log not whole."]
        if self.first_bad is not None:
            lines = [f"First bad event: {self.first_bad.seq} ({self.first_bad.code})"]
        for problem in self.problems:
            where = "" if problem.seq is None else f" event {problem.seq}:"
            lines.append(f"{problem.code}:{where} {problem.message}")
        for code, count in self.counts.items():
            if count > KEPT_PER_CODE:
                lines.append(f"{code}: {count - KEPT_PER_CODE} more of this kind")
        return [*lines, f"Read: {self.events} events; problems: {self.counts.total()}"]
