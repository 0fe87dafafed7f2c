"""The form of a new prompt: it and its first text are made at once, or nothing is."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from approvals.models import ApprovalRequest
from registry.models import Prompt, Version
from registry.permissions import BOOTSTRAP
from registry.services import labels as labels_verbs
from tests.approvals.desk import (
    Desk,
)
from tests.approvals.pages.browsing import look, press, signed_in
from tests.approvals.pages.proposals import counted, newest, typed_text

pytestmark = pytest.mark.django_db

#: has the form of an access key and opens nothing
SECRET = "AKIA" + "QWERTYUIOPASDFGH"


NEW: dict[str, Any] = {
    "name": "support/greeting",
    "template": "Hello",
    "rationale": "We need one",
    "description": "Says\nhello",
    "data_class": "customer",
}


def test_new_prompt__complete__is_made_and_submitted(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, "/prompts/-/new")
    page = press(client, page, "Save and submit", "/prompts/-/new", **NEW)
    assert "Submitted." in page.text
    prompt = Prompt.objects.get(name="support/greeting")
    assert (prompt.data_class, prompt.description) == ("customer", "Says\nhello")
    assert newest().prompt == prompt


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("support/../x", 422, "invalid_name"),
        ("support/refunds", 409, "name_taken"),
        ("SUPPORT/Refunds", 422, "invalid_name"),
        ("nowhere/x", 404, "not_found"),
        ("", 422, "invalid_name"),
        ("support/\0", 422, "invalid_name"),
    ],
)
def test_new_prompt__refused_name__keeps_everything_and_makes_nothing(
    desk: Desk, name: str, status: int, code: str
) -> None:
    client = signed_in(desk.author)
    page = look(client, "/prompts/-/new")
    fields = {**NEW, "name": name}
    page = press(client, page, "Save and submit", "/prompts/-/new", **fields)
    assert (page.status, code in page.text) == (status, True)
    form = page.form_with("Save and submit")
    assert {key: form.value(key) for key in NEW} == fields
    assert Prompt.objects.count() == 1


def test_new_prompt__text_does_not_parse__makes_nothing(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, "/prompts/-/new")
    fields = {**NEW, "template": "Hello {{ name"}
    page = press(client, page, "Save and submit", "/prompts/-/new", **fields)
    assert page.status == 422
    assert Prompt.objects.count() == 1


REFUSED_FIRST: dict[str, tuple[dict[str, Any], str]] = {
    "no reason": ({"rationale": " "}, "comment_needed"),
    "secret in the text": ({"template": f"Use {SECRET}."}, "secret_found"),
    "a label that is gone": ({"label": "nowhere"}, "unknown_label"),
}


@pytest.mark.parametrize("case", REFUSED_FIRST)
def test_new_prompt__its_proposal_refused__leaves_nothing_and_goes_once_mended(
    desk: Desk, case: str
) -> None:
    labels_verbs.create_label("live-eu", protected=True, order=30, actor=BOOTSTRAP)
    client = signed_in(desk.author)
    before = counted()
    typed, code = REFUSED_FIRST[case]
    fields = {**NEW, "template_format": "mustache", "label": "live-eu", **typed}
    page = look(client, "/prompts/-/new")
    page = press(client, page, "Save and submit", "/prompts/-/new", **fields)
    assert code in page.text
    assert ("Nothing was changed." in page.text, counted()) == (True, before)
    form = page.form_with("Save and submit")
    assert form.action == "/prompts/-/new"
    kept = {name: form.value(name) for name in fields if case != "a label that is gone"}
    assert kept == {name: fields[name] for name in kept}
    # No policy covers the other label.
    good = {**NEW, "label": "production"}
    done = press(client, page, "Save and submit", "/prompts/-/new", **good)
    assert "Submitted." in done.text
    assert newest().prompt == Prompt.objects.get(name="support/greeting")
    call_command("audit_verify")


def test_new_prompt__saved_then_submitted_after_going_back__is_one_prompt_and_one_change(
    desk: Desk,
) -> None:
    client = signed_in(desk.author)
    page = look(client, "/prompts/-/new")
    for button, words in (("Save as draft", "Saved as a draft."), ("Save and submit", "Submitted")):
        assert words in press(client, page, button, "/prompts/-/new", **NEW).text
    assert (Prompt.objects.count(), newest().state) == (2, "scanning")
    assert ApprovalRequest.objects.count() == 1


def test_new_prompt__by_somebody_who_may_not_create__is_403_and_keeps_everything(
    desk: Desk,
) -> None:
    client = signed_in(desk.outsider)
    page = look(client, "/prompts/-/new")
    page = press(client, page, "Save as draft", "/prompts/-/new", **NEW)
    assert page.status == 403
    assert typed_text(page) == "Hello"


def test_new_prompt__chat_without_scripts__is_made_message_by_message(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, "/prompts/-/new")
    page = press(client, page, "Show its fields", "/prompts/-/new", **{**NEW, "type": "chat"})
    assert page.form_with("Add a message").values("content") == ["Hello"]
    page = press(client, page, "Add a message", "/prompts/-/new")
    form = page.form_with("Save as draft")
    assert form.value("name") == NEW["name"]
    press(client, page, "Save as draft", "/prompts/-/new", content=["Be kind.", "Hi"])
    assert Version.objects.get().body["template"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]
