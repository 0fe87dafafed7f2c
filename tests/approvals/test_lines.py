"""Lines of documents: which is which in a later version, and one of them with another text."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.lines import Spot, followed, text_at, with_line
from registry.documents import build, load


def text(template: str, **fields: Any) -> dict[str, Any]:
    return load(build(type="text", template=template, template_format="none", **fields).text)


def chat(*messages: tuple[str, str]) -> dict[str, Any]:
    parts = [{"role": role, "content": content} for role, content in messages]
    return load(build(type="chat", template=parts, template_format="none").text)


def at(line: int, path: str = "template") -> Spot:
    return Spot(path, line)


def test_text_at__line_of_the_text__says_it_without_its_end() -> None:
    found = text("one\r\ntwo\r\n")
    assert [text_at(found, at(n)) for n in (0, 1, 2, 3)] == [None, "one", "two", None]
    assert text_at(found, at(1, "tools")) is None


def test_followed__lines_put_in_before__move_it_along() -> None:
    moved = followed(text("one\ntwo\nthree\n"), text("zero\none\nnew\nthree\n"))
    assert moved == {at(1): at(2), at(3): at(4)}


def test_followed__message_put_in_before__follows_to_the_later_message() -> None:
    old = chat(("system", "Be kind."), ("user", "Hello.\nBye.\n"))
    new = chat(("system", "Be kind."), ("assistant", "Yes?"), ("user", "Hello.\nBye.\n"))
    moved = followed(old, new)
    assert moved[at(2, "messages[1].content")] == at(2, "messages[2].content")


def test_followed__line_given_to_another_role__is_gone() -> None:
    moved = followed(chat(("user", "Hello.")), chat(("assistant", "Hello.")))
    assert moved == {}


def test_followed__settings__are_matched_by_their_own_section() -> None:
    old = text("one\n", model_settings={"model": "a", "top_p": 1})
    new = text("one\n", model_settings={"model": "b", "top_p": 1})
    moved = followed(old, new)
    assert at(2, "model_settings") not in moved
    assert moved[at(3, "model_settings")] == at(3, "model_settings")


@pytest.mark.parametrize(
    ("before", "line", "put", "after"),
    [
        ("a\nb\nc\n", 2, "B", "a\nB\nc\n"),
        ("a\r\nb\r\nc", 2, "B\nBB", "a\r\nB\r\nBB\r\nc"),
        ("a\r\nb", 2, "B\nBB", "a\r\nB\r\nBB"),
        ("a\rb\n", 1, "x\ny", "x\ry\rb\n"),
        ("a\nb\nc\n", 2, "", "a\nc\n"),
        ("a\nb\n", 2, "B\n", "a\nB\n\n"),
        ("  a\n", 1, "  A ", "  A \n"),
    ],
)
def test_with_line__another_text__keeps_every_line_end(
    before: str, line: int, put: str, after: str
) -> None:
    made = with_line(text(before), at(line), put, max_bytes=1000)
    assert load(made.text)["template"] == after


def test_with_line__line_of_a_message__changes_that_message_alone() -> None:
    old = chat(("system", "Same."), ("user", "Same."))
    made = with_line(old, at(1, "messages[1].content"), "Other.", max_bytes=1000)
    assert [m["content"] for m in load(made.text)["template"]] == ["Same.", "Other."]
