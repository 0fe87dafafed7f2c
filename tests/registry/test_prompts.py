"""Prompts and namespaces: made with their grants and pointers, described, archived."""

import pytest
from django.db import connection

from audit.models import AuditEvent
from registry import permissions, roles
from registry.actors import System
from registry.errors import (
    BadInput,
    InvalidName,
    InvalidText,
    NameTaken,
    NotAllowed,
    NotFound,
    OwnGrant,
)
from registry.models import Label, LabelPointer, Namespace, Prompt, User
from registry.permissions import BOOTSTRAP, CREATE
from registry.services import grants, namespaces, people, prompts
from tests.people import TEMPLATE, MakePrompt, make_person


def test_create_prompt__in_a_namespace__copies_its_grants(
    prompt: Prompt, support_reviewer: User, release_manager: User
) -> None:
    assert permissions.may(support_reviewer, permissions.REVIEW, prompt)
    assert permissions.may(release_manager, permissions.RELEASE, prompt)


def test_create_prompt__template_changed_later__keeps_its_grants(
    prompt: Prompt, namespace: Namespace, governance_owner: User, support_reviewer: User
) -> None:
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    assert permissions.may(support_reviewer, permissions.REVIEW, prompt)


def test_create_prompt__any__has_an_empty_pointer_for_each_label(
    prompt: Prompt, staging: Label, production: Label
) -> None:
    pointers = LabelPointer.objects.filter(prompt=prompt).order_by("label__order")
    assert [(p.label, p.version, p.generation, p.suspended) for p in pointers] == [
        (staging, None, 0, False),
        (production, None, 0, False),
    ]


def test_create_prompt__for_another_owner__gives_that_one_the_rights(
    make_prompt: MakePrompt, engineer: User, author: User
) -> None:
    made = make_prompt("support/tools", owner=engineer)
    assert permissions.may(engineer, permissions.MANAGE, made)
    assert not permissions.may(author, permissions.MANAGE, made)


def test_create_prompt__history__says_who_and_holds_no_description(
    make_prompt: MakePrompt, author: User
) -> None:
    made = make_prompt("support/tools", description="Ring 555-0100")
    history = Prompt.history.get(id=made.pk)
    assert (history.history_user, history.history_change_reason) == (author, "create_prompt")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM registry_historicalprompt")
        assert "555-0100" not in repr(cursor.fetchall())


def test_create_prompt__event__holds_no_text(make_prompt: MakePrompt) -> None:
    make_prompt("support/tools", description="Ring 555-0100", tags=["zebra"])
    payload = AuditEvent.objects.latest("seq").payload
    assert "registry.prompt.created" in payload
    for text in ("tools", "555-0100", "zebra"):
        assert text not in payload


@pytest.mark.parametrize("who", ["outsider", "governance_owner", "superuser", "support_reviewer"])
def test_create_prompt__without_create__is_refused(
    request: pytest.FixtureRequest, namespace: Namespace, who: str
) -> None:
    actor = request.getfixturevalue(who)
    with pytest.raises(NotAllowed, match="create prompts in support"):
        prompts.create_prompt("support/x", actor=actor)


def test_create_prompt__task_of_the_product__is_refused(namespace: Namespace) -> None:
    with pytest.raises(NotAllowed):
        prompts.create_prompt("support/x", actor=BOOTSTRAP)


def test_create_prompt__unknown_namespace__names_it(make_prompt: MakePrompt) -> None:
    with pytest.raises(NotFound, match="“sales”"):
        make_prompt("sales/x")


def test_create_prompt__same_name_in_other_case__is_taken(make_prompt: MakePrompt) -> None:
    make_prompt("support/Refunds")
    with pytest.raises(NameTaken, match="“support/refundS”"):
        make_prompt("support/refundS")


def test_create_prompt__name_of_one_they_may_not_see__tells_of_no_prompt(
    make_prompt: MakePrompt, namespace: Namespace, governance_owner: User
) -> None:
    make_prompt("support/merger", confidential=True)
    creator = make_person("kim", by=governance_owner)
    grants.grant_on_namespace(namespace, CREATE, creator, actor=governance_owner)
    with pytest.raises(InvalidName) as refused:
        prompts.create_prompt("support/Merger", actor=creator)
    told = refused.value.sentence
    assert told == "The name “support/Merger” cannot be used here. Choose another name."
    assert (refused.value.code, refused.value.extra["field"]) == ("invalid_name", "name")
    with pytest.raises(NameTaken, match="a prompt named"):
        make_prompt("support/Merger")


