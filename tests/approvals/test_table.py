"""One table: every state by every verb and person, as the new state or as the code of the refusal.

A cell stands for one attempt on a request in that state; `_` is everybody not named. Rows of
states that are not named for a verb take its `_` row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest
from registry.errors import Refusal
from registry.models import User
from tests.approvals.bases import live_digest
from tests.approvals.desk import ROLES, SECOND, Desk, at_state, fresh, text

PEOPLE = (
    "author",
    "support_reviewer",
    "safety_reviewer",
    "release_manager",
    "responder",
    "governance_owner",
    "auditor",
    "outsider",
    "superuser",
)
STATES = ("draft", "scanning", "review", "approved", "released", "rejected", "withdrawn")
Verb = Callable[[ApprovalRequest, User, str], Any]


def vote(decision: str) -> Verb:
    def cast(request: ApprovalRequest, actor: User, name: str) -> Any:
        return services.review(
            request.pk,
            actor=actor,
            role=ROLES.get(name, "support"),
            decision=decision,
            comment="A sentence.",
            seen=request.revision_digest,
        )

    return cast


VERBS: dict[str, Verb] = {
    "revise": lambda request, actor, name: services.revise(
        request.pk, document=text(SECOND), rationale="Again.", actor=actor
    ),
    "rebase": lambda request, actor, name: services.rebase(
        request.pk, actor=actor, seen=request.revision_digest, seen_live=live_digest(request)
    ),
    "submit": lambda request, actor, name: services.submit(request.pk, actor=actor),
    "withdraw": lambda request, actor, name: services.withdraw(request.pk, actor=actor),
    "rescan": lambda request, actor, name: services.rescan(request.pk, actor=actor),
    "approve": vote("approve"),
    "request_changes": vote("request_changes"),
    "reject": vote("reject"),
    "release": lambda request, actor, name: services.release(request.pk, actor=actor),
    "plan_release": lambda request, actor, name: services.plan_release(
        request.pk,
        actor=actor,
        at=timezone.now() + timedelta(hours=1),
        seen=request.revision_digest,
    ),
    "unplan_release": lambda request, actor, name: services.unplan_release(request.pk, actor=actor),
    "break_glass": lambda request, actor, name: services.break_glass(
        request.pk,
        actor=actor,
        reason="Wrong answers.",
        ticket="T-1",
        auth_method="signature:password",
        auth_at=timezone.now(),
        seen=request.revision_digest,
        expected_generation=None,
    ),
    "expire": lambda request, actor, name: services.expire(request.pk, actor=actor),
    "fail_plan": lambda request, actor, name: services.fail_plan(request.pk, actor=actor),
}

HIDDEN = {"_": "not_found"}
NO = "not_allowed"
LATE = "wrong_state"
SAME = {state: {"_": state} for state in STATES}

TABLE: dict[str, dict[str, dict[str, str]]] = {
    "revise": {
        "_": {"author": "draft", "_": NO},
        "draft": {"author": "draft", **HIDDEN},
        "released": {"author": LATE, "_": NO},
        "rejected": {"author": LATE, "_": NO},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    # Nothing went live meanwhile; `test_rebase` has the rows of a change that was overtaken.
    "rebase": {
        "_": {"author": "nothing_changed", "_": NO},
        "draft": {"author": "nothing_changed", **HIDDEN},
        "scanning": {"author": LATE, "_": NO},
        "released": {"author": LATE, "_": NO},
        "rejected": {"author": LATE, "_": NO},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    "submit": {
        "_": {"author": LATE, "_": NO},
        "draft": {"author": "scanning", **HIDDEN},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    "withdraw": {
        "_": {"author": "withdrawn", "_": NO},
        "draft": {"author": "withdrawn", **HIDDEN},
        "released": {"author": LATE, "_": NO},
        "rejected": {"author": LATE, "_": NO},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    "rescan": {
        "_": {"author": LATE, "governance_owner": LATE, "_": NO},
        "draft": {"author": LATE, **HIDDEN},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    "approve": {
        "_": {"author": "own_change", "_": LATE},
        "draft": {"author": "own_change", **HIDDEN},
        "withdrawn": {"author": "own_change", **HIDDEN},
        "review": {
            "author": "own_change",
            "support_reviewer": "review",
            "safety_reviewer": "review",
            "_": "not_eligible",
        },
    },
    "request_changes": {
        "_": {"author": "own_change", "_": LATE},
        "draft": {"author": "own_change", **HIDDEN},
        "withdrawn": {"author": "own_change", **HIDDEN},
        "review": {
            "author": "own_change",
            "support_reviewer": "draft",
            "safety_reviewer": "draft",
            "_": "not_eligible",
        },
        "approved": {
            "author": "own_change",
            "support_reviewer": "draft",
            "safety_reviewer": "draft",
            "_": "not_eligible",
        },
    },
    "reject": {
        "_": {"author": "own_change", "_": LATE},
        "draft": {"author": "own_change", **HIDDEN},
        "withdrawn": {"author": "own_change", **HIDDEN},
        "review": {
            "author": "own_change",
            "support_reviewer": "rejected",
            "safety_reviewer": "rejected",
            "_": "not_eligible",
        },
        "approved": {
            "author": "own_change",
            "support_reviewer": "rejected",
            "safety_reviewer": "rejected",
            "_": "not_eligible",
        },
    },
    "release": {
        "_": {"author": "requirements_unmet", "release_manager": "requirements_unmet", "_": NO},
        "draft": {"author": "requirements_unmet", **HIDDEN},
        "approved": {"author": "released", "release_manager": "released", "_": NO},
        "released": {"author": LATE, "release_manager": LATE, "_": NO},
        "rejected": {"author": LATE, "release_manager": LATE, "_": NO},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    # By those who may release it; a plan changes no state.
    "plan_release": {
        "_": {"author": LATE, "release_manager": LATE, "_": NO},
        "draft": {"author": LATE, **HIDDEN},
        "scanning": {"author": "scanning", "release_manager": "scanning", "_": NO},
        "review": {"author": "review", "release_manager": "review", "_": NO},
        "approved": {"author": "approved", "release_manager": "approved", "_": NO},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    "unplan_release": {
        "_": {"author": LATE, "release_manager": LATE, "_": NO},
        "draft": {"author": "draft", **HIDDEN},
        "scanning": {"author": "scanning", "release_manager": "scanning", "_": NO},
        "review": {"author": "review", "release_manager": "review", "_": NO},
        "approved": {"author": "approved", "release_manager": "approved", "_": NO},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    # By those who may respond; the author needs one of the two permissions like everybody.
    "break_glass": {
        "_": {"release_manager": LATE, "responder": LATE, "_": NO},
        "draft": {"author": NO, **HIDDEN},
        "scanning": {
            "release_manager": "requirements_unmet",
            "responder": "requirements_unmet",
            "_": NO,
        },
        "review": {"release_manager": "released", "responder": "released", "_": NO},
        "withdrawn": {"author": NO, **HIDDEN},
    },
    # The product's own: nothing is old and nothing is planned, so nothing happens.
    "expire": {"_": {}, **SAME},
    "fail_plan": {"_": {}, **SAME},
}


def outcome(request: ApprovalRequest, verb: str, name: str, actor: User) -> str:
    """What one attempt does, taken back afterwards."""
    savepoint = transaction.savepoint()
    try:
        VERBS[verb](fresh(request), actor, name)
        return fresh(request).state
    except Refusal as refusal:
        return refusal.code
    finally:
        transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_verb__in_each_state_by_each_person__does_what_the_table_says(
    desk: Desk, state: str, verb: str
) -> None:
    request = at_state(desk, state)
    row = TABLE[verb].get(state, TABLE[verb]["_"])
    expected = {name: row.get(name, row["_"]) for name in PEOPLE}
    assert {n: outcome(request, verb, n, desk.people[n]) for n in PEOPLE} == expected
