"""What each kind of mail says, read from the rows as they are when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from approvals.mail import (
    about_digests,
    about_exceptions,
    about_kept,
    about_labels,
    about_passwords,
    about_people,
    about_policies,
    about_requests,
    about_talk,
    about_timing,
    about_tokens,
    about_unprotecting,
)
from approvals.mail.parts import Letter, NotOwed
from registry.models import OutboxMail, User

Writer = Callable[[OutboxMail, datetime], Letter]

KINDS: dict[str, Writer] = {
    **about_requests.WRITERS,
    **about_labels.WRITERS,
    **about_policies.WRITERS,
    **about_passwords.WRITERS,
    **about_people.WRITERS,
    **about_tokens.WRITERS,
    **about_timing.WRITERS,
    **about_talk.WRITERS,
    **about_kept.WRITERS,
    **about_digests.WRITERS,
    **about_exceptions.WRITERS,
    **about_unprotecting.WRITERS,
}


def compose(mail: OutboxMail, now: datetime) -> Letter:
    """The letter of an owed mail, in the recipient's time zone.

    Raises NotOwed where the account is closed and the letter does not say just that, the person
    may not know of what it speaks of, or it is no longer true.
    """
    recipient = mail.recipient
    closed = not recipient.is_active and mail.kind not in OutboxMail.TO_CLOSED
    if closed or not recipient.is_person or not recipient.email:
        raise NotOwed("recipient_closed")
    writer = KINDS.get(mail.kind)
    if writer is None:
        raise NotOwed("unknown_kind")
    with timezone.override(_zone_of(recipient)):
        return writer(mail, now)


def _zone_of(user: User) -> ZoneInfo:
    try:
        return ZoneInfo(user.time_zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")
