"""Passwords: a link that a governance owner sends, and one's own; nobody gets at another's."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib import auth
from django.test import Client
from django.utils import timezone

from registry import password_links, roles
from registry.errors import (
    AddressByYou,
    BadInput,
    LinkInvalid,
    NotAllowed,
    OwnGrant,
    Stale,
    WrongState,
)
from registry.models import OutboxMail, User
from registry.services import details, passwords, people
from tests.people import make_person

OLD, NEW = "correct horse battery", "twelve long words"


@pytest.fixture
def ada(author: User, governance_owner: User) -> User:
    """Ada, who has signed in with a password of her own."""
    passwords.set_first_password(author, OLD, actor=governance_owner)
    author.refresh_from_db()
    Client().force_login(author)
    return author


@pytest.fixture
def eva(governance_owner: User) -> User:
    """A second governance owner."""
    return make_person("eva", roles.GOVERNANCE_OWNERS, by=governance_owner)


def send(person: User, by: User) -> OutboxMail:
    """Send a link to the address that the person has now."""
    person.refresh_from_db()
    return passwords.send_password_link(person, seen_email=person.email, actor=by)


# -- send_password_link ---------------------------------------------------------------------


def test_send_password_link__person__owes_one_mail_that_holds_no_link(
    ada: User, governance_owner: User
) -> None:
    mail = send(ada, governance_owner)
    assert (mail.kind, mail.recipient, mail.data) == ("password_link", ada, {})
    ada.refresh_from_db()
    assert ada.check_password(OLD)


def test_send_password_link__by_who_changed_the_address__is_refused(
    ada: User, governance_owner: User, eva: User
) -> None:
    details.change_email(ada, "gwens-own@example.org", actor=governance_owner)
    with pytest.raises(AddressByYou, match="another governance owner") as no:
        send(ada, governance_owner)
    assert no.value.code == "address_by_you"
    assert send(ada, eva)


def test_send_password_link__address_changed_by_others_since__is_sent(
    ada: User, governance_owner: User, eva: User
) -> None:
    details.change_email(ada, "first@example.org", actor=governance_owner)
    details.change_email(ada, "second@example.org", actor=eva)
    assert send(ada, governance_owner)


def test_send_password_link__before_the_first_sign_in__who_changed_the_address_may(
    author: User, governance_owner: User
) -> None:
    details.change_email(author, "right@example.org", actor=governance_owner)
    assert send(author, governance_owner)


def test_send_password_link__address_changed_since_it_was_seen__is_stale(
    ada: User, governance_owner: User, eva: User
) -> None:
    seen = ada.email
    details.change_email(ada, "evas-own@example.org", actor=eva)
    with pytest.raises(Stale):
        passwords.send_password_link(ada, seen_email=seen, actor=governance_owner)


def test_send_password_link__to_oneself__is_refused(governance_owner: User) -> None:
    with pytest.raises(OwnGrant):
        send(governance_owner, governance_owner)


def test_send_password_link__deactivated__is_refused(ada: User, governance_owner: User) -> None:
    people.deactivate(ada, actor=governance_owner)
    with pytest.raises(WrongState, match="Reactivate"):
        send(ada, governance_owner)


def test_send_password_link__service_account__is_refused(governance_owner: User) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    with pytest.raises(BadInput):
        send(robot, governance_owner)


@pytest.mark.parametrize("who", ["outsider", "superuser"])
def test_send_password_link__anybody_else__is_refused(
    request: pytest.FixtureRequest, ada: User, who: str
) -> None:
    with pytest.raises(NotAllowed):
        send(ada, request.getfixturevalue(who))


# -- choose_password ------------------------------------------------------------------------


def test_choose_password__by_a_link__works_once_and_ends_sessions(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    ada.refresh_from_db()
    token = password_links.make(ada)["token"]
    passwords.choose_password(NEW, token=token, actor=ada)
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert not auth.get_user(browser).is_authenticated
    with pytest.raises(LinkInvalid):
        passwords.choose_password("another long one", token=token, actor=ada)


def test_choose_password__weak__leaves_the_link_good(ada: User) -> None:
    token = password_links.make(ada)["token"]
    with pytest.raises(BadInput, match="too short"):
        passwords.choose_password("short", token=token, actor=ada)
    passwords.choose_password(NEW, token=token, actor=ada)


def test_choose_password__after_a_day__is_refused(ada: User) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=1, minutes=1)):
        token = password_links.make(ada)["token"]
    with pytest.raises(LinkInvalid):
        passwords.choose_password(NEW, token=token, actor=ada)


def test_choose_password__address_changed_since__is_refused(ada: User, eva: User) -> None:
    token = password_links.make(ada)["token"]
    details.change_email(ada, "second@example.org", actor=eva)
    with pytest.raises(LinkInvalid):
        passwords.choose_password(NEW, token=token, actor=ada)


def test_choose_password__signed_in_since__is_refused(author: User) -> None:
    token = password_links.make(author)["token"]
    Client().force_login(author)
    with pytest.raises(LinkInvalid):
        passwords.choose_password(NEW, token=token, actor=author)


def test_choose_password__deactivated_or_of_another__is_refused(
    ada: User, outsider: User, governance_owner: User
) -> None:
    token = password_links.make(ada)["token"]
    with pytest.raises(LinkInvalid):
        passwords.choose_password(NEW, token=token, actor=outsider)
    people.deactivate(ada, actor=governance_owner)
    with pytest.raises(LinkInvalid):
        passwords.choose_password(NEW, token=token, actor=ada)


# -- change_password ------------------------------------------------------------------------


def test_change_password__knowing_the_old_one__is_changed(ada: User) -> None:
    passwords.change_password(OLD, NEW, actor=ada)
    ada.refresh_from_db()
    assert ada.check_password(NEW)


@pytest.mark.parametrize(
    ("old", "new", "field"), [("wrong", NEW, "old_password"), (OLD, "short", "password")]
)
def test_change_password__wrong_or_weak__is_refused(
    ada: User, old: str, new: str, field: str
) -> None:
    with pytest.raises(BadInput) as no:
        passwords.change_password(old, new, actor=ada)
    assert no.value.extra["field"] == field
    ada.refresh_from_db()
    assert ada.check_password(OLD)
