"""This text becomes that text: exactly, in the words only, and never in half a line end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from approvals.replacing import Edit, check, replaced
from registry.documents import build
from registry.errors import BadInput, TemplateDoesNotParse

MOST = 1_000_000


def body_of(template: Any, **fields: Any) -> dict[str, Any]:
    kind = "text" if isinstance(template, str) else "chat"
    document = build(type=kind, template=template, **{"template_format": "none", **fields})
    body: dict[str, Any] = json.loads(document.text)
    return body


def after(body: dict[str, Any], *edit: Any) -> Any:
    document = replaced(body, Edit(*edit), max_bytes=MOST)
    return json.loads(document.text)["template"] if document else None


def test_replaced__text_occurs__each_time_is_another_text() -> None:
    assert after(body_of("Call 111. Or 111."), "111", "222") == "Call 222. Or 222."


def test_replaced__text_does_not_occur__is_none() -> None:
    assert after(body_of("Call us."), "111", "222") is None


def test_replaced__other_case__does_not_occur() -> None:
    assert after(body_of("Acme"), "acme", "Bolt") is None


@pytest.mark.parametrize(
    ("template", "wanted"),
    [("cat concat cat.", "dog concat dog."), ("concat", None), ("cats", None), ("(cat)", "(dog)")],
)
def test_replaced__whole_words__leaves_parts_of_words(template: str, wanted: str | None) -> None:
    assert after(body_of(template), "cat", "dog", True) == wanted


def test_replaced__whole_words_with_signs__is_no_pattern() -> None:
    assert after(body_of("Pay $5 (net)."), "$5 (net)", r"\1 $6", True) == r"Pay \1 $6."


def test_replaced__chat__messages_and_no_roles() -> None:
    body = body_of([{"role": "user", "content": "user"}, {"role": "system", "content": "No."}])
    assert after(body, "user", "person") == [
        {"role": "user", "content": "person"},
        {"role": "system", "content": "No."},
    ]


def test_replaced__settings_have_the_text__stay() -> None:
    body = body_of("Hello.", model_settings={"stop": ["111"]})
    assert after(body, "111", "222") is None


def test_replaced__two_lines_in_a_text_of_cr_lf__keep_its_line_ends() -> None:
    assert after(body_of("A\r\nB\r\nC\r\n"), "A\nB", "X\nY") == "X\r\nY\r\nC\r\n"


def test_replaced__outcome_does_not_parse__is_refused() -> None:
    body = body_of("Hello {{name}}.", template_format="mustache")
    with pytest.raises(TemplateDoesNotParse):
        replaced(body, Edit("}}", ""), max_bytes=MOST)


@pytest.mark.parametrize(("old", "new"), [("", "x"), ("x", "x")])
def test_check__could_change_nothing__is_refused(old: str, new: str) -> None:
    with pytest.raises(BadInput):
        check(Edit(old, new))
