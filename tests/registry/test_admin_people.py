"""People, roles and flags in the admin: each change is a verb with its event, or nothing."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from registry import roles
from registry.models import Membership, ServiceToken, User
from registry.permissions import roles_of
from registry.services import people
from tests.registry.desk_of_admin import (
    address,
    events,
    everything,
    listed,
    maker,
    new_events,
    signed_in,
    staff,
    step,
)

pytestmark = pytest.mark.django_db
GOVERNANCE = "A governance owner has to do this."


@pytest.fixture
def owner(governance_owner: User) -> Client:
    """The browser of a governance owner."""
    return signed_in(governance_owner)


def test_enter__not_staff__is_sent_to_sign_in(outsider: User) -> None:
    response = signed_in(outsider).get(listed(User))
    assert response.status_code == 302
    assert "login" in response.headers["Location"]


def test_list__staff_without_any_role__may_look(outsider: User, governance_owner: User) -> None:
    client = signed_in(staff(outsider, governance_owner))
    page = client.get(listed(User))
    assert page.status_code == 200
    assert "New person" not in page.content.decode()
    assert client.get(address(governance_owner)).status_code == 200


def test_new_person__governance_owner__is_made_by_the_verb(owner: Client) -> None:
    before = events()
    response = owner.post(
        maker(User, "person"),
        {
            "username": "nina",
            "display_name": "Nina New",
            "email": "nina@example.org",
            "time_zone": "Europe/Berlin",
            "password": "twelve long words",
        },
    )
    nina = User.objects.get(username="nina")
    assert response.headers["Location"] == address(nina)
    assert new_events(before) == ["registry.user.created"]
    assert nina.check_password("twelve long words")
    assert not nina.is_staff


def test_new_person__weak_password__is_said_at_the_field_and_nothing_typed_is_lost(
    owner: Client,
) -> None:
    before = everything()
    typed = {
        "username": "nina",
        "display_name": "Nina New",
        "email": "nina@example.org",
        "time_zone": "UTC",
        "password": "short",
        "is_superuser": "on",
    }
    response = owner.post(maker(User, "person"), typed)
    assert response.status_code == 422
    form = response.context["form"]
    assert "too short" in str(form.errors["password"])
    assert 'value="Nina New"' in response.content.decode()
    assert everything() == before


def test_roles__ticked_and_cleared__joins_and_leaves(owner: Client, author: User) -> None:
    before = events()
    owner.post(
        step(author, "roles"), {"was": [roles.AUTHORS], "roles": [roles.SAFETY, roles.BRAND]}
    )
    assert roles_of(author) == {roles.SAFETY, roles.BRAND}
    assert new_events(before) == [
        "registry.membership.joined",
        "registry.membership.joined",
        "registry.membership.left",
    ]


def test_roles__changed_by_somebody_else_meanwhile__keeps_their_change(
    owner: Client, author: User, governance_owner: User
) -> None:
    from_an_old_page = {"was": [roles.AUTHORS], "roles": [roles.AUTHORS, roles.BRAND]}
    people.join(author, roles.SAFETY, actor=governance_owner)
    owner.post(step(author, "roles"), from_an_old_page)
    assert roles_of(author) == {roles.AUTHORS, roles.SAFETY, roles.BRAND}


def test_roles__for_oneself__is_refused_on_the_form(owner: Client, governance_owner: User) -> None:
    before = everything()
    held = [roles.GOVERNANCE_OWNERS]
    response = owner.post(
        step(governance_owner, "roles"), {"was": held, "roles": [*held, roles.SAFETY]}
    )
    assert response.status_code == 403
    assert "Nobody gives permissions to themselves" in response.content.decode()
    assert everything() == before


def test_roles__unknown_role__is_refused(owner: Client, author: User) -> None:
    before = everything()
    owner.post(step(author, "roles"), {"was": [roles.AUTHORS], "roles": ["kings"]})
    assert everything() == before


def test_flags__for_another__are_set_by_the_verb(owner: Client, author: User) -> None:
    before = events()
    owner.post(step(author, "flags"), {"is_staff": "on"})
    author.refresh_from_db()
    assert author.is_staff
    assert not author.is_superuser
    assert new_events(before) == ["registry.user.flags_set"]


def test_flags__superuser_for_oneself__is_refused(owner: Client, governance_owner: User) -> None:
    before = everything()
    response = owner.post(
        step(governance_owner, "flags"),
        {"was": ["is_staff"], "is_staff": "on", "is_superuser": "on"},
    )
    assert response.status_code == 403
    assert everything() == before


def test_deactivate__the_only_governance_owner__is_refused(
    owner: Client, governance_owner: User
) -> None:
    response = owner.post(step(governance_owner, "deactivate"))
    assert response.status_code == 409
    assert "only governance owner" in response.content.decode()


def test_deactivate_and_reactivate__governance_owner__leave_an_event_each(
    owner: Client, author: User
) -> None:
    before = events()
    owner.post(step(author, "deactivate"))
    owner.post(step(author, "reactivate"))
    assert new_events(before) == ["registry.user.deactivated", "registry.user.reactivated"]


def test_first_password__before_the_first_sign_in__is_set(owner: Client, author: User) -> None:
    before = events()
    owner.post(step(author, "password"), {"password": "twelve long words"})
    author.refresh_from_db()
    assert author.check_password("twelve long words")
    assert new_events(before) == ["registry.user.password_given"]


def test_first_password__after_the_first_sign_in__is_refused(owner: Client, author: User) -> None:
    signed_in(author)
    before = everything()
    response = owner.post(step(author, "password"), {"password": "twelve long words"})
    assert response.status_code == 409
    assert "only they can change" in response.content.decode()
    assert everything() == before


STEPS = [
    ("roles", {"was": [], "roles": [roles.GOVERNANCE_OWNERS]}),
    ("flags", {"is_staff": "on", "is_superuser": "on"}),
    ("password", {"password": "twelve long words"}),
    ("deactivate", {}),
]


@pytest.mark.parametrize(("slug", "data"), STEPS)
@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_steps__no_governance_owner__are_refused_with_a_sentence(
    who: str,
    slug: str,
    data: dict[str, object],
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
        assert GOVERNANCE in response.content.decode()
    assert everything() == before


def test_new_person__superuser__is_refused_with_a_sentence(superuser: User) -> None:
    client = signed_in(superuser)
    before = everything()
    for slug in ("person", "service-account"):
        data = {
            "username": "mole",
            "display_name": "Mole",
            "email": "mole@example.org",
            "time_zone": "UTC",
            "password": "twelve long words",
        }
        response = client.post(maker(User, slug), data)
        assert response.status_code == 403
        assert GOVERNANCE in response.content.decode()
    assert everything() == before


@pytest.mark.parametrize("column", ["password__startswith", "password", "digest__startswith"])
def test_list__query_on_a_hidden_column__is_refused(owner: Client, column: str) -> None:
    model = ServiceToken if column.startswith("digest") else User
    assert owner.get(listed(model), {column: "pbkdf2"}).status_code == 400


def test_register__django_and_guardian_pages_that_write__are_not_there() -> None:
    assert not admin.site.is_registered(Permission)
    assert not admin.site.is_registered(Membership)
    assert admin.site.get_model_admin(Group).__class__.__name__ == "RoleAdmin"
    for name in ("registry_prompt_permissions", "auth_user_password_change"):
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:{name}", args=[1])


def test_token__made__shows_its_secret_once_and_keeps_none(
    owner: Client, governance_owner: User
) -> None:
    account = people.create_service_account("ci", actor=governance_owner)
    before = events()
    response = owner.post(
        maker(ServiceToken, "token"),
        {
            "account": account.pk,
            "name": "checkout",
            "scopes": ["read"],
            "labels": "production, staging",
            "names": "support/*",
            "ends": "90",
        },
    )
    token = ServiceToken.objects.get()
    assert new_events(before) == ["registry.token.created"]
    secret = f"cs_{token.prefix}_"
    page = response.content.decode()
    assert page.count(secret) == 1
    assert "no-store" in response.headers["Cache-Control"]
    assert token.labels == ["production", "staging"]
    assert token.expires_at is not None
    shown = owner.get(address(token)).content.decode()
    assert token.digest not in shown
    assert token.digest not in page


def test_token__revoked__leaves_an_event(owner: Client, governance_owner: User) -> None:
    account = people.create_service_account("ci", actor=governance_owner)
    owner.post(
        maker(ServiceToken, "token"),
        {
            "account": account.pk,
            "name": "checkout",
            "scopes": ["read"],
            "labels": "*",
            "names": "*",
            "ends": "never",
        },
    )
    before = events()
    owner.post(step(ServiceToken.objects.get(), "revoke"))
    assert new_events(before) == ["registry.token.revoked"]
    assert ServiceToken.objects.get().revoked_at is not None
