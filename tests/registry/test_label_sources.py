"""What a label promotes from: who may say it, what makes no sense, and when it takes two."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from registry import roles
from registry.errors import (
    NotAllowed,
    PromotesFromItself,
    PromotesFromProtected,
    PromotesInCircle,
    SecondOwnerNeeded,
    UnknownLabel,
)
from registry.models import Label, OutboxMail, User
from registry.services import labels, people, tokens
from tests.people import make_person
from tests.registry.steps import actions

pytestmark = pytest.mark.django_db


@pytest.fixture
def greta(governance_owner: User) -> User:
    """The second governance owner."""
    return make_person("greta", roles.GOVERNANCE_OWNERS, by=governance_owner)


@pytest.fixture
def canary(governance_owner: User) -> Label:
    """A label on which nothing was tried yet."""
    return labels.create_label("canary", actor=governance_owner)


def now(label: Label) -> tuple[Label | None, Label | None, User | None]:
    """What it promotes from, what is asked for, and by whom."""
    found = Label.objects.get(pk=label.pk)
    return found.promotes_from, found.asked_from, found.asked_by


# -- one governance owner -------------------------------------------------------------------


def test_promote_label_from__not_protected__is_said_by_one_and_kept_in_its_history(
    staging: Label, canary: Label, governance_owner: User
) -> None:
    labels.promote_label_from(staging, canary, actor=governance_owner)
    assert now(staging) == (canary, None, None)
    kept = staging.history.latest()
    assert (kept.history_change_reason, kept.history_user) == (
        "promote_label_from",
        governance_owner,
    )


def test_promote_label_from__first_source_of_a_protected_one__is_said_by_one(
    staging: Label, governance_owner: User
) -> None:
    eu = labels.create_label("eu", protected=True, actor=governance_owner)
    labels.promote_label_from(eu, staging, actor=governance_owner)
    assert now(eu) == (staging, None, None)


def test_promote_label_from__single_owner_mode__is_done_by_whoever_asks(
    production: Label, governance_owner: User, settings: Settings
) -> None:
    settings.SINGLE_OWNER, settings.AUDIT_MODE = True, "single_owner"
    labels.promote_label_from(production, None, actor=governance_owner)
    assert now(production) == (None, None, None)


# -- two governance owners ------------------------------------------------------------------


def test_promote_label_from__another_for_a_protected_one__stays_as_it_is_until_a_second_says_so(
    production: Label, staging: Label, canary: Label, governance_owner: User, greta: User
) -> None:
    labels.promote_label_from(production, canary, actor=governance_owner)
    assert now(production) == (staging, canary, governance_owner)
    labels.promote_label_from(production, canary, actor=greta)
    assert now(production) == (canary, None, None)


def test_promote_label_from__none_for_a_protected_one__takes_two_as_well(
    production: Label, staging: Label, governance_owner: User, greta: User
) -> None:
    labels.promote_label_from(production, None, actor=governance_owner)
    assert now(production) == (staging, None, governance_owner)
    labels.promote_label_from(production, None, actor=greta)
    assert now(production) == (None, None, None)


def test_promote_label_from__whoever_asked_says_it_again__names_who_can_do_it(
    production: Label, canary: Label, governance_owner: User, greta: User
) -> None:
    labels.promote_label_from(production, canary, actor=governance_owner)
    before = actions()
    with pytest.raises(SecondOwnerNeeded, match=str(greta)) as no:
        labels.promote_label_from(production, canary, actor=governance_owner)
    assert no.value.code == "second_owner_needed"
    assert actions() == before


def test_promote_label_from__the_only_governance_owner_again__says_to_appoint_another(
    production: Label, canary: Label, governance_owner: User
) -> None:
    labels.promote_label_from(production, canary, actor=governance_owner)
    with pytest.raises(SecondOwnerNeeded, match="Make another person one"):
        labels.promote_label_from(production, canary, actor=governance_owner)


def test_promote_label_from__second_says_another_one__asks_for_that_instead(
    production: Label, staging: Label, canary: Label, governance_owner: User, greta: User
) -> None:
    labels.promote_label_from(production, canary, actor=governance_owner)
    labels.promote_label_from(production, None, actor=greta)
    assert now(production) == (staging, None, greta)


def test_promote_label_from__what_is_so_already__takes_back_what_was_asked(
    production: Label, staging: Label, canary: Label, governance_owner: User, greta: User
) -> None:
    labels.promote_label_from(production, canary, actor=governance_owner)
    labels.promote_label_from(production, staging, actor=greta)
    assert now(production) == (staging, None, None)
    assert actions()[-1] == "registry.label.source_kept"


def test_promote_label_from__whoever_asked_no_longer_governs__counts_as_asked_by_the_second(
    production: Label, staging: Label, canary: Label, governance_owner: User, greta: User
) -> None:
    labels.promote_label_from(production, canary, actor=greta)
    people.leave(greta, roles.GOVERNANCE_OWNERS, actor=governance_owner)
    labels.promote_label_from(production, canary, actor=governance_owner)
    assert now(production) == (staging, canary, governance_owner)


def test_promote_label_from__asked__owes_the_other_governance_owners_a_mail(
    production: Label, canary: Label, governance_owner: User, greta: User
) -> None:
    labels.promote_label_from(production, canary, actor=governance_owner)
    labels.promote_label_from(production, canary, actor=greta)
    owed = OutboxMail.objects.filter(subject_id=production.public_id).order_by("pk")
    assert [(row.kind, row.recipient) for row in owed] == [
        ("label_source_asked", greta),
        ("label_source_set", governance_owner),
    ]


# -- refusals -------------------------------------------------------------------------------


def test_promote_label_from__itself__is_refused(staging: Label, governance_owner: User) -> None:
    with pytest.raises(PromotesFromItself) as no:
        labels.promote_label_from(staging, staging, actor=governance_owner)
    assert (no.value.code, no.value.extra["field"]) == ("promotes_from_itself", "promotes_from")


def test_promote_label_from__one_that_comes_after_it__names_where_the_circle_closes(
    staging: Label, canary: Label, governance_owner: User
) -> None:
    third = labels.create_label("third", promotes_from=canary, actor=governance_owner)
    labels.promote_label_from(canary, staging, actor=governance_owner)
    with pytest.raises(PromotesInCircle, match="canary promotes from staging") as no:
        labels.promote_label_from(staging, third, actor=governance_owner)
    assert no.value.code == "promotes_in_circle"
    assert now(staging) == (None, None, None)


def test_promote_label_from__protected_before_one_that_is_not__is_refused(
    production: Label, canary: Label, governance_owner: User
) -> None:
    with pytest.raises(PromotesFromProtected, match="or protect canary") as no:
        labels.promote_label_from(canary, production, actor=governance_owner)
    assert no.value.code == "promotes_from_protected"


def test_promote_label_from__label_that_was_never_made__is_unknown(
    staging: Label, governance_owner: User
) -> None:
    with pytest.raises(UnknownLabel, match="no label “nowhere”"):
        labels.promote_label_from(staging, Label(name="nowhere"), actor=governance_owner)


@pytest.mark.parametrize("who", ["release_manager", "superuser"])
def test_promote_label_from__not_a_governance_owner__is_refused(
    request: pytest.FixtureRequest, staging: Label, canary: Label, who: str
) -> None:
    with pytest.raises(NotAllowed):
        labels.promote_label_from(staging, canary, actor=request.getfixturevalue(who))


def test_promote_label_from__token__is_refused(
    staging: Label, canary: Label, governance_owner: User
) -> None:
    robot = people.create_service_account("ci", actor=governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["place"], actor=governance_owner)
    with pytest.raises(NotAllowed):
        labels.promote_label_from(staging, canary, actor=token)
