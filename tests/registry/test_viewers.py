"""A confidential prompt always has an active person who sees it and may grant on it, whatever the
verbs do."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEvent
from audit.payload import read
from registry import permissions, roles
from registry.errors import (
    BadInput,
    HeirNeeded,
    LastManager,
    LastViewer,
    NotAllowed,
    OwnGrant,
)
from registry.models import Namespace, Prompt, PromptUserObjectPermission, User
from registry.permissions import MANAGE, VIEW, holders
from registry.services import grants, namespaces, people, prompts, tokens
from tests.people import MakePrompt, make_person


@pytest.fixture
def secret(namespace: Namespace, make_prompt: MakePrompt, governance_owner: User) -> Prompt:
    """A confidential prompt that its owner Ada sees, and nobody else."""
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    return make_prompt("support/secret", confidential=True)


def group(name: str) -> Group:
    """The group of a role."""
    return Group.objects.get(name=name)


def viewers(prompt: Prompt) -> set[str]:
    """The user names of the active people who hold `view`."""
    return _user_names(VIEW, prompt)


def managers(prompt: Prompt) -> set[str]:
    """The user names of the active people who hold `manage`."""
    return _user_names(MANAGE, prompt)


def _user_names(codename: str, prompt: Prompt) -> set[str]:
    keys = [holder.account.pk for holder in holders(prompt, codename)]
    return set(User.objects.filter(pk__in=keys).values_list("username", flat=True))


def handed_over() -> dict[str, object]:
    """The data of the last event."""
    return dict(read(AuditEvent.objects.latest("seq").payload)["data"])


# -- revoke ---------------------------------------------------------------------------------


def test_revoke__last_view__is_refused_and_takes_nothing(secret: Prompt, author: User) -> None:
    with pytest.raises(LastViewer, match="Grant “view” to another active person first") as no:
        grants.revoke(secret, VIEW, author, actor=author)
    assert no.value.code == "last_viewer"
    assert viewers(secret) == {"ada"}


def test_revoke__another_person_sees_and_manages_it__is_taken(
    secret: Prompt, author: User, outsider: User
) -> None:
    for permission in (VIEW, MANAGE):
        grants.grant(secret, permission, outsider, actor=author)
    grants.revoke(secret, VIEW, author, actor=author)
    assert viewers(secret) == {"otto"}


def test_revoke__view_of_the_only_one_who_may_grant__is_refused_and_takes_nothing(
    secret: Prompt, author: User, outsider: User
) -> None:
    grants.grant(secret, VIEW, outsider, actor=author)
    with pytest.raises(LastManager, match="Grant “view” and “manage” to another active") as no:
        grants.revoke(secret, VIEW, author, actor=author)
    assert no.value.code == "last_manager"
    assert viewers(secret) == {"ada", "otto"}


def test_revoke__last_manage__is_refused_and_takes_nothing(secret: Prompt, author: User) -> None:
    with pytest.raises(LastManager):
        grants.revoke(secret, MANAGE, author, actor=author)
    assert managers(secret) == {"ada"}


def test_revoke__another_manages_and_does_not_see_it__is_refused(
    secret: Prompt, author: User, outsider: User
) -> None:
    grants.grant(secret, MANAGE, outsider, actor=author)
    with pytest.raises(LastManager):
        grants.revoke(secret, MANAGE, author, actor=author)


def test_revoke__a_governance_owner_sees_it__last_manage_is_taken(
    secret: Prompt, author: User, governance_owner: User
) -> None:
    grants.grant(secret, VIEW, governance_owner, actor=author)
    grants.revoke(secret, MANAGE, author, actor=author)
    assert managers(secret) == set()
    grants.grant(secret, MANAGE, author, actor=governance_owner)


def test_revoke__view_by_a_role_and_manage_of_ones_own__may_grant(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    people.join(outsider, roles.BRAND, actor=governance_owner)
    grants.grant(secret, VIEW, group(roles.BRAND), actor=author)
    grants.grant(secret, MANAGE, outsider, actor=author)
    grants.revoke(secret, MANAGE, author, actor=author)
    assert managers(secret) == {"otto"}


def test_revoke__last_manage_of_an_open_prompt__is_taken(
    namespace: Namespace, make_prompt: MakePrompt, author: User
) -> None:
    open_to_all = make_prompt("support/open")
    grants.revoke(open_to_all, MANAGE, author, actor=author)
    assert managers(open_to_all) == set()


def test_revoke__only_a_service_account_would_see_it__is_refused(
    secret: Prompt, author: User, governance_owner: User
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    grants.grant(secret, VIEW, robot, actor=author)
    with pytest.raises(LastViewer):
        grants.revoke(secret, VIEW, author, actor=author)


def test_revoke__only_superusers_and_the_deactivated_would_be_left__is_refused(
    secret: Prompt, author: User, superuser: User, outsider: User, governance_owner: User
) -> None:
    grants.grant(secret, VIEW, outsider, actor=author)
    people.deactivate(outsider, actor=governance_owner)
    with pytest.raises(LastViewer):
        grants.revoke(secret, VIEW, author, actor=author)


def test_revoke__role_without_members__does_not_count(secret: Prompt, author: User) -> None:
    grants.grant(secret, VIEW, group(roles.BRAND), actor=author)
    with pytest.raises(LastViewer):
        grants.revoke(secret, VIEW, author, actor=author)


def test_revoke__last_view_of_an_open_prompt__is_taken(
    namespace: Namespace, make_prompt: MakePrompt, author: User, governance_owner: User
) -> None:
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    open_to_all = make_prompt("support/open")
    grants.revoke(open_to_all, VIEW, author, actor=author)
    assert viewers(open_to_all) == set()


# -- leave ----------------------------------------------------------------------------------


@pytest.fixture
def seen_by_brand(secret: Prompt, author: User, outsider: User, governance_owner: User) -> Prompt:
    """The secret, which Otto sees and manages by the role brand, and nobody else sees."""
    people.join(outsider, roles.BRAND, actor=governance_owner)
    for permission in (VIEW, MANAGE):
        grants.grant(secret, permission, group(roles.BRAND), actor=author)
    grants.revoke(secret, VIEW, author, actor=author)
    return secret


def test_leave__last_who_sees_it_by_the_role__is_refused(
    seen_by_brand: Prompt, outsider: User, governance_owner: User
) -> None:
    with pytest.raises(LastViewer, match="Put somebody else into the role first") as no:
        people.leave(outsider, roles.BRAND, actor=governance_owner)
    assert "a confidential prompt" in no.value.sentence
    assert "secret" not in no.value.sentence
    assert viewers(seen_by_brand) == {"otto"}


def test_leave__somebody_else_joined_the_role__leaves(
    seen_by_brand: Prompt, outsider: User, governance_owner: User
) -> None:
    make_person("bea", roles.BRAND, by=governance_owner)
    people.leave(outsider, roles.BRAND, actor=governance_owner)
    assert viewers(seen_by_brand) == {"bea"}


def test_leave__another_role__leaves(
    seen_by_brand: Prompt, outsider: User, governance_owner: User
) -> None:
    people.join(outsider, roles.SAFETY, actor=governance_owner)
    people.leave(outsider, roles.SAFETY, actor=governance_owner)
    assert viewers(seen_by_brand) == {"otto"}


def test_leave__deactivated_before_there_were_heirs__leaves(
    seen_by_brand: Prompt, outsider: User, governance_owner: User
) -> None:
    User.objects.filter(pk=outsider.pk).update(is_active=False)
    people.leave(outsider, roles.BRAND, actor=governance_owner)
    assert not outsider.memberships.exists()


def test_leave__last_who_may_grant_by_the_role__is_refused(
    seen_by_brand: Prompt, outsider: User, auditor: User, governance_owner: User
) -> None:
    grants.grant(seen_by_brand, VIEW, auditor, actor=outsider)
    with pytest.raises(LastManager, match="ask Otto Nobody to grant") as no:
        people.leave(outsider, roles.BRAND, actor=governance_owner)
    assert "a confidential prompt" in no.value.sentence
    assert "secret" not in no.value.sentence
    assert "otto" in managers(seen_by_brand)


def test_leave__governance_owners__is_refused_to_the_only_one_who_may_grant(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    people.join(outsider, roles.GOVERNANCE_OWNERS, actor=governance_owner)
    grants.grant(secret, VIEW, outsider, actor=author)
    grants.revoke(secret, MANAGE, author, actor=author)
    with pytest.raises(LastManager):
        people.leave(outsider, roles.GOVERNANCE_OWNERS, actor=governance_owner)
    grants.grant(secret, MANAGE, author, actor=outsider)
    people.leave(outsider, roles.GOVERNANCE_OWNERS, actor=governance_owner)
    assert not outsider.memberships.exists()


def test_leave__viewer_who_could_not_grant__leaves_what_nobody_could_before(
    secret: Prompt, author: User, outsider: User, auditor: User, governance_owner: User
) -> None:
    people.join(outsider, roles.BRAND, actor=governance_owner)
    grants.grant(secret, VIEW, group(roles.BRAND), actor=author)
    PromptUserObjectPermission.objects.filter(user=author, permission__codename=MANAGE).delete()
    people.leave(outsider, roles.BRAND, actor=governance_owner)
    assert viewers(secret) == {"ada"}


# -- deactivate -----------------------------------------------------------------------------


def test_deactivate__last_viewer_without_heir__says_how_many_and_no_name(
    secret: Prompt, make_prompt: MakePrompt, author: User, governance_owner: User
) -> None:
    make_prompt("support/plan", confidential=True)
    with pytest.raises(HeirNeeded, match="2 confidential prompts") as no:
        people.deactivate(author, actor=governance_owner)
    assert (no.value.code, no.value.extra["field"]) == ("heir_needed", "heir")
    assert "support/" not in no.value.sentence
    author.refresh_from_db()
    assert author.is_active


def test_deactivate__last_viewer_with_heir__hands_over_view_and_manage_in_its_one_event(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    before = AuditEvent.objects.count()
    people.deactivate(author, heir=outsider, actor=governance_owner)
    assert AuditEvent.objects.count() == before + 1
    assert viewers(secret) == {"otto"}
    assert permissions.may(outsider, MANAGE, secret)
    assert handed_over() == {
        "tokens_revoked": [],
        "heir": str(outsider.public_id),
        "prompts": [str(secret.public_id)],
        "given": [VIEW, MANAGE],
    }


def test_deactivate__sees_by_role__is_the_last_viewer_as_well(
    seen_by_brand: Prompt, outsider: User, author: User, governance_owner: User
) -> None:
    with pytest.raises(HeirNeeded):
        people.deactivate(outsider, actor=governance_owner)
    people.deactivate(outsider, heir=author, actor=governance_owner)
    assert viewers(seen_by_brand) == {"ada"}


def test_deactivate__others_see_it_and_none_may_grant__asks_for_an_heir_who_may(
    secret: Prompt, author: User, outsider: User, auditor: User, governance_owner: User
) -> None:
    grants.grant(secret, VIEW, auditor, actor=author)
    with pytest.raises(HeirNeeded, match="a confidential prompt"):
        people.deactivate(author, actor=governance_owner)
    people.deactivate(author, heir=outsider, actor=governance_owner)
    assert (viewers(secret), managers(secret)) == ({"olga", "otto"}, {"otto"})


def test_deactivate__governance_owner_who_alone_may_grant__asks_for_an_heir(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    people.join(outsider, roles.GOVERNANCE_OWNERS, actor=governance_owner)
    grants.grant(secret, VIEW, outsider, actor=author)
    grants.revoke(secret, MANAGE, author, actor=author)
    with pytest.raises(HeirNeeded):
        people.deactivate(outsider, actor=governance_owner)
    people.deactivate(outsider, heir=author, actor=governance_owner)
    assert managers(secret) == {"ada"}


def test_deactivate__others_see_and_manage_it__gives_the_heir_nothing(
    secret: Prompt, author: User, outsider: User, auditor: User, governance_owner: User
) -> None:
    for permission in (VIEW, MANAGE):
        grants.grant(secret, permission, auditor, actor=author)
    people.deactivate(author, heir=outsider, actor=governance_owner)
    assert viewers(secret) == {"olga"}
    assert handed_over() == {"tokens_revoked": []}


def test_deactivate__heir_manages_it_already__gives_the_rest(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    grants.grant(secret, MANAGE, outsider, actor=author)
    people.deactivate(author, heir=outsider, actor=governance_owner)
    assert viewers(secret) == {"otto"}


def test_deactivate__heir_is_the_actor__is_refused(
    secret: Prompt, author: User, governance_owner: User
) -> None:
    with pytest.raises(OwnGrant):
        people.deactivate(author, heir=governance_owner, actor=governance_owner)
    assert viewers(secret) == {"ada"}


@pytest.mark.parametrize("who", ["author", "robot", "gone"])
def test_deactivate__heir_who_cannot_see_it__is_refused(
    secret: Prompt, author: User, outsider: User, governance_owner: User, who: str
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    gone = people.deactivate(outsider, actor=governance_owner)
    heir = {"author": author, "robot": robot, "gone": gone}[who]
    with pytest.raises(BadInput, match="account is active"):
        people.deactivate(author, heir=heir, actor=governance_owner)
    assert viewers(secret) == {"ada"}


def test_deactivate__oneself_with_an_heir__closes(
    secret: Prompt, author: User, outsider: User, governance_owner: User
) -> None:
    people.join(author, roles.GOVERNANCE_OWNERS, actor=governance_owner)
    people.deactivate(author, heir=outsider, actor=author)
    assert viewers(secret) == {"otto"}


def test_deactivate__service_account_that_may_view__needs_no_heir(
    secret: Prompt, author: User, governance_owner: User
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    grants.grant(secret, VIEW, robot, actor=author)
    assert not people.deactivate(robot, actor=governance_owner).is_active


def test_deactivate__by_superuser__tells_nothing_of_confidential_prompts(
    secret: Prompt, author: User, superuser: User
) -> None:
    with pytest.raises(NotAllowed):
        people.deactivate(author, actor=superuser)


def test_deactivate__more_prompts__takes_no_more_queries(
    secret: Prompt, make_prompt: MakePrompt, author: User, outsider: User, governance_owner: User
) -> None:
    counts = []
    for more in (0, 5):
        for number in range(more):
            make_prompt(f"support/more-{number}", confidential=True)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            people.deactivate(author, heir=outsider, actor=governance_owner)
        counts.append(len(queries))
        people.reactivate(author, actor=governance_owner)
        for prompt in Prompt.objects.all():
            grants.revoke(prompt, VIEW, outsider, actor=author)
            grants.revoke(prompt, MANAGE, outsider, actor=author)
    assert counts[0] == counts[1]


# -- becoming confidential ------------------------------------------------------------------


def test_edit_prompt__only_a_service_account_would_see_it__stays_open(
    namespace: Namespace, make_prompt: MakePrompt, author: User, governance_owner: User
) -> None:
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    open_to_all = make_prompt("support/open")
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=governance_owner)
    for permission in (VIEW, MANAGE):
        grants.grant(open_to_all, permission, robot, actor=author)
    grants.revoke(open_to_all, VIEW, author, actor=author)
    with pytest.raises(LastViewer, match="service accounts do not count"):
        prompts.edit_prompt(open_to_all, confidential=True, actor=token)
    open_to_all.refresh_from_db()
    assert not open_to_all.confidential


def test_create_prompt__confidential_owned_by_a_service_account__is_refused(
    namespace: Namespace, author: User, governance_owner: User
) -> None:
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    robot = people.create_service_account("ci", actor=governance_owner)
    with pytest.raises(LastViewer):
        prompts.create_prompt("support/secret", confidential=True, owner=robot, actor=author)
    assert not Prompt.objects.exists()


def test_edit_prompt__seen_by_a_person_and_managed_by_a_service_account__stays_open(
    namespace: Namespace, make_prompt: MakePrompt, author: User, governance_owner: User
) -> None:
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    open_to_all = make_prompt("support/open")
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=governance_owner)
    for permission in (VIEW, MANAGE):
        grants.grant(open_to_all, permission, robot, actor=author)
    grants.revoke(open_to_all, MANAGE, author, actor=author)
    with pytest.raises(LastManager, match="permissions to view and to manage"):
        prompts.edit_prompt(open_to_all, confidential=True, actor=token)
    open_to_all.refresh_from_db()
    assert not open_to_all.confidential


def test_create_prompt__confidential_that_nobody_could_grant_on__is_refused(
    namespace: Namespace, author: User, governance_owner: User
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    with pytest.raises(LastManager):
        prompts.create_prompt("support/secret", confidential=True, owner=robot, actor=author)
    assert not Prompt.objects.exists()


def test_create_prompt__confidential_seen_and_managed_by_a_role__is_made(
    namespace: Namespace, author: User, governance_owner: User
) -> None:
    template = [{"group": roles.AUTHORS, "permissions": ["view", "manage"]}]
    namespaces.set_grant_template(namespace, template, actor=governance_owner)
    robot = people.create_service_account("ci", actor=governance_owner)
    prompt = prompts.create_prompt("support/secret", confidential=True, owner=robot, actor=author)
    assert viewers(prompt) == {"ada"}
