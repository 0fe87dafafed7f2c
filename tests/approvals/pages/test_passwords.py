"""One's own password: the page for who is signed in, and the page behind a mailed link."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from registry import password_links
from registry.models import User
from registry.services import passwords, people
from tests.approvals.mail_owed import bodies, letter, owed
from tests.approvals.pages.browsing import look, press, signed_in
from tests.registry.desk_of_admin import everything

pytestmark = pytest.mark.django_db
OLD, NEW = "correct horse battery", "twelve long words"
OWN, BY_LINK = "/accounts/password/", "/accounts/password/new/"


@pytest.fixture(autouse=True)
def _no_tries() -> None:
    caches["tries"].clear()


@pytest.fixture
def ada(author: User, governance_owner: User) -> User:
    """Ada, with a password."""
    return passwords.set_first_password(author, OLD, actor=governance_owner)


def mailed(person: User, by: User) -> str:
    """The address in the mail that a governance owner has sent."""
    passwords.send_password_link(person, seen_email=person.email, actor=by)
    return urlsplit(letter("password_link", person).link).path


def last_action() -> str:
    """The action of the newest event."""
    return AuditEvent.objects.latest("seq").action


# -- wrong ones -----------------------------------------------------------------------------


def change(client: Client, old: str, new: str = NEW, again: str = "") -> int:
    """Post the form of one's own password; the status of the answer."""
    typed: dict[str, Any] = {"old_password": old, "new_password": new, "again": again or new}
    return press(client, look(client, OWN), "Set the password", OWN, **typed).status


def test_own_password__five_wrong_ones__shut_out_the_right_one_for_a_while(ada: User) -> None:
    client = signed_in(ada)
    assert [change(client, f"guess-{number}") for number in range(5)] == [422] * 5
    assert change(client, OLD) == 429
    ada.refresh_from_db()
    assert ada.check_password(OLD)


def test_own_password__new_ones_that_differ__neither_count_nor_free_the_wrong_ones(
    ada: User,
) -> None:
    client = signed_in(ada)
    for number in range(5):
        assert change(client, f"guess-{number}") == 422
        assert change(client, OLD, again="another thing") == 422
    assert change(client, OLD) == 429


def test_own_password__right_one_with_weak_new_ones__is_never_shut_out(ada: User) -> None:
    client = signed_in(ada)
    assert [change(client, OLD, "short") for _ in range(6)] == [422] * 6
    assert change(client, OLD) == 200


# -- by link --------------------------------------------------------------------------------


def test_link__opened_and_filled_in__sets_the_password_that_signs_in(
    ada: User, governance_owner: User
) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.get(mailed(ada, governance_owner))
    assert answer["Location"] == BY_LINK
    page = look(client, BY_LINK)
    assert "For the account ada" in page.text
    page = press(client, page, "Set the password", BY_LINK, new_password=NEW, again=NEW)
    assert "Your password was set." in page.text
    assert last_action() == "registry.user.password_set"
    page = press(client, page, "Sign in", "/accounts/login/", username="ada", password=NEW)
    assert "Ada" in page.text


def test_link__used__is_gone_and_says_what_to_do(ada: User, governance_owner: User) -> None:
    path = mailed(ada, governance_owner)
    passwords.choose_password(NEW, token=path.split("/")[-2], actor=ada)
    client = Client()
    client.get(path)
    page = look(client, BY_LINK)
    assert page.status == 410
    assert "link_invalid" in page.text
    assert "Ask a governance owner for a new one." in page.text
    assert "Set the password" not in page.buttons


