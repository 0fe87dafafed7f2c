"""A change of a policy: proposed by one governance owner, decided by another."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from approvals import governance, services
from approvals.explain import requirements_of
from approvals.governance import impact_of, nonconforming, policy_facts
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest, Policy, PolicyVersion
from approvals.policies import Status
from registry import permissions
from registry.errors import Refusal
from registry.models import User
from registry.services import grants, memberships, people
from tests.approvals import desk as steps
from tests.approvals.desk import SECOND, Desk
from tests.approvals.documents_of import (
    in_force,
    proposed,
    ready,
    second_owner,
    sign_off,
    stages,
    with_brand,
)
from tests.approvals.mail_owed import letter
from tests.people import MakePrompt


def regulated() -> Policy:
    return Policy.objects.get(name="Regulated")


def code(call: Any) -> str:
    with pytest.raises(Refusal) as raised:
        call()
    return raised.value.code


def decide(request: ApprovalRequest, actor: Any, decision: str = "approve", **more: Any) -> Any:
    return services.decide_policy(request.pk, actor=actor, decision=decision, **more)


def test_propose_policy__waits__nothing_is_in_force_yet(desk: Desk) -> None:
    before = regulated().current
    request = proposed(regulated(), with_brand(), by=desk.governance_owner)
    assert request.state == "review"
    assert regulated().current == before
    call_command("audit_verify")


def test_decide_policy__another_owner_approves__is_in_force(desk: Desk) -> None:
    version = in_force(regulated(), with_brand(), by=desk.governance_owner)
    assert regulated().current == version
    call_command("audit_verify")


def test_decide_policy__its_author__is_refused(desk: Desk) -> None:
    request = proposed(regulated(), with_brand(), by=desk.governance_owner)
    assert code(lambda: decide(request, desk.governance_owner)) == "own_change"
    assert regulated().current != request.proposed_policy


@pytest.mark.parametrize("who", ["superuser", "auditor", "author", "outsider"])
def test_decide_policy__no_governance_owner__is_refused(desk: Desk, who: str) -> None:
    request = proposed(regulated(), with_brand(), by=desk.governance_owner)
    assert code(lambda: decide(request, desk.people[who])) == "not_allowed"


def test_decide_policy__lets_a_change_of_the_decider_pass__is_refused(desk: Desk) -> None:
    second = second_owner(desk.governance_owner)
    memberships.join(second, "authors", actor=desk.governance_owner)
    change = steps.in_review(desk, actor=second)
    in_force_tight = proposed(regulated(), with_brand(), by=desk.governance_owner)
    third = _third(desk)
    decide(in_force_tight, third)
    back = proposed(regulated(), ready("Regulated", due_hours=25), by=desk.governance_owner)
    assert policy_facts(back).unblocked == {second.pk: (change.pk,)}
    assert code(lambda: decide(back, second)) == "unblocks_own"
    decide(back, third)


@pytest.mark.parametrize("state", ["draft", "scanning", "review", "approved"])
def test_decide_policy__a_change_of_the_decider_would_lack_less_submitted_anew__is_refused(
    desk: Desk, state: str
) -> None:
    """The policy at submission still asks for three people, until who decided submits again."""
    second = second_owner(desk.governance_owner)
    memberships.join(second, "authors", actor=desk.governance_owner)
    makers = {
        "draft": steps.propose,
        "scanning": steps.submit,
        "review": steps.in_review,
        "approved": steps.approved,
    }
    change = makers[state](desk, actor=second)
    request = proposed(regulated(), _loose(), by=desk.governance_owner)
    # Of a draft nobody else knows.
    numbers = () if state == "draft" else (change.pk,)
    assert policy_facts(request).unblocked == {second.pk: numbers}
    assert code(lambda: decide(request, second)) == "unblocks_own"
    decide(request, _third(desk))


def test_decide_policy__as_many_newer_changes_as_a_preview_shows__still_sees_the_own_one(
    desk: Desk, make_prompt: MakePrompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(governance, "MOST", 1)
    second = second_owner(desk.governance_owner)
    memberships.join(second, "authors", actor=desk.governance_owner)
    steps.in_review(desk, actor=second)
    other = Desk(make_prompt("support/other"), desk.staging, desk.production, desk.people)
    steps.in_review(other)
    request = proposed(regulated(), _loose(), by=desk.governance_owner)
    assert code(lambda: decide(request, second)) == "unblocks_own"


@pytest.mark.parametrize("state", ["withdrawn", "released"])
def test_decide_policy__the_deciders_change_has_ended__is_decided(desk: Desk, state: str) -> None:
    second = second_owner(desk.governance_owner)
    memberships.join(second, "authors", actor=desk.governance_owner)
    if state == "released":
        services.release(steps.approved(desk, actor=second).pk, actor=second)
    else:
        services.withdraw(steps.propose(desk, actor=second).pk, actor=second)
    request = proposed(regulated(), _loose(), by=desk.governance_owner)
    decide(request, second)
    assert regulated().current == request.proposed_policy


def _loose() -> dict[str, Any]:
    return ready("Light", title="Regulated", names=["support/*"])


def _third(desk: Desk) -> User:
    owner = desk.governance_owner
    third = people.create_person("gil", email="gil@example.org", display_name="Gil", actor=owner)
    memberships.join(third, "governance-owners", actor=owner)
    return third


def test_decide_policy__another_came_into_force_meanwhile__is_unmet(desk: Desk) -> None:
    owner = desk.governance_owner
    late = proposed(regulated(), ready("Regulated", due_hours=30), by=owner)
    in_force(regulated(), with_brand(), by=owner)
    assert code(lambda: decide(late, second_owner(owner))) == "requirements_unmet"
    rules = {rule.code: rule for rule in requirements_of(late)}
    assert rules["base"].status == Status.UNSATISFIED


def test_decide_policy__rejected__needs_a_comment_and_changes_nothing(desk: Desk) -> None:
    owner = desk.governance_owner
    request = proposed(regulated(), with_brand(), by=owner)
    second = second_owner(owner)
    assert code(lambda: decide(request, second, "reject")) == "comment_needed"
    decide(request, second, "reject", comment="Brand has nobody on call.")
    assert regulated().current != request.proposed_policy
    call_command("audit_verify")


def test_decide_policy__other_text_was_seen__is_stale(desk: Desk) -> None:
    request = proposed(regulated(), with_brand(), by=desk.governance_owner)
    second = second_owner(desk.governance_owner)
    assert code(lambda: decide(request, second, seen="0" * 64)) == "stale"


def test_explain__one_governance_owner__says_whom_to_appoint(desk: Desk) -> None:
    request = proposed(regulated(), with_brand(), by=desk.governance_owner)
    rule = next(r for r in requirements_of(request) if r.code == "sign_off:governance")
    assert rule.impossible
    assert "Appoint one more governance owner" in rule.sentence


def test_decide_policy__single_owner_mode__its_author_may(desk: Desk, settings: Any) -> None:
    settings.SINGLE_OWNER, settings.AUDIT_MODE = True, "single_owner"
    request = proposed(regulated(), with_brand(), by=desk.governance_owner)
    decide(request, desk.governance_owner)
    assert regulated().current == request.proposed_policy
    call_command("audit_verify")


@pytest.mark.parametrize(
    "document",
    [
        ready("Regulated", stages=stages([sign_off("support", quorum=9)])),
        ready("Regulated", stages=stages([sign_off("brand", roles=["brand"], quorum=2)])),
    ],
    ids=["nine people", "two of one"],
)
def test_propose_policy__nobody_could_meet_it__is_refused(
    desk: Desk, document: dict[str, Any]
) -> None:
    said = ""
    try:
        proposed(regulated(), document, by=desk.governance_owner)
    except Refusal as refusal:
        said = refusal.sentence
    assert "Nobody could ever meet" in said


def test_propose_policy__a_new_one__covers_nothing_until_it_is_decided(desk: Desk) -> None:
    document = ready("Standard", title="Sales", names=["sales/*"])
    request = proposed(None, document, by=desk.governance_owner, position=5)
    assert PolicyBook.read().match(prompt="sales/a", label="production").rules is not None
    match = PolicyBook.read().match(prompt="sales/a", label="production")
    assert match.version is not None
    assert match.version.policy.name == "Standard"
    decide(request, second_owner(desk.governance_owner))
    match = PolicyBook.read().match(prompt="sales/a", label="production")
    assert match.version == request.proposed_policy
    call_command("audit_verify")


def test_match__policy_in_force_loses_its_version__blocks(desk: Desk) -> None:
    Policy.objects.filter(name="Regulated").update(current=None)
    match = PolicyBook.read().match(prompt="support/refunds", label="production")
    assert "has no version" in match.problem


def test_impact__tighter_policy__names_what_would_lack_more(desk: Desk) -> None:
    live = steps.released(desk)
    waiting = steps.in_review(desk, SECOND)
    request = proposed(regulated(), with_brand(), by=desk.governance_owner)
    assert request.proposed_policy is not None
    impact = impact_of(request.proposed_policy)
    assert [(e.request.pk, set(e.would_lack) - set(e.lacks)) for e in impact.open] == [
        (waiting.pk, {"sign_off:brand"})
    ]
    assert [(e.request.pk, e.would_lack) for e in impact.live] == [(live.pk, ("sign_off:brand",))]


def test_nonconforming__policy_tightened_since__lists_what_is_live(desk: Desk) -> None:
    live = steps.released(desk)
    assert nonconforming() == []
    in_force(regulated(), with_brand(), by=desk.governance_owner)
    assert [(e.request.pk, e.lacks) for e in nonconforming()] == [(live.pk, ("sign_off:brand",))]


def test_review__later_stage_first__is_not_asked_for_yet(desk: Desk) -> None:
    document = ready("Regulated", stages=stages([sign_off("support")], [sign_off("safety")]))
    in_force(regulated(), document, by=desk.governance_owner)
    change = steps.in_review(desk)
    assert code(lambda: steps.approve(desk, change, "safety_reviewer")) == "stage_not_open"
    change = steps.approve(desk, change, "support_reviewer")
    assert steps.approve(desk, change, "safety_reviewer").state == "approved"


def _vote(desk: Desk, change: ApprovalRequest, **more: Any) -> Any:
    return services.review(
        change.pk,
        actor=desk.support_reviewer,
        role="support",
        decision="approve",
        seen=steps.fresh(change).revision_digest,
        **more,
    )


def test_review__policy_asks_for_a_signature__plain_vote_is_refused(desk: Desk) -> None:
    signed = ready("Regulated", stages=stages([sign_off("support")]), signature={"minutes": 15})
    in_force(regulated(), signed, by=desk.governance_owner)
    change = steps.in_review(desk)
    assert code(lambda: _vote(desk, change)) == "signature_needed"
    _vote(desk, change, auth_method="signature:password", auth_at=steps.fresh(change).updated_at)
    assert steps.fresh(change).state == "approved"


def test_review__policy_has_a_checklist__every_question_is_answered(desk: Desk) -> None:
    questions = [{"key": "true", "text": "Is it true?"}, {"key": "kind", "text": "Is it kind?"}]
    checklist = {"role": "support", "title": "Accuracy", "questions": questions}
    document = ready("Regulated", stages=stages([sign_off("support")]), checklists=[checklist])
    in_force(regulated(), document, by=desk.governance_owner)
    change = steps.in_review(desk)
    assert code(lambda: _vote(desk, change, answers={"true": "yes"})) == "checklist_needed"
    no = {"true": "yes", "kind": "no"}
    assert code(lambda: _vote(desk, change, answers=no)) == "comment_needed"
    vote = _vote(desk, change, answers=no, comment="It need not be.")
    assert vote.answers == no
    assert steps.fresh(change).state == "approved"
    call_command("audit_verify")


def test_match__scope_by_tag_class_and_risk__first_that_holds(desk: Desk) -> None:
    document = ready("Standard", title="Health", names=["*"], data_classes=["health"])
    in_force(None, document, by=desk.governance_owner, position=5)
    risky = ready("Standard", title="Risky", names=["*", "!support/*"], min_level="high")
    in_force(None, risky, by=desk.governance_owner, position=6)
    book = PolicyBook.read()

    def name(prompt: str, **more: Any) -> str:
        version = book.match(prompt=prompt, label="production", **more).version
        assert isinstance(version, PolicyVersion)
        return version.policy.name

    assert name("sales/a", data_class="health") == "Health"
    assert name("sales/a", level="high") == "Risky"
    assert name("sales/a", level="moderate") == "Standard"
    assert name("sales/a") == "Standard"
    assert name("support/a", level="high") == "Regulated"


def test_read__stored_document_of_schema_1__is_the_same_policy(desk: Desk) -> None:
    stage = {**sign_off("support"), "from_level": None, "below_level": None, "distinct_roles": 1}
    old = {
        "schema": 1,
        "title": "Regulated",
        "labels": ["production"],
        "names": ["support/*"],
        "stages": [stage],
        "automatic": None,
        "staging": True,
        "release_manager": False,
        "due_hours": 24,
        "after_review_hours": 48,
    }
    in_force(regulated(), json.loads(json.dumps(old)), by=desk.governance_owner)
    change = steps.approve(desk, steps.in_review(desk), "support_reviewer")
    assert change.state == "approved"


def test_grants__second_owner__is_no_reviewer_by_that(desk: Desk) -> None:
    second = second_owner(desk.governance_owner)
    change = steps.in_review(desk)
    grants.grant(desk.prompt, permissions.REVIEW, second, actor=desk.governance_owner)
    assert (
        code(
            lambda: services.review(
                change.pk,
                actor=second,
                role="governance-owners",
                decision="approve",
                seen=change.revision_digest,
            )
        )
        == "not_eligible"
    )


def test_compose__policy_asked_in_force_and_rejected__say_who_and_why(desk: Desk) -> None:
    owner = desk.governance_owner
    second = second_owner(owner)
    request = proposed(regulated(), with_brand(), by=owner)
    asked = letter("policy_asked", second)
    assert asked.subject == "Gwen Owner proposes Regulated 2: Better so."
    assert [need.code for need in asked.needs] == ["sign_off:governance"]
    decide(request, second, comment="Agreed.")
    said = letter("policy_in_force", owner)
    assert said.words is not None
    assert said.words.text == "Agreed."
    again = proposed(regulated(), ready("Regulated"), by=owner)
    decide(again, second, "reject", comment="Not now.")
    assert "rejected Regulated 3" in letter("policy_rejected", owner).subject
