"""A change set goes live as a whole or in waves, and back together."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.utils import timezone

from approvals import services
from approvals.errors import GoesTogether, NeverLive, RequirementsUnmet, SetNotReady
from approvals.explain import requirements_of
from approvals.models import AfterReview, Hold
from approvals.policies import Requirement, unmet
from audit.models import AuditEvent
from registry import permissions, roles
from registry.errors import NotAllowed, Stale
from registry.models import LabelPointer, Prompt, Release
from registry.services import prompts
from tests.approvals import desk as steps
from tests.approvals import sets_of as sets
from tests.approvals.desk import SECOND, THIRD, Desk, fresh
from tests.approvals.sets_of import NAMES, live, members, states
from tests.approvals.timing_of import DAY, HOUR, freeze, plan, refused, regulated

pytestmark = pytest.mark.django_db


def _seen(made: Any) -> dict[int, services.Seen]:
    pointers = dict(
        LabelPointer.objects.filter(label=made.label).values_list("prompt", "generation")
    )
    return {
        r.pk: services.Seen(r.revision_digest, pointers[r.prompt_id or 0]) for r in members(made)
    }


def _rule(request: Any) -> Requirement | None:
    rules = {rule.code: rule for rule in requirements_of(fresh(request))}
    return rules.get("change_set")


# -- as a whole -----------------------------------------------------------------------------


def test_release_set__all_are_ready__go_live_at_once_each_with_its_own_event(desk: Desk) -> None:
    made = sets.approved(desk)
    done = services.release_set(made.pk, actor=desk.release_manager, seen=_seen(made))
    assert (states(made), live(made)) == (["released"] * 3, [1, 1, 1])
    assert len(done.done) == 3
    events = AuditEvent.objects.order_by("-seq")[:3]
    assert {event.action for event in events} == {"approvals.request.released"}
    assert all('"change_set":"SATISFIED"' in event.payload for event in events)
    call_command("audit_verify")


def test_release_set__one_of_a_whole_set_is_not_ready__none_goes_and_it_is_named(
    desk: Desk,
) -> None:
    made = sets.in_review(desk)
    for request in members(made)[:2]:
        steps.approve(desk, request)
    with pytest.raises(SetNotReady, match=f"{NAMES[2]}: Not yet") as refusal:
        services.release_set(made.pk, actor=desk.release_manager)
    assert [line.title for line in refusal.value.requirements] == [NAMES[2]]
    assert live(made) == [None] * 3


def test_release__member_of_a_whole_set__is_not_released_alone(desk: Desk) -> None:
    made = sets.approved(desk)
    one = members(made)[0]
    with pytest.raises(RequirementsUnmet, match="Goes out with its change set"):
        services.release(one.pk, actor=desk.release_manager)
    rule = _rule(one)
    assert rule is not None
    assert rule.sentence == (
        "Goes out with the 2 others of its change set, from the page of the set."
    )


def test_requirement__others_are_not_ready__says_how_many(desk: Desk) -> None:
    made = sets.in_review(desk)
    rule = _rule(steps.approve(desk, members(made)[0]))
    assert rule is not None
    assert rule.sentence == "Goes out with the 2 others of its change set; 2 of them are not ready."


def test_requirement__of_a_set_in_waves__is_absent(desk: Desk) -> None:
    made = sets.in_review(desk, whole=False)
    assert _rule(members(made)[0]) is None


def test_approve__member_of_a_whole_set__is_approved_while_the_others_wait(desk: Desk) -> None:
    made = sets.in_review(desk)
    assert steps.approve(desk, members(made)[0]).state == "approved"


def test_release_set__one_was_rejected__none_goes_and_the_list_says_what_to_do(
    desk: Desk,
) -> None:
    made = sets.in_review(desk)
    steps.reject(desk, members(made)[0])
    for request in members(made)[1:]:
        steps.approve(desk, request)
    with pytest.raises(SetNotReady, match=f"{NAMES[0]}: This change is rejected"):
        services.release_set(made.pk, actor=desk.author)
    rule = _rule(members(made)[1])
    assert rule is not None
    assert "1 of them was rejected or withdrawn. Withdraw the set" in rule.sentence


def test_release_set__part_of_a_whole_set_asked_for__is_refused(desk: Desk) -> None:
    made = sets.approved(desk)
    with pytest.raises(GoesTogether):
        services.release_set(made.pk, actor=desk.author, only=[members(made)[0].pk])


def test_release_set__may_not_release_one_of_a_whole_set__none_goes(desk: Desk) -> None:
    made = sets.approved(desk)
    last = Prompt.objects.get(name=NAMES[2])
    services.revoke(last, permissions.RELEASE, _managers(), actor=desk.author)
    with pytest.raises(NotAllowed, match=f"^{NAMES[2]}: Its author, or"):
        services.release_set(made.pk, actor=desk.release_manager)
    assert live(made) == [None] * 3


def _managers() -> Group:
    return Group.objects.get(name=roles.RELEASE_MANAGERS)


def test_release_set__may_not_see_one_of_a_whole_set__none_goes_and_it_is_not_named(
    desk: Desk,
) -> None:
    made = sets.approved(desk)
    last = Prompt.objects.get(name=NAMES[2])
    prompts.edit_prompt(last, confidential=True, actor=desk.author)
    services.revoke(last, permissions.VIEW, _managers(), actor=desk.author)
    with pytest.raises(NotAllowed) as refusal:
        services.release_set(made.pk, actor=desk.release_manager)
    assert NAMES[2] not in refusal.value.sentence
    assert live(made) == [None] * 3


def test_release_set__a_freeze_is_on__none_goes(desk: Desk) -> None:
    now = timezone.now()
    regulated(desk, freezes=[freeze(now - HOUR, now + DAY)])
    made = sets.approved(desk)
    with pytest.raises(SetNotReady, match="No freeze"):
        services.release_set(made.pk, actor=desk.author)


def test_release_set__something_else_went_live_in_one__none_goes(desk: Desk) -> None:
    made = sets.approved(desk)
    seen = _seen(made)
    other = Desk(Prompt.objects.get(name=NAMES[1]), desk.staging, desk.production, desk.people)
    steps.released(other, THIRD)
    with pytest.raises(SetNotReady, match=f"{NAMES[1]}: Something else went live"):
        services.release_set(made.pk, actor=desk.author, seen=seen)
    assert live(made)[0] is None


def test_release_set__another_revision_was_seen__none_goes(desk: Desk) -> None:
    made = sets.approved(desk)
    seen = {**_seen(made), members(made)[0].pk: services.Seen("0" * 64, 0)}
    assert (
        refused(lambda: services.release_set(made.pk, actor=desk.author, seen=seen))
        == "set_not_ready"
    )


def test_release_set__one_is_live_by_an_emergency__the_others_follow(desk: Desk) -> None:
    made = sets.in_review(desk)
    sets.emergency(desk, members(made)[0])
    assert live(made) == [1, None, None]
    for request in members(made)[1:]:
        steps.approve(desk, request)
    services.release_set(made.pk, actor=desk.author)
    assert live(made) == [1, 1, 1]
    call_command("audit_verify")


def test_break_glass__ready_member_of_a_whole_set__says_that_it_went_without_the_others(
    desk: Desk,
) -> None:
    made = sets.approved(desk)
    sets.emergency(desk, members(made)[0])
    assert [item["code"] for item in AfterReview.objects.get().shortfalls] == ["change_set"]


def test_plan_release__member_of_a_whole_set__is_refused(desk: Desk) -> None:
    made = sets.approved(desk)
    assert refused(lambda: plan(desk, members(made)[0])) == "goes_together"


def test_release_set__posted_twice__is_released_once(desk: Desk) -> None:
    made = sets.approved(desk)
    for _ in range(2):
        done = services.release_set(made.pk, actor=desk.author, key="k1")
        assert len(done.done) == 3
    assert Release.objects.filter(label=desk.production).count() == 3


# -- in waves -------------------------------------------------------------------------------


def test_release_set__in_waves__those_that_are_ready_go_and_the_others_are_named(
    desk: Desk,
) -> None:
    made = sets.in_review(desk, whole=False)
    steps.approve(desk, members(made)[1])
    done = services.release_set(made.pk, actor=desk.release_manager)
    assert live(made) == [None, 1, None]
    assert [left.name for left in done.left] == [NAMES[0], NAMES[2]]
    assert all("Not yet" in left.refusal.sentence for left in done.left)
    call_command("audit_verify")


def test_release_set__in_waves_some_asked_for__only_these_go(desk: Desk) -> None:
    made = sets.approved(desk, whole=False)
    asked = [members(made)[0].pk]
    services.release_set(made.pk, actor=desk.release_manager, only=asked)
    assert live(made) == [1, None, None]


def test_release_set__in_waves_none_is_ready__is_refused_with_each_of_them(desk: Desk) -> None:
    made = sets.in_review(desk, whole=False)
    with pytest.raises(SetNotReady) as refusal:
        services.release_set(made.pk, actor=desk.release_manager)
    assert [line.title for line in refusal.value.requirements] == list(NAMES)


def test_release_set__in_waves_one_of_another_set_asked_for__is_refused(desk: Desk) -> None:
    made = sets.approved(desk, whole=False)
    other = steps.approved(desk)
    assert (
        refused(lambda: services.release_set(made.pk, actor=desk.author, only=[other.pk]))
        == "bad_input"
    )
    assert live(made) == [None] * 3


def test_release__member_of_a_set_in_waves__goes_alone(desk: Desk) -> None:
    made = sets.approved(desk, whole=False)
    services.release(members(made)[2].pk, actor=desk.author)
    assert live(made) == [None, None, 1]


# -- back -----------------------------------------------------------------------------------


def test_rollback_set__all_are_live__go_back_together_and_are_on_hold(desk: Desk) -> None:
    made = sets.released_twice(desk)
    done = services.rollback_set(made.pk, actor=desk.responder, reason="Wrong number.")
    assert (live(made), len(done.done)) == ([1, 1, 1], 3)
    assert Hold.objects.filter(lifted_at=None).count() == 3
    call_command("audit_verify")


def test_rollback_set__one_moved_since__is_named_and_left(desk: Desk) -> None:
    made = sets.released_twice(desk)
    other = Desk(Prompt.objects.get(name=NAMES[1]), desk.staging, desk.production, desk.people)
    steps.released(other, THIRD)
    done = services.rollback_set(made.pk, actor=desk.responder)
    assert live(made) == [1, 3, 1]
    assert [left.name for left in done.left] == [NAMES[1]]
    assert done.left[0].refusal.sentence == "It moved since: v3 is live there now."


def test_rollback_set__nothing_was_live_before_in_one__the_others_go_back(desk: Desk) -> None:
    sets.released(desk, *NAMES[:2])
    made = sets.released(desk, template=SECOND)
    done = services.rollback_set(made.pk, actor=desk.responder)
    assert live(made) == [1, 1, 1]
    assert [left.name for left in done.left] == [NAMES[2]]


def test_rollback_set__nothing_was_live_before_in_any__is_refused(desk: Desk) -> None:
    made = sets.released(desk)
    with pytest.raises(NeverLive, match="can be suspended"):
        services.rollback_set(made.pk, actor=desk.responder)


def test_rollback_set__label_moved_since_the_page_was_read__that_one_is_left(desk: Desk) -> None:
    made = sets.released_twice(desk)
    seen = {**_seen(made), members(made)[0].pk: services.Seen("", 1)}
    done = services.rollback_set(made.pk, actor=desk.responder, seen=seen)
    assert live(made) == [2, 1, 1]
    assert isinstance(done.left[0].refusal, Stale)


def test_rollback__one_member_of_a_whole_set__goes_back_alone(desk: Desk) -> None:
    made = sets.released_twice(desk)
    services.rollback(sets.prompts_of(desk)[0], desk.production, actor=desk.responder)
    assert live(made) == [1, 2, 2]


def test_rollback_set__posted_twice__goes_back_once(desk: Desk) -> None:
    made = sets.released_twice(desk)
    for _ in range(2):
        done = services.rollback_set(made.pk, actor=desk.responder, key="k1")
        assert len(done.done) == 3
    assert Release.objects.filter(kind="rollback").count() == 3


def test_unmet__member_whose_set_is_ready__is_that_one_line(desk: Desk) -> None:
    made = sets.approved(desk)
    assert [r.code for r in unmet(requirements_of(members(made)[0]))] == ["change_set"]


def test_release_set__member_of_a_whole_set_was_live_and_taken_back__is_refused(desk: Desk) -> None:
    sets.released(desk)
    made = sets.approved(desk, template=SECOND)
    one = sets.members(made)[0]
    sets.emergency(desk, one)
    assert one.prompt is not None
    services.rollback(one.prompt, desk.production, actor=desk.responder, reason="Worse.")
    before = sets.live(made)
    with pytest.raises(SetNotReady) as no:
        services.release_set(made.pk, actor=desk.release_manager)
    assert no.value.code == "set_not_ready"
    assert "not live any more" in no.value.sentence
    assert sets.live(made) == before
