"""Three-way merge: right, symmetric, complete, byte for byte, and bounded in time."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.matched import Search, split
from approvals.merging import (
    BETWEEN,
    LIVE,
    MINE,
    document_of,
    marks_left,
    merge,
    merged_text,
)


def text(template: str, **fields: Any) -> dict[str, Any]:
    rest: dict[str, Any] = {
        "template_format": "none",
        "model_settings": {},
        "tools": [],
        "response_format": None,
    }
    return {"type": "text", "template": template, **rest, **fields}


def chat(*messages: tuple[str, str], **fields: Any) -> dict[str, Any]:
    template = [{"role": role, "content": content} for role, content in messages]
    return {**text(""), "type": "chat", "template": template, **fields}


BASE = "one\ntwo\nthree\nfour\nfive\n"
CHAT = (("system", "Be kind."), ("user", "Hello"), ("assistant", "Good day"))

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "ü", "\N{GRINNING FACE}"]), max_size=12)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
TEXTS = st.builds(
    lambda lines, ends, last: (
        "".join(line + ends[n % len(ends)] for n, line in enumerate(lines)) + last
    ),
    LINES,
    st.lists(ENDS, min_size=1, max_size=3),
    st.sampled_from(["", "", "a", "z"]),
)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(["system", "user", "assistant"]), st.sampled_from(["a", "b\nc", "d"])
    ),
    max_size=5,
)
SETTINGS = st.dictionaries(st.sampled_from("ab"), st.sampled_from([0, 1, True, None, "x"]))
DOCUMENTS = st.one_of(
    st.tuples(*[st.builds(lambda t, s: text(t, model_settings=s), TEXTS, SETTINGS)] * 3),
    st.tuples(*[st.builds(lambda m, s: chat(*m, model_settings=s), MESSAGES, SETTINGS)] * 3),
)
Three = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def content(body: dict[str, Any]) -> str:
    """The content as text, in which true is not 1."""
    return repr([body["template"], sorted(body["model_settings"].items()), body["tools"]])


def merged(base: str, live: str, mine: str) -> tuple[str, int]:
    found = merge(text(base), text(live), text(mine))
    return found.body["template"], len(found.conflicts)


# -- texts ----------------------------------------------------------------------------------


def test_merge__of_changes_in_different_places__has_both() -> None:
    live, mine = BASE.replace("one", "ONE"), BASE.replace("four", "FOUR")
    assert merged(BASE, live, mine) == ("ONE\ntwo\nthree\nFOUR\nfive\n", 0)


def test_merge__of_the_same_change_on_both_sides__has_it_once() -> None:
    both = BASE.replace("two", "2")
    assert merged(BASE, both, both.replace("five", "5")) == (both.replace("five", "5"), 0)


def test_merge__of_two_changes_of_one_line__is_a_conflict_with_all_three_sides() -> None:
    found = merge(text(BASE), text(BASE.replace("two", "live")), text(BASE.replace("two", "mine")))
    (conflict,) = found.conflicts
    assert (conflict.path, conflict.line) == ("template", 2)
    assert (conflict.base, conflict.live, conflict.mine) == (("two\n",), ("live\n",), ("mine\n",))
    expected = f"one\n{LIVE}\nlive\n{BETWEEN}\nmine\n{MINE}\nthree\nfour\nfive\n"
    assert found.body["template"] == expected


def test_merge__of_a_line_changed_here_and_deleted_there__is_a_conflict() -> None:
    assert merged(BASE, BASE.replace("two\n", ""), BASE.replace("two", "2"))[1] == 1


def test_merge__of_line_ends_changed_here_and_a_word_there__keeps_every_byte() -> None:
    base = "one\r\ntwo\r\nthree\n\N{ZERO WIDTH SPACE}four\rfive"
    live, mine = base.replace("one", "ONE"), base.replace("five", "fünf \N{GRINNING FACE}")
    expected = "ONE\r\ntwo\r\nthree\n\N{ZERO WIDTH SPACE}four\rfünf \N{GRINNING FACE}"
    assert merged(base, live, mine) == (expected, 0)


def test_merge__of_a_conflict_in_a_text_with_other_line_ends__marks_it_with_those() -> None:
    marked, conflicts = merged("a\r\nb", "a\r\nlive", "a\r\nmine")
    assert conflicts == 1
    assert marked == f"a\r\n{LIVE}\r\nlive\r\n{BETWEEN}\r\nmine\r\n{MINE}\r\n"


def test_merge__of_a_conflict_between_cr_and_an_empty_line__keeps_that_line() -> None:
    marked, conflicts = merged("", "\n", "a\r")
    assert (marked, conflicts) == (f"{LIVE}\n\n{BETWEEN}\na\r{MINE}\n", 1)


def test_merge__without_a_base__takes_what_both_have_and_asks_about_the_rest() -> None:
    assert not merge(None, text("a\n"), text("a\n")).conflicts
    found = merge(None, text("a\n"), text("b\n", template_format="jinja2"))
    assert [conflict.path for conflict in found.conflicts] == ["template", "template_format"]


@given(TEXTS)
def test_split__of_any_text__loses_nothing(one: str) -> None:
    assert "".join(split(one)) == one


@given(DOCUMENTS)
def test_merge__of_one_changed_side__is_that_side(three: Three) -> None:
    base, one, _ = three
    for found in (merge(base, one, base), merge(base, base, one), merge(base, one, one)):
        assert not found.conflicts
        assert content(found.body) == content(one)


@given(DOCUMENTS)
def test_merge__of_swapped_sides__is_the_same_or_a_conflict_both_ways(three: Three) -> None:
    base, live, mine = three
    found, swapped = merge(base, live, mine), merge(base, mine, live)
    assert len(found.conflicts) == len(swapped.conflicts)
    if not found.conflicts:
        assert content(found.body) == content(swapped.body)


@given(TEXTS, TEXTS, TEXTS)
def test_merge__of_any_texts__loses_no_line(base: str, live: str, mine: str) -> None:
    lines = [Counter(line.rstrip("\r\n") for line in split(side)) for side in (base, live, mine)]
    body, _ = merged_text(base, live, mine, Search(1_000_000))
    left = Counter(line.rstrip("\r\n") for line in split(body))
    for side in lines[1:]:
        assert not (side - lines[0]) - left, "a line that a side put in"
    assert not (lines[1] & lines[2]) - left, "a line that both sides have"


@pytest.mark.parametrize(
    ("base", "live", "mine"),
    [
        ("a\nb\n" * 250_000, "b\na\n" * 250_000, "a\na\nb\n" * 160_000),
        pytest.param(
            *("a\n" * 500_000, "b\n" * 500_000, "c\n" * 500_000), marks=pytest.mark.nightly
        ),
        pytest.param(
            *("x" * 1_000_000, "y" * 1_000_000, "x" * 999_999 + "z"), marks=pytest.mark.nightly
        ),
    ],
    ids=["swapped", "foreign", "one line"],
)
def test_merge__of_hostile_texts_of_a_mebibyte__ends_soon(base: str, live: str, mine: str) -> None:
    started = time.process_time()
    found = merge(text(base), text(live), text(mine))
    assert time.process_time() - started < 8
    assert found.conflicts


def test_merge__of_a_hostile_chat__ends_soon() -> None:
    sides = [
        chat(*[("user", "\n".join(f"{(n * step) % 7}" for n in range(500)))] * 900)
        for step in (1, 3, 5)
    ]
    started = time.process_time()
    merge(*sides)
    assert time.process_time() - started < 8


# -- messages and values --------------------------------------------------------------------


def test_merge__of_a_message_put_in_here_and_words_changed_there__has_both() -> None:
    live = chat(CHAT[0], ("user", "Who are you?"), *CHAT[1:])
    mine = chat(*CHAT[:2], ("assistant", "Good evening"))
    found = merge(chat(*CHAT), live, mine)
    assert not found.conflicts
    assert [m["content"] for m in found.body["template"]] == [
        "Be kind.",
        "Who are you?",
        "Hello",
        "Good evening",
    ]


def test_merge__of_a_message_deleted_here_and_changed_there__asks() -> None:
    found = merge(chat(*CHAT), chat(*CHAT[:2]), chat(*CHAT[:2], ("assistant", "Good evening")))
    (conflict,) = found.conflicts
    assert conflict.path == "messages[2]"
    assert conflict.mine == ("assistant: Good evening",)
    assert "Good evening" in found.body["template"][2]["content"]


def test_merge__of_two_changes_of_a_role__asks_and_keeps_mine() -> None:
    found = merge(
        chat(*CHAT),
        chat(("user", "Be kind."), *CHAT[1:]),
        chat(("developer", "Be kind."), *CHAT[1:]),
    )
    assert [c.path for c in found.conflicts] == ["messages[0].role"]
    assert found.body["template"][0]["role"] == "developer"


def test_merge__of_different_settings__has_both_and_asks_about_the_same_one() -> None:
    base = text("a", model_settings={"temperature": 1, "seed": 1})
    live = text("a", model_settings={"temperature": 2, "seed": 1, "top_p": None})
    mine = text("a", model_settings={"temperature": 1})
    assert merge(base, live, mine).body["model_settings"] == {"temperature": 2, "top_p": None}
    mine = text("a", model_settings={"temperature": True, "seed": 1})
    found = merge(base, live, mine)
    assert [c.path for c in found.conflicts] == ["model_settings.temperature"]
    assert found.body["model_settings"]["temperature"] is True


def test_merge__of_tools_and_response_format__takes_each_as_one_value() -> None:
    base = text("a", tools=[{"name": "x"}])
    live = text("a", tools=[{"name": "x"}, {"name": "y"}])
    mine = text("a", tools=[{"name": "x"}], response_format={"type": "json_object"})
    body = merge(base, live, mine).body
    assert (body["tools"], body["response_format"]) == (live["tools"], mine["response_format"])
    mine = text("a", tools=[{"name": "z"}])
    assert [c.path for c in merge(base, live, mine).conflicts] == ["tools"]


# -- what a person leaves -------------------------------------------------------------------


def test_marks_left__of_a_text_with_a_mark__names_it_unless_a_side_had_it() -> None:
    found = merge(text("a\n"), text("b\n"), text("c\n"))
    assert marks_left(found.body, text("a\n")) == (LIVE, BETWEEN, MINE)
    assert marks_left(text(f"b\n{BETWEEN}\n"), text(f"{BETWEEN}\n")) == ()
    assert marks_left(text(f"b\r\n{MINE}\r\n"), text("b\n"), None) == (MINE,)


def test_document_of__a_merged_body__is_the_document_of_exactly_that() -> None:
    body = merge(text(BASE), text(BASE.replace("one", "1")), text(BASE.replace("five", "5"))).body
    assert document_of(body, max_bytes=1000).text.count("5") == 1
