"""Every verb about people owes a mail to whom it concerns, and none to whoever did it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group

from registry import roles
from registry.models import Namespace, OutboxMail, Prompt, ServiceToken, User
from registry.permissions import CREATE, RELEASE
from registry.services import grants, memberships, passwords, people, tokens
from tests.people import make_person

pytestmark = pytest.mark.django_db

Data = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Two governance owners, people, and a service account with a token that Gwen made."""

    gwen: User
    greta: User
    author: User
    outsider: User
    robot: User
    token: ServiceToken
    prompt: Prompt
    namespace: Namespace


@pytest.fixture
def world(
    governance_owner: User, author: User, outsider: User, prompt: Prompt, namespace: Namespace
) -> World:
    greta = make_person("greta", roles.GOVERNANCE_OWNERS, by=governance_owner)
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=governance_owner)
    return World(governance_owner, greta, author, outsider, robot, token, prompt, namespace)


def owed(do: Callable[[], object]) -> list[OutboxMail]:
    """The mails that one verb owes, in the order of their recipients."""
    before = set(OutboxMail.objects.values_list("pk", flat=True))
    do()
    rows = OutboxMail.objects.exclude(pk__in=before).select_related("recipient")
    return list(rows.order_by("recipient"))


def told(rows: list[OutboxMail]) -> list[tuple[str, str]]:
    return [(row.kind, row.recipient.username) for row in rows]


PASSWORD = "paper lantern, 41 windows"

#: the verb, run by Gwen; the kind of its mail to Otto; what its row holds besides who did it
TO_THE_PERSON: dict[str, tuple[Callable[[World], object], str, Data]] = {
    "join": (
        lambda w: memberships.join(w.outsider, roles.SAFETY, actor=w.gwen),
        "role_joined",
        {"role": "safety"},
    ),
    "set_flags": (
        lambda w: people.set_flags(w.outsider, is_staff=True, actor=w.gwen),
        "flags_set",
        {"is_staff": True},
    ),
    "set_first_password": (
        lambda w: passwords.set_first_password(w.outsider, PASSWORD, actor=w.gwen),
        "password_given",
        {},
    ),
    "deactivate": (
        lambda w: people.deactivate(w.outsider, actor=w.gwen),
        "account_deactivated",
        {},
    ),
    "grant": (
        lambda w: grants.grant(w.prompt, RELEASE, w.outsider, actor=w.gwen),
        "permission_given",
        {"permission": RELEASE},
    ),
    "grant_on_namespace": (
        lambda w: grants.grant_on_namespace(w.namespace, CREATE, w.outsider, actor=w.gwen),
        "permission_given",
        {"permission": CREATE},
    ),
}


@pytest.mark.parametrize("name", TO_THE_PERSON)
def test_verb__about_a_person__owes_them_one_mail_at_once(world: World, name: str) -> None:
    verb, kind, data = TO_THE_PERSON[name]
    rows = owed(lambda: verb(world))
    assert told(rows) == [(kind, "otto")]
    assert rows[0].data == {"by": str(world.gwen.public_id), **data}
    assert rows[0].next_try_at == rows[0].created_at


@pytest.mark.parametrize("name", TO_THE_PERSON)
def test_verb__second_time__owes_nothing_or_tells_of_a_new_password(
    world: World, name: str
) -> None:
    verb, _, _ = TO_THE_PERSON[name]
    verb(world)
    again = told(owed(lambda: verb(world)))
    # A password given anew is another password: that verb changes something each time.
    assert again == ([("password_given", "otto")] if name == "set_first_password" else [])


def test_create_person__by_governance_owner__tells_the_new_person(world: World) -> None:
    rows = owed(lambda: make_person("pia", by=world.gwen))
    assert told(rows) == [("account_made", "pia")]
    assert (rows[0].subject_type, rows[0].subject_id) == (
        "registry.user",
        User.objects.get(username="pia").public_id,
    )


def test_leave__who_was_in_the_role__is_told(world: World) -> None:
    rows = owed(lambda: memberships.leave(world.author, roles.AUTHORS, actor=world.gwen))
    assert told(rows) == [("role_left", "ada")]
    assert rows[0].data["role"] == "authors"


def test_reactivate__person__is_told(world: World) -> None:
    people.deactivate(world.outsider, actor=world.gwen)
    rows = owed(lambda: people.reactivate(world.outsider, actor=world.greta))
    assert told(rows) == [("account_reactivated", "otto")]
    assert rows[0].data == {"by": str(world.greta.public_id)}


def test_revoke__from_a_person__tells_them_what_about(world: World) -> None:
    grants.grant(world.prompt, RELEASE, world.outsider, actor=world.author)
    rows = owed(lambda: grants.revoke(world.prompt, RELEASE, world.outsider, actor=world.author))
    assert told(rows) == [("permission_revoked", "otto")]
    assert (rows[0].subject_type, rows[0].subject_id) == ("registry.prompt", world.prompt.public_id)


