"""Policies that are only watched note what they would have done, and change nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from approvals import services
from approvals.models import PolicyVersion, ShadowVerdict
from approvals.policies import in_shadow, under, would_have
from tests.approvals import desk as steps
from tests.approvals.bases import LIVE, OVERTAKEN, WARM, rebase
from tests.approvals.desk import Desk
from tests.approvals.documents_of import ready, second_owner
from tests.approvals.facts_of import NOW, facts, policy
from tests.approvals.shadowed import CALM, KIND, lenient, noted, proposal, strict
from tests.approvals.test_fast_lane import pushed, sales
from tests.approvals.test_reconcile_damage import codes, lift
from tests.approvals.test_sampling import data, standard
from tests.approvals.timing_of import regulated
from tests.registry.test_guards import sql

pytestmark = pytest.mark.django_db
__all__ = ["sales"]
TABLE = "approvals_shadowverdict"


# -- in force, in shadow mode ---------------------------------------------------------------


def test_route__in_shadow_mode__notes_a_pass_in_a_row_and_in_its_event(sales: Desk) -> None:
    standard(sales, mode="shadow")
    request = pushed(sales, KIND)
    row = ShadowVerdict.objects.get()
    assert (row.request, row.revision, row.outcome, row.against) == (request, 1, "pass", [])
    assert [told["id"] for told in data("routed")["shadow"]] == [str(row.public_id)]
    call_command("audit_verify")


def test_route__in_shadow_mode_and_something_against_it__notes_what_held_it(sales: Desk) -> None:
    standard(sales, mode="shadow", max_changed_words=0)
    pushed(sales, KIND)
    row = ShadowVerdict.objects.get()
    assert (row.outcome, row.against) == ("hold", ["auto:words"])
    call_command("audit_verify")


def test_route__in_shadow_mode_at_submission_only__notes_it_for_that_version(sales: Desk) -> None:
    standard(sales, mode="shadow")
    request = steps.scan(steps.submit(sales, KIND))
    standard(sales, mode="on", max_changed_words=20)
    steps.route(request)
    assert noted() == [("pass", str(request.policy), False)]


# -- proposed, not decided ------------------------------------------------------------------


def test_route__proposal_would_let_it_pass__is_noted_and_people_are_asked(sales: Desk) -> None:
    standard(sales, max_changed_words=0)
    change = proposal(sales, lenient())
    request = pushed(sales, KIND)
    assert request.state == "review"
    assert noted() == [("pass", str(change.proposed_policy), True)]
    assert "would_have" not in data("routed")
    call_command("audit_verify")


def test_route__proposal_would_hold_it__is_noted_and_it_passes(sales: Desk) -> None:
    change = proposal(sales, strict())
    request = pushed(sales, KIND)
    assert (request.state, request.automatic) == ("approved", True)
    assert noted() == [("hold", str(change.proposed_policy), True)]
    assert ShadowVerdict.objects.get().against == ["auto:policy"]
    call_command("audit_verify")


def test_route__several_proposals_and_shadow_mode__each_has_a_row(sales: Desk) -> None:
    standard(sales, mode="shadow")
    one, two = proposal(sales, strict()), proposal(sales, lenient(max_changed_words=0))
    pushed(sales, KIND)
    assert noted() == [
        ("pass", "Standard 2", False),
        ("hold", str(one.proposed_policy), True),
        ("hold", str(two.proposed_policy), True),
    ]
    call_command("audit_verify")


def test_route__proposal_itself_in_shadow_mode__is_judged_as_if_it_were_on(sales: Desk) -> None:
    standard(sales, max_changed_words=0)
    proposal(sales, lenient(mode="shadow"))
    pushed(sales, KIND)
    assert [outcome for outcome, _, _ in noted()] == ["pass"]


def test_route__proposal_of_a_new_policy__is_judged_at_its_place(sales: Desk) -> None:
    standard(sales, max_changed_words=0)
    before = {**lenient(), "scope": {"labels": ["production"], "names": ["sales/*"]}}
    proposal(sales, before, "Sales at the end")
    pushed(sales, KIND)
    # It would be asked after Standard, which covers everything.
    assert noted() == []
    services.propose_policy(
        None, before, name="Sales", position=5, rationale="So.", actor=sales.governance_owner
    )
    pushed(sales, CALM)
    assert noted() == [("pass", "Sales 1", True)]


def test_route__proposal_covers_other_prompts__notes_nothing(sales: Desk) -> None:
    proposal(sales, ready("Regulated", due_hours=26), "Regulated")
    pushed(sales, KIND)
    assert noted() == []
    assert "shadow" not in data("routed")


@pytest.mark.parametrize("how", ["withdrawn", "rejected", "in force"])
def test_route__proposal_is_decided__notes_nothing_any_more(sales: Desk, how: str) -> None:
    change, owner = proposal(sales, strict()), sales.governance_owner
    if how == "withdrawn":
        services.withdraw_policy(change.pk, actor=owner)
    else:
        services.decide_policy(
            change.pk,
            actor=second_owner(owner),
            decision="approve" if how == "in force" else "reject",
            comment="So be it.",
        )
    pushed(sales, KIND)
    assert noted() == []


def test_route__proposal_cannot_be_read__is_noted_and_the_change_goes_its_way(sales: Desk) -> None:
    change, other = proposal(sales, strict()), proposal(sales, lenient())
    lift()
    PolicyVersion.objects.filter(requests=change).update(document="{}")
    assert pushed(sales, KIND).state == "approved"
    rows = ShadowVerdict.objects.order_by("pk")
    assert [(row.proposal, row.outcome) for row in rows] == [(change, "error"), (other, "pass")]
    assert rows[0].against == ["UnreadablePolicy"]


def test_route__kept_approvals_are_enough__notes_nothing_again(desk: Desk) -> None:
    regulated(desk, carry_over=["TRIVIAL_REBASE"])
    steps.released(desk, LIVE)
    change = steps.approved(desk, WARM)
    steps.released(desk, OVERTAKEN)
    proposal(desk, ready("Regulated", due_hours=26), "Regulated")
    steps.route(steps.scan(rebase(change, desk.author)))
    assert data("routed")["way"] == "kept"
    assert noted() == []


def test_revise__routed_once_more__each_revision_has_a_row(sales: Desk) -> None:
    standard(sales, mode="shadow")
    request = pushed(sales, KIND)
    services.revise(request.pk, document=steps.text(CALM), rationale="Calmer.", actor=sales.author)
    services.submit(request.pk, actor=sales.author)
    steps.route(steps.scan(steps.fresh(request)))
    assert [row.revision for row in ShadowVerdict.objects.order_by("pk")] == [1, 2]


# -- the rows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", [f"UPDATE {TABLE} SET outcome = 'hold'", f"DELETE FROM {TABLE}"]
)
def test_rows__changed_or_taken_away__is_refused_and_found(sales: Desk, statement: str) -> None:
    standard(sales, mode="shadow")
    pushed(sales, KIND)
    with pytest.raises(IntegrityError), transaction.atomic():
        sql(statement)
    assert codes() == set()
    lift()
    sql(statement)
    assert codes() == {"approvals.shadow_verdict"}


def test_rows__one_without_an_event__is_found(sales: Desk) -> None:
    standard(sales, mode="shadow")
    pushed(sales, KIND)
    row = ShadowVerdict.objects.get()
    ShadowVerdict.objects.create(
        request=row.request,
        revision=1,
        policy_version=row.policy_version,
        outcome="hold",
        at=row.at,
    )
    assert codes() == {"approvals.shadow_verdict"}


# -- pure -----------------------------------------------------------------------------------


def test_would_have__same_facts__says_the_same_and_leaves_them_alone() -> None:
    whole = facts("Standard", state="scanning", votes=())
    known = replace(whole, change=replace(whole.change, changed_words=1))
    before = replace(known)
    assert [would_have(known, NOW).passes for _ in range(3)] == [True, True, True]
    assert known == before


def test_under__other_rules__are_asked_alone_as_policy_of_both_times() -> None:
    known = facts(policy_problem="No policy covers it.")
    other = policy("Regulated")
    found = under(known, other)
    assert (found.pinned, found.current, found.policy_problem) == (other, other, "")
    assert found.scan == known.scan


def test_in_shadow__two_policies__is_the_one_of_today_before_the_one_of_submission() -> None:
    on = policy("Standard")
    assert on.automatic is not None
    shadow = on.model_copy(update={"automatic": on.automatic.model_copy(update={"mode": "shadow"})})
    newer = shadow.model_copy(update={"name": "Standard 2"})
    assert in_shadow(facts(pinned=on, current=on)) is None
    assert in_shadow(facts(pinned=shadow, current=on)) == shadow
    assert in_shadow(facts(pinned=shadow, current=newer)) == newer
