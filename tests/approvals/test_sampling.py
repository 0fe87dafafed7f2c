"""Approvals without people: a share is looked at afterwards, and shadow mode only takes notes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from approvals import services
from approvals.models import AfterReview, ApprovalRequest, Policy
from approvals.policies import in_sample
from audit.models import AuditEvent
from registry import permissions
from registry.services import grants
from tests.approvals.desk import SECOND, Desk, fresh, in_review
from tests.approvals.documents_of import in_force, ready
from tests.approvals.test_emergency import break_glass
from tests.approvals.test_fast_lane import QUOTE, pushed, sales
from tests.approvals.timing_of import later, refused

pytestmark = pytest.mark.django_db
__all__ = ["sales"]
KIND = QUOTE.replace("friendly", "kind")


def standard(desk: Desk, **automatic: Any) -> None:
    policy = Policy.objects.get(name="Standard")
    document = ready("Standard", due_hours=25)
    document["automatic"] = {**document["automatic"], **automatic}
    in_force(policy, document, by=desk.governance_owner)


def released(desk: Desk, text: str = KIND) -> ApprovalRequest:
    request = pushed(desk, text)
    services.release(request.pk, actor=desk.author, automatic=True)
    return fresh(request)


def data(action: str) -> dict[str, Any]:
    event = AuditEvent.objects.filter(action=f"approvals.request.{action}").latest("seq")
    found: dict[str, Any] = json.loads(event.payload)["data"]
    return found


def test_release__without_people_and_in_the_sample__opens_a_review_by_another(sales: Desk) -> None:
    standard(sales, sample_percent=100)
    released(sales)
    row = AfterReview.objects.get()
    assert [item["code"] for item in row.shortfalls] == ["sample"]
    assert data("released")["after_review"] == str(row.public_id)
    call_command("audit_verify")

    def close(who: str) -> Any:
        return services.close_review_after(row.pk, actor=sales.people[who], comment="Fine.")

    assert refused(lambda: close("author")) in {"not_allowed", "same_person"}
    close("support_reviewer")
    call_command("audit_verify")


def test_break_glass__only_a_sampled_review_is_overdue__is_released(sales: Desk) -> None:
    standard(sales, sample_percent=100)
    released(sales)
    late = AfterReview.objects.get().due_at
    grants.grant(sales.prompt, permissions.RESPOND, sales.author, actor=sales.governance_owner)
    second = in_review(sales, SECOND)
    later(late, lambda: break_glass(sales, second, "author"))
    assert fresh(second).state == "released"


def test_release__without_people_and_no_sample__opens_none(sales: Desk) -> None:
    standard(sales, sample_percent=0)
    released(sales)
    assert not AfterReview.objects.exists()


def test_release__approved_by_people__is_never_in_the_sample(sales: Desk) -> None:
    standard(sales, sample_percent=100, max_changed_words=0)
    request = pushed(sales, KIND)
    services.review(
        request.pk,
        actor=sales.support_reviewer,
        role="support",
        decision="approve",
        seen=request.revision_digest,
    )
    services.release(request.pk, actor=sales.author)
    assert not AfterReview.objects.exists()


def test_release__share_of_some__is_decided_by_the_change_alone(sales: Desk) -> None:
    standard(sales, sample_percent=50)
    request = released(sales)
    assert AfterReview.objects.exists() == in_sample(str(request.public_id), 50)


def test_in_sample__many_changes__is_about_the_share() -> None:
    found = sum(in_sample(f"change {n}", 20) for n in range(5000))
    assert 900 < found < 1100
    assert not any(in_sample(f"change {n}", 0) for n in range(200))
    assert all(in_sample(f"change {n}", 100) for n in range(200))


def test_route__shadow_mode_and_nothing_else_against_it__is_noted(sales: Desk) -> None:
    standard(sales, mode="shadow")
    request = pushed(sales, KIND)
    assert request.state == "review"
    assert data("routed")["would_have"] is True
    call_command("audit_verify")


def test_route__shadow_mode_and_something_else_against_it__is_not_noted(sales: Desk) -> None:
    standard(sales, mode="shadow", max_changed_words=0)
    pushed(sales, KIND)
    assert "would_have" not in data("routed")


def test_route__in_force_and_people_are_asked__is_not_noted(sales: Desk) -> None:
    standard(sales, max_changed_words=0)
    pushed(sales, KIND)
    assert "would_have" not in data("routed")
