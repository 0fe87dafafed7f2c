"""What the page says that applications have to do after a change of interface or model."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.diffing import change_kind
from approvals.presenters.callers import callers_must
from registry.documents import build, load


def doc(template: Any = "Hi {{name}}.", **fields: Any) -> dict[str, Any]:
    kind = "text" if isinstance(template, str) else "chat"
    given = {"type": kind, "template": template, "template_format": "mustache", **fields}
    return load(build(**given).text)


def said(base: dict[str, Any], body: dict[str, Any]) -> list[str]:
    return list(callers_must(change_kind(base, body), base, body))


def tool(name: str, about: str = "") -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": about}}


USER = {"role": "user", "content": "Hi {{name}}."}
SYSTEM = {"role": "system", "content": "Be kind."}
FIND = [tool("find")]


@pytest.mark.parametrize(
    ("base", "body", "sentences"),
    [
        (doc(), doc("Hi {{first}}."), ["Pass first: ", "name can be left out: "]),
        (doc(), doc("Hi {name}.", template_format="f-string"), ["Fill in the text as f-string"]),
        (doc([USER]), doc([SYSTEM, USER]), ["Expect these messages: system, user."]),
        (doc(), doc(tools=FIND), ["Be ready for calls of find"]),
        (doc(tools=FIND), doc(), ["No call of find comes any more."]),
        (doc(tools=FIND), doc(tools=[tool("find", "x")]), ["Read find again"]),
        (
            doc(tools=[tool("a"), tool("b")]),
            doc(tools=[tool("b"), tool("a")]),
            ["Read the tools again"],
        ),
        (doc(), doc(response_format={"type": "json_object"}), ["Read answers in the response "]),
        (doc(response_format={"type": "json_object"}), doc(), ["Expect answers in no set format"]),
        (
            doc(response_format={"type": "text"}),
            doc(response_format={"type": "json_object"}),
            ["Read answers in the new response format json_object."],
        ),
        (
            doc(model_settings={"temperature": 0, "seed": 1}),
            doc(model_settings={"temperature": 1, "top_p": None}),
            ["seed is not set, was 1.", "temperature is 1, was 0.", "top_p is null, was not set."],
        ),
        (
            doc(model_settings={"stream": True}),
            doc("Hi {{name}}, {{title}}.", model_settings={"stream": 1}),
            ["Pass title: ", "stream is 1, was true."],
        ),
    ],
)
def test_callers_must__of_each_part_of_the_interface_and_model__says_what_to_do(
    base: dict[str, Any], body: dict[str, Any], sentences: list[str]
) -> None:
    found = said(base, body)
    assert len(found) == len(sentences)
    for sentence, start in zip(found, sentences, strict=True):
        assert sentence.startswith(start)


def test_callers_must__of_words_alone__says_nothing() -> None:
    assert said(doc(), doc("Hello {{name}}.")) == []
