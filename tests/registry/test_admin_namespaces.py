"""Which team owns a namespace, and what a team is called, in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from registry.models import Namespace, Team, User
from registry.services import namespaces
from tests.registry.desk_of_admin import events, everything, new_events, signed_in, step

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(governance_owner: User) -> Client:
    """The browser of a governance owner."""
    return signed_in(governance_owner)


@pytest.fixture
def team(governance_owner: User) -> Team:
    """The team Care."""
    return namespaces.create_team("Care", actor=governance_owner)


def test_owner_team__governance_owner__is_changed_by_the_verb(
    owner: Client, namespace: Namespace, team: Team
) -> None:
    before = events()
    for _ in range(2):
        owner.post(step(namespace, "edit"), {"owner_team": team.pk})
    namespace.refresh_from_db()
    assert namespace.owner_team == team
    assert new_events(before) == ["registry.namespace.edited"]


@pytest.mark.parametrize("other", ["999999", "x"])
def test_owner_team__crafted__is_refused(owner: Client, namespace: Namespace, other: str) -> None:
    before = everything()
    owner.post(step(namespace, "edit"), {"owner_team": other})
    assert everything() == before


def test_owner_team__superuser__is_refused(
    superuser: User, namespace: Namespace, team: Team
) -> None:
    client = signed_in(superuser)
    before = everything()
    response = client.post(step(namespace, "edit"), {"owner_team": team.pk})
    assert response.status_code == 403
    assert everything() == before


def test_rename__team__is_done_by_the_verb(owner: Client, team: Team) -> None:
    before = events()
    for _ in range(2):
        owner.post(step(team, "name"), {"name": "Customer care"})
    team.refresh_from_db()
    assert team.name == "Customer care"
    assert new_events(before) == ["registry.team.renamed"]


def test_rename__name_of_another_team__is_refused_and_its_own_in_other_letters_is_not(
    owner: Client, team: Team, governance_owner: User
) -> None:
    namespaces.create_team("Sales", actor=governance_owner)
    before = everything()
    response = owner.post(step(team, "name"), {"name": "SALES"})
    assert response.status_code == 409
    assert "already" in response.content.decode()
    assert everything() == before
    owner.post(step(team, "name"), {"name": "CARE"})
    team.refresh_from_db()
    assert team.name == "CARE"


def test_rename__superuser__is_refused(superuser: User, team: Team) -> None:
    client = signed_in(superuser)
    before = everything()
    assert client.post(step(team, "name"), {"name": "Mole"}).status_code == 403
    assert everything() == before
