"""Chats of many messages: the form takes the largest that may be stored, and gives others back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.http import QueryDict
from django.test import Client
from pytest_django import Settings

from approvals.forms import document_of, from_post
from registry.documents import MAX_BYTES, MAX_MESSAGES
from registry.models import Version
from tests.approvals.desk import Desk
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.people import MakePrompt
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db

ADDRESS = "/prompts/support/chat/-/propose"


@pytest.fixture
def chat(desk: Desk, make_prompt: MakePrompt) -> Client:
    """The author's browser; the prompt `support/chat` is there and has no text yet."""
    make_prompt("support/chat", type="chat")
    return signed_in(desk.author)


def save(client: Client, contents: list[str]) -> Page:
    fields: dict[str, Any] = {
        "role": ["user"] * len(contents),
        "origin": [str(n) for n in range(len(contents))],
        "content": contents,
        "rationale": "Examples",
    }
    return press(client, look(client, ADDRESS), "Save as draft", ADDRESS, **fields)


@on_embedded
def test_propose__a_thousand_messages_of_a_mebibyte__are_stored(chat: Client) -> None:
    contents = ["ä" * 512] * 1000 + ["x" * (MAX_BYTES - 1000 * 1024)]
    page = save(chat, contents)
    assert page.status == 200
    assert "Saved as a draft." in page.text
    assert [m["content"] for m in Version.objects.get().body["template"]] == contents


def test_form__most_messages_that_may_be_stored__is_read_whole() -> None:
    fields = [("role", "assistant"), ("origin", "9999"), ("content", "ä" * 52)]
    form = from_post(QueryDict(urlencode([("type", "chat"), *fields * MAX_MESSAGES])))
    assert len(form.messages) == MAX_MESSAGES
    assert document_of(form, {}).digest


@pytest.mark.parametrize(
    "origin", ["9" * 5000, "\u0663", "-1", "one"], ids=["long", "other digits", "less", "word"]
)
def test_form__message_that_no_page_numbered__has_no_origin(origin: str) -> None:
    form = from_post(QueryDict(urlencode({"role": "user", "content": "Hello", "origin": origin})))
    assert form.messages[0].origin is None


def test_propose__chat_of_more_messages_than_may_be_stored__is_413_and_gives_them_back(
    chat: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.documents.MAX_MESSAGES", 400)
    contents = [f"Message {n}" for n in range(401)]
    page = save(chat, contents)
    assert page.status == 413
    assert "401 messages, and at most 400 are allowed" in page.text
    assert "too_many_messages" in page.text
    form = page.form_with("Save as draft")
    assert form.values("content") == contents
    assert form.value("rationale") == "Examples"
    assert not Version.objects.exists()


def test_propose__chat_over_the_size__is_413_and_gives_it_back(chat: Client) -> None:
    contents = ["x" * 3000] * 400
    page = save(chat, contents)
    assert page.status == 413
    assert "The messages together: 1,200,000 bytes" in page.text
    assert page.form_with("Save as draft").values("content") == contents


def test_post__more_fields_than_can_be_read__is_413_with_both_limits(
    chat: Client, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
    page = save(chat, ["Hi"] * 20)
    assert page.status == 413
    assert "more than 50 fields" in page.text
    assert "One chat may have 10,000 messages." in page.text


def test_settings__limit_of_fields__leaves_room_to_give_back_what_is_too_much() -> None:
    fields_of_a_message, rest = 3, 50
    assert 3 * fields_of_a_message * MAX_MESSAGES + rest < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
