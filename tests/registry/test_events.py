"""Every verb that changes something leaves exactly one event; one that changes nothing, none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group

from audit.models import AuditEvent
from registry import password_links, permissions, roles
from registry.models import Label, Namespace, Prompt, ServiceToken, Team, User
from registry.permissions import BOOTSTRAP, CREATE, RELEASE
from registry.services import (
    details,
    grants,
    labels,
    memberships,
    namespaces,
    passwords,
    people,
    prompts,
    tokens,
)
from tests.people import TEMPLATE, MakePrompt, make_person
from tests.registry.steps import actions


@dataclass(frozen=True)
class World:
    """What the verbs below act on."""

    gwen: User
    author: User
    outsider: User
    robot: User
    token: ServiceToken
    team: Team
    namespace: Namespace
    prompt: Prompt
    staging: Label
    production: Label
    greta: User
    canary: Label
    asked: Label


@pytest.fixture
def world(
    governance_owner: User,
    author: User,
    outsider: User,
    namespace: Namespace,
    prompt: Prompt,
    staging: Label,
    production: Label,
) -> World:
    """An installation at work."""
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=governance_owner)
    team = namespaces.create_team("Care", actor=governance_owner)
    greta = make_person("greta", roles.GOVERNANCE_OWNERS, by=governance_owner)
    canary = labels.create_label("canary", actor=governance_owner)
    asked = labels.create_label("eu", protected=True, promotes_from=staging, actor=governance_owner)
    labels.promote_label_from(asked, canary, actor=governance_owner)
    return World(
        governance_owner,
        author,
        outsider,
        robot,
        token,
        team,
        namespace,
        prompt,
        staging,
        production,
        greta,
        canary,
        asked,
    )


def safety() -> Group:
    """The group of a role that holds `review` by the template."""
    return Group.objects.get(name=roles.SAFETY)


OLD, NEW = "correct horse battery", "twelve long words"

Verb = Callable[[World], Any]

#: verb, action of its event; each is then run a second time
IDEMPOTENT: list[tuple[Verb, str]] = [
    (lambda w: people.join(w.outsider, "brand", actor=w.gwen), "registry.membership.joined"),
    (lambda w: people.leave(w.author, "authors", actor=w.gwen), "registry.membership.left"),
    (
        lambda w: details.edit_person(
            w.author, display_name="Ada Lovelace", time_zone="Asia/Tokyo", actor=w.gwen
        ),
        "registry.user.edited",
    ),
    (
        lambda w: details.change_email(w.author, "lovelace@example.org", actor=w.gwen),
        "registry.user.email_changed",
    ),
    (lambda w: people.deactivate(w.robot, actor=w.gwen), "registry.user.deactivated"),
    (
        lambda w: people.set_flags(w.author, is_staff=True, is_superuser=True, actor=w.gwen),
        "registry.user.flags_set",
    ),
    (
        lambda w: namespaces.set_grant_template(w.namespace, [], actor=w.gwen),
        "registry.namespace.template_set",
    ),
    (
        lambda w: namespaces.rename_team(w.team, "Lovelace", actor=w.gwen),
        "registry.team.renamed",
    ),
    (
        lambda w: namespaces.edit_namespace(w.namespace, owner_team=w.team, actor=w.gwen),
        "registry.namespace.edited",
    ),
    (
        lambda w: prompts.edit_prompt(
            w.prompt,
            actor=w.author,
            description="New",
            tags=["a"],
            confidential=True,
            owner=w.outsider,
            data_class="health",
        ),
        "registry.prompt.edited",
    ),
    (lambda w: prompts.archive_prompt(w.prompt, actor=w.author), "registry.prompt.archived"),
    (lambda w: grants.grant(w.prompt, RELEASE, w.outsider, actor=w.gwen), "registry.grant.given"),
    (
        lambda w: grants.revoke(w.prompt, permissions.REVIEW, safety(), actor=w.gwen),
        "registry.grant.revoked",
    ),
    (
        lambda w: grants.grant_on_namespace(w.namespace, CREATE, w.outsider, actor=w.gwen),
        "registry.grant.given",
    ),
    (
        lambda w: grants.revoke_on_namespace(
            w.namespace, CREATE, Group.objects.get(name="authors"), actor=w.gwen
        ),
        "registry.grant.revoked",
    ),
    (lambda w: tokens.revoke_token(w.token, actor=w.gwen), "registry.token.revoked"),
    (lambda w: labels.protect_label(w.staging, actor=w.gwen), "registry.label.protected"),
    (lambda w: labels.reorder_label(w.staging, 5, actor=w.gwen), "registry.label.reordered"),
    (
        lambda w: labels.promote_label_from(w.staging, w.canary, actor=w.gwen),
        "registry.label.source_set",
    ),
    (
        lambda w: labels.promote_label_from(w.asked, w.staging, actor=w.gwen),
        "registry.label.source_kept",
    ),
]

MAKING: list[tuple[Verb, str]] = [
    (
        lambda w: people.create_person("pia", email="p@x.org", display_name="P", actor=w.gwen),
        "registry.user.created",
    ),
    (lambda w: people.create_service_account("ci2", actor=w.gwen), "registry.user.created"),
    (
        lambda w: namespaces.create_namespace("sales", grant_template=TEMPLATE, actor=w.gwen),
        "registry.namespace.created",
    ),
    (lambda w: namespaces.create_team("Sales", actor=w.gwen), "registry.team.created"),
    (lambda w: prompts.create_prompt("support/x", actor=w.author), "registry.prompt.created"),
    (lambda w: labels.create_label("sandbox", actor=w.gwen), "registry.label.created"),
    (
        lambda w: labels.promote_label_from(w.production, w.canary, actor=w.gwen),
        "registry.label.source_asked",
    ),
    (
        lambda w: labels.promote_label_from(w.asked, w.canary, actor=w.greta),
        "registry.label.source_set",
    ),
    (
        lambda w: tokens.create_token(w.robot, name="y", scopes=["read"], actor=w.gwen),
        "registry.token.created",
    ),
    (
        lambda w: passwords.send_password_link(
            w.outsider, seen_email="otto@example.org", actor=w.gwen
        ),
        "registry.user.password_link_sent",
    ),
    (
        lambda w: passwords.choose_password(
            OLD, token=password_links.make(w.outsider)["token"], actor=w.outsider
        ),
        "registry.user.password_set",
    ),
    (
        lambda w: passwords.set_first_password(w.outsider, OLD, actor=w.gwen),
        "registry.user.password_given",
    ),
]


def ids(verbs: list[tuple[Verb, str]]) -> list[str]:
    """Name the cases by their number and action."""
    return [f"{number}-{action}" for number, (_, action) in enumerate(verbs)]


@pytest.mark.parametrize(("verb", "action"), IDEMPOTENT + MAKING, ids=ids(IDEMPOTENT + MAKING))
def test_verb__changes_something__leaves_one_event(world: World, verb: Verb, action: str) -> None:
    before = len(actions())
    verb(world)
    assert actions()[before:] == [action]


@pytest.mark.parametrize(("verb", "action"), IDEMPOTENT, ids=ids(IDEMPOTENT))
def test_verb__second_time__leaves_none(world: World, verb: Verb, action: str) -> None:
    verb(world)
    before = len(actions())
    verb(world)
    assert actions()[before:] == []


def test_create_role__second_time__leaves_none(db: None) -> None:
    for _ in range(2):
        memberships.create_role(roles.SAFETY, actor=BOOTSTRAP)
    assert actions() == ["registry.role.created"]


def test_first_governance_owner__empty_installation__leaves_one_event(role_groups: None) -> None:
    before = len(actions())
    people.first_governance_owner("gwen", "gwen@example.org", "Gwen")
    assert actions()[before:] == ["registry.user.created"]


def test_reactivate__and_unarchive__leave_one_event_each(world: World) -> None:
    people.deactivate(world.outsider, actor=world.gwen)
    prompts.archive_prompt(world.prompt, actor=world.author)
    before = len(actions())
    for _ in range(2):
        people.reactivate(world.outsider, actor=world.gwen)
        prompts.unarchive_prompt(world.prompt, actor=world.author)
    assert actions()[before:] == ["registry.user.reactivated", "registry.prompt.unarchived"]


def test_change_password__leaves_one_event(world: World) -> None:
    passwords.set_first_password(world.outsider, OLD, actor=world.gwen)
    before = len(actions())
    passwords.change_password(OLD, NEW, actor=world.outsider)
    assert actions()[before:] == ["registry.user.password_set"]


def test_deactivate__with_an_heir__leaves_one_event_and_a_second_time_none(
    world: World, make_prompt: MakePrompt
) -> None:
    namespaces.set_grant_template(world.namespace, [], actor=world.gwen)
    make_prompt("support/secret", confidential=True)
    before = len(actions())
    for _ in range(2):
        people.deactivate(world.author, heir=world.outsider, actor=world.gwen)
    assert actions()[before:] == ["registry.user.deactivated"]


def test_events__all_of_them__hold_no_name_or_address(world: World) -> None:
    edits = [item for item in IDEMPOTENT if item[1].endswith(("edited", "email_changed"))]
    for verb, _ in edits + MAKING:
        verb(world)
    everything = " ".join(AuditEvent.objects.values_list("payload", flat=True)).lower()
    for text in ("gwen", "otto", "example.org", "refunds", "p@x.org", "pia", "lovelace"):
        assert text not in everything
