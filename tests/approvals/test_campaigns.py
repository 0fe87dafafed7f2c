"""Another look at what is live under other rules, some a day."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine

from approvals import services
from approvals.models import AfterReview, Policy
from registry import permissions
from registry.services import grants, prompts
from tests.approvals import desk as steps
from tests.approvals.desk import SECOND, Desk
from tests.approvals.documents_of import in_force, with_brand
from tests.approvals.pages.browsing import look, press, signed_in
from tests.approvals.test_emergency import break_glass
from tests.approvals.test_reconcile_damage import codes, lift
from tests.approvals.tightened import AT, WHY, excepted, refused, soon, steps_only, tightened
from tests.registry.test_guards import sql

__all__ = ["tightened"]

pytestmark = pytest.mark.django_db


def asked(desk: Desk, **more: Any) -> list[AfterReview]:
    given = {"reason": WHY, "a_day": 1, "days": 7, "actor": desk.governance_owner, **more}
    return services.open_campaign(**given)


def test_open_campaign__several_live__are_due_some_a_day_and_only_what_is_not_met(
    tightened: Desk,
) -> None:
    policy = Policy.objects.get(name="Regulated")
    in_force(policy, steps_only(), by=tightened.governance_owner)
    prompt = prompts.create_prompt("support/another", actor=tightened.author)
    steps.released(Desk(prompt, tightened.staging, tightened.production, tightened.people))
    in_force(policy, with_brand(), by=tightened.governance_owner)
    rows = asked(tightened)
    assert [row.prompt.name for row in rows] == ["support/another", "support/refunds"]
    assert [(row.due_at - row.opened_at).days for row in rows] == [7, 8]
    assert [row.shortfalls for row in rows] == [
        [{"code": "sign_off:brand", "title": "0 of 1 brand reviewer"}]
    ] * 2


def test_open_campaign__asked_again__leaves_out_what_waits_or_is_excepted(tightened: Desk) -> None:
    asked(tightened)
    assert refused(lambda: asked(tightened)) == "conforms_already"


def test_open_campaign__excepted__is_left_out(tightened: Desk) -> None:
    excepted(tightened)
    assert refused(lambda: asked(tightened)) == "conforms_already"


@pytest.mark.parametrize(
    "wrong", [{"a_day": 0}, {"a_day": 51}, {"days": 0}, {"days": 91}, {"reason": " "}]
)
def test_open_campaign__wrong_numbers_or_no_reason__is_refused(
    tightened: Desk, wrong: dict[str, Any]
) -> None:
    assert refused(lambda: asked(tightened, **wrong)) in {"bad_input", "comment_needed"}


@pytest.mark.parametrize("who", ["author", "auditor", "release_manager", "superuser"])
def test_open_campaign__no_governance_owner__is_refused(tightened: Desk, who: str) -> None:
    assert refused(lambda: asked(tightened, actor=tightened.people[who])) == "not_allowed"


def test_open_campaign__overdue__keeps_nobody_from_an_emergency_release(tightened: Desk) -> None:
    owner = tightened.governance_owner
    grants.grant(tightened.prompt, permissions.RESPOND, owner, actor=tightened.author)
    asked(tightened, days=1)
    change = steps.in_review(tightened, SECOND)
    with time_machine.travel(soon(3), tick=True):
        assert break_glass(tightened, change, "governance_owner").state == "released"


def test_page__another_look_asked_for__is_on_the_reviewers_page_and_its_end_on_this_one(
    tightened: Desk,
) -> None:
    client = signed_in(tightened.governance_owner)
    page = press(client, look(client, AT), "Ask for the reviews", AT, campaign_reason=WHY)
    assert "You asked for 1 review" in page.text
    assert "Another look at it is due" in page.text
    reviewer = signed_in(tightened.safety_reviewer)
    assert "Another look at v1, which is live" in look(reviewer, "/").text
    at = "/prompts/support/refunds/"
    shown = look(reviewer, at)
    assert f"asked for another look at v1, which is live on production and {NOT_MET}" in shown.text
    assert WHY in shown.text
    press(reviewer, shown, "Close the review", at, reason="It still reads well.")
    assert "Sam safety looked at it" in look(client, AT).text
    assert codes() == set()


def test_page__another_look_asked_for_wrongly__keeps_what_was_typed(tightened: Desk) -> None:
    client = signed_in(tightened.governance_owner)
    typed: dict[str, Any] = {"campaign_reason": WHY, "a_day": "many", "days": "7"}
    page = press(client, look(client, AT), "Ask for the reviews", AT, **typed)
    assert page.status == 422
    form = page.form_with("Ask for the reviews")
    assert {name: form.value(name) for name in typed} == typed


NOT_MET = "does not meet this of today's policy"


@pytest.mark.parametrize(
    ("statement", "noun"),
    [
        ("UPDATE approvals_campaign SET a_day = 9", "campaign"),
        ("UPDATE approvals_afterreview SET campaign_id = NULL", "after_review"),
    ],
)
def test_reconcile__campaign_changed_with_the_guards_off__names_it(
    tightened: Desk, statement: str, noun: str
) -> None:
    asked(tightened)
    assert codes() == set()
    lift()
    sql(statement)
    assert codes() == {f"approvals.{noun}"}
