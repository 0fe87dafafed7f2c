"""The verifier replays the events: what was written past the verbs, or lost, is named."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db import connection

from audit.guards import uninstall
from audit.models import AuditEvent
from audit.reconcile import Problem
from audit.verify import verify
from registry import password_links, permissions, replay_moves, replay_versions, roles
from registry.guards import SPECS
from registry.models import (
    Label,
    LabelPointer,
    Membership,
    Namespace,
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    Release,
    ServiceToken,
    Team,
    User,
    Version,
)
from registry.reconcile import reconciler
from registry.services import (
    details,
    grants,
    labels,
    namespaces,
    passwords,
    people,
    prompts,
    tokens,
)
from tests.people import MakePrompt, make_person
from tests.registry.steps import add_version, move, take_off
from tests.registry.test_guards import copy_of, sql
from tests.registry.test_releases import erase


@dataclass(frozen=True)
class World:
    """An installation in which everything was done through the verbs."""

    gwen: User
    author: User
    outsider: User
    prompt: Prompt
    production: Label
    first: Version
    second: Version
    row: Release
    token: ServiceToken


@pytest.fixture
def world(
    governance_owner: User,
    author: User,
    outsider: User,
    safety_reviewer: User,
    namespace: Namespace,
    make_prompt: MakePrompt,
    staging: Label,
    production: Label,
) -> World:
    """Every verb was used at least once; v1 is live on production again after v2."""
    gwen, prompt = governance_owner, make_prompt()
    make_prompt("support/quiet")
    first = add_version(prompt, "Be polite.", author=author, source_commit="abc")
    second = add_version(prompt, "Be warm.", author=author)
    erase(add_version(prompt, "Ring Ada.", author=author), gwen)
    move(prompt, staging, first, actor=author, kind=Release.Kind.PLACED)
    row = move(prompt, production, first, actor=author)
    move(prompt, production, second, actor=author)
    move(prompt, production, None, actor=author, kind=Release.Kind.SUSPEND)
    move(prompt, production, first, actor=author, kind=Release.Kind.ROLLBACK)
    grants.grant(prompt, permissions.RELEASE, outsider, actor=author)
    grants.grant(prompt, permissions.MANAGE, outsider, actor=author)
    grants.revoke(prompt, permissions.MANAGE, outsider, actor=author)
    people.leave(safety_reviewer, roles.SAFETY, actor=gwen)
    passwords.set_first_password(safety_reviewer, "correct horse battery", actor=gwen)
    people.deactivate(safety_reviewer, actor=gwen)
    prompts.edit_prompt(prompt, actor=author, data_class="customer", tags=["a"])
    namespaces.set_grant_template(
        namespace, [{"group": "safety", "permissions": ["review"]}], actor=gwen
    )
    canary = labels.protect_label(labels.create_label("canary", actor=gwen), actor=gwen)
    labels.reorder_label(canary, 15, actor=gwen)
    _promote(canary, production, gwen)
    robot = people.create_service_account("ci", actor=gwen)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=gwen)
    gone, _ = tokens.create_token(robot, name="y", scopes=["place"], actor=gwen)
    tokens.revoke_token(gone, actor=gwen)
    other = people.create_service_account("old", actor=gwen)
    tokens.create_token(other, name="z", scopes=["read"], actor=gwen)
    people.deactivate(other, actor=gwen)
    details.edit_person(outsider, display_name="Otto Two", time_zone="Asia/Tokyo", actor=gwen)
    details.change_email(outsider, "otto.two@example.org", actor=gwen)
    care = namespaces.create_team("Care", actor=gwen)
    namespaces.edit_namespace(namespace, owner_team=care, actor=gwen)
    namespaces.rename_team(care, "Customer care", actor=gwen)
    passwords.send_password_link(outsider, seen_email="otto.two@example.org", actor=gwen)
    outsider.refresh_from_db()
    link = password_links.make(outsider)
    passwords.choose_password("twelve long words", token=link["token"], actor=outsider)
    _hand_over(make_prompt, namespace, outsider, gwen)
    return World(gwen, author, outsider, prompt, production, first, second, row, token)


def _promote(canary: Label, production: Label, gwen: User) -> None:
    """Canary got a source; for production one was taken back, one agreed to, and one waits."""
    greta = make_person("greta", roles.GOVERNANCE_OWNERS, by=gwen)
    staging = production.promotes_from
    labels.promote_label_from(canary, staging, actor=gwen)
    take_off(labels.create_label("eu", protected=True, actor=gwen), gwen)
    labels.promote_label_from(production, None, actor=gwen)
    labels.promote_label_from(production, staging, actor=gwen)
    labels.promote_label_from(production, canary, actor=greta)
    labels.promote_label_from(production, canary, actor=gwen)
    labels.promote_label_from(production, staging, actor=gwen)


def _hand_over(make_prompt: MakePrompt, namespace: Namespace, heir: User, gwen: User) -> None:
    """Leave Otto as the heir of what only Hans saw."""
    namespaces.set_grant_template(namespace, [], actor=gwen)
    hans = make_person("hans", roles.AUTHORS, by=gwen)
    make_prompt("support/secret", confidential=True, actor=hans)
    people.deactivate(hans, heir=heir, actor=gwen)


def problems() -> list[Problem]:
    """What the reconciler finds; without the rest of the verifier, which has its own tests."""
    replay = reconciler("default")
    for text in AuditEvent.objects.order_by("seq").values_list("payload", flat=True):
        replay.feed(json.loads(text))
    return list(replay.finish())


def found() -> list[tuple[str, bool]]:
    """The codes of what the reconciler finds, and whether an event is to blame."""
    return [(problem.code, problem.seq is not None) for problem in problems()]


def messages() -> str:
    """What the reconciler says."""
    return "\n".join(problem.message for problem in problems())


def test_verify__everything_by_verbs__finds_nothing(world: World) -> None:
    report = verify(reconcilers=[reconciler])
    assert (report.ok, report.problems) == (True, [])


def test_verify__batches_of_two__finds_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_moves, "_BATCH", 2)
    monkeypatch.setattr(replay_versions, "_BATCH", 2)
    assert messages() == ""


# -- what is live ---------------------------------------------------------------------------


def test_verify__pointer_moved_with_a_forged_row__names_both(world: World) -> None:
    pointer = LabelPointer.objects.get(prompt=world.prompt, label=world.production)
    statement = copy_of(
        "registry_release",
        world.row.pk,
        id="id + 1000",
        public_id="'00000000-0000-4000-8000-000000000001'"
        if connection.vendor == "postgresql"
        else "'00000000000040008000000000000001'",
        generation=str(pointer.generation + 1),
        version_id=str(world.second.pk),
        from_version_id=str(world.first.pk),
    )
    sql(f"INSERT {statement}")
    assert found() == [("registry.release", False)]
    sql(
        "UPDATE registry_labelpointer SET version_id = %s, generation = generation + 1 "
        "WHERE id = %s",
        world.second.pk,
        pointer.pk,
    )
    assert found() == [("registry.pointer", True), ("registry.release", False)]
    assert "00000000-0000-4000-8000-000000000001" in messages()


TAMPERED: list[tuple[str, Callable[[World], Any], list[tuple[str, bool]]]] = [
    (
        "pointer moved, guards lifted",
        lambda w: LabelPointer.objects.filter(prompt=w.prompt, label=w.production).update(
            version=w.second
        ),
        [("registry.pointer", True)],
    ),
    (
        "pointer suspended, guards lifted",
        lambda w: LabelPointer.objects.filter(prompt=w.prompt, label=w.production).update(
            suspended=True
        ),
        [("registry.pointer", True)],
    ),
    (
        "pointer of a prompt never released",
        lambda w: LabelPointer.objects.filter(prompt__name="support/quiet").update(generation=1),
        [("registry.pointer", False)] * 4,
    ),
    (
        "pointer deleted",
        lambda w: LabelPointer.objects.filter(prompt=w.prompt, label=w.production).delete(),
        [("registry.pointer", True)],
    ),
    (
        "release row deleted",
        lambda w: sql("DELETE FROM registry_release WHERE id = %s", w.row.pk),
        [("registry.release", True)],
    ),
    (
        "release row changed",
        lambda w: Release.objects.filter(pk=w.row.pk).update(kind="emergency"),
        [("registry.release", True)],
    ),
    (
        "actor of a release row changed",
        lambda w: Release.objects.filter(pk=w.row.pk).update(actor=w.outsider.ref),
        [("registry.release", True)],
    ),
    (
        "content changed",
        lambda w: Version.objects.filter(pk=w.first.pk).update(document="{}"),
        [("registry.version", True)],
    ),
    (
        "content and its digest changed",
        lambda w: Version.objects.filter(pk=w.first.pk).update(
            document=w.second.document, content_digest=w.second.content_digest
        ),
        # Production serves it, so what it serves is not what the events say either.
        [("registry.version", True), ("registry.pointer", True), ("registry.pointer", True)],
    ),
    (
        "provenance changed",
        lambda w: Version.objects.filter(pk=w.first.pk).update(provenance={}),
        [("registry.version", True)],
    ),
    (
        "number changed",
        lambda w: Version.objects.filter(pk=w.second.pk).update(number=9),
        [("registry.version", True), ("registry.version", False)],
    ),
    (
        "content erased without an event",
        lambda w: Version.objects.filter(pk=w.second.pk).update(
            document=None, erased_at=w.second.created_at
        ),
        [("registry.version", False)],
    ),
    (
        "erased content filled again",
        lambda w: Version.objects.filter(document=None).update(document="{}", erased_at=None),
        [("registry.version", True), ("registry.version", True)],
    ),
    (
        "version forged",
        lambda w: sql(
            "INSERT "
            + copy_of(
                "registry_version",
                w.second.pk,
                id="id + 1000",
                public_id="'00000000000040008000000000000001'",
                number="number + 10",
            )
        ),
        [("registry.version", False)],
    ),
    # -- people -----------------------------------------------------------------------------
    (
        "account switched on",
        lambda w: User.objects.filter(username="sam").update(is_active=True),
        [("registry.user", True)],
    ),
    (
        "superuser by hand",
        lambda w: User.objects.filter(pk=w.outsider.pk).update(is_superuser=True),
        [("registry.user", True)],
    ),
    (
        "superuser by Django's command",
        lambda w: User.objects.create_superuser("root", "r@example.org", display_name="Root"),
        [("registry.user", False)],
    ),
    (
        "name set back past the verb",
        lambda w: User.objects.filter(pk=w.outsider.pk).update(display_name="Otto Nobody"),
        [("registry.user", True)],
    ),
    (
        "address changed past the verb",
        lambda w: User.objects.filter(pk=w.outsider.pk).update(email="otto@example.org"),
        [("registry.user", True)],
    ),
    (
        "time zone changed past the verb",
        lambda w: User.objects.filter(username__in=["otto", "ada"]).update(time_zone="Etc/UTC"),
        [("registry.user", True)] * 2,
    ),
    (
        "password taken away",
        lambda w: User.objects.filter(pk=w.outsider.pk).update(password="!"),
        [("registry.user", True)],
    ),
    (
        "grant of an heir taken away",
        lambda w: PromptUserObjectPermission.objects.filter(
            content_object__name="support/secret",
            user=w.outsider,
            permission__codename=permissions.VIEW,
        ).delete(),
        [("registry.grant", True)],
    ),
    (
        "membership inserted",
        lambda w: Membership.objects.create(
            user=w.outsider, group=Group.objects.get(name=roles.SAFETY)
        ),
        [("registry.membership", False)],
    ),
    (
        "membership deleted",
        lambda w: sql("DELETE FROM registry_membership WHERE user_id = %s", w.author.pk),
        [("registry.membership", True)],
    ),
    (
        "grant to a person inserted",
        lambda w: PromptUserObjectPermission.objects.create(
            user=w.outsider,
            content_object=w.prompt,
            permission=Permission.objects.get(codename=permissions.REVIEW),
        ),
        [("registry.grant", False)],
    ),
    (
        "grant to a role moved to another",
        lambda w: PromptGroupObjectPermission.objects.filter(
            content_object=w.prompt, permission__codename=permissions.RELEASE
        ).update(group=Group.objects.get(name=roles.AUDITORS)),
        [("registry.grant", False), ("registry.grant", True)],
    ),
    (
        "grant deleted",
        lambda w: PromptUserObjectPermission.objects.filter(
            user=w.outsider, content_object=w.prompt
        ).delete(),
        [("registry.grant", True)],
    ),
    (
        "group inserted",
        lambda w: Group.objects.create(name="kings"),
        [("registry.role", False)],
    ),
    # -- things -----------------------------------------------------------------------------
    (
        "prompt opened to all",
        lambda w: Prompt.objects.filter(pk=w.prompt.pk).update(data_class="public"),
        [("registry.prompt", True)],
    ),
    (
        "template widened",
        lambda w: Namespace.objects.update(
            grant_template=[{"group": "auditors", "permissions": ["release"]}]
        ),
        [("registry.namespace", True)],
    ),
    (
        "owner team taken away",
        lambda w: Namespace.objects.update(owner_team=None),
        [("registry.namespace", True)],
    ),
    (
        "team renamed past the verb",
        lambda w: Team.objects.update(name="Care"),
        [("registry.team", True)],
    ),
    (
        "team inserted",
        lambda w: Team.objects.create(name="Shadow"),
        [("registry.team", False)],
    ),
    (
        "label unprotected",
        lambda w: Label.objects.filter(pk=w.production.pk).update(protected=False),
        [("registry.label", True)],
    ),
    (
        "label promoted from another one past the verb",
        lambda w: Label.objects.filter(pk=w.production.pk).update(promotes_from=None),
        [("registry.label", True)],
    ),
    (
        "label asked for in the name of somebody else",
        lambda w: Label.objects.filter(name="canary").update(asked_by=w.gwen),
        [("registry.label", True)],
    ),
    (
        "label inserted",
        lambda w: Label.objects.create(name="shadow"),
        [("registry.label", False)],
    ),
    (
        "token scope widened",
        lambda w: ServiceToken.objects.filter(pk=w.token.pk).update(scopes=["read", "place"]),
        [("registry.token", True)],
    ),
    (
        "token reach widened",
        lambda w: ServiceToken.objects.filter(pk=w.token.pk).update(names=["*", "x"]),
        [("registry.token", True)],
    ),
    (
        "token brought back",
        lambda w: ServiceToken.objects.update(revoked_at=None),
        [("registry.token", True), ("registry.token", True)],
    ),
    (
        "token inserted",
        lambda w: ServiceToken.objects.create(
            name="t", account=w.token.account, made_by=w.gwen, prefix="x", digest="y"
        ),
        [("registry.token", False)],
    ),
]


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [(tamper, expected) for _, tamper, expected in TAMPERED],
    ids=[words.replace(" ", "_") for words, _, _ in TAMPERED],
)
def test_verify__written_past_the_verbs__is_named(
    world: World, tamper: Callable[[World], Any], expected: list[tuple[str, bool]]
) -> None:
    # As the owner of the database could; the end of the test's transaction brings them back.
    uninstall(SPECS, connection)
    tamper(world)
    assert found() == expected


def test_verify__event_that_starts_from_elsewhere__is_blamed(world: World) -> None:
    part = replay_moves.Moves("default")
    facts = {"version": None, "digest": None, "generation": 5, "suspended": False}
    part.feed(
        {
            "seq": 7,
            "ts": "2026-01-01T00:00:00.000000Z",
            "actor": world.author.ref,
            "from": {"pointer": facts},
            "to": {"pointer": {**facts, "generation": 6}},
            "commitments": {},
            "data": {
                "release": str(world.row.public_id),
                "pointer": {"prompt": "p", "label": "l", "kind": "release"},
            },
        }
    )
    blamed = [found for found in part.finish() if "does not go on" in found.message]
    assert [(found.code, found.seq) for found in blamed] == [("registry.pointer", 7)]


@pytest.mark.django_db(transaction=True)
def test_audit_verify__forged_row_in_a_running_installation__ends_with_its_code(
    world: World,
) -> None:
    Membership.objects.create(user=world.outsider, group=Group.objects.get(name=roles.SAFETY))
    out = StringIO()
    with pytest.raises((CommandError, SystemExit)):
        call_command("audit_verify", stdout=out, stderr=out)
    assert "registry.membership" in out.getvalue()
