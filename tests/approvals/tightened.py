"""A policy that asks for more than what is live was asked for, and what is done about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from approvals import services
from approvals.models import Policy, PolicyException
from registry.errors import Refusal
from tests.approvals import desk as steps
from tests.approvals.desk import Desk
from tests.approvals.documents_of import in_force, with_brand

AT = "/conformance/"
WHY = "The brand team is on holiday."


@pytest.fixture
def tightened(desk: Desk) -> Desk:
    """What is live on the desk's prompt lacks the sign-off of the brand since today."""
    steps.released(desk)
    in_force(Policy.objects.get(name="Regulated"), with_brand(), by=desk.governance_owner)
    return desk


def soon(days: float = 30) -> datetime:
    return timezone.now() + timedelta(days=days)


def excepted(desk: Desk, **more: Any) -> PolicyException:
    given = {"owner": desk.author, "until": soon(), "reason": WHY, "actor": desk.governance_owner}
    return services.except_live(desk.prompt, desk.production, **{**given, **more})


def refused(call: Any) -> str:
    with pytest.raises(Refusal) as no:
        call()
    return no.value.code


def steps_only() -> dict[str, Any]:
    document = with_brand()
    document["stages"][0]["sign_offs"].pop()
    return document
