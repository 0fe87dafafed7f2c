"""plan_release, unplan_release, fail_plan: a release at a time, judged again when it comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals import queue
from approvals.errors import GoesTogether
from approvals.models import ApprovalRequest
from approvals.policies import unmet
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services import _plans as plans
from approvals.services.releasing import may_release, require_release
from approvals.services.routing import met
from audit.ledger import recording
from registry.actors import Actor, System
from registry.errors import BadInput, WrongState

State = ApprovalRequest.State
PLANNER = System("plan")
#: states in which a release may be planned
PLANNABLE = (State.SCANNING, State.REVIEW, State.APPROVED)
#: how far ahead a release may be planned
MOST_DAYS = 366
#: a plan waits for these: its own time, and the end of a freeze
_WAITS = frozenset({"schedule", "freeze"})


def plan_release(
    request_id: int, *, actor: Actor, at: datetime, seen: str, key: str = ""
) -> ApprovalRequest:
    """Plan the release of a submitted change for `at`; by whoever may release it.

    The release runs as this person, if everything is met then. A plan that is there is replaced.
    Raises NotAllowed, WrongState, Stale, GoesTogether, BadInput.
    """
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        subject = common.about(request.public_id, at.isoformat())
        if common.repeated(actor, key, "plan_release", subject) is not None:
            return request
        common.check_visible(request, actor)
        common.no_token(actor)
        account = require_release(request, pointer.prompt, actor)
        if request.state not in PLANNABLE:
            raise WrongState(
                f"This change is {request.get_state_display().lower()}; a release is planned once "
                "it is submitted and before it has ended."
            )
        common.check_seen(request, seen)
        if request.change_set is not None and request.change_set.whole:
            raise GoesTogether(
                "This change goes out with the others of its change set, so no time can be planned "
                "for it alone."
            )
        _check_time(at, log.at)
        before, planner = common.state_of(request), request.planned_by
        if request.release_at == at and planner == account:
            return request
        request.release_at, request.planned_by = at, account
        common.save(request, actor=actor, verb="plan_release", at=log.at)
        common.remember(actor, key, "plan_release", subject, str(request.pk), log.at)
        common.record(log, "planned", request, before)
        told = {request.author, planner or account}
        mail.owe("planned", told, (common.REQUEST, request.public_id), at=log.at, besides=account)
        return request


def unplan_release(
    request_id: int, *, actor: Actor, seen: str | None = None, key: str = ""
) -> ApprovalRequest:
    """Take a plan away; by whoever may release the change. A no-op where there is none.

    Raises NotAllowed, WrongState, Stale.
    """
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        if common.repeated(actor, key, "unplan_release", str(request.public_id)) is not None:
            return request
        common.check_visible(request, actor)
        common.no_token(actor)
        account = require_release(request, pointer.prompt, actor)
        if not request.is_open:
            raise WrongState(f"This change is {request.get_state_display().lower()} already.")
        common.check_seen(request, seen)
        if request.release_at is None:
            return request
        before, planner = common.state_of(request), request.planned_by
        plans.take_away(request)
        common.save(request, actor=actor, verb="unplan_release", at=log.at)
        common.remember(
            actor, key, "unplan_release", str(request.public_id), str(request.pk), log.at
        )
        common.record(log, "unplanned", request, before)
        plans.tell_ended(request, planner, at=log.at, by=account)
        if request.release_when_ready and request.state == State.APPROVED:
            queue.later(queue.RELEASE, request.pk)
        return request


def fail_plan(request_id: int, *, actor: Actor = PLANNER) -> ApprovalRequest | None:
    """Suspend a plan whose time has come where something else than a freeze stands in the way.

    The plan is taken away, and with it the wish to release as soon as possible: nothing goes live
    at a time that nobody chose. None where there is no such plan, or where it can go on.
    """
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        due = request.release_at is not None and request.release_at <= log.at
        if not request.is_open or not due:
            return None
        planner = request.planned_by
        _, rules = common.judge(request, log.at, released_by=request.planned_by_id)
        missing = [rule for rule in unmet(rules) if rule.code not in _WAITS]
        allowed = may_release(request, pointer.prompt, planner)
        if allowed and not missing:
            return None
        before = common.state_of(request)
        plans.take_away(request)
        request.release_when_ready = False
        common.save(request, actor=actor, verb="fail_plan", at=log.at)
        data = {"missing": [rule.code for rule in missing], "planner_allowed": allowed}
        common.record(log, "plan_failed", request, before, data={**data, **met(rules)})
        mail.owe(
            "plan_failed",
            {request.author, *([planner] if planner else [])},
            (common.REQUEST, request.public_id),
            at=log.at,
            planned=before["release_at"],
            planner_allowed=allowed,
        )
        return request


def _check_time(at: datetime, now: datetime) -> None:
    if at.tzinfo is None:
        raise BadInput("A planned time needs a time zone.", field="at")
    if at <= now:
        raise BadInput("This time has passed. Choose one that is still to come.", field="at")
    if at > now + timedelta(days=MOST_DAYS):
        raise BadInput(f"Choose a time within the next {MOST_DAYS} days.", field="at")
