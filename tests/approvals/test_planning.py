"""Planned releases: who may, what happens at the time, and that no plan ends unsaid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from approvals import queue, services, tasks
from approvals.explain import requirements_of
from approvals.models import ApprovalRequest
from audit.models import AuditEvent
from registry import permissions, roles
from registry.models import OutboxMail, Release
from registry.services import grants, memberships, people
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, Desk, fresh, text
from tests.approvals.documents_of import in_force, with_brand
from tests.approvals.mail_owed import letter
from tests.approvals.timing_of import DAY, HOUR, freeze, later, mailed, plan, refused, regulated

pytestmark = pytest.mark.django_db


def due(now: datetime) -> list[int]:
    return list(ApprovalRequest.objects.awaiting_release(now).values_list("pk", flat=True))


def at_its_time(request: ApprovalRequest, at: datetime) -> ApprovalRequest:
    """What the task does just past the planned time."""
    later(at, lambda: tasks.release(request.pk))
    return fresh(request)


# -- planning -------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["author", "release_manager"])
def test_plan_release__by_who_may_release__keeps_time_and_person(desk: Desk, who: str) -> None:
    request = steps.approved(desk)
    at = plan(desk, request, who)
    now = fresh(request)
    assert (now.release_at, now.planned_by) == (at, desk.people[who])
    rule = next(r for r in requirements_of(now) if r.code == "schedule")
    assert rule.blocks
    assert "Planned for" in rule.sentence


@pytest.mark.parametrize("minutes", [0, -5, 60 * 24 * 400])
def test_plan_release__time_past_or_far_away__is_refused(desk: Desk, minutes: int) -> None:
    request = steps.approved(desk)
    at = timezone.now() + timedelta(minutes=minutes)
    assert refused(lambda: plan(desk, request, at=at)) == "bad_input"


def test_plan_release__time_without_a_zone__is_refused(desk: Desk) -> None:
    request = steps.approved(desk)
    at = datetime(2100, 1, 1)  # noqa: DTZ001  # the point of it
    assert refused(lambda: plan(desk, request, at=at)) == "bad_input"


def test_plan_release__something_else_was_seen__is_stale(desk: Desk) -> None:
    request = steps.approved(desk)
    assert refused(lambda: plan(desk, request, seen="0" * 64)) == "stale"


def test_plan_release__same_plan_again__leaves_no_event(desk: Desk) -> None:
    request = steps.approved(desk)
    at = plan(desk, request)
    plan(desk, request, at=at)
    assert AuditEvent.objects.filter(action="approvals.request.planned").count() == 1


def test_plan_release__by_another__tells_the_author_and_who_planned_before(desk: Desk) -> None:
    request = steps.approved(desk)
    plan(desk, request)
    assert mailed("planned") == set()
    plan(desk, request, "release_manager")
    assert mailed("planned") == {"ada"}
    assert "It is judged again then" in letter("planned").lead[0]


def test_release__pressed_before_the_planned_time__waits_for_the_plan(desk: Desk) -> None:
    request = steps.approved(desk)
    plan(desk, request)
    pressed = refused(lambda: services.release(request.pk, actor=desk.release_manager))
    assert pressed == "requirements_unmet"


def test_release__wanted_as_soon_as_possible__waits_for_the_plan(desk: Desk) -> None:
    request = steps.approved(desk, release_when_ready=True)
    assert due(timezone.now()) == [request.pk]
    at = plan(desk, request)
    assert due(timezone.now()) == []
    tasks.release(request.pk)
    assert fresh(request).state == "approved"
    assert at_its_time(request, at).state == "released"


# -- at its time ----------------------------------------------------------------------------


def test_sweep__time_has_come__sends_the_release(desk: Desk) -> None:
    request = steps.approved(desk)
    at = plan(desk, request)
    assert due(at - timedelta(seconds=1)) == []
    assert due(at) == [request.pk]
    cache.clear()
    later(at, tasks.sweep)
    assert cache.get(f"sweep:{queue.RELEASE}:{request.pk}") == 1


def test_release__at_the_planned_time__runs_as_who_planned_it(desk: Desk) -> None:
    request = steps.approved(desk)
    at = plan(desk, request, "release_manager")
    assert at_its_time(request, at).state == "released"
    assert Release.objects.filter(label=desk.production).get().account == desk.release_manager
    event = AuditEvent.objects.get(action="approvals.request.released")
    assert '"planned":true' in event.payload
    call_command("audit_verify")


def test_release__planned_by_a_release_manager__meets_the_policy_that_asks_for_one(
    desk: Desk,
) -> None:
    regulated(desk, release_manager=True)
    first = steps.approved(desk)
    at = plan(desk, first, "release_manager")
    assert at_its_time(first, at).state == "released"


def test_release__planned_by_the_author_where_a_release_manager_is_asked__is_suspended(
    desk: Desk,
) -> None:
    regulated(desk, release_manager=True)
    request = steps.approved(desk)
    now = at_its_time(request, plan(desk, request))
    assert (now.state, now.release_at) == ("approved", None)


def test_release__requirement_fails_at_the_time__plan_goes_and_both_are_told(desk: Desk) -> None:
    steps.released(desk, FIRST)
    request = steps.approved(desk, SECOND, release_when_ready=True)
    at = plan(desk, request, "release_manager")
    pinned = fresh(request).policy
    assert pinned is not None
    in_force(pinned.policy, with_brand(), by=desk.governance_owner)
    now = at_its_time(request, at)
    assert now.state == "review"
    assert (now.release_at, now.planned_by, now.release_when_ready) == (None, None, False)
    assert mailed("plan_failed") == {"ada", "rita"}
    sent = letter("plan_failed", desk.author)
    assert any(need.blocks and need.code == "sign_off:brand" for need in sent.needs)
    assert "nothing goes live by itself" in sent.lead[-1]
    call_command("audit_verify")


def test_release__still_in_review_at_the_time__is_suspended_with_mail(desk: Desk) -> None:
    request = steps.in_review(desk)
    now = at_its_time(request, plan(desk, request))
    assert (now.state, now.release_at) == ("review", None)
    assert mailed("plan_failed") == {"ada"}


def test_release__planner_was_deactivated__is_suspended_with_mail_to_the_author(
    desk: Desk,
) -> None:
    request = steps.approved(desk)
    at = plan(desk, request, "release_manager")
    people.deactivate(desk.release_manager, actor=desk.governance_owner)
    now = at_its_time(request, at)
    assert (now.state, now.release_at) == ("approved", None)
    assert mailed("plan_failed") == {"ada"}
    assert "may not release it any more" in letter("plan_failed").lead[1]


def test_release__planner_lost_the_permission__is_suspended(desk: Desk) -> None:
    request = steps.approved(desk)
    at = plan(desk, request, "release_manager")
    memberships.leave(desk.release_manager, roles.RELEASE_MANAGERS, actor=desk.governance_owner)
    assert at_its_time(request, at).release_at is None


def test_release__author_planned_and_may_not_propose_any_more__is_suspended(desk: Desk) -> None:
    request = steps.approved(desk)
    at = plan(desk, request)
    memberships.leave(desk.author, roles.AUTHORS, actor=desk.governance_owner)
    grants.revoke(desk.prompt, permissions.PROPOSE, desk.author, actor=desk.governance_owner)
    assert at_its_time(request, at).release_at is None


def test_release__frozen_at_the_time__stays_planned_and_goes_out_after_it(desk: Desk) -> None:
    now = timezone.now()
    end = (now + DAY).replace(second=0, microsecond=0)
    regulated(desk, freezes=[freeze(now - HOUR, end)])
    request = steps.approved(desk)
    at = plan(desk, request)
    frozen = at_its_time(request, at)
    assert (frozen.state, frozen.release_at) == ("approved", at)
    assert mailed("plan_failed") == set()
    rule = next(r for r in requirements_of(frozen, at) if r.code == "freeze")
    assert rule.blocks
    assert f"until {end.astimezone(UTC):%d %b %H:%M}" in rule.sentence
    assert due(end) == [request.pk]
    assert at_its_time(request, end).state == "released"


def test_release__wanted_as_soon_as_possible_and_frozen__goes_out_after_the_freeze(
    desk: Desk,
) -> None:
    now = timezone.now()
    end = (now + DAY).replace(second=0, microsecond=0)
    regulated(desk, freezes=[freeze(now - HOUR, end)])
    request = steps.approved(desk, release_when_ready=True)
    tasks.release(request.pk)
    assert (fresh(request).state, fresh(request).release_when_ready) == ("approved", True)
    assert at_its_time(request, end).state == "released"


def test_release__plan_was_taken_back_a_moment_ago__is_refused(desk: Desk) -> None:
    request = steps.approved(desk)

    def planned() -> object:
        return services.release(request.pk, actor=desk.release_manager, automatic=True)

    assert refused(planned) == "wrong_state"
    plan(desk, request)
    assert refused(planned) == "wrong_state"


def test_fail_plan__nothing_is_planned_or_due__leaves_no_event(desk: Desk) -> None:
    request = steps.approved(desk)
    assert services.fail_plan(request.pk) is None
    at = plan(desk, request)
    assert services.fail_plan(request.pk) is None
    assert later(at, lambda: services.fail_plan(request.pk)) is None
    assert fresh(request).release_at == at


# -- the end of a plan ----------------------------------------------------------------------


def test_unplan_release__by_another__tells_who_planned(desk: Desk) -> None:
    request = steps.approved(desk)
    plan(desk, request, "release_manager")
    services.unplan_release(request.pk, actor=desk.author)
    assert fresh(request).planned_by is None
    assert mailed("plan_ended") == {"rita"}
    assert "planned again" in letter("plan_ended").lead[-1]


def test_unplan_release__nothing_planned__leaves_no_event(desk: Desk) -> None:
    request = steps.approved(desk)
    services.unplan_release(request.pk, actor=desk.author)
    assert not AuditEvent.objects.filter(action="approvals.request.unplanned").exists()


def test_revise__release_was_planned__ends_the_plan_that_was_made_for_another_text(
    desk: Desk,
) -> None:
    request = steps.approved(desk)
    plan(desk, request, "release_manager")
    services.revise(request.pk, document=text(SECOND), rationale="Again.", actor=desk.author)
    assert fresh(request).release_at is None
    assert mailed("plan_ended") == {"rita"}


def test_review__changes_asked_for__ends_the_plan(desk: Desk) -> None:
    request = steps.approved(desk)
    plan(desk, request)
    services.review(
        request.pk,
        actor=desk.engineer,
        role="engineering",
        decision="request_changes",
        comment="Not yet.",
        seen=fresh(request).revision_digest,
    )
    assert fresh(request).release_at is None
    assert mailed("plan_ended") == {"ada"}


def test_withdraw__release_was_planned__tells_who_planned(desk: Desk) -> None:
    request = steps.approved(desk)
    plan(desk, request, "release_manager")
    services.withdraw(request.pk, actor=desk.author)
    assert fresh(request).release_at is None
    assert mailed("plan_ended") == {"rita"}
    assert not OutboxMail.objects.filter(kind="plan_ended", recipient=desk.author).exists()
