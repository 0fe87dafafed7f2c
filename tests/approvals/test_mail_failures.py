"""What the outbox says about a mail that did not go out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_django import Settings

from approvals import mail
from approvals.mail import outbox
from registry.models import OutboxMail
from tests.approvals.desk import Desk, in_review
from tests.approvals.mail_owed import make_due, owed
from tests.registry.desk_of_admin import address, listed, signed_in

FOLDER = Path(mail.__file__).parent


def test_in_words__server_refuses_the_address__says_what_to_do_and_the_code() -> None:
    said = mail.in_words("SMTPRecipientsRefused 550")
    assert said.startswith("The mail server refused the address. Correct it under People")
    assert said.endswith("(SMTPRecipientsRefused 550)")


@pytest.mark.parametrize(
    ("note", "part"),
    [
        ("", ""),
        ("ConnectionRefusedError", "check that it runs, and EMAIL_URL"),
        ("SMTPAuthenticationError 535", "user name or password in EMAIL_URL"),
        ("not_visible", "may not see it any more"),
        ("KeyError", "the worker's log says more. (KeyError)"),
    ],
)
def test_in_words__any_note__is_a_sentence(note: str, part: str) -> None:
    assert part in mail.in_words(note)


def test_in_words__every_reason_not_to_send__has_words_of_its_own() -> None:
    codes = set()
    for file in FOLDER.glob("*.py"):
        codes |= set(re.findall(r'NotOwed\("(\w+)"\)', file.read_text("utf-8")))
    assert len(codes) > 5
    assert {code for code in codes if "worker's log" in mail.in_words(code)} == set()


@pytest.mark.django_db
def test_outbox_page__server_cannot_be_reached__says_so_in_the_list_and_on_its_page(
    desk: Desk, settings: Settings
) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    make_due(row)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert outbox.deliver(row.pk) is False
    owner = signed_in(desk.governance_owner)
    for page in (listed(OutboxMail), address(row)):
        assert "The mail server could not be reached." in owner.get(page).content.decode()
