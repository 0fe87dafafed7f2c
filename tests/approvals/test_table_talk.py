"""The table of `test_table` for talk and second thoughts: every state by every verb and person.

Each request carries a thread with a suggestion of the safety reviewer, made while it was in review.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from approvals import services
from approvals.models import ApprovalRequest, Remark, Thread
from registry.errors import Refusal
from registry.models import User
from tests.approvals import desk as steps
from tests.approvals import talking
from tests.approvals.desk import SECOND, Desk, fresh
from tests.approvals.test_table import LATE, NO, PEOPLE

pytestmark = pytest.mark.django_db

Verb = Callable[[ApprovalRequest, User], Any]
DONE = "done"


def _thread(request: ApprovalRequest) -> int:
    return Thread.objects.get(request=request).pk


def _reopen(request: ApprovalRequest, actor: User) -> Any:
    thread = Thread.objects.get(request=request)
    if request.is_open:
        services.resolve_thread(thread.pk, actor=thread.opened_by)
    return services.reopen_thread(thread.pk, actor=actor)


def _open(request: ApprovalRequest, actor: User, *, question: bool = False) -> Any:
    return services.open_thread(
        request.pk, actor=actor, text="Well.", question=question, seen=request.revision_digest
    )


def _ask_again(request: ApprovalRequest, actor: User) -> Any:
    talking.forget_asking()
    return services.ask_again(request.pk, actor=actor)


VERBS: dict[str, Verb] = {
    "open_thread": _open,
    "ask": lambda request, actor: _open(request, actor, question=True),
    "reply": lambda request, actor: services.reply(_thread(request), actor=actor, text="Well."),
    "resolve_thread": lambda request, actor: services.resolve_thread(_thread(request), actor=actor),
    "reopen_thread": _reopen,
    "apply_suggestion": lambda request, actor: services.apply_suggestion(
        Remark.objects.get(thread__request=request).pk, actor=actor, seen=request.revision_digest
    ),
    "take_back": lambda request, actor: services.take_back(
        request.pk, actor=actor, seen=request.revision_digest
    ),
    "ask_again": _ask_again,
    "lift_refusal": lambda request, actor: services.lift_refusal(
        request.reviews.latest("pk").pk, actor=actor, reason="Settled by phone."
    ),
}

SPEAK = {"author": DONE, "support_reviewer": DONE, "safety_reviewer": DONE, "_": NO}
TOO_LATE = {"author": LATE, "support_reviewer": LATE, "safety_reviewer": LATE, "_": NO}
NOBODY = {"_": LATE}

#: verb -> who may while the change is open
OPEN: dict[str, dict[str, str]] = {
    "open_thread": SPEAK,
    "ask": {**SPEAK, "author": "own_change"},
    "reply": SPEAK,
    "resolve_thread": {**SPEAK, "support_reviewer": NO},
    "reopen_thread": SPEAK,
    "apply_suggestion": {"author": DONE, "_": NO},
    "ask_again": {"author": LATE, "_": NO},
    "lift_refusal": {"governance_owner": LATE, "_": NO},
    "take_back": NOBODY,
}
#: what differs from it in one state
TABLE: dict[str, dict[str, dict[str, str]]] = {
    # back with its author because the safety reviewer asked for changes
    "draft": {
        "take_back": {"safety_reviewer": DONE, "_": LATE},
        "lift_refusal": {"governance_owner": DONE, "_": NO},
    },
    "scanning": {
        "take_back": {"safety_reviewer": DONE, "_": LATE},
        "lift_refusal": {"governance_owner": DONE, "_": NO},
    },
    "review": {
        "take_back": {"support_reviewer": DONE, "_": LATE},
        "ask_again": {"author": DONE, "_": NO},
    },
    "approved": {"take_back": {"support_reviewer": DONE, "safety_reviewer": DONE, "_": LATE}},
    **{
        state: {
            **dict.fromkeys(OPEN, TOO_LATE),
            # whether it has ended is asked before whether they may resolve or ask
            "apply_suggestion": {"author": LATE, "_": NO},
            "ask_again": {"author": LATE, "_": NO},
            "lift_refusal": {"governance_owner": LATE, "_": NO},
            "take_back": NOBODY,
        }
        for state in ("released", "rejected", "withdrawn")
    },
}


def at_state(desk: Desk, state: str) -> ApprovalRequest:
    """A request in the named state that was in review once, with a vote and a thread."""
    request = steps.in_review(desk, SECOND)
    talking.suggest(desk, request)
    if state in ("draft", "scanning"):
        talking.refuse(desk, request)
        if state == "scanning":
            services.submit(request.pk, actor=desk.author)
    elif state == "rejected":
        steps.reject(desk, request)
    else:
        steps.approve(desk, request, *(["support_reviewer"] if state == "review" else []))
    if state == "released":
        services.release(request.pk, actor=desk.author)
    if state == "withdrawn":
        services.withdraw(request.pk, actor=desk.author)
    return fresh(request)


def outcome(request: ApprovalRequest, verb: str, actor: User) -> str:
    """What one attempt does, taken back afterwards."""
    savepoint = transaction.savepoint()
    try:
        VERBS[verb](fresh(request), actor)
        return DONE
    except Refusal as refusal:
        return refusal.code
    finally:
        transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize("state", TABLE)
def test_talk_verbs__in_each_state_by_each_person__do_what_the_table_says(
    desk: Desk, state: str
) -> None:
    request = at_state(desk, state)
    assert request.state == state
    for verb in VERBS:
        row = TABLE[state].get(verb, OPEN[verb])
        expected = {name: row.get(name, row["_"]) for name in PEOPLE}
        assert {n: outcome(request, verb, desk.people[n]) for n in PEOPLE} == expected, verb


def test_talk_verbs__draft_that_was_never_submitted__is_known_to_its_author_alone(
    desk: Desk,
) -> None:
    request = steps.propose(desk)
    for verb in ("open_thread", "take_back", "ask_again"):
        expected = {name: LATE if name == "author" else "not_found" for name in PEOPLE}
        assert {n: outcome(request, verb, desk.people[n]) for n in PEOPLE} == expected, verb
