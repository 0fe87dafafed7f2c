"""Details, address, password link and closing an account in the admin: each by its verb."""

from __future__ import annotations

import pytest
from django.test import Client

from registry import permissions, roles
from registry.models import Namespace, OutboxMail, User
from registry.services import details, namespaces, passwords, people
from tests.people import MakePrompt, make_person
from tests.registry.desk_of_admin import (
    address,
    events,
    everything,
    maker,
    new_events,
    signed_in,
    staff,
    step,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(governance_owner: User) -> Client:
    """The browser of a governance owner."""
    return signed_in(governance_owner)


def offered(client: Client, row: User) -> list[str]:
    """The words of the steps on the page of an account."""
    return [one["words"] for one in client.get(address(row)).context["steps"]]


def test_new_person__without_a_password__is_made_and_can_be_sent_a_link(owner: Client) -> None:
    data = {"username": "nina", "display_name": "Nina", "email": "n@x.org", "time_zone": "UTC"}
    owner.post(maker(User, "person"), data)
    nina = User.objects.get(username="nina")
    assert not nina.has_usable_password()
    before = events()
    owner.post(step(nina, "link"), {"seen_email": "n@x.org"})
    assert new_events(before) == ["registry.user.password_link_sent"]
    assert OutboxMail.objects.get(kind="password_link").recipient == nina


def test_edit__name_and_zone__are_saved_by_the_verb(owner: Client, author: User) -> None:
    before = events()
    data = {"display_name": "Ada Lovelace", "time_zone": "Europe/Berlin"}
    response = owner.post(step(author, "edit"), data)
    author.refresh_from_db()
    assert response.headers["Location"] == address(author)
    assert (author.display_name, author.time_zone) == ("Ada Lovelace", "Europe/Berlin")
    assert new_events(before) == ["registry.user.edited"]


def test_edit__unknown_zone__is_said_at_its_field(owner: Client, author: User) -> None:
    before = everything()
    data = {"display_name": "Ada Lovelace", "time_zone": "Mars/Base"}
    response = owner.post(step(author, "edit"), data)
    assert response.status_code == 422
    assert "is not a time zone" in str(response.context["form"].errors["time_zone"])
    assert 'value="Ada Lovelace"' in response.content.decode()
    assert everything() == before


def test_edit__crafted_fields__change_nothing_else(owner: Client, author: User) -> None:
    data = {
        "display_name": "Ada Lovelace",
        "time_zone": "UTC",
        "email": "mole@example.org",
        "username": "mole",
        "is_superuser": "on",
        "kind": "service",
    }
    owner.post(step(author, "edit"), data)
    author.refresh_from_db()
    assert (author.email, author.username) == ("ada@example.org", "ada")
    assert (author.is_superuser, author.kind) == (False, "person")


def test_edit__service_account__has_a_name_only(owner: Client, governance_owner: User) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    assert [*owner.get(step(robot, "edit")).context["form"].fields] == ["display_name"]
    owner.post(step(robot, "edit"), {"display_name": "CI of checkout", "time_zone": "Asia/Tokyo"})
    robot.refresh_from_db()
    assert (robot.display_name, robot.time_zone) == ("CI of checkout", "UTC")


def test_email__of_another__is_changed_by_the_verb(owner: Client, author: User) -> None:
    before = events()
    for _ in range(2):
        owner.post(step(author, "email"), {"email": "lovelace@example.org"})
    author.refresh_from_db()
    assert author.email == "lovelace@example.org"
    assert new_events(before) == ["registry.user.email_changed"]


def test_email__ones_own__is_refused_and_not_offered(owner: Client, governance_owner: User) -> None:
    before = everything()
    response = owner.post(step(governance_owner, "email"), {"email": "new@example.org"})
    assert response.status_code == 403
    assert "Nobody changes their own e-mail address." in response.content.decode()
    assert everything() == before
    assert "E-mail address" not in offered(owner, governance_owner)


def test_email__in_use_in_other_letters__is_refused(owner: Client, author: User) -> None:
    before = everything()
    response = owner.post(step(author, "email"), {"email": "Gwen@Example.org"})
    assert response.status_code == 422
    assert "Somebody already uses this e-mail address." in response.content.decode()
    assert everything() == before


def test_link__person_who_has_signed_in__is_sent_by_the_verb(owner: Client, author: User) -> None:
    signed_in(author)
    before = events()
    form = owner.get(step(author, "link")).context["form"]
    owner.post(step(author, "link"), form.initial)
    assert new_events(before) == ["registry.user.password_link_sent"]


def test_link__by_who_changed_the_address__is_refused(
    owner: Client, author: User, governance_owner: User
) -> None:
    signed_in(author)
    details.change_email(author, "gwens-own@example.org", actor=governance_owner)
    before = everything()
    response = owner.post(step(author, "link"), {"seen_email": "gwens-own@example.org"})
    assert response.status_code == 403
    assert "another governance owner sends the link" in response.content.decode()
    assert everything() == before


def test_link__page_from_before_the_address_changed__is_stale(
    owner: Client, author: User, governance_owner: User
) -> None:
    eva = make_person("eva", roles.GOVERNANCE_OWNERS, by=governance_owner)
    from_an_old_page = owner.get(step(author, "link")).context["form"].initial
    details.change_email(author, "evas-own@example.org", actor=eva)
    before = everything()
    assert owner.post(step(author, "link"), from_an_old_page).status_code == 409
    assert everything() == before


def test_deactivate__last_viewer__asks_for_an_heir_and_takes_one(
    owner: Client,
    namespace: Namespace,
    make_prompt: MakePrompt,
    author: User,
    outsider: User,
    governance_owner: User,
) -> None:
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    secret = make_prompt("support/secret-plan", confidential=True)
    before = everything()
    response = owner.post(step(author, "deactivate"))
    page = response.content.decode()
    assert response.status_code == 409
    assert "a confidential prompt" in str(response.context["form"].errors["heir"])
    assert "secret-plan" not in page
    for heir in ("gwen", "ada", "nobody-known"):
        owner.post(step(author, "deactivate"), {"heir": heir})
    assert everything() == before
    events_before = events()
    owner.post(step(author, "deactivate"), {"heir": "otto@example.org"})
    assert new_events(events_before) == ["registry.user.deactivated"]
    assert permissions.may(outsider, permissions.VIEW, secret)
    assert "secret-plan" not in owner.get(address(author)).content.decode()


def test_deactivate__service_account__asks_for_no_heir(
    owner: Client, governance_owner: User
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    assert [*owner.get(step(robot, "deactivate")).context["form"].fields] == []
    owner.post(step(robot, "deactivate"), {"heir": "gwen"})
    robot.refresh_from_db()
    assert not robot.is_active


def test_roles__last_who_sees_a_prompt_by_a_role__is_refused_on_the_form(
    owner: Client,
    namespace: Namespace,
    make_prompt: MakePrompt,
    author: User,
    governance_owner: User,
) -> None:
    template = [{"group": roles.AUTHORS, "permissions": ["view", "manage"]}]
    namespaces.set_grant_template(namespace, template, actor=governance_owner)
    robot = people.create_service_account("ci", actor=governance_owner)
    make_prompt("support/secret-plan", confidential=True, owner=robot)
    before = everything()
    response = owner.post(step(author, "roles"), {"was": [roles.AUTHORS], "roles": []})
    assert response.status_code == 409
    page = response.content.decode()
    assert "Put somebody else into the role first" in page
    assert "secret-plan" not in page
    assert everything() == before


STEPS = [
    ("edit", {"display_name": "Mole", "time_zone": "UTC"}),
    ("email", {"email": "mole@example.org"}),
    ("link", {"seen_email": "ada@example.org"}),
    ("deactivate", {"heir": "otto"}),
]


@pytest.mark.parametrize(("slug", "data"), STEPS)
@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_steps__no_governance_owner__are_refused_with_a_sentence(
    who: str,
    slug: str,
    data: dict[str, str],
    superuser: User,
    outsider: User,
    author: User,
    governance_owner: User,
) -> None:
    person = superuser if who == "superuser" else staff(outsider, governance_owner)
    client = signed_in(person)
    before = everything()
    for row in (person, author):
        response = client.post(step(row, slug), data)
        assert response.status_code == 403
        assert "A governance owner has to do this." in response.content.decode()
    assert everything() == before


def test_password__after_signing_in__says_that_a_link_can_be_sent(
    owner: Client, author: User, governance_owner: User
) -> None:
    passwords.set_first_password(author, "correct horse battery", actor=governance_owner)
    signed_in(author)
    response = owner.post(step(author, "password"), {"password": "twelve long words"})
    assert "You can send them a link for it." in response.content.decode()
    assert "First password" not in offered(owner, author)
    assert "Password link" in offered(owner, author)