def test_create_prompt__namespace_in_other_case__says_how_it_is_written(
    make_prompt: MakePrompt,
) -> None:
    """Otherwise a policy for support/* would not cover Support/x."""
    with pytest.raises(InvalidName, match="Use “support/x”"):
        make_prompt("Support/x")


def test_create_prompt__name_of_the_namespace_alone__is_allowed(make_prompt: MakePrompt) -> None:
    assert make_prompt("support").namespace.name == "support"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"name": "support/../x"}, InvalidName),
        ({"name": "support/x", "type": "video"}, BadInput),
        ({"name": "support/x", "data_class": "secret"}, BadInput),
        ({"name": "support/x", "description": "a\x00"}, InvalidText),
        ({"name": "support/x", "description": "a" * 10_001}, BadInput),
        ({"name": "support/x", "tags": [""]}, BadInput),
        ({"name": "support/x", "tags": ["t" * 51]}, BadInput),
        ({"name": "support/x", "tags": [str(n) for n in range(21)]}, BadInput),
    ],
)
def test_create_prompt__bad_field__is_refused_and_leaves_nothing(
    make_prompt: MakePrompt, fields: dict[str, object], refusal: type[Exception]
) -> None:
    events = AuditEvent.objects.count()
    with pytest.raises(refusal):
        make_prompt(**fields)
    assert (Prompt.objects.count(), AuditEvent.objects.count()) == (0, events)


def test_create_prompt__deactivated_owner__is_refused(
    make_prompt: MakePrompt, engineer: User, governance_owner: User
) -> None:
    engineer = people.deactivate(engineer, actor=governance_owner)
    with pytest.raises(BadInput, match="owner"):
        make_prompt("support/x", owner=engineer)


# -- editing --------------------------------------------------------------------------------


def test_edit_prompt__by_manager__changes_and_keeps_history(prompt: Prompt, author: User) -> None:
    edited = prompts.edit_prompt(
        prompt, actor=author, description="New", tags=["a", "a", "b"], data_class="customer"
    )
    edited.refresh_from_db()
    assert (edited.description, edited.tags, edited.data_class) == ("New", ["a", "b"], "customer")
    assert Prompt.history.filter(id=prompt.pk, history_change_reason="edit_prompt").count() == 1


@pytest.mark.parametrize("who", ["support_reviewer", "governance_owner", "superuser"])
def test_edit_prompt__without_manage__is_refused(
    request: pytest.FixtureRequest, prompt: Prompt, who: str
) -> None:
    with pytest.raises(NotAllowed):
        prompts.edit_prompt(prompt, actor=request.getfixturevalue(who), description="x")


@pytest.mark.parametrize("field", ["name", "type", "namespace", "status", "public_id"])
def test_edit_prompt__fixed_field__is_refused(prompt: Prompt, author: User, field: str) -> None:
    with pytest.raises(BadInput, match="cannot be changed"):
        prompts.edit_prompt(prompt, actor=author, **{field: "x"})


def test_edit_prompt__bad_value__is_refused(prompt: Prompt, author: User) -> None:
    with pytest.raises(BadInput):
        prompts.edit_prompt(prompt, actor=author, data_class="secret")


def test_edit_prompt__confidential_without_own_view__is_refused(
    prompt: Prompt, author: User, engineer: User
) -> None:
    grants.grant(prompt, permissions.MANAGE, engineer, actor=author)
    grants.revoke(prompt, permissions.VIEW, engineer, actor=author)
    engineering = engineer.groups.get()
    grants.revoke(prompt, permissions.VIEW, engineering, actor=author)
    with pytest.raises(BadInput, match="you would not"):
        prompts.edit_prompt(prompt, actor=engineer, confidential=True)


