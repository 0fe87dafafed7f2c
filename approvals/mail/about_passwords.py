"""Mail with the link by which a person sets a password; the link is made as it is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from approvals.mail.parts import Letter, NotOwed, moment
from registry import password_links
from registry.models import OutboxMail


def _password_link(mail: OutboxMail, now: datetime) -> Letter:
    """A link to the address that the sender saw; never to one that came later, nor days after."""
    lifetime = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    if now > mail.created_at + lifetime:
        raise NotOwed("too_old")
    if password_links.address_changed_since(mail.recipient, mail.created_at):
        raise NotOwed("address_changed")
    page = reverse("approvals:password-link", kwargs=password_links.make(mail.recipient))
    return Letter(
        subject="Set a new password for Countersign",
        lead=(
            f"A governance owner sent you this link to set a password. Your user name is "
            f"{mail.recipient.username}.",
            f"The link works once, until {moment(now + lifetime)}. Until you use it, nothing "
            "changes. Give it to nobody: whoever has it can sign in as you.",
        ),
        link=settings.BASE_URL + page,
        link_words="Set a password",
    )


WRITERS: dict[str, Callable[[OutboxMail, datetime], Letter]] = {
    password_links.KIND: _password_link,
}
