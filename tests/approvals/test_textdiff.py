"""The inline diff of two texts: right words, right numbers, nothing hidden, bounded in time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.textdiff import Gap, changed_words, collapse, lines, visible
from approvals.textwords import Part, Row

TEXTS = st.lists(
    st.sampled_from(["one", "two", "Zwei", " ", "\t", "\n", "\r\n", "\r", ".", ",", "你", "{{a}}"])
).map("".join)


def told(old: str, new: str) -> list[str]:
    """Write rows as lines such as `- [gone] kept` so that a test can be read."""
    marks = {"same": "  ", "del": "- ", "add": "+ "}
    return [
        marks[row.kind] + "".join(p.text if p.kind == "same" else f"[{p.text}]" for p in row.parts)
        for row in lines(old, new)
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines__of_one_edited_word__marks_that_word_whatever_the_newlines(end: str) -> None:
    old = f"Dear reader,{end}be brief and kind.{end}Thanks{end}"
    new = old.replace("brief", "short")
    assert told(old, new) == [
        "  Dear reader,",
        "- be [brief] and kind.",
        "+ be [short] and kind.",
        "  Thanks",
    ]
    assert changed_words(old, new) == 1


def test_lines__of_replaced_words__marks_them_as_one_change() -> None:
    assert told("name the ticket number first.", "name the issue, and soon, first.") == [
        "- name the [ticket number] first.",
        "+ name the [issue, and soon,] first.",
    ]


def test_lines__of_an_edited_and_an_added_line__number_both_sides() -> None:
    rows = lines("a b\nc\n", "a x\nnew\nc\n")
    assert [(row.kind, row.old_no, row.new_no) for row in rows] == [
        ("del", 1, None),
        ("add", None, 1),
        ("add", None, 2),
        ("same", 2, 3),
    ]


def test_lines__of_two_edited_lines__put_each_below_its_own() -> None:
    assert told("the old dog\nran far away\n", "the new dog\nran very away\n") == [
        "- the [old] dog",
        "+ the [new] dog",
        "- ran [far] away",
        "+ ran [very] away",
    ]


def test_lines__of_another_text__mark_no_chance_matches() -> None:
    assert told("the cat sat on a mat by night", "we ran past the office, and at noon") == [
        "- [the cat sat on a mat by night]",
        "+ [we ran past the office, and at noon]",
    ]


def test_lines__of_changed_newlines_alone__show_them_and_count_no_word() -> None:
    old, new = "a b\nc\n", "a b\r\nc\n"
    assert told(old, new) == ["- a b[␊]", "+ a b[␍␊]", "  c"]
    assert changed_words(old, new) == 0


def test_lines__of_a_word_and_its_newline_changed__show_both_and_count_one_word() -> None:
    old, new = "a b c\r\n", "a x c\n"
    assert told(old, new) == ["- a [b] c[␍␊]", "+ a [x] c[␊]"]
    assert changed_words(old, new) == 1


def test_lines__of_a_last_newline_added__show_it() -> None:
    assert told("a", "a\n") == ["- a", "+ a[␊]"]


def test_lines__of_a_line_appended_behind_the_last__show_only_that() -> None:
    assert told("a", "a\nb") == ["  a", "+ [b]"]


def test_lines__of_an_empty_line_added__show_it() -> None:
    assert told("a\nb\n", "a\n\nb\n") == ["  a", "+ [␊]", "  b"]


def test_lines__of_white_space_alone__mark_it() -> None:
    assert told("a b c", "a  b c") == ["- a[ ]b c", "+ a[  ]b c"]


@given(TEXTS, TEXTS)
def test_lines__of_any_two_texts__hold_both_texts(old: str, new: str) -> None:
    for unwanted, number, text in (("add", 1, old), ("del", 2, new)):
        rows = [row for row in lines(old, new) if row.kind != unwanted]
        assert [row[number] for row in rows] == list(range(1, len(rows) + 1))
        shown = ["".join(part.text for part in row.parts) for row in rows]
        plain = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        expected = plain if text else []
        assert [line.rstrip("␍␊") for line in shown] == expected


@given(TEXTS, TEXTS)
def test_lines__of_two_different_texts__show_a_change(old: str, new: str) -> None:
    changed = any(row.kind != "same" for row in lines(old, new))
    assert changed == (old != new)


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        ("", "", 0),
        ("", "three new words", 3),
        ("three old words", "", 3),
        ("a b c d", "a x y c d", 2),
        ("Red, big dog", "blue; small dog", 2),
        ("Stop.", "Stop!", 1),
        ("!!!! ???? stop", "stop", 2),
        ("你好世界", "你好天下", 2),
        ("one two. three", "one six. seven", 2),
    ],
)
def test_changed_words__of_two_texts__counts_the_larger_side_of_each_change(
    old: str, new: str, count: int
) -> None:
    assert changed_words(old, new) == count


def test_changed_words__of_one_endless_word__counts_more_than_one() -> None:
    assert changed_words("a", "a " + "x" * 6_000) == 100


def test_collapse__far_from_a_change__leaves_a_gap() -> None:
    old = "\n".join(str(n) for n in range(20))
    shown = list(collapse(lines(old, old.replace("10", "ten")), context=2))
    assert [row if isinstance(row, Gap) else row.old_no or row.new_no for row in shown] == [
        Gap(8), 9, 10, 11, 11, 12, 13, Gap(7),
    ]  # fmt: skip


def test_collapse__of_a_single_line__shows_it_instead_of_a_gap() -> None:
    rows = lines("0\n1\n2\n3", "x\n1\n2\ny")
    assert Gap(1) not in list(collapse(rows, context=0))
    assert list(collapse(lines("0\n1\n2", "x\n1\ny"), context=0))[2] == Row(
        "same", 2, 2, (Part("same", "1"),)
    )


def test_collapse__of_no_change__is_one_gap() -> None:
    assert list(collapse(lines("a\nb\nc", "a\nb\nc"))) == [Gap(3)]


def test_visible__of_hidden_characters__names_them() -> None:
    assert visible("a\u200bb\u202ec\U000e0041\td") == "a⟨U+200B⟩b⟨U+202E⟩c⟨U+E0041⟩\td"


def test_visible__of_ordinary_text__changes_nothing() -> None:
    assert visible("Grüße, 你好 🙂\n") == "Grüße, 你好 🙂\n"


HOSTILE = {
    "one word": ("a" * 1_000_000, "b" * 1_000_000),
    "empty lines": ("\n" * 200_000, "\r\n" * 200_000),
    "swapped lines": ("a\nb\n" * 100_000, "b\na\n" * 100_000),
    "swapped words": ("ab cd " * 150_000, "cd ab " * 150_000),
    "signs": ("!?" * 500_000, "?!" * 500_000),
    "spaces": (" " * 1_000_000, "\t" * 1_000_000),
    "reversed lines": (
        "\n".join(str(n) for n in range(70_000)),
        "\n".join(str(n) for n in range(70_000, 0, -1)),
    ),
}


@pytest.mark.parametrize(
    "kind",
    [
        *("empty lines", "swapped lines"),
        *(
            pytest.param(kind, marks=pytest.mark.nightly)
            for kind in ("one word", "swapped words", "signs", "spaces", "reversed lines")
        ),
    ],
)
def test_lines__of_hostile_texts__end_soon(kind: str) -> None:
    started = time.process_time()
    assert any(row.kind != "same" for row in lines(*HOSTILE[kind]))
    assert time.process_time() - started < 12
