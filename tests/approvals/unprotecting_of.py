"""The steps of un-protecting `production`, for tests: Gwen asks, Greta decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from approvals import services
from approvals.models import ApprovalRequest
from registry.errors import Refusal
from registry.models import Label, User
from tests.approvals.desk import Desk
from tests.approvals.documents_of import second_owner

WHY = "Production moves to another system."


def asked(desk: Desk, **more: Any) -> ApprovalRequest:
    """Gwen asks that production is un-protected."""
    given = {"rationale": WHY, "actor": desk.governance_owner, **more}
    return services.propose_unprotect(desk.production, **given)


def greta(desk: Desk) -> User:
    """The second governance owner."""
    return second_owner(desk.governance_owner)


def decide(
    request: ApprovalRequest, actor: User, decision: str = "approve", **more: Any
) -> ApprovalRequest:
    """A decision by anybody."""
    return services.decide_unprotect(request.pk, actor=actor, decision=decision, **more)


def unprotected(desk: Desk) -> Label:
    """Production after both owners agreed."""
    decide(asked(desk), greta(desk))
    return now(desk.production)


def now(label: Label) -> Label:
    """The label as the database has it."""
    return Label.objects.get(pk=label.pk)


def code(call: Callable[[], Any]) -> str:
    """The code of the refusal that a call ends with."""
    with pytest.raises(Refusal) as raised:
        call()
    return raised.value.code
