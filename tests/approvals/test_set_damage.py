"""What is written about change sets past the verbs is named by `audit_verify`, by raw SQL."""

from __future__ import annotations

import pytest

from tests.approvals import sets_of as sets
from tests.approvals.desk import SECOND, Desk
from tests.approvals.test_reconcile_damage import (
    OTHER_USER,
    REQUEST,
    STAGING,
    changed,
    codes,
    copied,
    lift,
    told,
    wanted,
)

SET = "approvals_changeset"
OLD_SET = f"(SELECT public_id FROM {SET} ORDER BY id LIMIT 1)"
OLD_REASON = f"(SELECT rationale_id FROM {SET} ORDER BY id LIMIT 1)"


@pytest.fixture
def together(desk: Desk) -> Desk:
    """Two sets, of which the second one is in review."""
    sets.proposed(desk, *sets.TWO)
    sets.in_review(desk, *sets.TWO, template=SECOND)
    return desk


def test_reconcile__sets_by_verbs__finds_nothing(together: Desk) -> None:
    assert codes() == set()


def test_reconcile__change_put_into_another_set_by_the_owner__is_named(together: Desk) -> None:
    lift()
    damages = [
        (changed(REQUEST, "change_set", OLD_SET), "request"),
        (changed(REQUEST, "change_set", "NULL"), "request"),
    ]
    assert told(damages) == wanted("approvals", damages)


def test_reconcile__set_changed_by_the_owner__is_named(together: Desk) -> None:
    lift()
    damages = [
        (changed(SET, "whole", "NOT whole"), "change_set"),
        (changed(SET, "author_id", OTHER_USER), "change_set"),
        (changed(SET, "label_id", STAGING), "change_set"),
        (changed(SET, "rationale_id", OLD_REASON), "change_set"),
        (changed(SET, "created_at", "'2031-01-01 00:00:00+00:00'"), "change_set"),
    ]
    assert told(damages) == wanted("approvals", damages)


def test_reconcile__set_appended_past_the_verbs__is_named(together: Desk) -> None:
    damages = [(copied(SET, {}), "change_set")]
    assert told(damages) == wanted("approvals", damages)
