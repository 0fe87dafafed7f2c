"""The canonical content of a version: exact text, digests, rules, sections and newlines."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.documents import MAX_BYTES, MAX_MESSAGES, build, load, sections, with_newlines_of
from registry.errors import (
    ContentTooLarge,
    InvalidDocument,
    InvalidText,
    TemplateDoesNotParse,
    TooManyMessages,
)

CHAT = [
    {"role": "system", "content": "Be kind to {{name}}."},
    {"role": "user", "content": "{{question}}\r\n"},
]
ANY_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


def text_document(template: str = "Hello", **changes: Any) -> Any:
    return build(**{"type": "text", "template": template, "template_format": "none", **changes})


def chat_document(template: Any = CHAT, **changes: Any) -> Any:
    return build(**{"type": "chat", "template": template, "template_format": "mustache", **changes})


@given(ANY_TEXT)
def test_build__of_any_text__keeps_every_code_point(text: str) -> None:
    assert load(text_document(text).text)["template"] == text


def test_build__of_a_text__writes_canonical_json_with_all_keys() -> None:
    document = text_document("a\n", model_settings={"z": 1.0, "a": 0.5})
    assert document.text == (
        '{"model_settings":{"a":0.5,"z":1},"response_format":null,"template":"a\\n",'
        '"template_format":"none","tools":[],"type":"text","v":1,"variables":[]}'
    )


def test_build__of_a_text__digests_its_utf8() -> None:
    document = text_document("é")
    assert document.digest == hashlib.sha256(document.text.encode("utf-8")).hexdigest()


def test_build__of_two_unicode_forms_of_one_word__gives_two_documents() -> None:
    assert text_document("caf\u00e9").digest != text_document("cafe\u0301").digest


def test_build__of_a_chat__gathers_the_variables_of_all_messages() -> None:
    assert chat_document().variables == ("name", "question")


@pytest.mark.parametrize(
    "changes",
    [
        {"template": [{"role": "user", "content": "{{name}}{{question}}"}]},
        {"template": [CHAT[0], {"role": "user", "content": "{{other}}"}]},
        {"template": [{**CHAT[0], "role": "developer"}, CHAT[1]]},
        {"tools": [{"name": "search"}]},
        {"response_format": {"type": "json_object"}},
        {"template_format": "jinja2"},
    ],
)
def test_build__of_what_callers_rely_on__changes_the_interface_digest(
    changes: dict[str, Any],
) -> None:
    assert chat_document(**changes).interface_digest != chat_document().interface_digest


@pytest.mark.parametrize(
    "changes",
    [
        {"template": [{**CHAT[0], "content": "Be very kind to {{name}}."}, CHAT[1]]},
        {"model_settings": {"temperature": 0.2}},
    ],
)
def test_build__of_wording_and_settings__keeps_the_interface_digest(
    changes: dict[str, Any],
) -> None:
    assert chat_document(**changes).interface_digest == chat_document().interface_digest


def test_build__of_other_settings__changes_only_the_settings_digest() -> None:
    plain, warm = text_document(), text_document(model_settings={"temperature": 1.5})
    assert plain.settings_digest != warm.settings_digest
    assert plain.settings_digest == text_document("Other words").settings_digest


@pytest.mark.parametrize(
    ("text", "named", "place"),
    [
        ("a\nb\x00", "U+0000", (2, 2)),
        ("\r\n\r\nx\ud83d", "U+D83D", (3, 2)),
        ("\udc00", "U+DC00", (1, 1)),
    ],
)
def test_build__of_what_no_text_may_hold__names_it_and_its_place(
    text: str, named: str, place: tuple[int, int]
) -> None:
    with pytest.raises(InvalidText, match=named.replace("+", r"\+")) as refused:
        text_document(text)
    assert (refused.value.extra["line"], refused.value.extra["column"]) == place


@pytest.mark.parametrize("value", ["\x00", "\ud800"])
@pytest.mark.parametrize("where", ["value", "key"])
def test_build__of_settings_with_what_no_text_may_hold__refuses(value: str, where: str) -> None:
    settings = {"a": [value]} if where == "value" else {value: 1}
    with pytest.raises(InvalidText, match="model_settings"):
        text_document(model_settings=settings)


def test_build__at_the_limit__passes() -> None:
    assert text_document("é" * (MAX_BYTES // 2))


def test_build__one_byte_over_the_limit__names_limit_and_size() -> None:
    with pytest.raises(ContentTooLarge, match=r"1,048,577 .* 1,048,576") as refused:
        text_document("é" * (MAX_BYTES // 2) + "x")
    assert refused.value.extra == {"limit": 1_048_576, "size": 1_048_577}


def test_build__of_messages_over_the_limit_together__refuses() -> None:
    messages = [{"role": "user", "content": "x" * 60}] * 2
    with pytest.raises(ContentTooLarge) as refused:
        chat_document(messages, max_bytes=100)
    assert refused.value.extra == {"limit": 100, "size": 120}


def test_build__chat_of_as_many_messages_as_there_may_be__is_built() -> None:
    chat = [{"role": "user", "content": "Hi"}] * MAX_MESSAGES
    assert build(type="chat", template=chat, template_format="none")


def test_build__chat_of_one_message_more__is_refused_with_both_numbers() -> None:
    chat = [{"role": "user", "content": "Hi"}] * (MAX_MESSAGES + 1)
    with pytest.raises(TooManyMessages, match=r"10,001 messages, and at most 10,000"):
        build(type="chat", template=chat, template_format="none")


def test_build__of_settings_over_the_limit__refuses() -> None:
    with pytest.raises(ContentTooLarge, match="settings"):
        text_document(model_settings={"stop": "x" * 2_000}, max_bytes=1_000)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "image"}, "type “image” is not known"),
        ({"template": ""}, "The template is empty"),
        ({"template": None}, "must be one text"),
        ({"template_format": "erb"}, "format “erb” is not known"),
        ({"type": "chat"}, "must be a list of messages"),
        ({"type": "chat", "template": []}, "Add at least one message"),
        ({"type": "chat", "template": ["hi"]}, "Message 1 must have exactly"),
        ({"type": "chat", "template": [{"role": "user"}]}, "Message 1 must have exactly"),
        ({"type": "chat", "template": [{"role": "boss", "content": "x"}]}, "role of message 1"),
        ({"type": "chat", "template": [{"role": "user", "content": 1}]}, "must be one text"),
        ({"type": "chat", "template": [{"role": "user", "content": ""}]}, "Message 1 .* is empty"),
        ({"tools": {"a": 1}}, "“tools” must be a JSON list"),
        ({"tools": ["a"]}, r"“tools\[0\]” must be a JSON object"),
        ({"model_settings": [1]}, "“model_settings” must be a JSON object"),
        ({"response_format": "json"}, "“response_format” must be a JSON object"),
        ({"model_settings": {"a": float("nan")}}, "cannot carry exactly"),
        ({"model_settings": {"seed": 2**53}}, "cannot carry exactly"),
        ({"model_settings": {"a": object()}}, "cannot carry exactly"),
        ({"model_settings": {1: "a"}}, "cannot carry exactly"),
    ],
)
def test_build__of_incomplete_content__names_the_rule(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidDocument, match=sentence):
        text_document(**changes)


def test_build__of_settings_nested_without_end__refuses() -> None:
    nested: dict[str, Any] = {}
    nested["again"] = nested
    with pytest.raises(InvalidDocument, match="deeper than 64 levels"):
        text_document(model_settings=nested)


def test_build__of_a_chat_that_does_not_parse__names_the_message() -> None:
    messages = [CHAT[0], {"role": "user", "content": "a\n {{#open}}"}]
    with pytest.raises(TemplateDoesNotParse, match=r"In message 2 \(user\), line 2, column 2"):
        chat_document(messages)


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"v": 2}', "[" * 100_000])
def test_load__of_what_is_no_document__refuses(text: str) -> None:
    with pytest.raises(InvalidDocument):
        load(text)


def test_load__of_a_built_document__gives_the_text_back_when_built_again() -> None:
    document = chat_document(tools=[{"name": "x"}], model_settings={"top_p": 0.9})
    body = load(document.text)
    again = build(**{key: value for key, value in body.items() if key not in {"v", "variables"}})
    assert again == document


def test_sections__of_a_text__are_the_template_alone() -> None:
    found = sections(load(text_document("Hi").text))
    assert [(s.path, s.title, s.text) for s in found] == [("template", "Template", "Hi")]


def test_sections__of_a_chat__name_each_message_and_each_setting() -> None:
    document = chat_document(
        [*CHAT, {"role": "user", "content": "And?"}],
        model_settings={"temperature": 0.5},
        tools=[{"name": "é"}],
        response_format={"type": "text"},
    )
    found = sections(load(document.text))
    assert [(s.path, s.title) for s in found] == [
        ("messages[0].content", "System message"),
        ("messages[1].content", "User message"),
        ("messages[2].content", "User message 2"),
        ("model_settings", "Model settings"),
        ("tools", "Tools"),
        ("response_format", "Response format"),
    ]
    assert json.loads(found[4].text) == [{"name": "é"}]
    assert "é" in found[4].text


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        (None, "a\nb\nc\n"),
        ("one line", "a\nb\nc\n"),
        ("a\nx\n", "a\nb\nc\n"),
        ("a\r\nx\r\n", "a\r\nb\r\nc\r\n"),
        ("a\rx\r", "a\rb\rc\r"),
    ],
)
def test_with_newlines_of__a_base_with_one_kind__uses_that_kind(
    base: str | None, expected: str
) -> None:
    assert with_newlines_of("a\r\nb\nc\r", base) == expected


def test_with_newlines_of__a_mixed_base__keeps_the_newline_of_every_line() -> None:
    base = "one\r\ntwo\nthree\rfour\r\nfive"
    typed = "one\r\ntwo\r\n3\r\nfour\r\nfive"
    assert with_newlines_of(typed, base) == base.replace("three", "3")


def test_with_newlines_of__a_mixed_base_and_a_line_more__shifts_nothing() -> None:
    base = "one\r\ntwo\nthree\r\nfour\n"
    typed = "one\r\nnew\r\ntwo\r\nthree\r\nfour\r\n"
    assert with_newlines_of(typed, base) == "one\r\nnew\ntwo\nthree\r\nfour\n"


@given(st.lists(st.sampled_from(["a", "b", "", "\n", "\r\n", "\r", " c"])).map("".join))
def test_with_newlines_of__a_form_that_changed_nothing__gives_the_base_back(base: str) -> None:
    typed = base.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    assert with_newlines_of(typed, base) == base


@given(ANY_TEXT)
def test_with_newlines_of__any_base__keeps_everything_but_newlines(text: str) -> None:
    given_back = with_newlines_of(text, "x\r\ny\n")
    assert given_back.replace("\r\n", "\n").replace("\r", "\n") == text.replace(
        "\r\n", "\n"
    ).replace("\r", "\n")
