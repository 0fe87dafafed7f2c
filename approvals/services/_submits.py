"""What submitting one change takes, for `submit` and for the verbs on change sets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals import queue
from approvals.errors import GoesTogether, NoPolicy
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest
from approvals.policies import Facts
from approvals.services import _checks as checks
from approvals.services import _common as common
from audit.ledger import Recording
from registry.actors import Actor
from registry.errors import Erased, NotAllowed, WrongState
from registry.models import LabelPointer


def begin(
    request: ApprovalRequest,
    pointer: LabelPointer,
    actor: Actor,
    at: datetime,
    *,
    release_when_ready: bool = False,
    seen: str | None = None,
) -> dict[str, Any]:
    """Check that this actor may submit it as it is, and put it on what is live now.

    Returns what an event says of it before that. Raises what `submit` raises, but for what the
    policy says.
    """
    common.check_visible(request, actor)
    account = checks.proposer(pointer.prompt, actor, label=pointer.label, at=at)
    common.its_own(request, actor)
    if release_when_ready:
        # Later it runs by itself, and no scope is asked for then.
        common.in_scope(actor, "release", pointer.prompt, at, pointer.label)
    if not request.has_contributor(account):
        raise NotAllowed("Only somebody who wrote this change can submit it.")
    if request.state != ApprovalRequest.State.DRAFT:
        raise WrongState(
            f"This change is {request.get_state_display().lower()}; it was submitted before."
        )
    common.check_seen(request, seen)
    checks.version_differs(pointer, request)
    if request.version is None or request.version.is_erased:
        raise Erased("This content is erased. Write a new revision first.")
    checks.no_critical_secret(request.version.body)
    checks.no_secret_beside(request)
    if release_when_ready and request.change_set is not None and request.change_set.whole:
        raise GoesTogether(
            "This change goes out with the others of its change set, and not by itself. "
            "Submit it without the wish to release it as soon as everything is met."
        )
    before = common.state_of(request)
    request.base_version, request.base_generation = pointer.version, pointer.generation
    return before


def enter(
    request: ApprovalRequest,
    before: dict[str, Any],
    book: PolicyBook,
    facts: Facts,
    *,
    release_when_ready: bool = False,
    actor: Actor,
    log: Recording,
) -> None:
    """Pin the policy and send it to the scan; `facts` are those after `begin`.

    Raises NoPolicy, NoEligibleReviewer.
    """
    if request.prompt is None or request.label is None:
        raise NoPolicy("No policy speaks of what has no prompt.")
    match = book.match_for(request.prompt, request.label)
    if match.rules is None or match.version is None:
        raise NoPolicy(match.problem)
    checks.somebody_can_sign(request, match.rules, log.at, facts=facts)
    request.to_scanning(at=log.at, policy=match.version)
    request.release_when_ready = release_when_ready
    common.save(request, actor=actor, verb="submit", at=log.at)
    common.record(
        log, "submitted", request, before, data={"release_when_ready": release_when_ready}
    )
    queue.later(queue.SCAN, request.pk)
