"""What is live under other rules than today's, and the dated exceptions that let it stay."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from approvals import services
from approvals.governance import nonconforming
from approvals.models import ApprovalRequest, Policy, PolicyChange, PolicyException
from registry import permissions, roles
from registry.services import grants, labels, memberships, people, prompts
from tests.approvals import desk as steps
from tests.approvals.desk import SECOND, Desk
from tests.approvals.documents_of import in_force, proposed, with_brand
from tests.approvals.mail_owed import letter
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.approvals.test_reconcile_damage import codes, lift
from tests.approvals.tightened import AT, WHY, excepted, refused, soon, steps_only, tightened
from tests.processes import on_embedded
from tests.registry.desk_of_admin import address
from tests.registry.test_guards import sql

__all__ = ["tightened"]

pytestmark = pytest.mark.django_db


def seen_by(desk: Desk, who: str) -> Page:
    return look(signed_in(desk.people[who]), AT)


# -- the page -------------------------------------------------------------------------------


def test_page__everything_conforms__says_so(desk: Desk) -> None:
    steps.released(desk)
    assert "is what the policies of today ask for" in seen_by(desk, "auditor").text


@pytest.mark.parametrize("who", ["governance_owner", "auditor"])
def test_page__policy_tightened_since__says_what_the_live_version_lacks(
    tightened: Desk, who: str
) -> None:
    page = seen_by(tightened, who)
    assert "support/refunds v1 on production" in page.text
    assert "Not met: 0 of 1 brand reviewer." in page.text
    buttons = {words for form in page.forms for words in form.buttons}
    assert ("Let it stay until then" in buttons) is (who == "governance_owner")


@pytest.mark.parametrize("who", ["author", "outsider", "superuser"])
def test_page__neither_governance_owner_nor_auditor__is_refused(tightened: Desk, who: str) -> None:
    page = seen_by(tightened, who)
    assert page.status == 403
    assert "support/refunds" not in page.text


def test_page__confidential_prompt__is_counted_and_not_named(tightened: Desk) -> None:
    prompts.edit_prompt(tightened.prompt, confidential=True, actor=tightened.author)
    page = seen_by(tightened, "auditor")
    assert "refunds" not in page.text
    assert "1 more is of a prompt that you may not see" in page.text


@on_embedded
def test_page__many_live_versions__costs_as_many_queries(tightened: Desk) -> None:
    client = signed_in(tightened.governance_owner)
    with CaptureQueriesContext(connection) as few:
        look(client, AT)
    policy = Policy.objects.get(name="Regulated")
    in_force(policy, steps_only(), by=tightened.governance_owner)
    for number in range(3):
        prompt = prompts.create_prompt(f"support/other-{number}", actor=tightened.author)
        steps.released(Desk(prompt, tightened.staging, tightened.production, tightened.people))
    in_force(policy, with_brand(), by=tightened.governance_owner)
    assert len(nonconforming()) == 4
    with CaptureQueriesContext(connection) as many:
        look(client, AT)
    assert len(many) == len(few)


def test_page__filled_in__lets_it_stay_and_ends_it_again(tightened: Desk) -> None:
    client = signed_in(tightened.governance_owner)
    day = soon().date().isoformat()
    page = press(
        client, look(client, AT), "Let it stay until then", AT, until=day, reason=WHY, owner="ADA"
    )
    assert page.status == 200
    row = PolicyException.objects.get()
    assert (row.owner, row.made_by) == (tightened.author, tightened.governance_owner)
    assert f"{WHY} Ada" in page.text
    page = press(client, page, "End the exception", AT)
    assert "No exception is in force." in page.text
    assert PolicyException.objects.get().ended_by == tightened.governance_owner


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"until": "soon"}, "until"),
        ({"until": "2020-01-01"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"owner": "nobody"}, "owner"),
        ({"reason": " "}, "reason"),
    ],
)
def test_page__filled_in_wrongly__keeps_what_was_typed(
    tightened: Desk, typed: dict[str, str], field: str
) -> None:
    client = signed_in(tightened.governance_owner)
    day = soon().date().isoformat()
    given: dict[str, Any] = {"until": day, "reason": WHY, "owner": "ada", **typed}
    page = press(client, look(client, AT), "Let it stay until then", AT, **given)
    assert page.status == 422
    form = page.form_with("Let it stay until then")
    assert {name: form.value(name) for name in given} == given
    wrong = [tag["name"] for _, tag in page.tags if tag.get("aria-invalid") == "true"]
    assert wrong == [field]
    assert not PolicyException.objects.exists()


@pytest.mark.parametrize("who", ["auditor", "outsider", "superuser", "author"])
def test_page__crafted_post__is_refused(tightened: Desk, who: str) -> None:
    client = signed_in(tightened.people[who])
    form = look(signed_in(tightened.governance_owner), AT).form_with("Let it stay until then")
    token = look(client, "/").forms[0].value("csrfmiddlewaretoken")
    fields = {**dict(form.fields), "csrfmiddlewaretoken": token, "do": "except"}
    fields |= {"until": soon().date().isoformat(), "reason": WHY}
    assert client.post(AT, fields).status_code == 403
    assert not PolicyException.objects.exists()


# -- placed by hand before its label was protected -------------------------------------------


def _by_hand(desk: Desk) -> Desk:
    """What is live on a new label was placed there before it was protected."""
    version = steps.in_review(desk).version
    assert version is not None
    owner = desk.governance_owner
    label = labels.create_label("eu", protected=False, actor=owner)
    services.place(desk.prompt, version, label, actor=desk.author)
    labels.protect_label(label, actor=owner)
    return Desk(desk.prompt, desk.staging, label, desk.people)


def test_page__placed_by_hand_before_the_label_was_protected__was_never_approved(
    desk: Desk,
) -> None:
    placed = _by_hand(desk)
    page = seen_by(placed, "auditor")
    assert "support/refunds v1 on eu" in page.text
    assert "Not met: It was never approved here. Policy: none." in page.text
    assert "It was put there by hand, before eu was protected." in page.text


def test_page__placed_by_hand__lets_it_stay(desk: Desk) -> None:
    placed = _by_hand(desk)
    client = signed_in(placed.governance_owner)
    given: dict[str, Any] = {"until": soon().date().isoformat(), "reason": WHY, "owner": "ada"}
    page = press(client, look(client, AT), "Let it stay until then", AT, **given)
    assert page.status == 200
    row = PolicyException.objects.get()
    assert (row.label, row.version.number) == (placed.production, 1)
    assert "Let stay until a date 1" in page.text


def test_open_campaign__placed_by_hand__is_looked_at(desk: Desk) -> None:
    placed = _by_hand(desk)
    (review,) = services.open_campaign(reason=WHY, a_day=5, days=7, actor=placed.governance_owner)
    assert (review.prompt, review.label) == (placed.prompt, placed.production)
    assert [one["code"] for one in review.shortfalls] == ["never_approved"]
    assert codes() == set()


def test_page_of_a_change__tightening__says_in_words_what_would_not_be_met(desk: Desk) -> None:
    steps.released(desk)
    policy = Policy.objects.get(name="Regulated")
    change = proposed(policy, with_brand(), by=desk.governance_owner)
    page = look(signed_in(desk.governance_owner), address(PolicyChange.objects.get(pk=change.pk)))
    assert "not met now: nothing. Not met then: 0 of 1 brand reviewer." in page.text


# -- the verbs ------------------------------------------------------------------------------


def test_except_live__conforming_version__is_refused(desk: Desk) -> None:
    steps.released(desk)
    assert refused(lambda: excepted(desk)) == "conforms_already"


def test_except_live__nothing_live__is_refused(desk: Desk) -> None:
    assert refused(lambda: excepted(desk)) == "wrong_state"


@pytest.mark.parametrize("who", ["author", "auditor", "release_manager", "superuser"])
def test_except_live__no_governance_owner__is_refused(tightened: Desk, who: str) -> None:
    assert refused(lambda: excepted(tightened, actor=tightened.people[who])) == "not_allowed"


def test_except_live__wrote_what_is_live__is_refused(tightened: Desk) -> None:
    owner = tightened.governance_owner
    memberships.join(tightened.author, roles.GOVERNANCE_OWNERS, actor=owner)
    assert refused(lambda: excepted(tightened, actor=tightened.author)) == "own_change"


@pytest.mark.parametrize("days", [-1, 367])
def test_except_live__ends_in_the_past_or_after_more_than_a_year__is_refused(
    tightened: Desk, days: int
) -> None:
    assert refused(lambda: excepted(tightened, until=soon(days))) == "bad_input"


def test_except_live__owner_was_deactivated__is_refused(tightened: Desk) -> None:
    people.deactivate(tightened.outsider, actor=tightened.governance_owner)
    assert refused(lambda: excepted(tightened, owner=tightened.outsider)) == "bad_input"


def test_except_live__owner_may_not_see_the_prompt__is_refused(tightened: Desk) -> None:
    grants.grant(
        tightened.prompt, permissions.VIEW, tightened.governance_owner, actor=tightened.author
    )
    prompts.edit_prompt(tightened.prompt, confidential=True, actor=tightened.author)
    assert refused(lambda: excepted(tightened, owner=tightened.outsider)) == "bad_input"


def test_except_live__one_is_in_force__is_refused(tightened: Desk) -> None:
    excepted(tightened)
    assert refused(lambda: excepted(tightened)) == "already_done"


def test_except_live__made__writes_to_who_answers_for_it(tightened: Desk) -> None:
    excepted(tightened)
    said = letter("exception_made", tightened.author)
    assert "You answer for support/refunds until" in said.subject
    assert said.words is not None
    assert said.words.text == WHY


def test_except_live__time_is_over__leaves_it_open_again(tightened: Desk) -> None:
    excepted(tightened, until=soon(1))
    assert "No exception is in force." not in seen_by(tightened, "auditor").text
    with time_machine.travel(soon(2), tick=True):
        assert "No exception is in force." in seen_by(tightened, "auditor").text
        assert excepted(tightened).ended_at is None


def test_except_live__another_version_went_live__is_of_no_use_to_it(tightened: Desk) -> None:
    policy = Policy.objects.get(name="Regulated")
    excepted(tightened)
    in_force(policy, steps_only(), by=tightened.governance_owner)
    steps.released(tightened, SECOND)
    in_force(policy, with_brand(), by=tightened.governance_owner)
    page = seen_by(tightened, "auditor")
    assert "support/refunds v2 on production" in page.text
    assert "No exception is in force." in page.text


def test_except_live__in_force__opens_no_gate_for_the_next_change(tightened: Desk) -> None:
    excepted(tightened)
    change = steps.in_review(tightened, SECOND)
    for who in ("support_reviewer", "safety_reviewer", "engineer"):
        change = steps.approve(tightened, change, who)
    assert ApprovalRequest.objects.get(pk=change.pk).state == "review"


@pytest.mark.parametrize("who", ["author", "governance_owner"])
def test_end_exception__owner_or_governance_owner__ends_it(tightened: Desk, who: str) -> None:
    row = services.end_exception(excepted(tightened).pk, actor=tightened.people[who])
    assert row.ended_by == tightened.people[who]
    assert refused(lambda: services.end_exception(row.pk, actor=row.owner)) == "already_done"


@pytest.mark.parametrize("who", ["outsider", "auditor", "superuser"])
def test_end_exception__anybody_else__is_refused(tightened: Desk, who: str) -> None:
    row = excepted(tightened)
    who_else = tightened.people[who]
    assert refused(lambda: services.end_exception(row.pk, actor=who_else)) == "not_allowed"


def test_end_exception__by_a_governance_owner__writes_to_who_answered_for_it(
    tightened: Desk,
) -> None:
    services.end_exception(excepted(tightened).pk, actor=tightened.governance_owner)
    assert "has ended" in letter("exception_ended", tightened.author).subject


# -- past the verbs -------------------------------------------------------------------------

TABLE = "approvals_policyexception"


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET until = '2031-01-01 00:00:00+00:00'",
        f"UPDATE {TABLE} SET owner_id = made_by_id",
        f"DELETE FROM {TABLE}",
    ],
)
def test_exception__changed_by_raw_sql__is_refused(tightened: Desk, statement: str) -> None:
    excepted(tightened)
    with pytest.raises(IntegrityError, match="countersign guard"), transaction.atomic():
        sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET until = '2031-01-01 00:00:00+00:00'",
        f"UPDATE {TABLE} SET ended_at = made_at, ended_by_id = made_by_id",
        f"DELETE FROM {TABLE}",
    ],
)
def test_reconcile__exception_changed_with_the_guards_off__names_it(
    tightened: Desk, statement: str
) -> None:
    excepted(tightened)
    assert codes() == set()
    lift()
    sql(statement)
    assert codes() == {"approvals.exception"}
