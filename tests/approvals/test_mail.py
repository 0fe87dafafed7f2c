"""Sending mail: to a real SMTP server that takes it, refuses it, is down, and recovers."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Barrier
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings
from typing_extensions import override

from approvals import mail, services
from approvals.mail import outbox
from approvals.mail.outbox import LEASE, TRIES
from registry.models import OutboxMail, User
from registry.services import people
from tests.approvals.desk import (
    Desk,
    in_review,
)
from tests.approvals.mail_owed import again, make_due, owed

pytestmark = pytest.mark.django_db


class Postbox:
    """An SMTP server's handler: keeps what it takes, or refuses with `answer`."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answer = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.content
        assert isinstance(raw, bytes)
        self.taken.append(message_from_bytes(raw, policy=policy.default))
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def postbox(settings: Settings) -> Iterator[Postbox]:
    """A real mail server on a free port, and the settings that lead to it."""
    box = Postbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    use_smtp(settings, server.port)
    server.start()
    yield box
    server.stop()


def use_smtp(settings: Settings, port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 5


@pytest.mark.parametrize(
    "title",
    [
        "Sale\r\nBcc: all@example.org",
        "A\u2028Bcc: all@example.org\u2029\x85\x0b",
        "\u202egnp.exe\u202c \u200b\x07",
        "=?utf-8?q?hidden?= <script>alert(1)</script>",
        "x" * 4000,
        "ünïcödé 漢字 \N{PARTY POPPER}",
    ],
)
def test_deliver__hostile_title__stays_one_harmless_subject(
    desk: Desk, postbox: Postbox, title: str
) -> None:
    in_review(desk, rationale=title)
    User.objects.filter(pk=desk.author.pk).update(display_name="Eve\u202e\x07\nBcc: x@example.org")
    assert mail.deliver(owed("review_asked", desk.engineer).pk)
    [got] = postbox.taken
    assert got["Bcc"] is None
    assert got["To"] == desk.engineer.email
    subject = str(got["Subject"]).strip()
    assert 60 < len(subject) <= 180
    assert subject.isprintable()
    body = got.get_body(("html",))
    assert body is not None
    assert "<script>" not in body.get_content()


# -- sending --------------------------------------------------------------------------------


def test_deliver__due_mail__arrives_as_text_and_html(desk: Desk, postbox: Postbox) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    assert mail.deliver(row.pk)
    [got] = postbox.taken
    assert got["Subject"] == mail.compose(row, timezone.now()).subject
    assert got["Message-ID"] == f"<{row.public_id}@127.0.0.1>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]
    assert again(row).sent_at is not None
    assert again(row).last_error == ""


def test_deliver__already_sent__sends_nothing(desk: Desk, postbox: Postbox) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    assert mail.deliver(row.pk)
    make_due(row)
    assert not mail.deliver(row.pk)
    assert len(postbox.taken) == 1


def test_deliver__not_due_yet__waits(desk: Desk, postbox: Postbox) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    later = timezone.now() + timedelta(hours=1)
    OutboxMail.objects.filter(pk=row.pk).update(next_try_at=later)
    assert not mail.deliver(row.pk)
    assert postbox.taken == []
    assert row.pk not in mail.due(timezone.now())
    assert row.pk in mail.due(later)


def test_deliver__unknown_mail__says_no(db: None) -> None:
    assert mail.deliver(123456) is False


def test_deliver__server_refuses_then_recovers__nothing_is_lost(
    desk: Desk, postbox: Postbox
) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    postbox.answer = "550 No such user here, lena@firma-nord.de"
    assert not mail.deliver(row.pk)
    failed = again(row)
    assert failed.last_error == "SMTPRecipientsRefused 550"
    assert failed.attempts == 1
    assert failed.sent_at is failed.given_up_at is None
    wait = failed.next_try_at - timezone.now()
    assert timedelta(seconds=50) < wait <= timedelta(minutes=1)
    postbox.answer = ""
    make_due(row)
    assert row.pk in mail.due(timezone.now())
    assert mail.deliver(row.pk)
    assert len(postbox.taken) == 1


def test_deliver__no_server__is_kept_for_later(desk: Desk, settings: Settings) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    use_smtp(settings, free_port())
    assert not mail.deliver(row.pk)
    assert again(row).last_error == "ConnectionRefusedError"
    assert again(row).sent_at is None


def test_deliver__tries_for_about_a_day__then_gives_up(desk: Desk, settings: Settings) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    use_smtp(settings, free_port())
    waited = timedelta()
    for _ in range(TRIES - 1):
        mail.deliver(row.pk)
        assert again(row).given_up_at is None
        waited += again(row).next_try_at - timezone.now()
        make_due(row)
    mail.deliver(row.pk)
    assert TRIES == 10
    assert timedelta(hours=20) < waited < timedelta(hours=30)
    assert again(row).given_up_at is not None
    assert row.pk not in mail.due(timezone.now() + timedelta(days=2))


def test_deliver__crash_between_claim_and_send__is_sent_later(
    desk: Desk, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)

    def die(found: OutboxMail) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_try", die)
        with pytest.raises(KeyboardInterrupt):
            mail.deliver(row.pk)
    assert not mail.deliver(row.pk)  # the claim still holds
    assert postbox.taken == []
    assert row.pk in mail.due(timezone.now() + LEASE)
    make_due(row)
    assert mail.deliver(row.pk)
    assert len(postbox.taken) == 1


def test_deliver__account_closed_meanwhile__goes_to_nobody(desk: Desk, postbox: Postbox) -> None:
    in_review(desk)
    people.deactivate(desk.engineer, actor=desk.governance_owner)
    row = owed("review_asked", desk.engineer)
    assert not mail.deliver(row.pk)
    assert again(row).last_error == "recipient_closed"
    assert again(row).given_up_at is not None
    assert postbox.taken == []


def test_deliver__that_the_account_is_closed__arrives_there_all_the_same(
    desk: Desk, postbox: Postbox
) -> None:
    people.deactivate(desk.engineer, actor=desk.governance_owner)
    assert mail.deliver(owed("account_deactivated", desk.engineer).pk)
    [got] = postbox.taken
    assert got["To"] == desk.engineer.email
    assert got["Subject"] == "Gwen Owner deactivated your account"
    body = got.get_body(("plain",))
    assert body is not None
    assert "/accounts/login/" in body.get_content()


def test_deliver__question_answered_meanwhile__asks_nobody(desk: Desk, postbox: Postbox) -> None:
    request = in_review(desk)
    services.withdraw(request.pk, actor=desk.author)
    assert not mail.deliver(owed("review_asked", desk.engineer).pk)
    assert again(owed("review_asked", desk.engineer)).last_error == "no_longer_asked"
    assert postbox.taken == []


def test_deliver__unknown_kind__is_put_aside(desk: Desk, postbox: Postbox) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    OutboxMail.objects.filter(pk=row.pk).update(kind="surprise")
    assert not mail.deliver(row.pk)
    assert again(row).last_error == "unknown_kind"


def test_reason_of__any_error__holds_no_text_of_the_mail() -> None:
    error = ValueError("Customers read the opening as cold.")
    assert outbox.reason_of(error) == "ValueError"


def test_due__many__come_in_the_order_of_their_time(desk: Desk) -> None:
    in_review(desk)
    rows = list(OutboxMail.objects.order_by("pk"))
    now = timezone.now()
    for place, row in enumerate(reversed(rows)):
        at = now - timedelta(minutes=60 - place)
        OutboxMail.objects.filter(pk=row.pk).update(next_try_at=at)
    assert mail.due(now) == [row.pk for row in reversed(rows)]


class NotingBackend(BaseEmailBackend):
    """A mail backend that notes whether a transaction was open while it sent."""

    inside: ClassVar[list[bool]] = []

    @override
    def send_messages(self, email_messages: Sequence[Any]) -> int:
        self.inside.append(connection.in_atomic_block)
        return len(email_messages)


@pytest.mark.django_db(transaction=True)
def test_deliver__while_the_server_is_talked_to__no_transaction_is_open(
    desk: Desk, settings: Settings
) -> None:
    in_review(desk)
    settings.EMAIL_BACKEND = f"{__name__}.NotingBackend"
    NotingBackend.inside.clear()
    assert mail.deliver(owed("review_asked", desk.engineer).pk)
    assert NotingBackend.inside == [False]


@pytest.mark.django_db(transaction=True)
def test_deliver__two_workers_at_once__sends_once(desk: Desk, postbox: Postbox) -> None:
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    start = Barrier(2)

    def work() -> bool:
        start.wait()
        try:
            return mail.deliver(row.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        sent = sorted(future.result() for future in [workers.submit(work) for _ in range(2)])
    assert sent == [False, True]
    assert len(postbox.taken) == 1
