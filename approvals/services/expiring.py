"""expire: a change that waited longer than its policy allows goes back to its author."""

from __future__ import annotations

from approvals.models import ApprovalRequest
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services import _plans as plans
from approvals.services.routing import met
from audit.ledger import recording
from registry.actors import Actor, System

State = ApprovalRequest.State
EXPIRER = System("expire")


def expire(request_id: int, *, actor: Actor = EXPIRER) -> ApprovalRequest | None:
    """Send a change back to draft that was submitted too long ago; its author may submit it again.

    None where it has ended, is a draft, or is still fresh.
    """
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        if request.state not in (State.SCANNING, State.REVIEW, State.APPROVED):
            return None
        _, requirements = common.judge(request, log.at)
        if not any(rule.code == "expiry" and rule.blocks for rule in requirements):
            return None
        before, planner = common.state_of(request), request.planned_by
        request.to_draft()
        common.save(request, actor=actor, verb="expire", at=log.at)
        common.record(log, "expired", request, before, data=met(requirements))
        mail.owe("expired", [request.author_id], (common.REQUEST, request.public_id), at=log.at)
        by = request.author  # the mail above tells the author
        plans.tell_ended(request, planner, at=log.at, by=by)
        return request
