"""One line of a diff as the page shows it: signs, words, what the scan found, hidden characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from approvals import diffing
from approvals.scanning import Marked
from approvals.scanning.findings import Found

#: characters of an unchanged stretch inside a line, of which only both ends are worth showing
MOST_SAME, KEPT_SAME = 4000, 300

_END = re.compile(r"\r\n|\r|\n")
_SIGNS = {"same": ("", ""), "add": ("+", "added"), "del": ("\N{MINUS SIGN}", "removed")}
_RANKS = ("low", "moderate", "high", "critical")


@dataclass(frozen=True)
class Piece:
    """A stretch of a line: unchanged, added or removed; `found` is the severity marked in it.

    Of the kind "fold" it stands for `length` unchanged characters and has no text.
    """

    kind: str
    text: str
    found: str = ""
    length: int = 0


@dataclass(frozen=True)
class Note:
    """What a rule found on a line, how often, and what to do about it."""

    rule: str
    severity: str
    new: bool
    times: int
    explanation: str
    remedy: str


@dataclass(frozen=True)
class Row:
    kind: str
    old: int | None
    new: int | None
    sign: str
    word: str
    pieces: tuple[Piece, ...]
    notes: tuple[Note, ...] = ()
    #: open threads on this line
    threads: tuple[int, ...] = ()


class Painter:
    """Makes the rows of one section; knows where its new text's findings and threads stand, by
    line from 1."""

    def __init__(
        self,
        text: str,
        marked: Sequence[Marked[Any]],
        talks: Mapping[int, tuple[int, ...]] | None = None,
    ) -> None:
        self.talks = talks or {}
        self._starts = [0]
        self._found: dict[int, list[Found]] = {}
        self.noted: dict[int, list[Marked[Any]]] = {}
        if not marked:
            return
        self._starts += [match.end() for match in _END.finditer(text)]
        for mark in marked:
            finding = mark.finding
            first = bisect_right(self._starts, finding.start)
            # It may cross lines; its note stands under the one in which it ends.
            last = bisect_right(self._starts, max(finding.start, finding.end - 1))
            for line in range(first, last + 1):
                self._found.setdefault(line, []).append(finding)
            self.noted.setdefault(last, []).append(mark)

    def row(self, row: diffing.Row) -> Row:
        sign, word = _SIGNS[row.kind]
        pieces = [Piece(part.kind, part.text) for part in row.parts if part.text]
        notes: tuple[Note, ...] = ()
        threads: tuple[int, ...] = ()
        if row.new_no is not None and row.kind != "del":
            threads = self.talks.get(row.new_no, ())
            here = self._found.get(row.new_no)
            if here:
                pieces = _marked(pieces, self._starts[row.new_no - 1], here)
            notes = _notes(self.noted.get(row.new_no, []))
        shown = tuple(part for piece in pieces for part in _short(piece))
        return Row(row.kind, row.old_no, row.new_no, sign, word, shown, notes, threads)


def _short(piece: Piece) -> Iterator[Piece]:
    """A piece with hidden characters named; a long unchanged one as its ends and a fold."""
    if piece.kind != "same" or piece.found or len(piece.text) <= MOST_SAME:
        yield Piece(piece.kind, diffing.visible(piece.text), piece.found)
        return
    yield Piece("same", diffing.visible(piece.text[:KEPT_SAME]))
    yield Piece("fold", "", length=len(piece.text) - 2 * KEPT_SAME)
    yield Piece("same", diffing.visible(piece.text[-KEPT_SAME:]))


def _marked(pieces: list[Piece], start: int, findings: Sequence[Found]) -> list[Piece]:
    """The pieces of a line that begins at `start`, cut where a finding begins or ends."""
    cuts = sorted({edge for f in findings for edge in (f.start, f.end)})
    found: list[Piece] = []
    at = start
    for piece in pieces:
        if piece.kind == "del":
            found.append(piece)
            continue
        end = at + len(piece.text)
        inside = cuts[bisect_right(cuts, at) : bisect_right(cuts, end)]
        edges = [at, *(cut for cut in inside if cut < end), end]
        for left, right in pairwise(edges):
            text = piece.text[left - at : right - at]
            found.append(Piece(piece.kind, text, _worst(findings, left, right)))
        at = end
    return found


def _worst(findings: Sequence[Found], left: int, right: int) -> str:
    over = [f.severity for f in findings if f.start < right and f.end > left]
    return max(over, key=_RANKS.index, default="")


def _notes(marked: Sequence[Marked[Any]]) -> tuple[Note, ...]:
    groups: dict[tuple[str, bool], list[Any]] = {}
    for mark in marked:
        groups.setdefault((mark.finding.rule, mark.mark == "new"), []).append(mark.finding)
    return tuple(
        Note(rule, same[0].severity, new, len(same), same[0].explanation, same[0].remedy)
        for (rule, new), same in groups.items()
    )