def test_revoke_on_namespace__from_a_person__tells_them_what_about(world: World) -> None:
    grants.grant_on_namespace(world.namespace, CREATE, world.outsider, actor=world.gwen)
    rows = owed(
        lambda: grants.revoke_on_namespace(
            world.namespace, CREATE, world.outsider, actor=world.gwen
        )
    )
    assert told(rows) == [("permission_revoked", "otto")]
    assert (rows[0].subject_type, rows[0].subject_id) == (
        "registry.namespace",
        world.namespace.public_id,
    )


# -- tokens ---------------------------------------------------------------------------------


def test_create_token__by_one_governance_owner__tells_the_other(world: World) -> None:
    rows = owed(
        lambda: tokens.create_token(world.robot, name="y", scopes=["read"], actor=world.gwen)
    )
    assert told(rows) == [("token_made", "greta")]


def test_revoke_token__by_another__tells_who_made_it_and_the_governance_owners(
    world: World,
) -> None:
    make_person("gina", roles.GOVERNANCE_OWNERS, by=world.gwen)
    memberships.leave(world.gwen, roles.GOVERNANCE_OWNERS, actor=world.greta)
    rows = owed(lambda: tokens.revoke_token(world.token, actor=world.greta))
    assert told(rows) == [("token_revoked", "gwen"), ("token_revoked", "gina")]


def test_deactivate__service_account_with_tokens__tells_who_made_them_and_the_governance_owners(
    world: World,
) -> None:
    tokens.create_token(world.robot, name="y", scopes=["read"], actor=world.greta)
    make_person("gina", roles.GOVERNANCE_OWNERS, by=world.gwen)
    memberships.leave(world.gwen, roles.GOVERNANCE_OWNERS, actor=world.greta)
    rows = owed(lambda: people.deactivate(world.robot, actor=world.greta))
    assert told(rows) == [("tokens_ended", "gwen"), ("tokens_ended", "gina")]
    assert rows[0].data["tokens"] == 2


def test_deactivate__service_account_without_tokens__tells_nobody(world: World) -> None:
    tokens.revoke_token(world.token, actor=world.gwen)
    assert owed(lambda: people.deactivate(world.robot, actor=world.gwen)) == []


# -- nobody ---------------------------------------------------------------------------------


def test_verb__by_the_person_themselves__owes_them_nothing(world: World) -> None:
    people.set_flags(world.greta, is_staff=True, actor=world.gwen)
    grants.grant(world.prompt, RELEASE, world.greta, actor=world.gwen)

    def own() -> None:
        grants.revoke(world.prompt, RELEASE, world.greta, actor=world.greta)
        people.set_flags(world.greta, is_staff=False, actor=world.greta)
        memberships.leave(world.greta, roles.GOVERNANCE_OWNERS, actor=world.greta)

    assert owed(own) == []


def test_deactivate__oneself__owes_nothing(world: World) -> None:
    assert owed(lambda: people.deactivate(world.greta, actor=world.greta)) == []


def test_grant__to_a_role__mails_no_member(world: World) -> None:
    authors = Group.objects.get(name=roles.AUTHORS)

    def both() -> None:
        grants.grant(world.prompt, RELEASE, authors, actor=world.gwen)
        grants.revoke(world.prompt, RELEASE, authors, actor=world.gwen)

    assert world.author.groups.contains(authors)
    assert owed(both) == []


def test_grant__to_a_service_account__mails_nobody(world: World) -> None:
    assert owed(lambda: grants.grant(world.prompt, RELEASE, world.robot, actor=world.gwen)) == []


def test_leave__of_a_closed_account__mails_nobody(world: World) -> None:
    people.deactivate(world.author, actor=world.gwen)
    rows = owed(lambda: memberships.leave(world.author, roles.AUTHORS, actor=world.gwen))
    assert rows == []


def test_first_governance_owner__by_the_set_up__mails_nobody(role_groups: None) -> None:
    people.first_governance_owner("gwen", "gwen@example.org", "Gwen Owner")
    assert not OutboxMail.objects.exists()


def test_verb__refused__owes_nothing(world: World) -> None:
    def refused() -> None:
        with pytest.raises(Exception, match="governance owner"):
            memberships.join(world.outsider, roles.SAFETY, actor=world.author)

    assert owed(refused) == []


def test_rows__of_all_verbs__hold_no_name_or_address(world: World) -> None:
    for verb, _, _ in TO_THE_PERSON.values():
        verb(world)
    held = " ".join(str(row.data) for row in OutboxMail.objects.all()).lower()
    for text in ("gwen", "otto", "example.org", "refunds", "lantern"):
        assert text not in held
