"""Signing in: wrong passwords are counted at every door, by name and address."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django.fixtures import Settings

from approvals.tries import SIGN_INS
from registry.models import User
from registry.services import passwords
from tests.approvals.desk import Desk
from tests.approvals.pages.browsing import Page, look, press, signed_in

LOGIN, ADMIN = "/accounts/login/", "/admin/login/"
PASSWORD = "correct horse battery"
WAIT = "A wrong password was typed 10 times. Wait 15 minutes and try again"
PROPOSE = "/prompts/support/refunds/-/propose"


@pytest.fixture(autouse=True)
def _no_tries(db: None) -> None:
    caches["tries"].clear()


@pytest.fixture
def ada(author: User, governance_owner: User) -> User:
    passwords.set_first_password(author, PASSWORD, actor=governance_owner)
    return author


def send(password: str, *, at: str = LOGIN, name: str = "ada", **extra: str) -> Page:
    """What a new browser gets that sends this name and password."""
    answer = Client().post(at, {"username": name, "password": password, "next": "/"}, **extra)  # type: ignore[arg-type]
    return Page(answer)


def wrong(times: int, **where: str) -> None:
    for _ in range(times):
        assert "do not belong together" in send("wrong-wrong", **where).text


def test_sign_in__wrong_too_often__is_refused_even_with_the_right_one(ada: User) -> None:
    wrong(SIGN_INS)
    page = send(PASSWORD, name="ADA")
    assert WAIT in page.text
    assert page.form_with("Sign in").value("username") == "ADA"


def test_sign_in__right_before_that__begins_anew(ada: User) -> None:
    wrong(SIGN_INS - 1)
    assert send(PASSWORD).status == 302
    wrong(SIGN_INS)


def test_sign_in__from_elsewhere_or_as_another__is_not_kept_out(
    ada: User, outsider: User, governance_owner: User
) -> None:
    passwords.set_first_password(outsider, PASSWORD, actor=governance_owner)
    wrong(SIGN_INS)
    assert send(PASSWORD, name="otto").status == 302
    assert send(PASSWORD, REMOTE_ADDR="10.0.0.7").status == 302


def test_sign_in__to_the_admin__counts_in_the_same_place(ada: User) -> None:
    wrong(SIGN_INS - 1)
    send("wrong-wrong", at=ADMIN)
    page = send("wrong-wrong", at=ADMIN)
    assert WAIT in page.text
    assert WAIT in send(PASSWORD).text


def test_sign_in__on_the_page_that_keeps_a_form__counts_too(desk: Desk, ada: User) -> None:
    ada.refresh_from_db()
    client = signed_in(ada)
    page = look(client, PROPOSE)
    client.logout()
    kept = press(client, page, "Save as draft", PROPOSE, template="Mine")
    wrong(SIGN_INS)
    again = press(client, kept, "Sign in and go on", PROPOSE, username="ada", password=PASSWORD)
    assert WAIT in again.text
    assert "Mine" in again.html


@pytest.mark.parametrize(
    ("forwarded", "kept_out"),
    [
        # A list of one's own making in front of what our proxy wrote opens no door.
        ("1.2.3.4, 10.9.9.9", True),
        ("10.9.9.9, 10.0.0.5", True),
        ("10.9.9.8", False),
    ],
)
def test_sign_in__through_our_proxy__is_told_by_the_address_it_saw(
    ada: User, settings: Settings, forwarded: str, *, kept_out: bool
) -> None:
    settings.TRUSTED_PROXY = ["10.0.0.5"]
    wrong(SIGN_INS, REMOTE_ADDR="10.0.0.5", HTTP_X_FORWARDED_FOR="10.9.9.9")
    page = send(PASSWORD, REMOTE_ADDR="10.0.0.5", HTTP_X_FORWARDED_FOR=forwarded)
    assert (WAIT in page.text) is kept_out


def test_sign_in__from_one_network_of_ipv6__counts_as_one_address(ada: User) -> None:
    for number in range(SIGN_INS):
        wrong(1, REMOTE_ADDR=f"2001:db8::{number:x}")
    assert WAIT in send(PASSWORD, REMOTE_ADDR="2001:db8::ffff").text
    assert send(PASSWORD, REMOTE_ADDR="2001:db8:0:1::1").status == 302


def test_sign_in__cache_cannot_be_reached__works_all_the_same(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise ConnectionError("down")

    for name in ("add", "get", "set", "delete_many"):
        monkeypatch.setattr(type(caches["default"]), name, down)
    assert send(PASSWORD).status == 302
