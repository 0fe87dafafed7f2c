"""What the form of a change refuses: by name, and with everything that was typed."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.models import ApprovalRequest
from registry.models import Version
from tests.approvals.desk import (
    FIRST,
    SECOND,
    Desk,
    released,
)
from tests.approvals.pages.browsing import look, press, signed_in
from tests.approvals.pages.proposals import (
    counted,
    form_address,
    newest,
    typed_text,
)
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db

#: has the form of an access key and opens nothing
SECRET = "AKIA" + "QWERTYUIOPASDFGH"


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no reason": ({"rationale": " "}, 422, "comment_needed"),
    "does not parse": ({"template": "Hello {{name\nBye"}, 422, "template_does_not_parse"),
    "null character": ({"template": "Hello \0 you"}, 422, "invalid_text"),
    "null in the reason": ({"rationale": "Why \0 not"}, 422, "invalid_text"),
    "empty": ({"template": ""}, 422, "invalid_document"),
    "unknown format": ({"template_format": "erb"}, 422, ""),
    "settings not JSON": ({"model_settings": "{temperature: 1}"}, 422, "invalid_document"),
    "a name twice": ({"model_settings": '{"a": 1, "a": 2}'}, 422, "invalid_document"),
    "settings with a lone surrogate": ({"model_settings": r'{"a": "\ud800"}'}, 422, "invalid_text"),
    "settings not an object": ({"model_settings": "[1]"}, 422, "invalid_document"),
    "a number too large": ({"model_settings": '{"a": 9007199254740993}'}, 422, "invalid_document"),
    "a number far too long": ({"tools": f"[{'9' * 5000}]"}, 422, "invalid_document"),
    "nested too deeply": ({"tools": "[" * 5000 + "]" * 5000}, 422, "invalid_document"),
    "unknown label": ({"label": "nowhere"}, 404, "unknown_label"),
    "unprotected label": ({"label": "staging"}, 404, "unknown_label"),
    "nothing changed": ({"template": FIRST}, 422, "nothing_changed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_propose__refused__names_the_rule_and_keeps_every_field(desk: Desk, case: str) -> None:
    released(desk, FIRST)
    typed, status, code = REFUSED[case]
    fields = {"template": SECOND, "rationale": "Warmer", "tools": '[{"name": "a"}]', **typed}
    if case == "nothing changed":
        fields["tools"] = ""
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(client, page, "Save and submit", form_address(desk.prompt), **fields)
    assert (page.status, code in page.text) == (status, True)
    assert page.has("section", id="refusal", role="alert")
    form = page.form_with("Save and submit")
    for name in fields.keys() - {"template_format", "label"}:
        assert form.value(name) == fields[name], name
    assert ApprovalRequest.objects.count() == 1


def test_propose__secret_in_the_reason__marks_the_reason_and_saves_nothing(desk: Desk) -> None:
    client = signed_in(desk.author)
    before = counted()
    page = look(client, form_address(desk.prompt))
    fields: dict[str, Any] = {"template": FIRST, "rationale": f"It needs {SECRET}."}
    page = press(client, page, "Save as draft", form_address(desk.prompt), **fields)
    assert (page.status, "secret_found" in page.text, counted()) == (422, True, before)
    assert "In the rationale: This has the form of a live AWS access key" in page.text
    assert page.has("textarea", name="rationale", aria_invalid="true")
    assert page.form_with("Save as draft").value("rationale") == fields["rationale"]


def test_propose__parse_error__names_line_and_column(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(
        client,
        page,
        "Save as draft",
        form_address(desk.prompt),
        template="Fine\nHello {% if %}",
        template_format="jinja2",
        rationale="Why",
    )
    assert page.status == 422
    assert "ine 2, column" in page.text
    assert page.has("textarea", name="template", aria_invalid="true")


@on_embedded
def test_propose__ten_megabytes__is_413_with_limit_and_size_and_gives_the_text_back(
    desk: Desk,
) -> None:
    long = "ä" * (5 * 1024 * 1024)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(
        client, page, "Save and submit", form_address(desk.prompt), template=long, rationale="Long"
    )
    assert page.status == 413
    assert "10,485,760 bytes" in page.text
    assert "1,048,576" in page.text
    assert typed_text(page) == long


def test_propose__live_moved_meanwhile__is_409_with_the_new_diff_and_then_goes(desk: Desk) -> None:
    released(desk, FIRST)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    released(desk, SECOND)
    mine = FIRST.replace("name", "title")
    page = press(
        client, page, "Save as draft", form_address(desk.prompt), template=mine, rationale="Titles"
    )
    assert page.status == 409
    assert "stale" in page.text
    assert typed_text(page) == mine
    assert {"title", "warmly"} <= {*page.words_in("ins"), *page.words_in("del")}
    done = press(client, page, "Save as draft", form_address(desk.prompt))
    assert done.status == 200
    assert newest().base_version == Version.objects.get(number=2)


def test_propose__without_the_permission__is_403_in_words(desk: Desk) -> None:
    page = look(signed_in(desk.outsider), form_address(desk.prompt))
    assert page.status == 403
    assert f"{desk.author} can grant it" in page.text


def test_propose__permission_taken_while_typing__keeps_the_text(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    form = page.form_with("Save as draft")
    theirs = signed_in(desk.outsider)
    token = look(theirs, "/prompts/").forms[0].value("csrfmiddlewaretoken")
    form.fields = [
        (name, token if name == "csrfmiddlewaretoken" else value) for name, value in form.fields
    ]
    done = press(
        theirs,
        page,
        "Save as draft",
        form_address(desk.prompt),
        form=form,
        template="Mine",
        rationale="Why",
    )
    assert done.status == 403
    assert typed_text(done) == "Mine"
