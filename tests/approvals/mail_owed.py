"""What tests of mail share: finding an owed mail, and what it would say now."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from approvals import mail
from approvals.mail import outbox
from registry.models import OutboxMail, User


def owed(kind: str, to: User | None = None) -> OutboxMail:
    """The newest mail of a kind (to a person)."""
    rows = OutboxMail.objects.filter(kind=kind).order_by("-pk")
    found = (rows.filter(recipient=to) if to else rows).first()
    assert found is not None, f"no mail of kind {kind} is owed"
    return found


def letter(kind: str, to: User | None = None) -> mail.Letter:
    return mail.compose(owed(kind, to), timezone.now())


def bodies(row: OutboxMail) -> tuple[str, str]:
    """The text and the HTML of a mail as it would be sent now."""
    made = outbox.message(row, mail.compose(row, timezone.now()))
    html = made.alternatives[0][0]
    assert isinstance(made.body, str)
    assert isinstance(html, str)
    return made.body, html


def again(row: OutboxMail) -> OutboxMail:
    """The row as it is now."""
    return OutboxMail.objects.get(pk=row.pk)


def make_due(row: OutboxMail) -> None:
    """Let the time of the next try come."""
    OutboxMail.objects.filter(pk=row.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))