def test_edit_prompt__new_owner__gets_no_permission_by_it(
    prompt: Prompt, author: User, outsider: User
) -> None:
    prompts.edit_prompt(prompt, actor=author, owner=outsider)
    assert not permissions.may(outsider, permissions.MANAGE, prompt)


def test_archive_prompt__and_back__changes_status(prompt: Prompt, author: User) -> None:
    assert prompts.archive_prompt(prompt, actor=author).status == "archived"
    assert prompts.unarchive_prompt(prompt, actor=author).status == "active"


def test_archive_prompt__without_manage__is_refused(prompt: Prompt, outsider: User) -> None:
    with pytest.raises(NotAllowed):
        prompts.archive_prompt(prompt, actor=outsider)


# -- namespaces -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SUPPORT", "support", "\u017fupport"])
def test_create_namespace__same_key__is_taken(
    namespace: Namespace, governance_owner: User, name: str
) -> None:
    with pytest.raises(NameTaken):
        namespaces.create_namespace(name, actor=governance_owner)


def test_create_namespace__two_segments__is_refused(governance_owner: User) -> None:
    with pytest.raises(InvalidName):
        namespaces.create_namespace("a/b", actor=governance_owner)


def test_create_namespace__by_bootstrap__is_made(db: None) -> None:
    assert namespaces.create_namespace("sales", actor=BOOTSTRAP).grant_template == []


@pytest.mark.parametrize("who", ["author", "superuser"])
def test_create_namespace__not_a_governance_owner__is_refused(
    request: pytest.FixtureRequest, who: str
) -> None:
    with pytest.raises(NotAllowed):
        namespaces.create_namespace("sales", actor=request.getfixturevalue(who))


def test_create_namespace__another_task__is_refused(db: None) -> None:
    with pytest.raises(NotAllowed):
        namespaces.create_namespace("sales", actor=System("sweep"))


@pytest.mark.parametrize(
    "template",
    [
        [{"group": "safety"}],
        [{"group": "safety", "permissions": ["fly"]}],
        [["safety", "review"]],
    ],
)
def test_set_grant_template__bad_form__is_refused(
    namespace: Namespace, governance_owner: User, template: list[dict[str, object]]
) -> None:
    with pytest.raises(BadInput):
        namespaces.set_grant_template(namespace, template, actor=governance_owner)


def test_set_grant_template__unknown_role__is_not_found(
    namespace: Namespace, governance_owner: User
) -> None:
    with pytest.raises(NotFound):
        namespaces.set_grant_template(
            namespace, [{"group": "kings", "permissions": ["view"]}], actor=governance_owner
        )


def test_set_grant_template__to_ones_own_role__is_refused(
    namespace: Namespace, governance_owner: User
) -> None:
    mine = {"group": roles.GOVERNANCE_OWNERS, "permissions": ["release"]}
    with pytest.raises(OwnGrant):
        namespaces.set_grant_template(namespace, [*TEMPLATE, mine], actor=governance_owner)


def test_create_namespace__template_to_ones_own_role__is_refused(governance_owner: User) -> None:
    mine = {"group": roles.GOVERNANCE_OWNERS, "permissions": ["release"]}
    with pytest.raises(OwnGrant):
        namespaces.create_namespace("sales", grant_template=[mine], actor=governance_owner)


def test_set_grant_template__by_author__is_refused(namespace: Namespace, author: User) -> None:
    with pytest.raises(NotAllowed):
        namespaces.set_grant_template(namespace, [], actor=author)


def test_create_team__new__can_own_a_namespace(governance_owner: User) -> None:
    team = namespaces.create_team("Support team", actor=governance_owner)
    made = namespaces.create_namespace("sales", owner_team=team, actor=governance_owner)
    assert made.owner_team == team


def test_create_team__same_name__is_taken(governance_owner: User) -> None:
    namespaces.create_team("Support team", actor=governance_owner)
    with pytest.raises(NameTaken):
        namespaces.create_team("support TEAM", actor=governance_owner)


def test_grant_on_namespace__review__is_no_permission_of_it(
    namespace: Namespace, governance_owner: User, outsider: User
) -> None:
    with pytest.raises(BadInput, match=CREATE):
        grants.grant_on_namespace(namespace, permissions.REVIEW, outsider, actor=governance_owner)
