"""Expiry: what waited longer than its policy allows goes back to its author, and is found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils import timezone

from approvals import queue, services, tasks
from approvals.expiry import expired
from approvals.models import ApprovalRequest
from registry.models import Prompt
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, Desk, fresh
from tests.approvals.mail_owed import letter
from tests.approvals.timing_of import DAY, later, mailed, plan, regulated
from tests.people import MakePrompt

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", ["scanning", "review", "approved"])
def test_expire__waited_too_long__is_a_draft_again_with_mail(desk: Desk, state: str) -> None:
    regulated(desk, expires_days=7)
    request = steps.at_state(desk, state)
    assert request.submitted_at is not None
    end = request.submitted_at + 7 * DAY
    later(end, lambda: services.expire(request.pk))
    assert fresh(request).state == "draft"
    assert mailed("expired") == {"ada"}
    assert "submit it again" in letter("expired").lead[-1]
    call_command("audit_verify")


def test_expire__still_fresh__leaves_it(desk: Desk) -> None:
    regulated(desk, expires_days=7)
    request = steps.in_review(desk)
    assert services.expire(request.pk) is None
    assert later(timezone.now() + 6 * DAY, lambda: services.expire(request.pk)) is None
    assert fresh(request).state == "review"


def test_expire__policy_knows_none__leaves_it(desk: Desk) -> None:
    request = steps.in_review(desk)
    assert later(timezone.now() + 300 * DAY, lambda: services.expire(request.pk)) is None


def test_expire__submitted_again__starts_afresh(desk: Desk) -> None:
    regulated(desk, expires_days=7)
    request = steps.in_review(desk)
    end = timezone.now() + 7 * DAY
    later(end, lambda: services.expire(request.pk))
    later(end, lambda: services.submit(request.pk, actor=desk.author))
    assert later(end + 6 * DAY, lambda: services.expire(request.pk)) is None


def test_expire__release_was_planned_by_another__tells_both(desk: Desk) -> None:
    regulated(desk, expires_days=7)
    request = steps.approved(desk)
    plan(desk, request, "release_manager", at=timezone.now() + 20 * DAY)
    later(timezone.now() + 7 * DAY, lambda: services.expire(request.pk))
    assert fresh(request).release_at is None
    assert (mailed("expired"), mailed("plan_ended")) == ({"ada"}, {"rita"})


# -- finding them ----------------------------------------------------------------------------


def test_expired__policy_at_submission_or_today__is_found_the_oldest_first(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    now = timezone.now()
    regulated(desk, expires_days=3)
    pinned = steps.in_review(desk, FIRST)
    regulated(desk, expires_days=30)
    other = _on(desk, make_prompt("support/other"))
    current = steps.in_review(other, FIRST)
    assert expired(now + 2 * DAY, 10) == []
    assert expired(now + 3 * DAY + timedelta(hours=1), 10) == [pinned.pk]
    regulated(desk, expires_days=2)
    at = now + 2 * DAY + timedelta(hours=1)
    assert expired(at, 10) == [pinned.pk, current.pk]
    assert expired(at, 1) == [pinned.pk]


def test_expired__old_ones_that_never_expire__do_not_hide_others(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    regulated(desk, names=["support/old*"], expires_days=1)
    stays = steps.submit(desk)
    assert stays.policy is not None
    assert stays.policy.policy.name == "Standard"
    old = steps.submit(_on(desk, make_prompt("support/older")))
    assert expired(timezone.now() + 2 * DAY, 1) == [old.pk]


def test_expired__many_open__reads_a_constant_number_of_times(
    desk: Desk, make_prompt: MakePrompt, django_assert_num_queries: object
) -> None:
    regulated(desk, expires_days=1)
    for number in range(3):
        steps.submit(_on(desk, make_prompt(f"support/n{number}")))
    with django_assert_num_queries(2):  # type: ignore[operator]  # a fixture that is a function
        assert len(expired(timezone.now() + 2 * DAY, 10)) == 3


def test_sweep__waited_too_long__sends_it_to_expire_now_and_not_at_every_look(desk: Desk) -> None:
    regulated(desk, expires_days=1)
    request = steps.in_review(desk, SECOND)
    cache.clear()
    later(timezone.now() + DAY, tasks.sweep)
    assert cache.get(f"sweep:{queue.EXPIRE}:{request.pk}") == 1
    later(timezone.now() + DAY, lambda: tasks.expire(request.pk))
    assert ApprovalRequest.objects.get(pk=request.pk).state == "draft"


def _on(desk: Desk, prompt: Prompt) -> Desk:
    return Desk(prompt, desk.staging, desk.production, desk.people)
