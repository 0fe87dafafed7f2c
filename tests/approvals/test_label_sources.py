"""What a label promotes from is where `staging` looks: open changes follow it, mail tells of it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from approvals import mail, services
from approvals.errors import RequirementsUnmet
from approvals.explain import requirements_of
from registry import roles
from registry.models import Label, User
from registry.services import labels, people
from tests.approvals.desk import Desk, approved, fresh
from tests.approvals.mail_owed import letter, owed
from tests.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def greta(desk: Desk) -> User:
    """The second governance owner, who may enter the admin."""
    greta = make_person("greta", roles.GOVERNANCE_OWNERS, by=desk.governance_owner)
    return people.set_flags(greta, is_staff=True, actor=desk.governance_owner)


@pytest.fixture
def canary(desk: Desk) -> Label:
    """A label on which nothing was tried yet."""
    return labels.create_label("canary", actor=desk.governance_owner)


def both(desk: Desk, greta: User, source: Label | None) -> None:
    """Gwen asks, Greta agrees."""
    for owner in (desk.governance_owner, greta):
        labels.promote_label_from(desk.production, source, actor=owner)


def test_release__source_changed_since_it_was_tried__has_to_be_tried_there_first(
    desk: Desk, greta: User, canary: Label
) -> None:
    request = approved(desk)
    both(desk, greta, canary)
    with pytest.raises(RequirementsUnmet) as no:
        services.release(request.pk, actor=desk.author)
    gates = [r.code for r in no.value.requirements if r.blocks and r.kind == "gate"]
    assert gates == ["staging"]
    services.reassess(request.pk)
    assert fresh(request).state == "review"
    assert request.version is not None
    services.place(desk.prompt, request.version, canary, actor=desk.author)
    services.reassess(request.pk)
    services.release(request.pk, actor=desk.author)
    assert fresh(request).state == "released"


def test_requirements__label_promotes_from_none__say_so_and_ask_for_no_trial(
    desk: Desk, greta: User
) -> None:
    request = approved(desk)
    both(desk, greta, None)
    rule = next(r for r in requirements_of(fresh(request)) if r.code == "staging")
    assert (rule.status, rule.sentence) == (
        "NOT_APPLICABLE",
        "production promotes from no label on which it could be tried.",
    )


def test_requirements__source_only_asked_for__are_as_they_were(desk: Desk, canary: Label) -> None:
    request = approved(desk)
    before = requirements_of(fresh(request))
    labels.promote_label_from(desk.production, None, actor=desk.governance_owner)
    assert requirements_of(fresh(request)) == before


def test_compose__source_asked_for__says_by_whom_and_leads_to_the_label(
    desk: Desk, greta: User, canary: Label
) -> None:
    labels.promote_label_from(desk.production, canary, actor=desk.governance_owner)
    said = letter("label_source_asked", greta)
    assert said.subject == "Gwen Owner asks that production promotes from canary"
    assert "it promotes from staging now" in said.lead[0]
    assert said.link.endswith(f"/admin/registry/label/{desk.production.pk}/change/")


def test_compose__source_asked_for_and_decided_since__is_owed_no_longer(
    desk: Desk, greta: User, canary: Label
) -> None:
    both(desk, greta, canary)
    with pytest.raises(mail.NotOwed, match="decided"):
        mail.compose(owed("label_source_asked", greta), timezone.now())
    said = letter("label_source_set", desk.governance_owner)
    assert said.subject == "production promotes from canary"
    assert said.lead[0].startswith("Greta governance-owners agreed on ")


def test_compose__source_taken_back__says_what_stays(
    desk: Desk, greta: User, canary: Label
) -> None:
    labels.promote_label_from(desk.production, canary, actor=desk.governance_owner)
    labels.promote_label_from(desk.production, desk.staging, actor=desk.governance_owner)
    assert letter("label_source_kept", greta).subject == "production still promotes from staging"


def test_compose__recipient_governs_no_longer__hears_nothing(
    desk: Desk, greta: User, canary: Label
) -> None:
    labels.promote_label_from(desk.production, canary, actor=desk.governance_owner)
    people.leave(greta, roles.GOVERNANCE_OWNERS, actor=desk.governance_owner)
    with pytest.raises(mail.NotOwed, match="not_visible"):
        letter("label_source_asked", greta)
