"""The same change in many prompts is one group, and one that differs is never in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import diffing
from approvals.hunks import MOST_LINES, Hunk, grouped, hunks_of
from approvals.presenters.hunk_groups import shown, summed_up
from registry.documents import build

OLD, NEW = "Call 0800 111.", "Call 0800 222."


def text(*lines: str, **fields: Any) -> dict[str, Any]:
    document = build(
        type="text",
        template="".join(f"{line}\n" for line in lines),
        template_format="none",
        **fields,
    )
    body: dict[str, Any] = json.loads(document.text)
    return body


def chat(*messages: tuple[str, str]) -> dict[str, Any]:
    template = [{"role": role, "content": content} for role, content in messages]
    document = build(type="chat", template=template, template_format="none")
    body: dict[str, Any] = json.loads(document.text)
    return body


def sides(hunk: Hunk) -> tuple[list[str], list[str]]:
    """The lines that a hunk takes away, and those that it puts in."""
    said = [(row.kind, "".join(part.text for part in row.parts)) for row in hunk.rows]
    return (
        [words for kind, words in said if kind == "del"],
        [words for kind, words in said if kind == "add"],
    )


def test_hunks_of__a_line_changed__is_one_hunk_without_what_stands_around_it() -> None:
    found = hunks_of(text("Be kind.", OLD, "Be brief."), text("Be kind.", NEW, "Be brief."))
    assert found is not None
    assert [(hunk.part, sides(hunk)) for hunk in found] == [("Template", ([OLD], [NEW]))]


def test_grouped__same_line_changed_in_other_surroundings__is_one_group() -> None:
    changes = {
        "a": hunks_of(text("Be kind.", OLD), text("Be kind.", NEW)),
        "b": hunks_of(text("One.", "Two.", OLD, "Three."), text("One.", "Two.", NEW, "Three.")),
    }
    assert [group.keys for group in grouped(changes)] == [("a", "b")]


def test_grouped__one_changes_a_line_more__differs() -> None:
    changes = {
        "a": hunks_of(text("Be kind.", OLD), text("Be kind.", NEW)),
        "b": hunks_of(text("Be kind.", OLD), text("Be rude.", NEW)),
        "c": hunks_of(text("Hello.", OLD), text("Hello.", NEW)),
    }
    assert [group.keys for group in grouped(changes)] == [("a", "c"), ("b",)]


def test_grouped__same_words_in_a_longer_line__differs() -> None:
    changes = {
        "a": hunks_of(text(OLD), text(NEW)),
        "b": hunks_of(text(f"Never! {OLD}"), text(f"Never! {NEW}")),
    }
    assert len(grouped(changes)) == 2


def test_grouped__same_line_in_another_message_of_the_role__is_one_group() -> None:
    changes = {
        "a": hunks_of(chat(("user", OLD)), chat(("user", NEW))),
        "b": hunks_of(chat(("user", "Hi."), ("user", OLD)), chat(("user", "Hi."), ("user", NEW))),
    }
    assert [group.keys for group in grouped(changes)] == [("a", "b")]


def test_grouped__same_line_in_another_role__differs() -> None:
    changes = {
        "a": hunks_of(chat(("user", OLD)), chat(("user", NEW))),
        "b": hunks_of(chat(("system", OLD)), chat(("system", NEW))),
    }
    assert len(grouped(changes)) == 2


def test_grouped__settings_changed_too__differs() -> None:
    changes = {
        "a": hunks_of(text(OLD), text(NEW)),
        "b": hunks_of(text(OLD), text(NEW, model_settings={"temperature": 1})),
    }
    assert len(grouped(changes)) == 2


def test_grouped__largest_group__comes_first() -> None:
    same = hunks_of(text(OLD), text(NEW))
    changes = {"odd": hunks_of(text("A."), text("B.")), "a": same, "b": same}
    assert [group.keys for group in grouped(changes)] == [("a", "b"), ("odd",)]


def test_grouped__too_long_to_hold_together__is_looked_at_alone() -> None:
    lines = [f"Line {number}." for number in range(MOST_LINES)]
    long = hunks_of(text("A."), text(*lines))
    assert long is None
    assert [group.keys for group in grouped({"a": long, "b": long})] == [("a",), ("b",)]


def test_summed_up__seven_of_eighty_in_a_line_of_their_own__says_to_look() -> None:
    changes = {}
    for number in range(80):
        old = f"Never wait: {OLD}" if number >= 73 else OLD
        around = f"This is prompt {number}."
        changes[number] = hunks_of(text(around, old), text(around, old.replace(OLD, NEW)))
    groups = shown(grouped(changes), {number: number for number in changes})
    assert summed_up(groups) == "same change in 73, 7 differ: look"
    assert [group.words for group in groups] == [
        "Same change in 73 prompts",
        "Another change in 7 prompts",
    ]


@pytest.mark.parametrize(
    ("olds", "words"),
    [
        ([], ""),
        (["A."], "one change"),
        (["A.", "A."], "same change in all 2"),
        (["A.", "B."], "each differs: look"),
        (["A.", "A.", "B."], "same change in 2, 1 differs: look"),
    ],
)
def test_summed_up__few_changes__says_it_in_half_a_sentence(olds: list[str], words: str) -> None:
    changes = {at: hunks_of(text(old), text(NEW)) for at, old in enumerate(olds)}
    assert summed_up(shown(grouped(changes), {at: at for at in changes})) == words


def test_hunks_of__nothing_live_before__is_all_of_the_text() -> None:
    found = hunks_of(None, text(OLD))
    assert found is not None
    assert [sides(hunk) for hunk in found] == [([], [OLD])]


@given(
    st.lists(st.sampled_from(["A.", "B.", "C.", OLD]), min_size=1, max_size=6),
    st.lists(st.sampled_from(["A.", "B.", "C.", OLD]), min_size=1, max_size=6),
)
def test_grouped__in_one_group__the_same_lines_were_taken_away_and_put_in(
    before: list[str], after: list[str]
) -> None:
    one = hunks_of(text(*before), text(*[NEW if line == OLD else line for line in before]))
    other = hunks_of(text(*after), text(*[NEW if line == OLD else line for line in after]))
    assert one is not None
    assert other is not None
    together = len(grouped({"a": one, "b": other})) == 1
    assert together == ([sides(hunk) for hunk in one] == [sides(hunk) for hunk in other])


def test_hunks_of__more_changed_lines_than_are_shown__is_not_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def compared(*_: object) -> None:
        raise AssertionError("too long to be compared")

    monkeypatch.setattr(diffing, "document_diff", compared)
    old = {"template": "".join(f"line {n}\n" for n in range(300))}
    new = {"template": "".join(f"line {n}!\n" for n in range(300))}
    assert hunks_of(old, new) is None
