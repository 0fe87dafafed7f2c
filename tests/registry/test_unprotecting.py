"""Protection goes with the row of its un-protection only, and the verifier names a forged one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.guards import uninstall
from registry.guards import SPECS
from registry.models import Label, Unprotection, User
from registry.services import labels
from tests.registry.steps import take_off
from tests.registry.test_guards import copy_of, refused, sql
from tests.registry.test_reconcile import World, found, world

__all__ = ["world"]

pytestmark = pytest.mark.django_db

#: a UUID that no row has
NEW_ID = "00000000-0000-4000-8000-000000000009"
OFF = "UPDATE registry_label SET protected = %s, unprotections = %s WHERE name = %s"


@pytest.fixture
def canary(governance_owner: User, staging: Label) -> Label:
    """A label that was protected once and is so again."""
    label = labels.create_label("canary", protected=True, actor=governance_owner)
    take_off(label, governance_owner)
    return labels.protect_label(label, actor=governance_owner)


# -- what the database refuses ----------------------------------------------------------------


def test_update__counted_without_a_row__is_refused(production: Label) -> None:
    refused("stays protected", OFF, False, 1, "production")


def test_orm_save__protection_taken_off__is_refused(production: Label) -> None:
    production.protected = False
    with pytest.raises(IntegrityError, match="stays protected"), transaction.atomic():
        production.save()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_update__by_the_row_of_an_earlier_time__is_refused(canary: Label, count: int) -> None:
    refused("stays protected", OFF, False, count, "canary")


@pytest.mark.parametrize("count", ["unprotections + 1", "0"])
def test_update__count_alone__is_refused(canary: Label, count: str) -> None:
    statement = f"UPDATE registry_label SET unprotections = {count} WHERE name = 'canary'"
    refused("counted only when protection goes", statement)


def test_insert__label_that_counts_already__is_refused(canary: Label) -> None:
    made = {"id": "id + 100", "name": "'x'", "public_id": f"'{NEW_ID}'"}
    refused("begins without", f"INSERT {copy_of('registry_label', canary.pk, **made)}")


@pytest.mark.parametrize(
    ("name", "number"),
    [("staging", 1), ("canary", 1), ("canary", 3)],
    ids=["not protected", "done already", "one too far"],
)
def test_insert__unprotection_that_is_not_the_next__is_refused(
    canary: Label, name: str, number: int
) -> None:
    row = copy_of(
        "registry_unprotection",
        Unprotection.objects.get().pk,
        id="id + 100",
        public_id=f"'{NEW_ID}'",
        label_id=f"(SELECT id FROM registry_label WHERE name = '{name}')",
        number=str(number),
    )
    refused("the next one of a protected label", f"INSERT {row}")


def test_take_protection_off__protected_again__counts_a_second_time(
    canary: Label, governance_owner: User
) -> None:
    take_off(canary, governance_owner)
    canary.refresh_from_db()
    assert (canary.protected, canary.unprotections) == (False, 2)


# -- what the verifier names ------------------------------------------------------------------


def _forge(world: World, *, label: Label | None = None) -> Unprotection:
    wanted = label or world.production
    return Unprotection.objects.create(
        label=wanted,
        number=wanted.unprotections + 1,
        cause_type="approvals.request",
        cause_id=uuid4(),
        account=world.gwen,
        at=timezone.now(),
    )


def _forge_and_take_off(world: World) -> None:
    row = _forge(world)
    assert sql(OFF, False, row.number, "production") == 1


def _put_back(world: World) -> None:
    Label.objects.filter(name="eu").update(protected=True, unprotections=0)
    Unprotection.objects.all().delete()


def test_verify__row_forged_with_the_guards_on__is_named(world: World) -> None:
    _forge_and_take_off(world)
    assert found() == [("registry.label", True), ("registry.unprotection", False)]


TAMPERED: dict[str, tuple[Callable[[World], Any], list[tuple[str, bool]]]] = {
    "a row for nothing": (_forge, [("registry.unprotection", False)]),
    "in the name of somebody else": (
        lambda w: Unprotection.objects.update(account=w.outsider),
        [("registry.unprotection", True)],
    ),
    "at another time": (
        lambda w: Unprotection.objects.update(at=w.row.at),
        [("registry.unprotection", True)],
    ),
    "for another cause": (
        lambda w: Unprotection.objects.update(cause_id=UUID(NEW_ID)),
        [("registry.unprotection", True)],
    ),
    "of another label": (
        lambda w: Unprotection.objects.update(label=w.production),
        [("registry.unprotection", True)],
    ),
    "as if it had never been": (
        _put_back,
        [("registry.label", True), ("registry.unprotection", True)],
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_verify__unprotection_written_past_the_verbs__is_named(world: World, name: str) -> None:
    tamper, expected = TAMPERED[name]
    uninstall(SPECS, connection)
    tamper(world)
    assert found() == expected
