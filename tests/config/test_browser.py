"""The browser itself: it starts, and a page of ours loads nothing that its policy refuses."""

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer


@pytest.mark.django_db(transaction=True)
def test_chrome__sign_in_page__has_no_complaint(chrome: Browser, live_server: LiveServer) -> None:
    complaints: list[str] = []
    with chrome.new_context() as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}/accounts/login/")
        assert page.get_by_label("Password").is_visible()
    assert complaints == []
