"""The change itself: lines and words, with what the scan found marked in the text.

A page must open at once, whatever somebody writes, and a vote on it must stay possible. So a diff
has bounds: on the search for what two texts have in common, and on the lines that are shown. What
is beyond them is counted and said, never left out in silence; `whole_diff` has every line of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from approvals import diffing
from approvals.lines import Spot
from approvals.presenters.diff_rows import Painter, Row
from approvals.scanning import Marked
from registry.documents import sections

#: unchanged lines around a change; fewer than these are not worth a fold
CONTEXT, LEAST_FOLDED = 3, 3
#: lines that one fold carries along
MOST_FOLDED = 400
#: steps of search by line, and by word, and tokens that are told apart for a page
PAGE_STEPS, PAGE_TOKENS = 200_000, 800_000


@dataclass
class Room:
    """What a page still has room for: changed lines with those around them, the same for each of
    the settings behind a long text, lines carried in folds, findings in unchanged text, and
    unchanged sections that are named one by one."""

    rows: int = 3000
    settings: int = 300
    carried: int = 1000
    noted: int = 100
    quiet: int = 100


@dataclass(frozen=True)
class Block:
    """Rows shown as they are, or folded away; `rows` of a very long fold are left out."""

    folded: bool
    rows: tuple[Row, ...]
    count: int


@dataclass(frozen=True)
class Part:
    """One section of the document, or so many unchanged ones that are not shown (`skipped`)."""

    title: str = ""
    changed: bool = False
    lines: int = 0
    blocks: tuple[Block, ...] = ()
    skipped: int = 0
    path: str = ""


@dataclass(frozen=True)
class Diff:
    """What is shown of the sections; `cut`, `cut_parts` and `unseen` count the changed lines, the
    changed sections and the findings that are not."""

    parts: tuple[Part, ...]
    changed: bool
    added: int
    removed: int
    cut: int
    cut_parts: int
    unseen: int


def diff_of(
    base: Mapping[str, Any] | None,
    body: Mapping[str, Any],
    marked: Iterable[Marked[Any]] = (),
    room: Room | None = None,
    talks: Mapping[Spot, tuple[int, ...]] | None = None,
) -> Diff:
    """The diff of two documents with findings in the new one; no base: everything is new.

    `talks` are the open threads by the line of the new document that they stand on.
    """
    texts = {section.path: section.text for section in sections(body)}
    found: dict[str, list[Marked[Any]]] = {}
    for mark in marked:
        found.setdefault(mark.finding.path, []).append(mark)
    sheet = _Sheet(room or Room())
    for section in diffing.document_outline(base or None, body, sheet.effort):
        marks = found.get(section.path, [])
        spoken = {
            spot.line: ids for spot, ids in (talks or {}).items() if spot.path == section.path
        }
        painter = Painter(texts.get(section.path, "") if marks else "", marks, spoken)
        sheet.add(section, painter, len(marks))
    return sheet.done()


def whole_diff(base: Mapping[str, Any] | None, body: Mapping[str, Any]) -> Iterator[str]:
    """Every line of the diff as plain text: a sign, the line, and its end where only that moved."""
    effort = diffing.Effort(PAGE_STEPS, PAGE_TOKENS)
    for section in diffing.document_outline(base or None, body, effort):
        yield f"== {section.title}"
        for sign, text in section.outline.plain():
            yield f"{sign} {diffing.visible(text)}"
        yield ""


@dataclass
class _Sheet:
    """A diff while it is made, and what may still be put into it."""

    room: Room
    effort: diffing.Effort = field(default_factory=lambda: diffing.Effort(PAGE_STEPS, PAGE_TOKENS))
    skipped: int = 0
    parts: list[Part] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    cut: int = 0
    cut_parts: int = 0
    unseen: int = 0
    changed: bool = False

    def add(self, section: diffing.Section, painter: Painter, marks: int) -> None:
        """Put a section in, as much of it as there is room for; the rest is counted."""
        outline = section.outline
        changed = section.renamed or outline.differs
        self.changed |= changed
        removed, added = outline.removed_and_added()
        self.unseen += marks
        if not changed and not marks and not painter.talks:
            if self.room.quiet == 0:
                self.skipped += 1
                return
            self.room.quiet -= 1
        if not section.path.startswith(("template", "messages")):
            self.room.rows = max(self.room.rows, self.room.settings)
        if changed and self.room.rows <= 0:
            self.cut_parts += 1
            self._count(removed, added)
            return
        self._close_skipped()
        self.room.rows -= changed  # its title takes a line, too
        strip = _Strip(self, outline, painter)
        strip.fill()
        blocks = tuple(strip.blocks)
        part = Part(section.title, changed, outline.length, blocks, path=section.path)
        self.parts.append(part)
        self._count(removed - strip.told[0], added - strip.told[1])
        self.removed += strip.shown[0]
        self.added += strip.shown[1]

    def done(self) -> Diff:
        self._close_skipped()
        return Diff(
            parts=tuple(self.parts),
            changed=self.changed,
            added=self.added,
            removed=self.removed,
            cut=self.cut,
            cut_parts=self.cut_parts,
            unseen=self.unseen,
        )

    def _count(self, removed: int, added: int) -> None:
        """Lines that were changed and are not shown."""
        self.removed += removed
        self.added += added
        self.cut += removed + added

    def _close_skipped(self) -> None:
        if self.skipped:
            self.parts.append(Part(skipped=self.skipped))
            self.skipped = 0


class _Strip:
    """One section on the sheet: changed and found lines with some around them, the rest folded.

    `told` counts the changed lines that were dealt with, `shown` the rows that this came to:
    where the search ran out of time, words may find lines alike that lines did not.
    """

    def __init__(self, sheet: _Sheet, outline: diffing.Outline, painter: Painter) -> None:
        self.blocks: list[Block] = []
        self.told = (0, 0)
        self.shown = (0, 0)
        self._sheet, self._room = sheet, sheet.room
        self._outline, self._painter = outline, painter

    def fill(self) -> None:
        neighbours = _with_neighbours(self._outline.stretches())
        for before, stretch, after in neighbours:
            if self._room.rows <= 0:
                return
            if stretch.kind == "same":
                self._same(stretch, CONTEXT if before else 0, CONTEXT if after else 0)
            else:
                self._changed(stretch)

    def _changed(self, stretch: diffing.Stretch) -> None:
        most = _shares(stretch.old, stretch.new, self._room.rows)
        rows, _ = self._outline.rows(stretch, self._sheet.effort, most)
        told = self._outline.changed(stretch._replace(old=most[0], new=most[1]))
        self.told = (self.told[0] + told[0], self.told[1] + told[1])
        counts = [sum(row.kind == kind for row in rows) for kind in ("del", "add")]
        self.shown = (self.shown[0] + counts[0], self.shown[1] + counts[1])
        self._room.rows -= len(rows)
        if most != (stretch.old, stretch.new):
            # What follows would look as if nothing stood between.
            self._room.rows = 0
        self._show(rows)

    def _same(self, stretch: diffing.Stretch, head: int, tail: int) -> None:
        near = [(0, head), (stretch.old - tail, stretch.old), *self._near_notes(stretch)]
        at = 0
        for first, last in sorted(near):
            first, last = max(first, at), min(last, stretch.old)
            if last > first:
                self._fold(stretch, at, first)
                self._show(self._outline.same(stretch, first, last))
                at = last
        self._fold(stretch, at, stretch.old)
        self._room.rows -= min(stretch.old, head + tail)

    def _near_notes(self, stretch: diffing.Stretch) -> Iterator[tuple[int, int]]:
        for number in sorted({*self._painter.noted, *self._painter.talks}):
            at = number - 1 - stretch.new_at
            if 0 <= at < stretch.old and self._room.noted > 0:
                self._room.noted -= 1
                yield at - CONTEXT, at + CONTEXT + 1

    def _fold(self, stretch: diffing.Stretch, first: int, last: int) -> None:
        count = last - first
        if count < LEAST_FOLDED:
            self._show(self._outline.same(stretch, first, last))
            return
        rows: tuple[Row, ...] = ()
        if count <= min(MOST_FOLDED, self._room.carried):
            rows = tuple(map(self._painter.row, self._outline.same(stretch, first, last)))
            self._room.carried -= count
        self.blocks.append(Block(True, rows, count))

    def _show(self, rows: Sequence[diffing.Row]) -> None:
        painted = tuple(map(self._painter.row, rows))
        if painted:
            self._sheet.unseen -= sum(note.times for row in painted for note in row.notes)
            self.blocks.append(Block(False, painted, len(painted)))


def _with_neighbours(
    stretches: Iterator[diffing.Stretch],
) -> Iterator[tuple[bool, diffing.Stretch, bool]]:
    """Each stretch, with whether one comes before it and after it."""
    last: diffing.Stretch | None = None
    before = False
    for stretch in stretches:
        if last is not None:
            yield before, last, True
            before = True
        last = stretch
    if last is not None:
        yield before, last, False


def _shares(old: int, new: int, left: int) -> tuple[int, int]:
    """How many of the lines removed and added have room, so that neither crowds the other out."""
    if old + new <= left:
        return old, new
    half = left // 2
    if old <= half:
        return old, left - old
    if new <= half:
        return left - new, new
    return half, half
