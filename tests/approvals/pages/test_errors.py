"""Answers to what cannot be read, is not there, or broke: in plain words, with the right status."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import Settings

from tests.approvals.desk import Desk
from tests.approvals.pages.browsing import Page, look, press, signed_in

pytestmark = pytest.mark.django_db


def test_unknown_address__signed_in_or_not__is_404_in_words(desk: Desk) -> None:
    for client in (Client(), signed_in(desk.author)):
        page = look(client, "/no/such/page/")
        assert page.status == 404
        assert "There is nothing here" in page.text


def test_post__without_the_forms_token__is_403_in_words(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = Page(client.post("/prompts/support/refunds/", {"do": "suspend:production"}))
    assert page.status == 403
    assert "This form cannot be trusted any more" in page.text


def test_post__body_too_large_to_read__is_413_with_limit_and_size(
    desk: Desk, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2048
    client = signed_in(desk.author)
    page = look(client, "/prompts/support/refunds/-/propose")
    page = press(
        client, page, "Save as draft", "/prompts/support/refunds/-/propose", template="x" * 4096
    )
    assert page.status == 413
    assert "reads at most 2.0 KB" in page.text
    assert re.search(r"has 4\.\d KB", page.text)


def test_page__that_breaks__is_500_in_words_and_tells_nothing_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.views.reviews.queue_of", None)
    client = signed_in(desk.author)
    client.raise_request_exception = False
    page = look(client, "/")
    assert page.status == 500
    assert "Something broke on our side" in page.text
    assert "queue_of" not in page.html


@pytest.mark.parametrize(
    "path", ["/", "/prompts/", "/requests/1/", "/prompts/-/new", "/requests/1/live"]
)
def test_page__service_account_or_nobody__is_sent_to_sign_in(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_page__other_method__is_405(desk: Desk, method: str) -> None:
    client = Client()
    client.force_login(desk.author, backend="django.contrib.auth.backends.ModelBackend")
    assert getattr(client, method)("/prompts/support/refunds/").status_code == 405
