"""The table of `test_table` for un-protecting a label: every state by every verb and person.

Gwen asked, Greta is another governance owner, and Gil is one who wrote an open change for it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from approvals import services
from approvals.models import ApprovalRequest
from registry import roles
from registry.errors import Refusal
from registry.models import Label, User
from tests.approvals import desk as steps
from tests.approvals.desk import Desk, fresh
from tests.approvals.test_table import LATE, NO
from tests.approvals.test_table import PEOPLE as OTHERS
from tests.approvals.unprotecting_of import asked, decide, greta
from tests.people import make_person

pytestmark = pytest.mark.django_db

PEOPLE = (*OTHERS, "greta", "gil")
STATES = ("review", "released", "rejected", "withdrawn")

Verb = Callable[[ApprovalRequest, User], ApprovalRequest]
VERBS: dict[str, Verb] = {
    "propose_unprotect": lambda request, actor: services.propose_unprotect(
        Label.objects.get(name="production"), rationale="Well.", actor=actor
    ),
    "approve": lambda request, actor: decide(request, actor),
    "reject": lambda request, actor: decide(request, actor, "reject", comment="Not now."),
    "withdraw_unprotect": lambda request, actor: services.withdraw_unprotect(
        request.pk, actor=actor
    ),
    # The verbs of other kinds of request know nothing of it.
    "decide_policy": lambda request, actor: services.decide_policy(
        request.pk, actor=actor, decision="approve"
    ),
    "withdraw": lambda request, actor: services.withdraw(request.pk, actor=actor),
    "release": lambda request, actor: services.release(request.pk, actor=actor),
}

OWNERS = ("governance_owner", "greta", "gil")
NEVER = {"_": "not_found"}


def by_owners(code: str) -> dict[str, str]:
    """What governance owners get; nobody else may."""
    return {**dict.fromkeys(OWNERS, code), "_": NO}


TABLE: dict[str, dict[str, dict[str, str]]] = {
    "propose_unprotect": {
        "review": by_owners(LATE),
        "released": by_owners("not_protected"),
        "rejected": by_owners("review"),
        "withdrawn": by_owners("review"),
    },
    "approve": {
        "_": by_owners(LATE),
        "review": {
            "governance_owner": "own_change",
            "greta": "released",
            "gil": "unblocks_own",
            "_": NO,
        },
    },
    "reject": {"_": by_owners(LATE), "review": by_owners("rejected")},
    "withdraw_unprotect": {
        "_": {"governance_owner": LATE, "_": NO},
        "review": {"governance_owner": "withdrawn", "_": NO},
    },
    "decide_policy": {"_": NEVER},
    "withdraw": {"_": NEVER},
    "release": {"_": NEVER},
}


def at_state(desk: Desk, state: str) -> ApprovalRequest:
    """A request in the named state, brought there by the verbs."""
    request = asked(desk)
    if state == "withdrawn":
        services.withdraw_unprotect(request.pk, actor=desk.governance_owner)
    if state in ("released", "rejected"):
        decision = "approve" if state == "released" else "reject"
        decide(request, greta(desk), decision, comment="So I think.")
    return fresh(request)


def outcome(request: ApprovalRequest, verb: str, actor: User) -> str:
    """The state that one attempt leads to or the code of its refusal, taken back afterwards."""
    savepoint = transaction.savepoint()
    try:
        return VERBS[verb](fresh(request), actor).state
    except Refusal as refusal:
        return refusal.code
    finally:
        transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize("state", STATES)
def test_unprotect_verbs__in_each_state_by_each_person__do_what_the_table_says(
    desk: Desk, state: str
) -> None:
    gil = make_person("gil", roles.GOVERNANCE_OWNERS, roles.AUTHORS, by=desk.governance_owner)
    people = {**desk.people, "greta": greta(desk), "gil": gil}
    steps.submit(desk, actor=gil)
    request = at_state(desk, state)
    assert request.state == state
    for verb in VERBS:
        row = TABLE[verb].get(state, TABLE[verb].get("_", {}))
        expected = {name: row.get(name, row["_"]) for name in PEOPLE}
        assert {n: outcome(request, verb, people[n]) for n in PEOPLE} == expected, verb
