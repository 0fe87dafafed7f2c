"""The diff as a page shows it: soon there whatever was written, and nothing left out unsaid."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import diffing, scanning
from approvals.presenters.diff_rows import Row
from approvals.presenters.diffs import Diff, Room, diff_of, whole_diff
from approvals.textdiff import lines
from tests.approvals.test_textdiff import TEXTS

MIB = 1_048_576
CHANCE = random.Random(7)
NINE = "\n" * 9


def body(template: str | list[str]) -> dict[str, Any]:
    """A document of a text, or of a chat of user messages."""
    chat = isinstance(template, list)
    return {
        **scanning.text_document(""),
        "type": "chat" if chat else "text",
        "template": [{"role": "user", "content": t} for t in template] if chat else template,
        "variables": [],
        "model_settings": {},
        "tools": [],
        "response_format": None,
    }


def by_chance(count: int, of: str, between: str) -> str:
    return between.join(CHANCE.choice(of.split()) for _ in range(count))


def rows_of(diff: Diff) -> list[Row]:
    """The rows that one sees without opening a fold."""
    return [
        row
        for part in diff.parts
        for block in part.blocks
        if not block.folded
        for row in block.rows
    ]


def changed_in(diff: Diff) -> int:
    return sum(row.kind != "same" for row in rows_of(diff))


# -- soon there -----------------------------------------------------------------------------

GREEK = "alpha beta gamma delta rho"


def worst_texts(kind: str) -> tuple[str | list[str], str | list[str]]:
    """Two texts of about 1 MiB, made when they are asked for."""
    half = MIB // 2

    def twice(count: int, of: str, between: str) -> tuple[str, str]:
        return by_chance(count, of, between), by_chance(count, of, between)

    match kind:
        case "a million lines":
            return "\n" * MIB, "a\n" * half
        case "a million line ends":
            return "\n" * MIB, "\r\n" * half
        case "lines by chance":
            return twice(half, "a b c d e f g h", "\n")
        case "every other line":
            old = [f"line {n}\n" for n in range(90_000)]
            return "".join(old), "".join(["lime\n" if n % 2 else old[n] for n in range(90_000)])
        case "reversed lines":
            numbers = [*map(str, range(150_000))]
            return "\n".join(numbers), "\n".join(numbers[::-1])
        case "one line of one word":
            return "a" * MIB, "b" * MIB
        case "one line of letters":
            return "a b " * (MIB // 4), "b a " * (MIB // 4)
        case "one line of signs":
            return "!?" * half, "?!" * half
        case "one line of words by chance":
            return twice(MIB // 6, GREEK, " ")
        case "six thousand repeating tokens":
            return twice(6000, GREEK, " ")
        case "six thousand repeating lines":
            return twice(6000, GREEK, "\n")
        case "LF to CRLF":
            text = ("x y z " * 13 + "\n") * (MIB // 80)
            return text, text.replace("\n", "\r\n")
    old, new = ([by_chance(4000, GREEK, " ") for _ in range(40)] for _ in range(2))
    return old, new


WORST = [
    "a million lines",
    "a million line ends",
    "lines by chance",
    "every other line",
    "reversed lines",
    "one line of one word",
    "one line of letters",
    "one line of signs",
    "one line of words by chance",
    "six thousand repeating tokens",
    "six thousand repeating lines",
    "LF to CRLF",
    "a chat of long messages",
]


@pytest.mark.parametrize("kind", WORST)
def test_diff_of__worst_texts__is_there_soon_and_counts_what_it_leaves_out(kind: str) -> None:
    old, new = (body(text) for text in worst_texts(kind))
    started = time.thread_time()
    diff = diff_of(old, new)
    # It takes 0.8 s at most; ten times that without its bounds.
    assert time.thread_time() - started < 2
    assert diff.changed
    assert changed_in(diff) + diff.cut == diff.added + diff.removed > 0
    assert len(rows_of(diff)) <= Room().rows


def test_document_diff__many_hostile_messages__share_one_effort() -> None:
    """The count of changed words is made of it: a chat must not take a second for each message."""
    old, new = (body([by_chance(500, GREEK, " ") for _ in range(40)]) for _ in range(2))
    started = time.thread_time()
    assert sum(section.count for section in diffing.document_diff(old, new)) > 1000
    assert time.thread_time() - started < 3


# -- nothing left out -----------------------------------------------------------------------


@given(TEXTS, TEXTS)
def test_diff_of__any_two_short_texts__shows_every_changed_line(old: str, new: str) -> None:
    diff = diff_of(body(old), body(new))
    wanted = [(row.kind, row.old_no, row.new_no) for row in lines(old, new) if row.kind != "same"]
    found = [(row.kind, row.old, row.new) for row in rows_of(diff) if row.kind != "same"]
    assert found == wanted
    assert (diff.cut, diff.changed) == (0, old != new)
    assert diff.added + diff.removed == len(wanted)


@given(TEXTS, TEXTS, st.integers(1, 12))
def test_diff_of__less_room_than_changes__counts_those_it_does_not_show(
    old: str, new: str, room: int
) -> None:
    diff = diff_of(body(old), body(new), room=Room(rows=room))
    assert changed_in(diff) + diff.cut == diff.added + diff.removed
    assert diff.changed == (old != new)


def test_diff_of__all_lines_changed__shows_some_of_both_sides() -> None:
    old, new = ("".join(f"{word} {n}\n" for n in range(9000)) for word in ("old", "new"))
    diff = diff_of(body(old), body(new))
    kinds = [row.kind for row in rows_of(diff)]
    assert kinds.count("del") == kinds.count("add") > 1000
    assert (diff.removed, diff.added) == (9000, 9000)


def test_diff_of__one_word_of_every_line__marks_that_word_in_each_line_shown() -> None:
    old, new = ("".join(f"Line {n} of {word} text.\n" for n in range(9000)) for word in ("a", "b"))
    rows = rows_of(diff_of(body(old), body(new)))
    assert [row.kind for row in rows[:4]] == ["del", "add", "del", "add"]
    changed = [[piece.text for piece in row.pieces if piece.kind == row.kind] for row in rows]
    assert changed.count(["a"]) == changed.count(["b"]) == len(rows) // 2 > 1000


def test_diff_of__changes_between_folds__are_not_crowded_out_by_unchanged_lines() -> None:
    old = "".join(f"line {n}\n" for n in range(60_000))
    new = "".join(f"line {n}{'!' if n % 300 == 0 else ''}\n" for n in range(60_000))
    diff = diff_of(body(old), body(new))
    assert (changed_in(diff), diff.cut) == (400, 0)


def test_diff_of__findings_in_unchanged_lines__do_not_crowd_out_the_change() -> None:
    old = "".join(f"Ask person{n}@acme-corp.com.\n{NINE}" for n in range(40)) + "End.\n"
    new = old.replace("End.", "The end.")
    report = scanning.scan_document(body(new))
    marked = [scanning.Marked(finding, "standing") for finding in report.findings]
    diff = diff_of(body(old), body(new), marked, Room(rows=10, noted=20))
    assert (changed_in(diff), diff.cut) == (2, 0)
    noted = sum(note.times for row in rows_of(diff) for note in row.notes)
    assert (noted, diff.unseen) == (20, len(marked) - 20)


def test_diff_of__word_changed_in_one_endless_line__shows_it_and_folds_the_rest() -> None:
    old = "word " * (MIB // 5)
    new = old[: MIB // 2] + "other " + old[MIB // 2 :]
    deleted, added = rows_of(diff_of(body(old), body(new)))
    assert [piece.text for piece in added.pieces if piece.kind == "add"] == ["other "]
    assert "del" not in [piece.kind for piece in deleted.pieces]
    shown = sum(len(piece.text) for piece in added.pieces)
    folded = sum(piece.length for piece in added.pieces)
    assert (shown + folded, shown < 2000) == (len(new), True)


def test_diff_of__chat_of_thousands__counts_the_unchanged_messages() -> None:
    old = [f"Message {n}" for n in range(5000)]
    new = [*old[:4000], "Another", *old[4001:]]
    diff = diff_of(body(old), body(new))
    assert changed_in(diff) == 2
    skipped = sum(part.skipped for part in diff.parts)
    named = [part for part in diff.parts if part.title]
    assert len(named) + skipped == 5000
    assert len(named) <= Room().quiet + 1


def test_diff_of__another_role_behind_a_long_change__is_counted_and_told_in_the_whole() -> None:
    old = body(["A line\n" * 4000, "Be kind."])
    new = body(["Another\n" * 4000, "Be kind."])
    new["template"][1]["role"] = "system"
    diff = diff_of(old, new)
    assert diff.cut_parts == 1
    assert "== User message 2 → System message" in [*whole_diff(old, new)]


def test_diff_of__settings_behind_a_long_change__are_shown_all_the_same() -> None:
    old = body("A line\n" * 4000)
    new = {**body("Another\n" * 4000), "tools": [{"name": "send_money"}]}
    diff = diff_of(old, new)
    assert diff.cut > 0
    assert [part.title for part in diff.parts] == ["Template", "Tools"]
    assert any("send_money" in piece.text for row in rows_of(diff) for piece in row.pieces)


# -- all of it ------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
def test_whole_diff__any_two_texts__holds_every_line_of_both(old: str, new: str) -> None:
    told = [line for line in whole_diff(body(old), body(new)) if not line.startswith("== ")]
    for unwanted, text in (("+", old), ("-", new)):
        kept = [line[2:] for line in told if line and line[0] != unwanted]
        plain = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        assert [line.rstrip("␍␊") for line in kept] == (plain if text else [])


def test_whole_diff__line_ends_alone__are_shown() -> None:
    assert [*whole_diff(body("a\nb\n"), body("a\nb\r\n"))] == [
        "== Template", "  a", "- b␊", "+ b␍␊", "",
    ]  # fmt: skip
