"""What the verbs on policies and on labels share: two governance owners decide, each by a vote."""

from __future__ import annotations

from approvals import queue
from approvals.errors import CommentNeeded, OwnChange, UnblocksOwn
from approvals.models import ApprovalRequest, Contributor, Review
from approvals.policies.governance import GovernedFacts, numbered
from approvals.querysets import RequestQuerySet
from approvals.services import _common as common
from approvals.votes import digest_of
from audit.ledger import Recording
from registry import roles
from registry.errors import BadInput, NotAllowed, Stale, WrongState
from registry.models import User


def check_open(request: ApprovalRequest, digest: str, seen: str | None) -> None:
    """WrongState once it was decided; Stale where `seen` is not the digest of what is asked."""
    if request.state != ApprovalRequest.State.REVIEW:
        raise WrongState(f"This change is {request.get_state_display().lower()} already.")
    if seen is not None and seen != digest:
        raise Stale("This is not the text that you looked at. Look at it, then decide again.")


def check_decision(decision: str, comment: str) -> None:
    """BadInput for anything but approve and reject, CommentNeeded for a bare rejection."""
    if decision not in ("approve", "reject"):
        raise BadInput("Governance owners approve or reject; nothing else.", field="decision")
    if decision == "reject" and not comment.strip():
        raise CommentNeeded("Say in a sentence what speaks against it.", field="comment")


def check_decides(facts: GovernedFacts, account: User) -> None:
    """OwnChange for its author, UnblocksOwn for who has a hand in what it would let pass."""
    if account.pk == facts.author[0] and not facts.single_owner:
        raise OwnChange("You wrote this change, so another governance owner has to decide it.")
    if account.pk in facts.unblocked:
        raise UnblocksOwn(
            f"It would let a change of yours pass{numbered(facts.unblocked[account.pk])}, so "
            "another governance owner has to decide it."
        )


def check_takes_back(request: ApprovalRequest, account: User) -> None:
    """NotAllowed for anybody but its author."""
    if request.author_id != account.pk:
        raise NotAllowed("Its author can take it back; you can reject it.")


def begin(request: ApprovalRequest, verb: str, log: Recording) -> None:
    """Save a new request, which waits for another owner; its author is its one contributor."""
    common.save(request, actor=request.author, verb=verb, at=log.at)
    Contributor.objects.create(
        request=request, account=request.author, role=Contributor.Role.AUTHOR, revision=1
    )


def vote(
    request: ApprovalRequest,
    account: User,
    decision: str,
    comment: str,
    *,
    digest: str,
    log: Recording,
) -> Review:
    """The decision as a vote, bound to the digest of what is asked."""
    given = Review(
        request=request,
        reviewer=account,
        role=roles.GOVERNANCE_OWNERS,
        decision=decision,
        revision=request.revision,
        content_digest=digest,
        base_digest=request.policy.digest if request.policy else "",
        provenance_digest="",
        policy_version=request.policy,
        scan_digest="",
        risk_level="low",
        risk_score=0,
        eligibility={"role": roles.GOVERNANCE_OWNERS},
        meaning=f"{Review.Decision(decision).label} as a governance owner",
        auth_method="password",
        auth_at=log.at,
        comment=common.keep_text(log, comment, "comment") if comment else None,
        created_at=log.at,
    )
    given.digest = digest_of(given)
    given.save(force_insert=True)
    return given


def look_again(changes: RequestQuerySet) -> None:
    """Have those of these changes that people see judged anew, one transaction each."""
    waiting = changes.filter(state__in=["review", "approved"])
    for pk in waiting.values_list("pk", flat=True):
        queue.later(queue.REASSESS, pk)