@pytest.mark.parametrize("uid", ["MQ", "x", "ééé", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_link__forged__is_refused_and_changes_nothing(ada: User, uid: str) -> None:
    before = everything()
    client = Client()
    client.get(reverse("approvals:password-link", args=[uid, "c1-forged"]))
    sent = client.post(BY_LINK, {"new_password": NEW, "again": NEW})
    assert sent.status_code == 410
    assert everything() == before


def test_link__of_somebody_deactivated__is_refused(ada: User, governance_owner: User) -> None:
    path = mailed(ada, governance_owner)
    people.deactivate(ada, actor=governance_owner)
    client = Client()
    client.get(path)
    assert client.get(BY_LINK).status_code == 410


def test_link__only_opened__changes_nothing(ada: User, governance_owner: User) -> None:
    path = mailed(ada, governance_owner)
    before = everything()
    Client().get(path)
    assert everything() == before


@pytest.mark.parametrize(
    ("new", "again", "words"),
    [("short", "short", "too short"), (NEW, "twelve long word", "not the same")],
)
def test_link__password_refused__can_be_tried_again(
    ada: User, governance_owner: User, new: str, again: str, words: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.get(mailed(ada, governance_owner))
    page = look(client, BY_LINK)
    page = press(client, page, "Set the password", BY_LINK, new_password=new, again=again)
    assert page.status == 422
    assert words in page.text
    press(client, page, "Set the password", BY_LINK, new_password=NEW, again=NEW)
    ada.refresh_from_db()
    assert ada.check_password(NEW)


def test_link__opened_beside_another_persons_session__sets_its_own(
    ada: User, outsider: User, governance_owner: User
) -> None:
    client = signed_in(outsider)
    client.get(mailed(ada, governance_owner))
    page = look(client, BY_LINK)
    press(client, page, "Set the password", BY_LINK, new_password=NEW, again=NEW)
    for person, expected in ((ada, True), (outsider, False)):
        person.refresh_from_db()
        assert person.check_password(NEW) is expected


def test_link__answer__is_kept_by_nobody(ada: User, governance_owner: User) -> None:
    client = Client()
    path = mailed(ada, governance_owner)
    for answer in (client.get(path), client.get(BY_LINK)):
        assert "no-store" in answer["Cache-Control"]
    assert path.split("/")[-2] not in look(client, BY_LINK).html


# -- one's own ------------------------------------------------------------------------------


def test_own__right_old_password__is_changed_and_one_stays_signed_in(ada: User) -> None:
    client, elsewhere = signed_in(ada), signed_in(ada)
    page = look(client, OWN)
    page = press(
        client, page, "Set the password", OWN, old_password=OLD, new_password=NEW, again=NEW
    )
    assert "Your password was changed." in page.text
    assert last_action() == "registry.user.password_set"
    assert client.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


def test_own__wrong_old_password__is_refused_at_its_field(ada: User) -> None:
    client = signed_in(ada)
    page = look(client, OWN)
    before = everything()["registry_user"]
    page = press(
        client, page, "Set the password", OWN, old_password="x", new_password=NEW, again=NEW
    )
    assert page.status == 422
    assert page.has("input", id="id_old_password", aria_invalid="true")
    assert everything()["registry_user"] == before


def test_own__nobody_signed_in__is_asked_to_sign_in() -> None:
    assert Client().get(OWN)["Location"].startswith("/accounts/login/")


def test_own__forms_of_the_admin__lead_here_and_write_nothing(
    ada: User, governance_owner: User
) -> None:
    people.set_flags(ada, is_staff=True, actor=governance_owner)
    client = Client()
    client.force_login(ada)
    before = everything()
    data = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}
    answer = client.post(reverse("admin:password_change"), data)
    assert answer["Location"] == OWN
    assert everything() == before


# -- the mail -------------------------------------------------------------------------------


def test_mail__link__stands_once_in_text_and_html_and_says_until_when(
    ada: User, governance_owner: User
) -> None:
    mailed(ada, governance_owner)
    row = owed("password_link", ada)
    text, html = bodies(row)
    for said in (text, html):
        assert said.count("/accounts/password/") == 1
        assert "Your user name is ada." in said
        assert "The link works once, until" in said
    assert password_links.make(ada)["token"] not in str(row.data)
