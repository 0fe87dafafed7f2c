"""route and reassess: where a scanned change goes, and when it has to go back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from approvals import queue
from approvals.models import ApprovalRequest
from approvals.policies import Facts, Requirement
from approvals.services import _carrying as carrying
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services import _plans as plans
from approvals.services import _shadow as shadow
from approvals.services import _turns as turns
from audit.ledger import recording
from registry.actors import Actor, System

State = ApprovalRequest.State
ROUTER = System("route")
REASSESSOR = System("reassess")


def route(request_id: int, *, actor: Actor = ROUTER) -> ApprovalRequest | None:
    """Send a scanned change on: approved by itself, to people, or back when critical.

    Approvals of an earlier revision are kept where the policy says so; when that completes the
    list the change is approved. Policies that are only watched take notes meanwhile. None when
    there is nothing to route.
    """
    weighed = carrying.weigh(request_id)
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        if request.state != State.SCANNING or request.scan_id is None:
            return None
        before, planner = common.state_of(request), request.planned_by
        facts, requirements = common.judge(request, log.at)
        subject = (common.REQUEST, request.public_id)
        noted: dict[str, Any] = {}
        carried = carrying.Carried()
        if facts.scan is not None and facts.scan.level != "critical":
            carried = carrying.carry(request, facts, weighed, log.at)
            if carried.kept:
                facts, requirements = common.judge(request, log.at)
        if facts.scan is None or facts.scan.level == "critical":
            request.to_draft()
            way = "critical"
            mail.owe("critical_finding", [request.author_id], subject, at=log.at)
        elif request.verdict and request.verdict.automatic:
            request.to_approved_automatically(at=log.at)
            way = "automatic"
            noted = shadow.note(request, facts, log.at, in_force=False)
            _go_on(request)
        else:
            request.to_review(due_at=due(facts, log.at))
            turns.begin(request, log.at)
            way = "people"
            if carried.kept and request.verdict and request.verdict.approvable:
                request.to_approved(at=log.at)
                way = "kept"
                mail.owe("approved", [request.author_id], subject, at=log.at)
                _go_on(request)
            else:
                noted = shadow.note(request, facts, log.at, in_force=True)
                told = {vote.reviewer_id for vote, _ in carried.dismissed}
                mail.owe("review_asked", asked(requirements) - told, subject, at=log.at)
        common.save(request, actor=actor, verb="route", at=log.at)
        data = {"way": way, **noted, **carried.told, **met(requirements)}
        common.record(log, "routed", request, before, data=data)
        carrying.tell(request, carried, log.at)
        plans.tell_ended(request, planner, at=log.at, by=None)
        return request


def reassess(request_id: int, *, actor: Actor = REASSESSOR) -> ApprovalRequest | None:
    """Approve what became ready, send back what no longer is; None when it stays as it was."""
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        if request.state not in (State.REVIEW, State.APPROVED):
            return None
        before = common.state_of(request)
        facts, requirements = common.judge(request, log.at)
        ready = request.verdict is not None and request.verdict.approvable
        if ready == (request.state == State.APPROVED):
            return None
        subject = (common.REQUEST, request.public_id)
        if ready:
            request.to_approved(at=log.at)
            mail.owe("approved", [request.author_id], subject, at=log.at)
            _go_on(request)
        else:
            request.to_review_again(due_at=due(facts, log.at))
            turns.begin(request, log.at)
            people = {request.author_id, *asked(requirements)}
            mail.owe("back_in_review", people, subject, at=log.at)
        common.save(request, actor=actor, verb="reassess", at=log.at)
        common.record(log, "reassessed", request, before, data=met(requirements))
        return request


def _go_on(request: ApprovalRequest) -> None:
    if request.release_when_ready:
        queue.later(queue.RELEASE, request.pk)


def due(facts: Facts, at: datetime) -> datetime:
    """When people who are asked now should have answered."""
    rules = facts.pinned or facts.current
    return at + timedelta(hours=rules.due_hours if rules else 24)


def asked(requirements: list[Requirement]) -> set[int]:
    """Everybody who could give a sign-off that is missing now, optional ones included.

    Nobody for a label that lost its protection: what they sign could go out nowhere.
    """
    if any(rule.code == "protected" for rule in requirements):
        return set()
    return {
        who.id
        for rule in requirements
        if rule.code.startswith("sign_off:") and (rule.blocks or rule.who)
        for who in rule.who
    }


def met(requirements: list[Requirement]) -> dict[str, dict[str, str]]:
    """How each requirement stood, for the event: code to status."""
    return {"requirements": {rule.code: str(rule.status) for rule in requirements}}
