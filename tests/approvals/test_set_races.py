"""Several at once on one change set: nobody locks another out, and one comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command

from approvals import services
from approvals.services import _common as common
from registry.models import Release
from tests.approvals import sets_of as sets
from tests.approvals.desk import SECOND, Desk
from tests.approvals.sets_of import NAMES, live, members, states
from tests.approvals.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)


def _release(desk: Desk, pk: int) -> Callable[[], Any]:
    return lambda: services.release_set(pk, actor=desk.release_manager)


def test_release_set__while_one_member_is_released__one_comes_first(desk: Desk) -> None:
    made = sets.approved(desk, whole=False)
    last = members(made)[2]
    said = together(
        _release(desk, made.pk),
        lambda: services.release(last.pk, actor=desk.release_manager),
    )
    assert said in (["ok", "ok"], ["ok", "wrong_state"])
    assert (states(made), live(made)) == (["released"] * 3, [1, 1, 1])
    call_command("audit_verify")


def test_release_set__two_sets_of_the_same_prompts_in_opposite_order__one_wins_whole(
    desk: Desk,
) -> None:
    first = sets.approved(desk)
    # Made in the other order, so that their rows stand the other way round.
    second = sets.approved(desk, *reversed(NAMES), template=SECOND)
    said = together(_release(desk, first.pk), _release(desk, second.pk))
    assert said == ["ok", "set_not_ready"]
    assert len(set(live(first))) == 1
    assert Release.objects.filter(label=desk.production).count() == 3
    call_command("audit_verify")


def test_propose_set__two_of_the_same_prompts_in_opposite_order__both_are_made(desk: Desk) -> None:
    sets.prompts_of(desk)

    def propose(names: tuple[str, ...]) -> Callable[[], Any]:
        return lambda: sets.proposed(desk, *names, and_submit=True)

    assert together(propose(NAMES), propose(NAMES[::-1])) == ["ok", "ok"]
    call_command("audit_verify")


def test_propose_set__one_key_on_other_prompts_at_once__one_wins_and_the_other_is_told(
    desk: Desk,
) -> None:
    sets.prompts_of(desk, *NAMES, "support/returns")
    said = together(
        lambda: sets.proposed(desk, *NAMES[:2], key="one-form"),
        lambda: sets.proposed(desk, NAMES[2], "support/returns", key="one-form"),
    )
    assert said == ["ok", "stale"]
    call_command("audit_verify")


def test_rollback_set__while_one_member_is_rolled_back__both_end_on_the_version_before(
    desk: Desk,
) -> None:
    made = sets.released_twice(desk)
    one = sets.prompts_of(desk)[1]
    said = together(
        lambda: services.rollback_set(made.pk, actor=desk.responder),
        lambda: services.rollback(one, desk.production, actor=desk.responder),
    )
    assert said in (["ok", "ok"], ["never_live", "ok"])
    assert live(made) == [1, 1, 1]
    call_command("audit_verify")


def test_release_set__pressed_twice_at_once__is_released_once(desk: Desk) -> None:
    made = sets.approved(desk)

    def press() -> Any:
        return services.release_set(made.pk, actor=desk.release_manager, key="one-form")

    assert together(press, press) == ["ok", "ok"]
    assert Release.objects.filter(label=desk.production).count() == 3
    call_command("audit_verify")


def test_submit_set__prompts_made_in_another_order_than_their_names__locks_by_their_keys(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `propose_set` does; in two orders two verbs would wait for one another for ever."""
    made = sets.proposed(desk, "support/zeta", "support/alpha")
    locked, real = [], common.lock_prompt

    def lock(prompt: int, label: int) -> Any:
        locked.append(prompt)
        return real(prompt, label)

    monkeypatch.setattr(common, "lock_prompt", lock)
    services.submit_set(made.pk, actor=desk.author)
    assert locked == sorted(locked)
    assert len(set(locked)) == 2
