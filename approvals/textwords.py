"""Rows of a diff, and what changed inside lines that were changed into others, word by word."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal, NamedTuple

from registry.matching import STEPS, Budget, common_ends, runs

Kind = Literal["same", "del", "add"]

# A script without spaces gives a word for each character, and very long "words" are cut, so that
# a count of changed words means something for every text.
_TOKEN = re.compile(
    r"\r\n|\r|\n"
    r"|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff]"
    r"|[^\W\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff]{1,60}"
    r"|[^\S\r\n]{1,60}|[^\w\s]|."
)
_WORD = re.compile(r"\w")
ENDS = {"\r\n": "␍␊", "\n": "␊", "\r": "␍", "": ""}
_SIDES: tuple[Kind, Kind] = ("del", "add")


class Part(NamedTuple):
    """A stretch of one line, unchanged or changed."""

    kind: Kind
    text: str


class Row(NamedTuple):
    """A line of the diff; numbers count from 1 and are None where the side has no such line."""

    kind: Kind
    old_no: int | None
    new_no: int | None
    parts: tuple[Part, ...]


class Effort:
    """What one comparison of documents may spend: search by line, search by word, and words.

    `tokens` bounds how much is told apart into words at all; None is for a count that must be
    exact, and beyond it a changed line counts as changed from end to end.
    """

    def __init__(self, steps: int = STEPS, tokens: int | None = None) -> None:
        self.lines = Budget(steps)
        self.words = Budget(steps)
        self.tokens = tokens


class Lines(NamedTuple):
    """Some lines of one side: what stands in them, and how each of them ends."""

    contents: Sequence[str]
    ends: Sequence[str]


_Open = tuple[Kind, list[str]]


class _Piece(NamedTuple):
    """Tokens that both sides have, or that were changed from the one into the other."""

    same: bool
    old: list[str]
    new: list[str]


def hunk(removed: Lines, added: Lines, writer: "Writer", effort: Effort) -> int:
    """Write lines that were changed into others and return the number of words changed."""
    pieces = _compared(removed, added, effort)
    for piece in pieces:
        writer.write(piece)
    writer.flush()
    changed = [piece for piece in pieces if not piece.same]
    words = _words_among(token for piece in changed for token in (*piece.old, *piece.new))
    return sum(max(_count(p.old, words), _count(p.new, words)) for p in changed)


def _compared(removed: Lines, added: Lines, effort: Effort) -> list[_Piece]:
    old, new = _tokens(removed, effort), _tokens(added, effort)
    if old is None or new is None:
        return _coarse(_whole(removed), _whole(added))
    if old and new:
        return _pieces(old, new, effort)
    return [_Piece(False, old, new)] if old or new else []


def _coarse(old: list[str], new: list[str]) -> list[_Piece]:
    """What is too much to tell apart by word: of one line its changed middle, of more all of it."""
    if not len(old) == len(new) == 2:
        return [_Piece(False, old, new)]
    (left, left_end), (right, right_end) = old, new
    head, tail = common_ends(left, right)
    parts = (
        left[:head],
        left[len(left) - tail :],
        left[head : len(left) - tail],
        right[head : len(right) - tail],
    )
    # No text is no token: an empty one is the end of a last line.
    first, last, before, after = ([text] if text else [] for text in parts)
    return [
        _Piece(True, first, first),
        _Piece(False, before, after),
        _Piece(True, [*last, left_end], [*last, right_end]),
    ]


def _tokens(lines: Lines, effort: Effort) -> list[str] | None:
    """Return the tokens of lines, each line with one for its end, even if ""; None if too many."""
    found: list[str] = []
    for content, end in zip(lines.contents, lines.ends, strict=True):
        found.extend(_TOKEN.findall(content))
        found.append(end)
        if effort.tokens is not None and len(found) > effort.tokens:
            return None
    if effort.tokens is not None:
        effort.tokens -= len(found)
    return found


def _whole(lines: Lines) -> list[str]:
    """The lines as tokens that are not told apart any further."""
    return [
        part
        for content, end in zip(lines.contents, lines.ends, strict=True)
        for part in ((content, end) if content else (end,))
    ]


def _pieces(old: list[str], new: list[str], effort: Effort) -> list[_Piece]:
    left_keys, right_keys = (["\n" if t in ENDS else t for t in side] for side in (old, new))
    pieces: list[_Piece] = []
    old_at = new_at = 0
    for kind, length in runs(left_keys, right_keys, effort.words):
        left = old[old_at : old_at + length] if kind != "add" else []
        right = new[new_at : new_at + length] if kind != "del" else []
        old_at, new_at = old_at + len(left), new_at + len(right)
        _append(pieces, _Piece(kind == "same", left, right))
    words = _words_among(chain(old, new))
    alike = sum(_count(piece.old, words) for piece in pieces if piece.same)
    if alike * 5 < min(_count(old, words), _count(new, words)):
        # Hardly a word in common: this is another text, and chance matches only confuse.
        return [_Piece(False, old, new)]
    return pieces


def _append(pieces: list[_Piece], piece: _Piece) -> None:
    """Add a piece; white space and signs between two changes belong to the change."""
    if not piece.same and len(pieces) > 1 and pieces[-1].same and _is_filler(pieces[-1].old):
        _extend(pieces[-2], pieces.pop())
    if not piece.same and pieces and not pieces[-1].same:
        _extend(pieces[-1], piece)
    else:
        pieces.append(piece)


def _extend(piece: _Piece, by: _Piece) -> None:
    piece.old.extend(by.old)
    piece.new.extend(by.new)


def _is_filler(tokens: Sequence[str]) -> bool:
    return not any(token in ENDS or _WORD.search(token) for token in tokens)


def _words_among(tokens: Iterable[str]) -> frozenset[str]:
    return frozenset(token for token in frozenset(tokens) if _WORD.search(token))


def _count(tokens: Sequence[str], words: frozenset[str]) -> int:
    """Count the words of some tokens, or their groups of signs where there is no word."""
    return sum(map(words.__contains__, tokens)) or len("".join(tokens).split())


class Writer:
    """Turns pieces into rows: deleted lines before the added ones that stand in their place.

    `totals` are the numbers of lines of both sides, `behind` those that come before the first.
    """

    def __init__(self, totals: tuple[int, int], behind: tuple[int, int]) -> None:
        self.rows: list[Row] = []
        self._totals = totals
        self._numbers = [*behind]
        self._open: tuple[list[_Open], list[_Open]] = ([], [])
        self._closed: tuple[list[Row], list[Row]] = ([], [])

    def write_ends(self, content: str, old_end: str, new_end: str) -> None:
        """Write a line that both sides have, with another line end on either."""
        if content:
            self._put(0, "same", content)
            self._put(1, "same", content)
        self._close_both(old_end, new_end)

    def write(self, piece: _Piece) -> None:
        """Write one piece line by line."""
        if piece.same:
            for (old, old_end), (new, new_end) in zip(
                _by_line(piece.old), _by_line(piece.new), strict=True
            ):
                if old:
                    self._put(0, "same", old)
                    self._put(1, "same", new)
                if old_end is not None and new_end is not None:
                    self._close_both(old_end, new_end)
            return
        for side, tokens in enumerate((piece.old, piece.new)):
            for text, end in _by_line(tokens):
                if text:
                    self._put(side, _SIDES[side], text)
                if end is None:
                    continue
                if end and not self._open[side]:
                    # A whole empty line came or went; nothing else would show it.
                    self._put(side, _SIDES[side], ENDS[end])
                self._close(side)

    def flush(self) -> None:
        """Write out the lines closed so far; a line with no change on either side stays one row."""
        deleted, added = self._closed
        if len(deleted) == len(added) == 1 and deleted[0].parts == added[0].parts:
            self.rows.append(Row("same", deleted[0].old_no, added[0].new_no, deleted[0].parts))
        else:
            self.rows.extend(deleted)
            self.rows.extend(added)
        self._closed = ([], [])

    def _put(self, side: int, kind: Kind, text: str) -> None:
        parts = self._open[side]
        if parts and parts[-1][0] == kind:
            parts[-1][1].append(text)
        else:
            parts.append((kind, [text]))

    def _close_both(self, old_end: str, new_end: str) -> None:
        last = all(n + 1 == total for n, total in zip(self._numbers, self._totals, strict=True))
        # A last line without a line end gets one when a line follows: that is no change of its own.
        if old_end != new_end and (last or (old_end and new_end)):
            for side, end in enumerate((old_end, new_end)):
                if end:
                    self._put(side, _SIDES[side], ENDS[end])
        self._close(0)
        self._close(1)
        self.flush()

    def _close(self, side: int) -> None:
        self._numbers[side] += 1
        number = self._numbers[side]
        parts = tuple(Part(kind, "".join(texts)) for kind, texts in self._open[side])
        self._open[side].clear()
        kind = _SIDES[side]
        self._closed[side].append(
            Row(kind, number, None, parts) if side == 0 else Row(kind, None, number, parts)
        )


def _by_line(tokens: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the text up to each line end with that end; the text behind the last one with None."""
    at = 0
    for index, token in enumerate(tokens):
        if token in ENDS:
            yield "".join(tokens[at:index]), token
            at = index + 1
    if at < len(tokens):
        yield "".join(tokens[at:]), None
