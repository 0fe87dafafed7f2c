"""People and service accounts: made, flagged, put into roles, deactivated."""

import pytest
from django.contrib import auth
from django.contrib.auth.models import Group
from django.test import Client

from audit.models import AuditBlob, AuditEvent
from registry import roles
from registry.actors import System
from registry.errors import BadInput, NotAllowed, NotFound, OwnGrant, WrongState
from registry.models import Membership, User
from registry.permissions import BOOTSTRAP, is_governance_owner
from registry.services import memberships, people, tokens
from tests.people import make_person


def test_create_person__by_governance_owner__can_sign_in_nowhere_yet(
    governance_owner: User,
) -> None:
    person = people.create_person(
        "pia", email="Pia@Example.ORG", display_name=" Pia Person ", actor=governance_owner
    )
    person.refresh_from_db()
    assert (person.email, person.display_name) == ("Pia@example.org", "Pia Person")
    assert not person.has_usable_password()
    assert not person.is_staff
    assert not person.memberships.exists()


def test_create_person__password__is_checked_and_hashed(governance_owner: User) -> None:
    person = people.create_person(
        "pia",
        email="pia@example.org",
        display_name="Pia",
        password="correct horse battery",
        actor=governance_owner,
    )
    assert person.check_password("correct horse battery")
    assert "horse" not in person.password


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"username": "GWEN"}, "user name"),
        ({"username": "a b"}, "Username"),
        ({"email": "GWEN@example.org"}, "e-mail"),
        ({"email": ""}, "e-mail address"),
        ({"email": "nonsense"}, "E-mail"),
        ({"display_name": "  "}, "name to show"),
        ({"display_name": "a\x00"}, "U\\+0000"),
        ({"time_zone": "Mars/Base"}, "not a time zone"),
        ({"password": "short"}, "too short"),
    ],
)
def test_create_person__bad_field__says_which(
    governance_owner: User, fields: dict[str, str], words: str
) -> None:
    good = {"username": "pia", "email": "pia@example.org", "display_name": "Pia"}
    with pytest.raises(BadInput, match=words):
        people.create_person(**{**good, **fields}, actor=governance_owner)


@pytest.mark.parametrize("who", ["author", "superuser", "outsider"])
def test_create_person__anybody_else__is_refused(request: pytest.FixtureRequest, who: str) -> None:
    actor = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        people.create_person("pia", email="pia@example.org", display_name="Pia", actor=actor)


def test_create_person__event__holds_no_name(governance_owner: User) -> None:
    people.create_person(
        "pia", email="pia@example.org", display_name="Pia Person", actor=governance_owner
    )
    payload = AuditEvent.objects.get(seq=AuditEvent.objects.count() - 1).payload
    assert "registry.user.created" in payload
    assert "pia" not in payload.lower()
    assert AuditBlob.objects.filter(value="pia@example.org").exists()


def test_first_governance_owner__empty_installation__governs(role_groups: None) -> None:
    owner = people.first_governance_owner("gwen", "gwen@example.org", "Gwen")
    assert is_governance_owner(owner)
    assert owner.is_staff
    assert not owner.is_superuser


def test_first_governance_owner__second_time__is_refused(governance_owner: User) -> None:
    with pytest.raises(WrongState):
        people.first_governance_owner("eva", "eva@example.org", "Eva")


@pytest.mark.parametrize("task", ["sweep", "route"])
def test_first_governance_owner__another_task__is_refused(role_groups: None, task: str) -> None:
    with pytest.raises(NotAllowed):
        people.first_governance_owner("eva", "eva@example.org", "Eva", actor=System(task))


def test_first_governance_owner__superuser__is_refused(role_groups: None) -> None:
    outside = User.objects.create_superuser("root", "root@example.org", display_name="Root")
    with pytest.raises(NotAllowed):
        people.first_governance_owner("eva", "eva@example.org", "Eva", actor=outside)


def test_first_governance_owner__no_roles_yet__says_so(db: None) -> None:
    with pytest.raises(NotFound, match="governance-owners"):
        people.first_governance_owner("gwen", "gwen@example.org", "Gwen")


# -- roles ----------------------------------------------------------------------------------


def test_join__by_governance_owner__keeps_history(outsider: User, governance_owner: User) -> None:
    membership = people.join(outsider, roles.SAFETY, actor=governance_owner)
    history = Membership.history.get(id=membership.pk)
    assert (history.history_type, history.history_user) == ("+", governance_owner)
    assert history.history_change_reason == "join"


def test_leave__member__keeps_history(safety_reviewer: User, governance_owner: User) -> None:
    people.leave(safety_reviewer, roles.SAFETY, actor=governance_owner)
    assert not safety_reviewer.memberships.exists()
    assert Membership.history.filter(user=safety_reviewer, history_type="-").count() == 1


