"""What tests of time share: policies with something about time, and moments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest, Policy
from registry.errors import Refusal
from registry.models import OutboxMail, User
from tests.approvals.desk import Desk, fresh
from tests.approvals.documents_of import in_force, ready

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def regulated(desk: Desk, **changes: Any) -> None:
    """Regulated, which covers the desk's prompt, saying something else in one place from now on."""
    policy = Policy.objects.get(name="Regulated")
    in_force(policy, ready("Regulated", **changes), by=desk.governance_owner)


def freeze(start: datetime, end: datetime, title: str = "Holidays") -> dict[str, Any]:
    """A freeze window once, in UTC; whole minutes."""
    moments = {"start": f"{start:%Y-%m-%dT%H:%M}", "end": f"{end:%Y-%m-%dT%H:%M}"}
    return {"title": title, "time_zone": "UTC", **moments}


def plan(desk: Desk, request: ApprovalRequest, who: str = "author", **changes: Any) -> datetime:
    """A plan for an hour from now; when it is."""
    at: datetime = changes.pop("at", timezone.now() + HOUR)
    seen = fresh(request).revision_digest
    services.plan_release(
        request.pk, **{"actor": desk.people[who], "at": at, "seen": seen, **changes}
    )
    return at


def later(at: datetime, call: Callable[[], Any]) -> Any:
    """What a call does when it is just past `at`."""
    with time_machine.travel(at + timedelta(seconds=1), tick=True):
        return call()


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


def mailed(kind: str) -> set[str]:
    """Usernames of those to whom a mail of a kind is owed."""
    people: set[User] = {m.recipient for m in OutboxMail.objects.filter(kind=kind)}
    return {person.username for person in people}
