"""Permissions given and taken: by whom, to whom, and never to oneself."""

import pytest
from django.contrib.auth.models import Group

from registry import permissions, roles
from registry.errors import BadInput, NotAllowed, NotFound, OwnGrant
from registry.models import Namespace, Prompt, User
from registry.permissions import CREATE, RELEASE, REVIEW, VIEW
from registry.services import grants, people, prompts, tokens
from tests.people import MakePrompt


def group(name: str) -> Group:
    """The group of a role."""
    return Group.objects.get(name=name)


def test_grant__by_the_manager__holds(prompt: Prompt, author: User, outsider: User) -> None:
    grants.grant(prompt, RELEASE, outsider, actor=author)
    assert permissions.may(outsider, RELEASE, prompt)


def test_grant__by_governance_owner__holds(
    prompt: Prompt, governance_owner: User, outsider: User
) -> None:
    grants.grant(prompt, RELEASE, outsider, actor=governance_owner)
    assert permissions.may(outsider, RELEASE, prompt)


def test_grant__to_a_role__holds_for_its_members(
    prompt: Prompt, author: User, auditor: User
) -> None:
    grants.grant(prompt, REVIEW, group(roles.AUDITORS), actor=author)
    assert permissions.may(auditor, REVIEW, prompt)


def test_revoke__given__holds_no_longer(prompt: Prompt, author: User, outsider: User) -> None:
    grants.grant(prompt, RELEASE, outsider, actor=author)
    grants.revoke(prompt, RELEASE, outsider, actor=author)
    assert not permissions.may(outsider, RELEASE, prompt)


@pytest.mark.parametrize("who", ["support_reviewer", "release_manager", "outsider", "superuser"])
def test_grant__without_manage__is_refused(
    request: pytest.FixtureRequest, prompt: Prompt, auditor: User, who: str
) -> None:
    actor = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        grants.grant(prompt, VIEW, auditor, actor=actor)
    with pytest.raises(NotAllowed):
        grants.revoke(prompt, VIEW, auditor, actor=actor)


def test_grant__manager_to_themselves__is_refused(prompt: Prompt, author: User) -> None:
    with pytest.raises(OwnGrant):
        grants.grant(prompt, REVIEW, author, actor=author)
    assert not permissions.may(author, REVIEW, prompt)


def test_grant__manager_to_their_own_role__is_refused(prompt: Prompt, author: User) -> None:
    with pytest.raises(OwnGrant):
        grants.grant(prompt, RELEASE, group(roles.AUTHORS), actor=author)


def test_grant__governance_owner_to_themselves__is_refused(
    prompt: Prompt, governance_owner: User
) -> None:
    with pytest.raises(OwnGrant):
        grants.grant(prompt, RELEASE, governance_owner, actor=governance_owner)


def test_grant__governance_owner_to_their_own_role__is_refused(
    prompt: Prompt, governance_owner: User
) -> None:
    with pytest.raises(OwnGrant):
        grants.grant(prompt, RELEASE, group(roles.GOVERNANCE_OWNERS), actor=governance_owner)


def test_grant__superuser_who_manages_to_themselves__is_refused(
    prompt: Prompt, superuser: User, author: User
) -> None:
    grants.grant(prompt, permissions.MANAGE, superuser, actor=author)
    with pytest.raises(OwnGrant):
        grants.grant(prompt, RELEASE, superuser, actor=superuser)


def test_revoke__ones_own__is_allowed(prompt: Prompt, author: User) -> None:
    grants.revoke(prompt, permissions.PROPOSE, author, actor=author)
    grants.revoke(prompt, permissions.PROPOSE, group(roles.AUTHORS), actor=author)
    assert not permissions.may(author, permissions.PROPOSE, prompt)


def test_grant__token_whose_account_manages__is_refused(
    prompt: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["place"], actor=governance_owner)
    grants.grant(prompt, permissions.MANAGE, robot, actor=author)
    with pytest.raises(NotAllowed, match="tokens"):
        grants.grant(prompt, RELEASE, outsider, actor=token)


def test_grant__confidential_unseen__is_not_found_even_for_governance(
    make_prompt: MakePrompt, governance_owner: User, outsider: User
) -> None:
    secret = make_prompt("support/secret", confidential=True)
    with pytest.raises(NotFound):
        grants.grant(secret, VIEW, outsider, actor=governance_owner)


def test_grant__unknown_permission__names_the_known(
    prompt: Prompt, author: User, outsider: User
) -> None:
    with pytest.raises(BadInput, match="view_prompt"):
        grants.grant(prompt, CREATE, outsider, actor=author)


def test_grant_on_namespace__to_a_role__lets_members_create(
    namespace: Namespace, governance_owner: User, engineer: User
) -> None:
    grants.grant_on_namespace(namespace, CREATE, group(roles.ENGINEERING), actor=governance_owner)
    assert prompts.create_prompt("support/tools", actor=engineer).owner == engineer


def test_revoke_on_namespace__given__lets_nobody_create(
    namespace: Namespace, governance_owner: User, author: User
) -> None:
    grants.revoke_on_namespace(namespace, CREATE, group(roles.AUTHORS), actor=governance_owner)
    assert not permissions.can_create(author, namespace)


def test_grant_on_namespace__to_oneself__is_refused(
    namespace: Namespace, governance_owner: User
) -> None:
    with pytest.raises(OwnGrant):
        grants.grant_on_namespace(namespace, CREATE, governance_owner, actor=governance_owner)


@pytest.mark.parametrize("who", ["author", "superuser"])
def test_grant_on_namespace__not_a_governance_owner__is_refused(
    request: pytest.FixtureRequest, namespace: Namespace, outsider: User, who: str
) -> None:
    with pytest.raises(NotAllowed):
        grants.grant_on_namespace(namespace, CREATE, outsider, actor=request.getfixturevalue(who))