def test_join__oneself__is_refused(governance_owner: User) -> None:
    with pytest.raises(OwnGrant):
        people.join(governance_owner, roles.SAFETY, actor=governance_owner)


@pytest.mark.parametrize("who", ["author", "superuser"])
def test_join__by_anybody_else__is_refused(
    request: pytest.FixtureRequest, outsider: User, who: str
) -> None:
    with pytest.raises(NotAllowed, match="governance owner"):
        people.join(outsider, roles.SAFETY, actor=request.getfixturevalue(who))


@pytest.mark.parametrize("who", ["author", "superuser"])
def test_leave__by_anybody_else__is_refused(
    request: pytest.FixtureRequest, safety_reviewer: User, who: str
) -> None:
    with pytest.raises(NotAllowed):
        people.leave(safety_reviewer, roles.SAFETY, actor=request.getfixturevalue(who))


def test_join__service_account__is_refused(governance_owner: User) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    with pytest.raises(BadInput, match="for people"):
        people.join(robot, roles.SAFETY, actor=governance_owner)


def test_join__unknown_role__names_the_known(outsider: User, governance_owner: User) -> None:
    with pytest.raises(NotFound, match="release-managers"):
        people.join(outsider, "kings", actor=governance_owner)


def test_leave__last_governance_owner__is_refused(governance_owner: User) -> None:
    with pytest.raises(WrongState, match="only governance owner"):
        people.leave(governance_owner, roles.GOVERNANCE_OWNERS, actor=governance_owner)


def test_leave__one_of_two_governance_owners__leaves(governance_owner: User) -> None:
    second = make_person("eva", roles.GOVERNANCE_OWNERS, by=governance_owner)
    people.leave(governance_owner, roles.GOVERNANCE_OWNERS, actor=governance_owner)
    assert not is_governance_owner(governance_owner)
    assert is_governance_owner(second)


def test_create_role__unknown_name__is_refused(db: None) -> None:
    with pytest.raises(BadInput):
        memberships.create_role("kings", actor=BOOTSTRAP)


def test_create_role__outsider__is_refused(outsider: User) -> None:
    with pytest.raises(NotAllowed):
        memberships.create_role(roles.SAFETY, actor=outsider)


def test_create_role__history__says_who(db: None) -> None:
    group = memberships.create_role(roles.SAFETY, actor=BOOTSTRAP)
    history = Group.history.get(id=group.pk)  # type: ignore[attr-defined]  # simple-history's
    assert (history.history_user, history.history_change_reason) == (None, "create_role")


# -- deactivating and flags -----------------------------------------------------------------


def test_deactivate__person__is_signed_in_no_longer(
    client: Client, outsider: User, governance_owner: User
) -> None:
    client.force_login(outsider)
    assert auth.get_user(client).is_authenticated
    people.deactivate(outsider, actor=governance_owner)
    assert not auth.get_user(client).is_authenticated


def test_deactivate__service_account__revokes_its_tokens(governance_owner: User) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=governance_owner)
    people.deactivate(robot, actor=governance_owner)
    people.reactivate(robot, actor=governance_owner)
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_deactivate__last_governance_owner__is_refused(governance_owner: User) -> None:
    with pytest.raises(WrongState):
        people.deactivate(governance_owner, actor=governance_owner)


def test_reactivate__person__counts_again(safety_reviewer: User, governance_owner: User) -> None:
    people.deactivate(safety_reviewer, actor=governance_owner)
    assert people.reactivate(safety_reviewer, actor=governance_owner).is_active


@pytest.mark.parametrize("verb", [people.deactivate, people.reactivate])
def test_deactivate__by_superuser__is_refused(
    outsider: User, superuser: User, verb: object
) -> None:
    with pytest.raises(NotAllowed):
        verb(outsider, actor=superuser)  # type: ignore[operator]  # one of two verbs


def test_set_flags__on_oneself__is_refused(governance_owner: User) -> None:
    with pytest.raises(OwnGrant):
        people.set_flags(governance_owner, is_superuser=True, actor=governance_owner)


def test_set_flags__taken_from_oneself__is_allowed(governance_owner: User) -> None:
    assert not people.set_flags(governance_owner, is_staff=False, actor=governance_owner).is_staff


def test_set_flags__superuser_on_oneself__is_refused(superuser: User) -> None:
    with pytest.raises(NotAllowed):
        people.set_flags(superuser, is_staff=True, is_superuser=True, actor=superuser)


def test_set_flags__service_account__is_refused(governance_owner: User) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    with pytest.raises(BadInput):
        people.set_flags(robot, is_staff=True, actor=governance_owner)
