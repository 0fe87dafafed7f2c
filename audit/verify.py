"""The verifier: one pass over the ledger, in constant memory; `audit.report` lists what it finds.

The memory used grows only with the number of erased texts. A log that was rewritten as a whole,
hashes and head included, looks whole from inside: only a fingerprint kept elsewhere shows that.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, transaction
from django.utils.module_loading import import_string

from audit.guards import all_missing
from audit.models import NO_LEAF
from audit.payload import ERASED, PayloadError, columns, leaf_hash, read
from audit.reconcile import Factory, Problem, Reconciler
from audit.report import Report
from audit.stored import Head, Row, blob_states, heads, rows, snapshot

# How many texts are looked up in one query.
_BATCH = 200


def verify(
    using: str = DEFAULT_DB_ALIAS, *, reconcilers: Sequence[Factory] | None = None
) -> Report:
    """Check the ledger of one database alias against itself, its guards and the rows it explains.

    Reads one snapshot and writes nothing. `reconcilers` stands in for settings.AUDIT_RECONCILERS.
    """
    if reconcilers is None:
        paths: Sequence[str] = getattr(settings, "AUDIT_RECONCILERS", ())
        reconcilers = [import_string(path) for path in paths]
    check = _Check(using)
    try:
        with snapshot(using):
            check.run(reconcilers)
    except DatabaseError as error:
        check.add("unreadable", None, f"The audit log cannot be read: {error}")
    return check.report


class _Check:
    """What one pass over the events carries from row to row."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.report = Report()
        self.origin: object = None
        self.last_leaf: object = NO_LEAF
        self.expected = 0
        self.commitments: list[tuple[int, str]] = []
        self.seen_erased: dict[str, int] = {}
        self.told_erased: dict[str, int] = {}

    def run(self, factories: Sequence[Factory]) -> None:
        """Check events, texts, head, guards and domain: the order of the report."""
        found = heads(self.using)
        self.origin = found[0].origin if found else None
        live = list(self.made(factories))
        for row in rows(self.using):
            payload = self.event(row)
            if payload is not None:
                live = [item for item in live if self.fed(item, payload)]
        self.report.head = self.last_leaf.hex() if isinstance(self.last_leaf, bytes) else ""
        self.blobs()
        self.erasures()
        self.head(found)
        for name in all_missing(self.using):
            self.add("guard", None, f"{name}.")
        for reconciler in live:
            self.finished(reconciler)

    def event(self, row: Row) -> dict[str, Any] | None:
        """Check one row against itself and the one before it; return its payload if readable."""
        self.report.events += 1
        seq = self.number(row.seq)
        if row.prev != self.last_leaf:
            self.add("prev", seq, "it does not follow on the event before it")
        self.last_leaf = row.leaf
        if not isinstance(row.payload, str):
            self.add("payload", seq, "its payload is not valid text")
            return None
        if row.leaf != leaf_hash(row.payload):
            self.add("leaf", seq, "its fingerprint is not that of its payload")
        try:
            payload = read(row.payload)
        except PayloadError as error:
            self.add("payload", seq, f"its payload cannot be read: {error}")
            return None
        self.columns(seq, row, payload)
        self.texts(seq, payload)
        return payload

    def number(self, seq: object) -> int:
        """Check that a row has the next number; return the number to blame."""
        blamed = self.expected
        if not isinstance(seq, int):
            self.add("sequence", blamed, f"the number {seq!r} is not a whole number")
        elif seq > self.expected:
            gone = seq - self.expected
            self.add("sequence", blamed, f"events are missing from here on: {gone}")
            blamed = seq
        elif seq < self.expected:
            blamed = seq
            self.add("sequence", blamed, f"the number should be {self.expected}")
        self.expected = blamed + 1
        return blamed

    def columns(self, seq: int, row: Row, payload: dict[str, Any]) -> None:
        """Check what a row says beside its payload against the payload."""
        if payload["log"] != self.origin:
            self.add("origin", seq, "it belongs to another log")
        wanted = {**columns(payload), "seq": payload["seq"], "prev": bytes.fromhex(payload["prev"])}
        wrong = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
        if wrong:
            self.add("derived", seq, f"not what its payload says: {', '.join(wrong)}")

    def texts(self, seq: int, payload: dict[str, Any]) -> None:
        """Note the texts that an event commits to and those it erased."""
        self.commitments += [(seq, digest) for digest in payload["commitments"].values()]
        for digest in payload["data"].get(ERASED, []):
            self.told_erased.setdefault(digest, seq)
        if len(self.commitments) >= _BATCH:
            self.blobs()

    def blobs(self) -> None:
        """Check the texts noted since the last time."""
        states = blob_states({digest for _, digest in self.commitments}, self.using)
        for seq, digest in self.commitments:
            state = states.get(digest)
            if state is None:
                self.add("blob_missing", seq, f"its text {digest} has no row")
            elif state == "altered":
                self.add("blob_altered", seq, f"its text {digest} is not the one it names")
            elif state == "erased":
                self.seen_erased.setdefault(digest, seq)
        self.commitments.clear()

    def erasures(self) -> None:
        """Check that texts are erased by events and by nothing else."""
        self.report.erased = len(self.seen_erased)
        for digest, seq in self.seen_erased.items():
            if digest not in self.told_erased:
                self.add("blob_erasure", seq, f"its text {digest} is erased, no event says so")
        told = iter(sorted(self.told_erased))
        while digests := list(islice(told, _BATCH)):
            states = blob_states(digests, self.using)
            for digest in digests:
                if states.get(digest) != "erased":
                    seq = self.told_erased[digest]
                    self.add("blob_erasure", seq, f"the text {digest} it erased is not erased")

    def head(self, found: Sequence[Head]) -> None:
        """Check the head row against the last event."""
        if len(found) != 1:
            self.add("head", None, f"head rows found instead of one: {len(found)}")
            return
        size, self.report.origin = found[0].size, str(found[0].origin)
        if size != self.expected:
            # Events that the head counts and that are gone, or events behind its back: either
            # way the lower number is the first that cannot be right.
            first = min(size, self.expected) if isinstance(size, int) else None
            self.add("head", first, f"the head counts {size} events, the log has {self.expected}")
        elif found[0].last_leaf != self.last_leaf:
            self.add("head", None, "the head does not hold the fingerprint of the last event")

    def made(self, factories: Sequence[Factory]) -> Iterator[Reconciler]:
        """Make the reconcilers; one that cannot be made is a problem, not the end."""
        for factory in factories:
            try:
                yield factory(self.using)
            except DatabaseError:
                raise
            except Exception as error:
                self.stopped(factory, None, error)

    def fed(self, reconciler: Reconciler, payload: dict[str, Any]) -> bool:
        """Give an event to a reconciler; False when it failed and is out."""
        try:
            reconciler.feed(payload)
        except DatabaseError:
            raise
        except Exception as error:
            self.stopped(reconciler, payload["seq"], error)
            return False
        return True

    def finished(self, reconciler: Reconciler) -> None:
        """Take what a reconciler found."""
        try:
            with self.savepoint():
                for problem in reconciler.finish():
                    self.report.add(problem)
        except Exception as error:
            self.stopped(reconciler, None, error)

    def savepoint(self) -> AbstractContextManager[object]:
        """Keep a failed query of a reconciler from ending the snapshot for the ones after it."""
        connection = connections[self.using]
        in_block = connection.in_atomic_block and connection.vendor == "postgresql"
        return transaction.atomic(using=self.using) if in_block else nullcontext()

    def stopped(self, who: object, seq: int | None, error: Exception) -> None:
        """Report a reconciler that stopped with an error: a broken verifier must be loud."""
        name = getattr(who, "__qualname__", type(who).__qualname__)
        self.add("reconciler", seq, f"{name} stopped: {type(error).__name__}: {error}")

    def add(self, code: str, seq: int | None, message: str) -> None:
        """Report one problem."""
        self.report.add(Problem(code, seq, message))
