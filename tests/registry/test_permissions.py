"""Who may: explicit rows of active accounts, and nothing else."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import permissions, roles
from registry.actors import System
from registry.errors import NotAllowed, NotFound
from registry.models import Namespace, Prompt, User
from registry.permissions import WORDS
from registry.services import grants, people, tokens
from tests.people import MakePrompt, make_person

TABLE = [
    ("author", {"view", "propose", "manage"}),
    ("support_reviewer", {"view", "review"}),
    ("safety_reviewer", {"view", "review"}),
    ("engineer", {"view", "review"}),
    ("release_manager", {"view", "release"}),
    ("responder", {"view", "respond"}),
    ("governance_owner", set()),
    ("auditor", set()),
    ("outsider", set()),
    ("superuser", set()),
]


@pytest.mark.parametrize(("who", "expected"), TABLE)
def test_may__each_person__is_what_their_rows_say(
    request: pytest.FixtureRequest, prompt: Prompt, who: str, expected: set[str]
) -> None:
    account = request.getfixturevalue(who)
    held = {word for word, code in WORDS.items() if permissions.may(account, code, prompt)}
    assert held == expected


@pytest.mark.parametrize(("who", "expected"), TABLE)
def test_holders__each_person__agrees_with_may(
    request: pytest.FixtureRequest, prompt: Prompt, who: str, expected: set[str]
) -> None:
    account = request.getfixturevalue(who)
    found = permissions.holders_many([prompt.pk], WORDS.values())
    held = {
        word
        for word, code in WORDS.items()
        if account.pk in [holder.account.pk for holder in found.get((prompt.pk, code), [])]
    }
    assert held == expected


def test_may__nobody__is_false(prompt: Prompt) -> None:
    assert not permissions.may(None, permissions.VIEW, prompt)


def test_may__deactivated_with_own_row__is_false(
    prompt: Prompt, author: User, governance_owner: User
) -> None:
    people.deactivate(author, actor=governance_owner)
    assert not permissions.may(author, permissions.PROPOSE, prompt)


def test_may__deactivated_by_group__is_false(
    prompt: Prompt, support_reviewer: User, governance_owner: User
) -> None:
    people.deactivate(support_reviewer, actor=governance_owner)
    assert not permissions.may(support_reviewer, permissions.REVIEW, prompt)


def test_may__model_wide_permission__does_not_count(prompt: Prompt, outsider: User) -> None:
    outsider.user_permissions.add(Permission.objects.get(codename=permissions.RELEASE))
    outsider = User.objects.get(pk=outsider.pk)
    assert outsider.has_perm("registry.release_prompt")
    assert not permissions.may(outsider, permissions.RELEASE, prompt)


def test_may__row_on_another_prompt__does_not_count(
    prompt: Prompt, make_prompt: MakePrompt, outsider: User, author: User
) -> None:
    other = make_prompt("support/other")
    grants.grant(other, permissions.PROPOSE, outsider, actor=author)
    assert not permissions.may(outsider, permissions.PROPOSE, prompt)


def test_may__member_of_a_group_beside_the_granted_one__is_false(
    prompt: Prompt, auditor: User, support_reviewer: User
) -> None:
    """The group of the row and the group of the membership have to be one and the same."""
    assert not permissions.may(auditor, permissions.REVIEW, prompt)


def test_holders__own_row_and_two_groups__says_person_once(
    prompt: Prompt, support_reviewer: User, author: User, governance_owner: User
) -> None:
    people.join(support_reviewer, roles.SAFETY, actor=governance_owner)
    grants.grant(prompt, permissions.REVIEW, support_reviewer, actor=author)
    (held,) = permissions.holders(prompt, permissions.REVIEW)
    assert held == permissions.Holder(named(support_reviewer), "person")


def test_holders__by_group__names_the_group(prompt: Prompt, support_reviewer: User) -> None:
    (held,) = permissions.holders(prompt, permissions.REVIEW)
    assert held == permissions.Holder(named(support_reviewer), "group:support")


def test_holders__service_account__may_and_is_not_listed(
    prompt: Prompt, author: User, governance_owner: User
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    grants.grant(prompt, permissions.RELEASE, robot, actor=author)
    assert permissions.may(robot, permissions.RELEASE, prompt)
    assert permissions.holders(prompt, permissions.RELEASE) == []


def test_holders_many__many_prompts__takes_one_query(
    make_prompt: MakePrompt, support_reviewer: User, safety_reviewer: User
) -> None:
    made = [make_prompt(f"support/p{number}").pk for number in range(5)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = permissions.holders_many(made, WORDS.values())
    assert len(queries) == 1
    assert {pk for pk, _ in found} == set(made)


def test_require__without_the_row__names_who_can_grant_it(
    prompt: Prompt, author: User, outsider: User
) -> None:
    with pytest.raises(NotAllowed, match=r"to propose on this prompt\. Ada authors can grant"):
        permissions.require(outsider, permissions.PROPOSE, prompt)


def test_require__task_of_the_product__is_refused(prompt: Prompt) -> None:
    with pytest.raises(NotAllowed):
        permissions.require(System("route"), permissions.PROPOSE, prompt)


# -- who may grant --------------------------------------------------------------------------


@pytest.mark.parametrize("confidential", [False, True])
@pytest.mark.parametrize("who", [who for who, _ in TABLE])
def test_granters__each_person__agrees_with_may_grant_and_with_the_verb(
    request: pytest.FixtureRequest,
    make_prompt: MakePrompt,
    auditor: User,
    who: str,
    confidential: bool,
) -> None:
    prompt = make_prompt(confidential=confidential)
    account = request.getfixturevalue(who)
    found = permissions.granters(prompt)
    is_named = named(account) in (*found.managers, *found.governance)
    assert is_named == permissions.may_grant(account, prompt)
    assert is_named == (who == "author" or (who == "governance_owner" and not confidential))
    to = Group.objects.get(name=roles.BRAND)
    said = "granted"
    try:
        grants.grant(prompt, permissions.RELEASE, to, actor=account)
    except (NotAllowed, NotFound):
        said = "refused"
    assert said == ("granted" if is_named else "refused")


def test_granters__manages_a_confidential_prompt_unseen__is_not_named(
    make_prompt: MakePrompt, author: User, outsider: User
) -> None:
    secret = make_prompt("support/secret", confidential=True)
    grants.grant(secret, permissions.MANAGE, outsider, actor=author)
    assert permissions.granters(secret).managers == (named(author),)
    assert not permissions.may_grant(outsider, secret)


def test_granters_many__many_prompts__takes_as_many_queries(
    make_prompt: MakePrompt, author: User
) -> None:
    made = [make_prompt(f"support/p{number}", confidential=number > 2) for number in range(6)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        found = permissions.granters_many(made)
    assert len(queries) == 3
    assert [found[prompt.pk].managers for prompt in made] == [(named(author),)] * 6


def named(account: User) -> permissions.Named:
    return permissions.Named(account.pk, str(account))


def whom(prompt: Prompt, account: User) -> str:
    return permissions.who_can_grant_it(prompt, account)


def test_who_can_grant_it__two_managers__names_both(
    prompt: Prompt, author: User, outsider: User, engineer: User
) -> None:
    grants.grant(prompt, permissions.MANAGE, engineer, actor=author)
    assert whom(prompt, outsider) == "Ada authors or Eve engineering can grant it."


def test_who_can_grant_it__the_only_manager_lacks_it__names_a_governance_owner(
    prompt: Prompt, author: User, governance_owner: User
) -> None:
    assert whom(prompt, author) == "Gwen Owner can grant it."


def test_who_can_grant_it__manager_deactivated__names_a_governance_owner(
    prompt: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    people.deactivate(author, actor=governance_owner)
    assert whom(prompt, outsider) == "Gwen Owner can grant it."


def test_who_can_grant_it__nobody_else_may__says_how_somebody_could(
    make_prompt: MakePrompt, author: User
) -> None:
    secret = make_prompt("support/secret", confidential=True)
    said = whom(secret, author)
    assert "Nobody but you may grant here" in said
    assert "Make another person a manager" in said


# -- confidential ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("author", True),
        ("support_reviewer", True),
        ("governance_owner", False),
        ("auditor", False),
        ("outsider", False),
        ("superuser", False),
    ],
)
def test_visible_prompts__confidential__only_with_view(
    request: pytest.FixtureRequest, make_prompt: MakePrompt, who: str, sees: bool
) -> None:
    secret = make_prompt("support/secret", confidential=True)
    account = request.getfixturevalue(who)
    assert (secret in permissions.visible_prompts(account)) is sees


def test_visible_prompts__open__is_seen_by_every_active_account(
    prompt: Prompt, outsider: User
) -> None:
    assert prompt in permissions.visible_prompts(outsider)


def test_visible_prompts__nobody__sees_none(prompt: Prompt) -> None:
    assert not permissions.visible_prompts(None).exists()


def test_visible_prompts__deactivated__sees_none(
    prompt: Prompt, outsider: User, governance_owner: User
) -> None:
    outsider = people.deactivate(outsider, actor=governance_owner)
    assert not permissions.visible_prompts(outsider).exists()


def test_visible_prompts__own_row_and_group__lists_it_once(
    make_prompt: MakePrompt, author: User
) -> None:
    secret = make_prompt("support/secret", confidential=True)
    assert list(permissions.visible_prompts(author)) == [secret]


def test_visible_prompts__another_permission_beside_the_view_of_others__stays_hidden(
    make_prompt: MakePrompt, author: User, outsider: User
) -> None:
    """The row that names the account and the row that says view have to be one and the same."""
    secret = make_prompt("support/secret", confidential=True)
    grants.grant(secret, permissions.RELEASE, outsider, actor=author)
    assert secret not in permissions.visible_prompts(outsider)


def test_require__confidential_without_view__is_not_found(
    make_prompt: MakePrompt, author: User, outsider: User
) -> None:
    secret = make_prompt("support/secret", confidential=True)
    grants.grant(secret, permissions.RELEASE, outsider, actor=author)
    with pytest.raises(NotFound):
        permissions.require(outsider, permissions.RELEASE, secret)


def test_require_visible__open_prompt__passes(prompt: Prompt, outsider: User) -> None:
    permissions.require_visible(outsider, prompt)


def test_require_visible__nobody__is_not_found(prompt: Prompt) -> None:
    with pytest.raises(NotFound):
        permissions.require_visible(None, prompt)


# -- roles and namespaces -------------------------------------------------------------------


def test_roles_of__two_roles__names_both(governance_owner: User) -> None:
    person = make_person("pia", roles.SAFETY, roles.SUPPORT, by=governance_owner)
    assert permissions.roles_of(person) == {roles.SAFETY, roles.SUPPORT}


def test_roles_of__deactivated__is_empty(support_reviewer: User, governance_owner: User) -> None:
    people.deactivate(support_reviewer, actor=governance_owner)
    assert permissions.roles_of(support_reviewer) == set()


def test_require_governance__superuser__is_refused(superuser: User) -> None:
    with pytest.raises(NotAllowed):
        permissions.require_governance(superuser)


def test_require_governance__bootstrap_where_not_let_through__is_refused(db: None) -> None:
    with pytest.raises(NotAllowed):
        permissions.require_governance(permissions.BOOTSTRAP)


def test_require_governance__another_task__is_refused(db: None) -> None:
    with pytest.raises(NotAllowed):
        permissions.require_governance(System("sweep"), bootstrap=True)


def test_require_governance__token__is_refused(governance_owner: User) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=governance_owner)
    with pytest.raises(NotAllowed):
        permissions.require_governance(token)


@pytest.mark.parametrize(
    ("who", "can"), [("author", True), ("governance_owner", False), ("superuser", False)]
)
def test_can_create__each_person__is_what_their_rows_say(
    request: pytest.FixtureRequest, namespace: Namespace, who: str, can: bool
) -> None:
    assert permissions.can_create(request.getfixturevalue(who), namespace) is can


def test_can_create__own_row__is_true(
    namespace: Namespace, outsider: User, governance_owner: User
) -> None:
    grants.grant_on_namespace(namespace, permissions.CREATE, outsider, actor=governance_owner)
    assert permissions.can_create(outsider, namespace)


def test_can_create__deactivated__is_false(
    namespace: Namespace, author: User, governance_owner: User
) -> None:
    people.deactivate(author, actor=governance_owner)
    assert not permissions.can_create(author, namespace)


def test_require_create__no_row__names_every_governance_owner_who_can_grant_it(
    namespace: Namespace, outsider: User, governance_owner: User
) -> None:
    make_person("greta", roles.GOVERNANCE_OWNERS, by=governance_owner)
    with pytest.raises(NotAllowed) as no:
        permissions.require_create(outsider, namespace)
    assert no.value.sentence == (
        "This needs the permission to create prompts in support. "
        "Greta governance-owners or Gwen Owner can grant it."
    )


def test_require_create__governance_owner_deactivated__is_not_named(
    namespace: Namespace, outsider: User, governance_owner: User
) -> None:
    greta = make_person("greta", roles.GOVERNANCE_OWNERS, by=governance_owner)
    people.deactivate(greta, actor=governance_owner)
    with pytest.raises(NotAllowed, match=r"support\. Gwen Owner can grant it"):
        permissions.require_create(outsider, namespace)


def test_require_create__governance_owner_without_it__names_another_and_never_themselves(
    namespace: Namespace, governance_owner: User
) -> None:
    make_person("greta", roles.GOVERNANCE_OWNERS, by=governance_owner)
    with pytest.raises(NotAllowed, match=r"support\. Greta governance-owners can grant it"):
        permissions.require_create(governance_owner, namespace)


def test_require_create__the_only_governance_owner__says_how_somebody_could_grant_it(
    namespace: Namespace, governance_owner: User
) -> None:
    with pytest.raises(NotAllowed, match="Make another person one, who can then grant it"):
        permissions.require_create(governance_owner, namespace)


def test_role_names__all__have_a_group_each(role_groups: None) -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ALL_ROLES)
