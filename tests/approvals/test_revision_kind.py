"""Of which kind the step from one revision to the next is: what decides whether approvals stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.diffing import change_kind, revision_kind
from approvals.merging import merge
from registry.documents import build, load

LINES = ("Greet {{name}}.", "Be brief.", "Refunds go to a person.", "Sign as the team.", "Thanks.")
LETTERS = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=8)


def text(*lines: str, **fields: Any) -> dict[str, Any]:
    template = "".join(f"{line}\n" for line in lines or LINES)
    made = {"type": "text", "template": template, "template_format": "mustache", **fields}
    return load(build(**made).text)


def with_line(number: int, line: str, of: tuple[str, ...] = LINES, **fields: Any) -> dict[str, Any]:
    return text(*of[:number], line, *of[number + 1 :], **fields)


BASE = text()
MINE = with_line(1, "Be brief and warm.")
LIVE_LINES = (*LINES[:4], "Many thanks.")
LIVE = text(*LIVE_LINES)
REBASED = with_line(1, "Be brief and warm.", LIVE_LINES)


def test_revision_kind__same_content_on_the_same_base__is_no_change() -> None:
    assert revision_kind(BASE, MINE, BASE, MINE) == "NO_CHANGE"
    assert revision_kind(None, MINE, None, MINE) == "NO_CHANGE"


def test_revision_kind__another_reason_for_the_same_content__is_metadata_only() -> None:
    assert revision_kind(BASE, MINE, BASE, MINE, described_anew=True) == "METADATA_ONLY"


def test_revision_kind__another_model_revision__is_a_model_change() -> None:
    found = revision_kind(BASE, MINE, BASE, MINE, described_anew=True, another_model=True)
    assert found == "MODEL_CHANGE"


def test_revision_kind__the_same_change_on_what_is_live__is_a_trivial_rebase() -> None:
    assert revision_kind(BASE, MINE, LIVE, REBASED) == "TRIVIAL_REBASE"
    assert revision_kind(BASE, MINE, LIVE, REBASED, described_anew=True) == "TRIVIAL_REBASE"


def test_revision_kind__of_a_chat__finds_the_same_change_behind_a_new_message() -> None:
    def chat(*contents: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": content} for content in contents]
        return load(build(type="chat", template=messages, template_format="none").text)

    base, mine = chat("a", "b\nc\n", "z"), chat("a", "b\nd\n", "z")
    live, rebased = chat("x\ny", "b\nc\n", "z"), chat("x\ny", "b\nd\n", "z")
    assert revision_kind(base, mine, live, rebased) == "TRIVIAL_REBASE"
    assert revision_kind(base, mine, live, chat("x\ny", "b\nd\n", "w")) == "WORDING"


@pytest.mark.parametrize(
    ("old_base", "old", "new_base", "new"),
    [
        (BASE, MINE, BASE, with_line(1, "Be warm.")),
        (BASE, MINE, LIVE, with_line(1, "Be brief and warm!", LIVE_LINES)),
        (BASE, MINE, with_line(1, "Be short."), MINE),
        (BASE, with_line(1, "One."), with_line(1, "One."), with_line(1, "Two.")),
        (BASE, with_line(1, "1."), with_line(1, "1.", LIVE_LINES), with_line(1, "1.", LIVE_LINES)),
        (None, MINE, LIVE, MINE),
    ],
    ids=["edited", "by hand", "conflict", "went live", "part of it went live", "no base"],
)
def test_revision_kind__anything_else_that_a_person_has_to_read__is_wording(
    old_base: Any, old: Any, new_base: Any, new: Any
) -> None:
    assert revision_kind(old_base, old, new_base, new) == "WORDING"


def test_revision_kind__of_a_request_that_changes_the_interface_or_model__is_that() -> None:
    asks = with_line(1, "Be brief, {{title}}.")
    assert revision_kind(BASE, asks, BASE, asks) == "INTERFACE_CHANGE"
    warm = with_line(1, "Be brief.", model_settings={"temperature": 1})
    assert revision_kind(BASE, warm, BASE, warm) == "MODEL_CHANGE"
    moved = with_line(1, "Be brief, {{title}}.", LIVE_LINES)
    assert revision_kind(BASE, asks, LIVE, moved) == "INTERFACE_CHANGE"


@given(LETTERS, LETTERS, LETTERS)
def test_revision_kind__trivial_of_any_texts__only_for_what_the_merge_makes(
    base: list[str], live: list[str], mine: list[str]
) -> None:
    old_base, new_base, old = text(*base), text(*live), text(*mine)
    merged = merge(old_base, new_base, old)
    by_hand = text(*merged.body["template"].splitlines(), "by hand")
    assert revision_kind(old_base, old, new_base, by_hand) != "TRIVIAL_REBASE"
    if not merged.conflicts and merged.body["template"] and base != live:
        new = {**old, "template": merged.body["template"]}
        kind = revision_kind(old_base, old, new_base, new)
        assert kind in ("TRIVIAL_REBASE", "WORDING")


@pytest.mark.parametrize(
    ("before", "after"), [({"stream": True}, {"stream": 1}), ({}, {"seed": None})]
)
def test_change_kind__of_settings_that_only_python_takes_for_equal__is_a_model_change(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert change_kind(text(model_settings=before), text(model_settings=after)) == "MODEL_CHANGE"
