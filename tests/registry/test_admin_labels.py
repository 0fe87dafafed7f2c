"""The steps of a label in the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from registry import roles
from registry.models import Label, User
from registry.services import labels
from tests.people import make_person
from tests.registry.desk_of_admin import (
    address,
    events,
    everything,
    new_events,
    signed_in,
    staff,
    step,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(governance_owner: User) -> Client:
    """The browser of a governance owner."""
    return signed_in(governance_owner)


@pytest.fixture
def second(governance_owner: User) -> Client:
    """The browser of another governance owner."""
    greta = make_person("greta", roles.GOVERNANCE_OWNERS, by=governance_owner)
    return signed_in(staff(greta, governance_owner))


@pytest.fixture
def canary(governance_owner: User) -> Label:
    """A label on which nothing was tried yet."""
    return labels.create_label("canary", actor=governance_owner)


def test_order__of_a_label__is_changed_and_nothing_else_is_offered(
    owner: Client, production: Label
) -> None:
    url = step(production, "order")
    page = owner.get(url)
    assert page.context["form"].initial == {"order": 20}
    assert [*page.context["form"].fields] == ["order"]
    before = events()
    owner.post(url, {"order": "25"})
    production.refresh_from_db()
    assert production.order == 25
    assert new_events(before) == ["registry.label.reordered"]


def test_order__out_of_range__is_refused_at_the_field_and_keeps_what_was_typed(
    owner: Client, production: Label
) -> None:
    before = everything()
    response = owner.post(step(production, "order"), {"order": "99999"})
    assert response.status_code == 422
    assert "from 0 to 32767" in str(response.context["form"].errors["order"])
    assert 'value="99999"' in response.content.decode()
    assert everything() == before


def test_source__of_a_protected_label__waits_for_a_second_owner_and_says_who_asks(
    owner: Client, second: Client, production: Label, canary: Label
) -> None:
    before, url = events(), step(production, "source")
    first = owner.post(url, {"promotes_from": canary.pk}, follow=True).content.decode()
    assert "production stays as it is until another governance owner chooses the same." in first
    asked = "Gwen Owner asks that production promotes from canary."
    assert asked in second.get(address(production)).content.decode()
    assert asked in second.get(url).content.decode()
    done = second.post(url, {"promotes_from": canary.pk}, follow=True).content.decode()
    assert "production promotes from canary." in done
    assert new_events(before) == ["registry.label.source_asked", "registry.label.source_set"]


def test_source__empty__asks_for_none_and_the_one_of_now_takes_it_back(
    owner: Client, production: Label, staging: Label
) -> None:
    before, url = events(), step(production, "source")
    assert owner.get(url).context["form"].initial == {"promotes_from": staging.pk}
    owner.post(url, {"promotes_from": ""})
    page = owner.post(url, {"promotes_from": staging.pk}, follow=True).content.decode()
    assert "What was asked is taken back; production stays as it is." in page
    assert new_events(before) == ["registry.label.source_asked", "registry.label.source_kept"]


def test_source__circle__is_refused_at_the_field_and_changes_nothing(
    owner: Client, production: Label, staging: Label
) -> None:
    before = everything()
    response = owner.post(step(production, "source"), {"promotes_from": production.pk})
    assert response.status_code == 422
    assert "cannot promote from itself" in str(response.context["form"].errors["promotes_from"])
    assert everything() == before


def test_source__label_that_is_not_there__is_refused_by_the_form(
    owner: Client, staging: Label
) -> None:
    before = everything()
    page = owner.post(step(staging, "source"), {"promotes_from": "99999"})
    assert page.context["form"].errors["promotes_from"]
    assert everything() == before
