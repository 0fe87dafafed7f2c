"""A mail with a password link goes to the address that its sender saw, soon, or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as outgoing
from django.utils import timezone

from approvals import mail, services
from approvals.mail import outbox
from registry.models import User
from registry.services import details, passwords
from tests.approvals.mail_owed import again, letter, owed

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(author: User, governance_owner: User) -> User:
    """Ada, to whom a link is on its way."""
    passwords.send_password_link(author, seen_email=author.email, actor=governance_owner)
    return author


def test_deliver__password_link__goes_to_the_address_that_was_seen(asked: User) -> None:
    row = owed("password_link", asked)
    assert row.pk in mail.due(timezone.now())
    assert outbox.deliver(row.pk)
    assert outgoing.outbox[-1].to == ["ada@example.org"]


def test_send_again__address_changed_since__reaches_nobody(
    asked: User, governance_owner: User
) -> None:
    """The way around `AddressByYou`: change the address, and send an old link again."""
    row = owed("password_link", asked)
    assert outbox.deliver(row.pk)
    details.change_email(asked, "gwens-own@example.org", actor=governance_owner)
    services.send_again(row.pk, actor=governance_owner)
    assert not outbox.deliver(row.pk)
    assert again(row).last_error == "address_changed"
    assert [sent.to for sent in outgoing.outbox] == [["ada@example.org"]]


def test_compose__another_persons_address_changed__is_still_owed(
    asked: User, outsider: User, governance_owner: User
) -> None:
    details.change_email(outsider, "new@example.org", actor=governance_owner)
    assert letter("password_link", asked)


def test_compose__older_than_a_link_lives__is_owed_no_longer(asked: User) -> None:
    row = owed("password_link", asked)
    row.created_at -= timedelta(days=1, minutes=1)
    with pytest.raises(mail.NotOwed, match="too_old"):
        mail.compose(row, timezone.now())
