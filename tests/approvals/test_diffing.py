"""What changed between two documents: of which kind, and in which sections."""

from typing import Any

import pytest

from approvals.diffing import change_kind, document_diff
from registry.documents import build, load


def chat(*messages: tuple[str, str], **changes: Any) -> dict[str, Any]:
    template = [{"role": role, "content": content} for role, content in messages]
    return load(
        build(
            **{"type": "chat", "template": template, "template_format": "mustache", **changes}
        ).text
    )


BASE = chat(("system", "Be kind to {{name}}."), ("user", "Hello"))


def told(old: dict[str, Any] | None, new: dict[str, Any]) -> list[tuple[str, bool, int]]:
    return [(s.title, s.changed, s.count) for s in document_diff(old, new)]


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        (BASE, "NO_CHANGE"),
        (chat(("system", "Be very kind to {{name}}."), ("user", "Hello")), "WORDING"),
        (
            chat(("system", "Be kind to {{name}}."), ("user", "Hello"), model_settings={"t": 1}),
            "MODEL_CHANGE",
        ),
        (chat(("system", "Be kind to {{who}}."), ("user", "Hello")), "INTERFACE_CHANGE"),
        (chat(("system", "Be kind to {{name}}.")), "INTERFACE_CHANGE"),
        (
            chat(("system", "Be kind to {{who}}."), ("user", "Hello"), model_settings={"t": 1}),
            "INTERFACE_CHANGE",
        ),
        (
            chat(("system", "Be kind to {{name}}."), ("user", "Hello"), tools=[{"name": "x"}]),
            "INTERFACE_CHANGE",
        ),
    ],
)
def test_change_kind__of_a_change__is_the_weightiest(new: dict[str, Any], kind: str) -> None:
    assert change_kind(BASE, new) == kind


def test_change_kind__without_a_base__breaks_no_caller() -> None:
    assert change_kind(None, BASE) == "WORDING"


def test_document_diff__of_one_word__counts_it_in_its_section() -> None:
    new = chat(("system", "Be good to {{name}}."), ("user", "Hello"))
    assert told(BASE, new) == [("System message", True, 1), ("User message", False, 0)]


def test_document_diff__of_an_inserted_message__compares_the_others_with_their_own() -> None:
    new = chat(("system", "Be kind to {{name}}."), ("assistant", "Hi there"), ("user", "Hello"))
    assert told(BASE, new) == [
        ("System message", False, 0),
        ("Assistant message", True, 2),
        ("User message", False, 0),
    ]


def test_document_diff__of_a_removed_message__shows_it_in_its_place() -> None:
    new = chat(("user", "Hello"))
    assert told(BASE, new) == [("System message", True, 4), ("User message", False, 0)]


def test_document_diff__of_another_role__says_so() -> None:
    new = chat(("system", "Be kind to {{name}}."), ("assistant", "Hello"))
    assert told(BASE, new) == [
        ("System message", False, 0),
        ("User message → Assistant message", True, 0),
    ]


def test_document_diff__of_settings__shows_them_as_a_section() -> None:
    new = {**BASE, "model_settings": {"temperature": 0.5}}
    assert told(BASE, new)[2] == ("Model settings", True, 3)


def test_document_diff__of_one_setting_for_another__pairs_only_the_same_setting() -> None:
    old, new = {**BASE, "tools": [{"name": "x"}]}, {**BASE, "response_format": {"type": "text"}}
    shown = [(s.title, {row.kind for row in s.rows}) for s in document_diff(old, new)]
    assert shown[2:] == [("Response format", {"add"}), ("Tools", {"del"})]


def test_document_diff__of_another_format__shows_it() -> None:
    new = {**BASE, "template_format": "jinja2"}
    assert told(BASE, new)[2] == ("Template format", True, 1)


def test_document_diff__without_a_base__shows_everything_as_added() -> None:
    shown = document_diff(None, BASE)
    assert [s.title for s in shown] == ["System message", "User message"]
    assert {row.kind for s in shown for row in s.rows} == {"add"}
