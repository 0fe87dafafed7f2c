"""The ready policies and checklists, as a new installation gets them."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from approvals import services
from approvals.errors import ChecklistNeeded, RequirementsUnmet, SignatureNeeded
from approvals.models import ApprovalRequest, Policy
from approvals.policies import read, ready_checklists, ready_policies, rules_of
from tests.approvals import desk as steps
from tests.approvals.desk import ROLES, Desk, fresh
from tests.approvals.documents_of import in_force, sign_off, stages
from tests.approvals.timing_of import HOUR, later


def test_ready_checklists__each__has_at_most_five_questions_for_a_role_of_its_own() -> None:
    found = ready_checklists()
    assert [one["title"] for one in found] == [
        "Accuracy",
        "Safety and policy",
        "Brand and tone",
        "Downstream behaviour",
    ]
    assert len({one["role"] for one in found}) == 4
    assert all(1 <= len(one["questions"]) <= 5 for one in found)


def test_ready_checklists__all_four__fit_a_policy_that_asks_their_roles() -> None:
    asked = [sign_off(one["role"]) for one in ready_checklists()]
    rules = rules_of(
        {**ready_policies()[0], "stages": stages(asked), "checklists": ready_checklists()}
    )
    assert rules.checklist("brand") is not None


def test_ready_policies__regulated__asks_for_more_than_sign_offs() -> None:
    rules = rules_of(ready_policies()[0])
    assert {one.role for one in rules.checklists} == {"support", "safety", "engineering"}
    assert rules.signature is not None
    assert rules.staging is not None
    assert rules.staging.minutes == 60
    assert rules.threads_resolved


@pytest.mark.django_db
@pytest.mark.parametrize(("sign_offs_only", "minutes"), [(False, 60), (True, 0)])
def test_bootstrap_policies__regulated__asks_what_the_set_up_wants(
    sign_offs_only: bool, minutes: int
) -> None:
    services.bootstrap_policies(sign_offs_only=sign_offs_only)
    current = Policy.objects.get(name="Regulated").current
    assert current is not None
    rules = read(current.document)
    assert rules.staging is not None
    assert rules.staging.minutes == minutes
    assert bool(rules.checklists) is bool(rules.signature) is not sign_offs_only


# -- a change under the whole of Regulated --------------------------------------------------


@pytest.fixture
def careful(desk: Desk) -> Desk:
    """The desk, with Regulated as a new installation gets it."""
    policy = Policy.objects.get(name="Regulated")
    in_force(policy, ready_policies()[0], by=desk.governance_owner)
    return desk


def answers(role: str) -> dict[str, str]:
    checklist = next(one for one in ready_checklists() if one["role"] == role)
    return {question["key"]: "yes" for question in checklist["questions"]}


def vote(desk: Desk, request: ApprovalRequest, who: str, **changes: Any) -> None:
    given: dict[str, Any] = {
        "answers": answers(ROLES[who]),
        "auth_method": "signature:password",
        "auth_at": timezone.now(),
        **changes,
    }
    services.review(
        request.pk,
        actor=desk.people[who],
        role=ROLES[who],
        decision="approve",
        seen=fresh(request).revision_digest,
        **given,
    )


@pytest.mark.django_db
def test_review__regulated_and_not_signed__is_refused(careful: Desk) -> None:
    request = steps.in_review(careful)
    with pytest.raises(SignatureNeeded):
        vote(careful, request, "safety_reviewer", auth_method="password")


@pytest.mark.django_db
def test_review__regulated_and_a_question_left_open__is_refused(careful: Desk) -> None:
    request = steps.in_review(careful)
    some = {**answers("safety")}
    del some["harm"]
    with pytest.raises(ChecklistNeeded, match="harm somebody"):
        vote(careful, request, "safety_reviewer", answers=some)


@pytest.mark.django_db
def test_release__regulated_and_less_than_an_hour_on_staging__waits_for_the_hour(
    careful: Desk,
) -> None:
    request = steps.in_review(careful)
    for who in ROLES:
        vote(careful, request, who)
    with pytest.raises(RequirementsUnmet):
        services.release(request.pk, actor=careful.author)
    later(timezone.now() + HOUR, lambda: services.reassess(request.pk))
    later(timezone.now() + HOUR, lambda: services.release(request.pk, actor=careful.author))
    assert fresh(request).state == "released"
