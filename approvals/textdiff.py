"""What changed between two texts, by line and inside a line by word.

Lines are matched by their content and words inside the lines that differ; both searches stop after
a million steps, and what they have not matched by then counts as changed. No change is left out: a
line whose only change is its line end shows the ends as ␍␊, ␊ or ␍.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import ne
from typing import Literal, NamedTuple

from approvals.textwords import ENDS, Effort, Lines, Part, Row, Writer, hunk
from registry.matching import runs

#: lines that are held against as many others by word at once, where a page shows them
IN_TURN = 40

_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
_END = re.compile(r"(\r\n|\r|\n)")


@dataclass(frozen=True)
class Gap:
    """So many unchanged lines that are not shown."""

    count: int


class Stretch(NamedTuple):
    """Lines of both sides that belong together; at and length count lines.

    same: both sides have them; ends: both have them with other line ends; changed: the old ones
    were changed into the new ones.
    """

    kind: Literal["same", "ends", "changed"]
    old_at: int
    new_at: int
    old: int
    new: int


class Line(NamedTuple):
    """A line without its end, and the end: one of the three, or nothing."""

    content: str
    end: str


def split(text: str) -> list[Line]:
    """Return the lines of a text with their ends; no line follows the last line end."""
    side = _split(text)
    return [Line(*line) for line in zip(side.contents, side.ends, strict=True)]


def lines(old: str, new: str) -> list[Row]:
    """Return the rows of an inline diff of two texts."""
    return compared(old, new)[0]


def changed_words(old: str, new: str) -> int:
    """Return how many words changed: at each place the larger of words deleted and inserted."""
    return compared(old, new)[1]


def compared(old: str, new: str) -> tuple[list[Row], int]:
    """Return the rows of the diff of two texts and the number of words that changed."""
    effort = Effort()
    return Outline(old, new, effort).all_rows(effort)


def collapse(rows: Sequence[Row], context: int = 3) -> Iterator[Row | Gap]:
    """Yield the changed rows with so many unchanged ones around them, and gaps for the rest."""
    near = [False] * len(rows)
    for index, row in enumerate(rows):
        if row.kind != "same":
            first, last = max(0, index - context), min(len(rows), index + context + 1)
            near[first:last] = [True] * (last - first)
    at = 0
    for shown, group in groupby(near):
        count = len(list(group))
        # A gap takes a line itself: it hides two lines or more.
        if shown or count == 1:
            yield from rows[at : at + count]
        else:
            yield Gap(count)
        at += count


def visible(text: str) -> str:
    """Return a text in which invisible and control characters are named, such as ⟨U+200B⟩."""
    if text.isprintable():
        return text
    # A long text has few different characters.
    unseen = {
        ord(char): f"⟨U+{ord(char):04X}⟩"
        for char in frozenset(text)
        if char not in "\t\n" and unicodedata.category(char) in _UNSEEN
    }
    return text.translate(unseen) if unseen else text


class Outline:
    """Two texts held together line by line; rows are made of it only where they are asked for."""

    def __init__(self, old: str, new: str, effort: Effort) -> None:
        self.old, self.new = _split(old), _split(new)
        self._found = self._matched(effort)

    @property
    def length(self) -> int:
        """Lines that a diff of all of it would have, were no line changed."""
        return max(len(self.old.contents), len(self.new.contents))

    @property
    def differs(self) -> bool:
        return any(stretch.kind != "same" for stretch in self._found)

    def removed_and_added(self) -> tuple[int, int]:
        """How many lines were removed and added in all, as far as lines tell."""
        counts = [self.changed(stretch) for stretch in self._found]
        return sum(removed for removed, _ in counts), sum(added for _, added in counts)

    def plain(self) -> Iterator[tuple[str, str]]:
        """Every line with its sign, and with its end where only that changed; no words."""
        for stretch in self._found:
            removed, added = self._sides(stretch)
            if stretch.kind == "same":
                yield from ((" ", content) for content in removed.contents)
            elif stretch.kind == "changed":
                yield from (("-", content) for content in removed.contents)
                yield from (("+", content) for content in added.contents)
            else:
                yield from self._plain_ends(stretch, removed, added)

    def all_rows(self, effort: Effort) -> tuple[list[Row], int]:
        """Every row, and the number of words that changed."""
        rows: list[Row] = []
        count = 0
        for stretch in self.stretches():
            some, words = self.rows(stretch, effort)
            rows += some
            count += words
        return rows, count

    def stretches(self) -> Iterator[Stretch]:
        """All stretches in the order of the text; a million lines take no time until asked for."""
        for stretch in self._found:
            yield from self._by_ends(stretch) if stretch.kind == "ends" else [stretch]

    def rows(
        self, stretch: Stretch, effort: Effort, most: tuple[int, int] | None = None
    ) -> tuple[list[Row], int]:
        """The rows of a stretch and its changed words; of changed lines only the first `most`."""
        if stretch.kind == "same":
            return self.same(stretch, 0, stretch.old), 0
        count = 0
        writer = Writer(
            (len(self.old.contents), len(self.new.contents)), (stretch.old_at, stretch.new_at)
        )
        old, new = most or (stretch.old, stretch.new)
        removed = _some(self.old, stretch.old_at, min(old, stretch.old))
        added = _some(self.new, stretch.new_at, min(new, stretch.new))
        if stretch.kind == "changed":
            length = max(old, new)
            # As many lines for as many: a long search finds little that a short one does not.
            step = IN_TURN if most and old == new else length
            for at in range(0, length, step):
                count += hunk(_some(removed, at, step), _some(added, at, step), writer, effort)
            return writer.rows, count
        for content, old_end, new_end in zip(removed.contents, removed.ends, added.ends):  # noqa: B905  # `most` may cut either side
            writer.write_ends(content, old_end, new_end)
        return writer.rows, 0

    def same(self, stretch: Stretch, first: int, last: int) -> list[Row]:
        """The rows from `first` to before `last` of a stretch that both sides have."""
        old, new = stretch.old_at + first + 1, stretch.new_at + first + 1
        contents = self.old.contents[old - 1 : stretch.old_at + last]
        return [
            Row("same", old + n, new + n, (Part("same", content),) if content else ())
            for n, content in enumerate(contents)
        ]

    def changed(self, stretch: Stretch) -> tuple[int, int]:
        """How many lines of a stretch were removed and added, as far as lines tell."""
        if stretch.kind != "ends":
            return (0, 0) if stretch.kind == "same" else (stretch.old, stretch.new)
        removed, added = self._sides(stretch)
        if not removed.ends:
            return 0, 0
        seen = sum(map(ne, removed.ends, added.ends))
        # Only the last line of a side has no end; see Writer for when that shows.
        last = removed.ends[-1], added.ends[-1]
        if last[0] != last[1] and "" in last and not self._is_last(stretch):
            seen -= 1
        return seen, seen

    def _plain_ends(
        self, stretch: Stretch, removed: Lines, added: Lines
    ) -> Iterator[tuple[str, str]]:
        last = stretch.old - 1 if self._is_last(stretch) else -1
        for at, (content, old, new) in enumerate(
            zip(removed.contents, removed.ends, added.ends, strict=True)
        ):
            if old != new and ((old and new) or at == last):
                yield "-", content + ENDS[old]
                yield "+", content + ENDS[new]
            else:
                yield " ", content

    def _matched(self, effort: Effort) -> list[Stretch]:
        found: list[Stretch] = []
        removed = added = old_at = new_at = 0
        for kind, length in [*self._runs(effort), ("same", 0)]:
            if kind == "del":
                removed += length
            elif kind == "add":
                added += length
            else:
                if removed or added:
                    found.append(Stretch("changed", old_at, new_at, removed, added))
                old_at, new_at = old_at + removed, new_at + added
                removed = added = 0
                if length:
                    stretch = Stretch("same", old_at, new_at, length, length)
                    left, right = self._sides(stretch)
                    equal = left.ends == right.ends
                    found.append(stretch if equal else stretch._replace(kind="ends"))
                old_at, new_at = old_at + length, new_at + length
        return found

    def _runs(self, effort: Effort) -> list[tuple[str, int]]:
        if self.old.contents == self.new.contents:
            return [("same", len(self.old.contents))]
        return [*runs(self.old.contents, self.new.contents, effort.lines)]

    def _by_ends(self, stretch: Stretch) -> Iterator[Stretch]:
        """Tell the lines apart whose end changed from those where it did not."""
        at = 0
        for differs, group in groupby(map(ne, *(side.ends for side in self._sides(stretch)))):
            count = len(list(group))
            kind: Literal["ends", "same"] = "ends" if differs else "same"
            yield Stretch(kind, stretch.old_at + at, stretch.new_at + at, count, count)
            at += count

    def _sides(self, stretch: Stretch) -> tuple[Lines, Lines]:
        return (
            _some(self.old, stretch.old_at, stretch.old),
            _some(self.new, stretch.new_at, stretch.new),
        )

    def _is_last(self, stretch: Stretch) -> bool:
        return stretch.old_at + stretch.old == len(self.old.contents) and (
            stretch.new_at + stretch.new == len(self.new.contents)
        )


def _some(side: Lines, at: int, length: int) -> Lines:
    return Lines(side.contents[at : at + length], side.ends[at : at + length])


def _split(text: str) -> Lines:
    """Split a text at its line ends; the last line may have none."""
    usual = "\r\n" if "\r" in text else "\n"
    breaks = text.count(usual)
    if text.count("\r") in (0, breaks) and text.count("\n") == breaks:
        # The common case, kept short: a text may have a million lines.
        contents, ends = text.split(usual), [usual] * breaks
    else:
        parts = _END.split(text)
        contents, ends = parts[0::2], parts[1::2]
    if not contents[-1]:
        # What stands behind the last line end is no line.
        return Lines(contents[:-1], ends)
    return Lines(contents, [*ends, ""])
