"""Steps of the API that only people take: who may take each, where, and with what body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest
from registry.models import User
from tests.approvals import talking
from tests.approvals.bases import overtaken
from tests.approvals.ci import pointer
from tests.approvals.desk import SECOND, Desk, fresh, in_review, submit
from tests.approvals.steps_by_api import Person, seen

PASSWORD = "horse battery staple"


@dataclass(frozen=True)
class Step:
    """A step that a person can take now."""

    who: User
    path: str
    data: dict[str, Any]
    request: ApprovalRequest

    def take(self, who: User | None = None, **fields: Any) -> HttpResponse:
        return Person(who or self.who).post(self.path, {**self.data, **fields})


def step_of(desk: Desk, name: str, who: User | None = None, template: str = SECOND) -> Step:
    """The step, made ready for its usual person, or for `who`."""
    return STEPS[name](desk, who, template)


def _step(request: ApprovalRequest, who: User, part: str, **fields: Any) -> Step:
    return Step(who, f"/requests/{request.pk}/{part}", fields, fresh(request))


def _take_back(desk: Desk, who: User | None, template: str) -> Step:
    voter, request = who or desk.safety_reviewer, in_review(desk, template)
    services.review(
        request.pk,
        actor=voter,
        role="safety",
        decision="approve",
        seen=request.revision_digest,
    )
    return _step(request, voter, "take-back", **seen(request))


def _lift(desk: Desk, who: User | None, template: str) -> Step:
    vote = talking.refuse(desk, in_review(desk, template))
    path = f"reviews/{vote.public_id}/lift"
    owner = who or desk.governance_owner
    return _step(vote.request, owner, path, reason="Nobody answers for it any more.")


def _plan(desk: Desk, who: User | None, template: str) -> Step:
    request = in_review(desk, template)
    at = (timezone.now() + timedelta(hours=1)).isoformat()
    return _step(request, who or desk.author, "plan", **seen(request, at=at))


def _unplan(desk: Desk, who: User | None, template: str) -> Step:
    request, planner = in_review(desk, template), who or desk.author
    services.plan_release(
        request.pk,
        actor=planner,
        at=timezone.now() + timedelta(hours=1),
        seen=request.revision_digest,
    )
    return _step(request, planner, "unplan", **seen(request))


def _ask_again(desk: Desk, who: User | None, template: str) -> Step:
    author = who or desk.author
    request = in_review(desk, template, actor=author)
    talking.forget_asking()
    return _step(request, author, "ask-again")


def _rescan(desk: Desk, who: User | None, template: str) -> Step:
    author = who or desk.author
    request = submit(desk, template, actor=author)
    for _ in range(3):
        services.begin_scan(request.pk)
        services.note_scan_failure(request.pk, error="time_limit")
    return _step(request, author, "rescan")


def _rebase(desk: Desk, who: User | None, template: str) -> Step:
    request = overtaken(desk)
    generation = pointer(desk, "production").generation
    data = seen(request, expected_generation=generation)
    return _step(request, who or desk.author, "rebase", **data)


def _emergency(desk: Desk, who: User | None, template: str) -> Step:
    responder, request = who or desk.responder, in_review(desk, template)
    with_password(responder)
    return _step(
        request,
        responder,
        "emergency",
        **seen(request, expected_generation=pointer(desk, "production").generation),
        reason="Refunds are promised to everybody.",
        ticket="INC-7",
        password=PASSWORD,
    )


def with_password(person: User) -> User:
    """The person, who signs in with PASSWORD from now on."""
    if not person.check_password(PASSWORD):
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
    return person


STEPS: dict[str, Callable[[Desk, User | None, str], Step]] = {
    "take_back": _take_back,
    "lift_refusal": _lift,
    "plan_release": _plan,
    "unplan_release": _unplan,
    "ask_again": _ask_again,
    "rescan": _rescan,
    "rebase": _rebase,
    "break_glass": _emergency,
}
