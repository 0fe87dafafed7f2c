"""Two people at the same moment: one outcome, nothing lost. Real threads, real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from approvals import services, tasks
from approvals.models import ApprovalRequest, Review
from audit.models import AuditEvent
from registry.errors import Refusal
from registry.models import LabelPointer, Release
from registry.services import memberships
from tests.approvals import desk as steps
from tests.approvals.bases import LIVE, OVERTAKEN, WARM, letter, live_digest, overtaken
from tests.approvals.desk import SECOND, THIRD, Desk, fresh
from tests.approvals.timing_of import later, mailed, plan
from tests.people import MakePrompt

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls: Callable[[], Any]) -> list[str]:
    """Run all at once, each on a connection of its own; "ok" or the code of the refusal."""
    gate = threading.Barrier(len(calls))
    said = [""] * len(calls)

    def run(index: int, call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(20)
            call()
            said[index] = "ok"
        except Refusal as refusal:
            said[index] = refusal.code
        except BaseException as error:
            said[index] = repr(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(said)


def test_review__two_last_votes_at_once__approve_once(desk: Desk) -> None:
    request = steps.approve(desk, steps.in_review(desk), "support_reviewer")
    seen = request.revision_digest

    def vote(actor: Any, role: str) -> Callable[[], Any]:
        return lambda: services.review(
            request.pk, actor=actor, role=role, decision="approve", seen=seen
        )

    said = together(vote(desk.safety_reviewer, "safety"), vote(desk.engineer, "engineering"))
    assert said == ["ok", "ok"]
    assert fresh(request).state == "approved"
    assert Review.objects.filter(request=request).count() == 3
    assert request.history.filter(state="approved").count() == 1
    call_command("audit_verify")


def test_release__two_changes_for_one_pointer__one_wins_and_the_other_is_stale(desk: Desk) -> None:
    steps.released(desk)
    first = steps.approved(desk, SECOND)
    second = steps.approved(desk, THIRD)
    at = LabelPointer.objects.get(prompt=desk.prompt, label=desk.production).generation

    def release(pk: int) -> Callable[[], Any]:
        return lambda: services.release(pk, actor=desk.release_manager, expected_generation=at)

    assert together(release(first.pk), release(second.pk)) == ["ok", "stale"]
    moves = Release.objects.filter(prompt=desk.prompt, label=desk.production)
    assert moves.count() == 2
    call_command("audit_verify")


def test_rebase__while_production_moves__is_stale_or_comes_first(desk: Desk) -> None:
    steps.released(desk, LIVE)
    change = steps.in_review(desk, WARM)
    steps.released(desk, OVERTAKEN)
    other = steps.approved(desk, letter(bottom="Say thanks."))
    seen, live = change.revision_digest, live_digest(change)
    said = together(
        lambda: services.rebase(change.pk, actor=desk.author, seen=seen, seen_live=live),
        lambda: services.release(other.pk, actor=desk.release_manager),
    )
    assert said in (["ok", "ok"], ["ok", "stale"])
    done = fresh(change)
    assert done.base_version is not None
    assert (done.revision == 2) == (said == ["ok", "ok"])
    if done.revision == 2:
        # It came first, on what was live then, and now is behind what came second.
        assert done.base_version.content_digest == live
    assert live_digest(change) != live
    call_command("audit_verify")


def test_rebase__pressed_twice_at_once__is_one_revision(desk: Desk) -> None:
    change = overtaken(desk)
    seen, live = change.revision_digest, live_digest(change)

    def press() -> Any:
        return services.rebase(
            change.pk, actor=desk.author, seen=seen, seen_live=live, key="one-form"
        )

    assert together(press, press) == ["ok", "ok"]
    assert fresh(change).revision == 2
    call_command("audit_verify")


def test_release__pressed_twice_at_once__is_released_once(desk: Desk) -> None:
    request = steps.approved(desk)

    def press() -> Any:
        return services.release(request.pk, actor=desk.release_manager, key="one-form")

    assert together(press, press) == ["ok", "ok"]
    assert Release.objects.filter(prompt=desk.prompt, label=desk.production).count() == 1
    call_command("audit_verify")


def test_review__same_vote_posted_twice_at_once__is_one_vote(desk: Desk) -> None:
    request = steps.in_review(desk)
    seen = request.revision_digest

    def press() -> Any:
        return services.review(
            request.pk,
            actor=desk.engineer,
            role="engineering",
            decision="approve",
            seen=seen,
            key="one-form",
        )

    assert together(press, press) == ["ok", "ok"]
    assert Review.objects.filter(request=request).count() == 1


def test_propose__one_key_on_two_prompts_at_once__one_wins_and_the_other_is_told(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    other = Desk(make_prompt("support/other"), desk.staging, desk.production, desk.people)
    said = together(
        lambda: steps.propose(desk, key="one-form"), lambda: steps.propose(other, key="one-form")
    )
    assert said == ["ok", "stale"]
    call_command("audit_verify")


def test_review__while_the_reviewer_joins_a_role__neither_locks_the_other_out(desk: Desk) -> None:
    request = steps.in_review(desk)
    seen = request.revision_digest

    def vote(actor: Any, role: str) -> Callable[[], Any]:
        return lambda: services.review(
            request.pk, actor=actor, role=role, decision="approve", seen=seen
        )

    def join(user: Any, role: str) -> Callable[[], Any]:
        return lambda: memberships.join(user, role, actor=desk.governance_owner)

    said = together(
        vote(desk.safety_reviewer, "safety"),
        join(desk.safety_reviewer, "brand"),
        vote(desk.engineer, "engineering"),
        join(desk.engineer, "brand"),
    )
    assert said == ["ok"] * 4
    call_command("audit_verify")


def test_release__while_its_reviewer_leaves__one_comes_first_in_the_log(desk: Desk) -> None:
    request = steps.approved(desk)
    said = together(
        lambda: services.release(request.pk, actor=desk.release_manager),
        lambda: memberships.leave(desk.safety_reviewer, "safety", actor=desk.governance_owner),
    )
    actions = list(
        AuditEvent.objects.filter(
            action__in=["approvals.request.released", "registry.membership.left"]
        )
        .order_by("seq")
        .values_list("action", flat=True)
    )
    if said == ["ok", "ok"]:
        assert actions[0] == "approvals.request.released"
    else:
        assert said == ["ok", "requirements_unmet"]
        assert actions == ["registry.membership.left"]


def test_release__two_plans_for_one_label_at_one_time__one_wins_and_the_other_is_told(
    desk: Desk,
) -> None:
    steps.released(desk)
    first, second = steps.approved(desk, SECOND), steps.approved(desk, THIRD)
    at = plan(desk, first)
    plan(desk, second, "release_manager", at=at)

    def due(pk: int) -> Callable[[], Any]:
        return lambda: tasks.release(pk)

    said = later(at, lambda: together(due(first.pk), due(second.pk)))
    assert said == ["ok", "ok"]
    moves = Release.objects.filter(prompt=desk.prompt, label=desk.production)
    assert moves.count() == 2
    lost = ApprovalRequest.objects.get(pk__in=[first.pk, second.pk], release_at=None)
    assert lost.state == "review"
    assert mailed("plan_failed") >= {"ada"}
    call_command("audit_verify")


def test_release__a_plan_due_while_it_is_taken_away__one_comes_first(desk: Desk) -> None:
    request = steps.approved(desk)
    at = plan(desk, request)
    said = later(
        at,
        lambda: together(
            lambda: tasks.release(request.pk),
            lambda: services.unplan_release(request.pk, actor=desk.release_manager),
        ),
    )
    now = fresh(request)
    if now.state == "released":
        assert said == ["ok", "wrong_state"]
    else:
        assert (said, now.state, now.release_at) == (["ok", "ok"], "approved", None)
    call_command("audit_verify")


def test_break_glass__while_another_change_is_released__one_wins_the_label(desk: Desk) -> None:
    steps.released(desk)
    ordinary, urgent = steps.approved(desk, SECOND), steps.in_review(desk, THIRD)
    seen = urgent.revision_digest
    said = together(
        lambda: services.release(ordinary.pk, actor=desk.release_manager),
        lambda: services.break_glass(
            urgent.pk,
            actor=desk.responder,
            reason="Wrong answers.",
            ticket="T-1",
            auth_method="signature:password",
            auth_at=timezone.now(),
            seen=seen,
            expected_generation=1,
        ),
    )
    assert said == ["ok", "stale"]
    call_command("audit_verify")
