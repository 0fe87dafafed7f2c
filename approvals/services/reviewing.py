"""review: a person's vote, bound to exactly what that person saw; take_back: it counts no more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from approvals import queue
from approvals.errors import CommentNeeded, NotEligible, OwnChange
from approvals.facts import with_vote
from approvals.models import ApprovalRequest, Review
from approvals.policies import Facts
from approvals.policies.signoffs import has_a_hand
from approvals.services import _ballots as ballots
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services import _plans as plans
from approvals.services import _turns as turns
from approvals.services.routing import asked, due, met
from approvals.votes import digest_of
from audit.ledger import recording
from registry import permissions
from registry.actors import Actor
from registry.errors import BadInput, WrongState
from registry.models import Prompt, User
from registry.wording import either

State = ApprovalRequest.State
Decision = Review.Decision

WORDS = {
    Decision.APPROVE: "approved",
    Decision.REQUEST_CHANGES: "changes_requested",
    Decision.REJECT: "rejected",
}


def review(
    request_id: int,
    *,
    actor: Actor,
    role: str,
    decision: str,
    comment: str = "",
    seen: str,
    meaning: str = "",
    auth_method: str = "password",
    auth_at: datetime | None = None,
    answers: Mapping[str, str] | None = None,
    several: bool = False,
    key: str = "",
) -> Review:
    """Vote in a role; when that completes the list the change is approved.

    `seen` is the `revision_digest` of what was read; `answers` the checklist of the role. A face
    that checked the password anew says so with `auth_method` "signature:password" and `auth_at`.
    `several` is for an approval given together with others: of low risk only, as its event says.
    Raises PersonNeeded, OwnChange, NotEligible, StageNotOpen, SignatureNeeded, ChecklistNeeded,
    CommentNeeded, NotLowRisk, WrongState, Stale.
    """
    given = dict(answers or {})
    together = {"several": True} if several else {}
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        about = (decision, role, comment, sorted(given.items()), *together)
        subject = common.about(request.public_id, *about)
        done = common.repeated(actor, key, "review", subject)
        if done is not None:
            return Review.objects.get(pk=done)
        common.check_visible(request, actor)
        reviewer = common.person(actor)
        facts, _ = common.judge(request, log.at)
        _check(request, facts, reviewer, decision, comment, seen, several=several)
        evidence = _eligibility(pointer.prompt, facts, reviewer, role)
        if decision == Decision.APPROVE:
            ballots.check_open(facts, role)
            ballots.check_answers(facts, role, given, comment)
            ballots.check_signed(facts, auth_method, auth_at, log.at)
        else:
            given = {}
        before, planner = common.state_of(request), request.planned_by
        vote = Review(
            request=request,
            reviewer=reviewer,
            role=role,
            decision=decision,
            meaning=meaning or f"{Decision(decision).label} for {role}",
            auth_method=auth_method,
            auth_at=auth_at or log.at,
            answers=given,
            comment=common.keep_text(log, comment, "comment") if comment else None,
            eligibility=evidence,
            created_at=log.at,
            **_seen(request, facts),
        )
        vote.digest = digest_of(vote)
        vote.save(force_insert=True)
        _, requirements = common.judge(request, log.at, facts=with_vote(facts, vote))
        _transition(request, decision, log.at)
        common.save(request, actor=actor, verb="review", at=log.at)
        common.remember(actor, key, "review", subject, str(vote.pk), log.at)
        common.record(
            log,
            "reviewed",
            request,
            before,
            related=[("approvals.review", vote.public_id)],
            data={
                "decision": decision,
                "role": role,
                "vote": vote.digest,
                **together,
                **met(requirements),
            },
            blobs={"comment": vote.comment} if vote.comment else {},
        )
        _tell(request, reviewer, decision, log.at)
        plans.tell_ended(request, planner, at=log.at, by=reviewer)
        return vote


def take_back(request_id: int, *, actor: Actor, seen: str | None, key: str = "") -> Review:
    """Take one's standing vote back, until the release; a vote of its own, the first one stays.

    What was approved by it goes back to review; a wish for changes lapses. Raises PersonNeeded,
    WrongState, Stale.
    """
    with recording(actor=actor.ref) as log:
        request, _ = common.lock_request(request_id)
        about = str(request.public_id)
        done = common.repeated(actor, key, "take_back", about)
        if done is not None:
            return Review.objects.get(pk=done)
        common.check_visible(request, actor)
        reviewer = common.person(actor)
        if not request.is_open:
            raise WrongState(f"This change is {request.get_state_display().lower()}; it has ended.")
        standing = standing_vote(request, reviewer)
        if standing is None:
            raise WrongState("No vote of yours stands on this change.")
        common.check_seen(request, seen)
        before = common.state_of(request)
        facts, _ = common.judge(request, log.at)
        vote = Review(
            request=request,
            reviewer=reviewer,
            role=standing.role,
            decision=Decision.TAKE_BACK,
            meaning=f"{Decision.TAKE_BACK.label} for {standing.role}",
            auth_method="password",
            auth_at=log.at,
            eligibility={"role": standing.role, "takes_back": str(standing.public_id)},
            created_at=log.at,
            **_seen(request, facts),
        )
        vote.digest = digest_of(vote)
        vote.save(force_insert=True)
        facts, requirements = common.judge(request, log.at, facts=with_vote(facts, vote))
        _move_on(request, facts, log.at)
        common.save(request, actor=actor, verb="take_back", at=log.at)
        common.remember(actor, key, "take_back", about, str(vote.pk), log.at)
        common.record(
            log,
            "reviewed",
            request,
            before,
            related=[("approvals.review", vote.public_id)],
            data={
                "decision": str(vote.decision),
                "role": vote.role,
                "vote": vote.digest,
                **met(requirements),
            },
        )
        _tell_taken_back(request, before["state"], asked(requirements), vote)
        return vote


def standing_vote(request: ApprovalRequest, reviewer: User) -> Review | None:
    """The newest vote of a person, unless it was taken back."""
    newest = Review.objects.filter(request=request, reviewer=reviewer).order_by("-pk").first()
    return newest if newest is not None and newest.decision != Decision.TAKE_BACK else None


def _check(
    request: ApprovalRequest,
    facts: Facts,
    reviewer: User,
    decision: str,
    comment: str,
    seen: str,
    *,
    several: bool,
) -> None:
    if decision not in WORDS:
        raise BadInput("A vote approves, asks for changes or rejects.")
    if several and decision != Decision.APPROVE:
        raise BadInput("Only approvals are given together. Open the change and decide on it alone.")
    if has_a_hand(facts, reviewer.pk):
        raise OwnChange("You wrote part of this change, so somebody else has to sign it off.")
    if several:
        # It was read in short: that it was edited says more than the state it is in since.
        common.check_seen(request, seen)
        if request.state in (State.SCANNING, State.REVIEW):
            ballots.check_low_risk(facts)
    open_now = (State.REVIEW,) if decision == Decision.APPROVE else (State.REVIEW, State.APPROVED)
    if request.state not in open_now:
        raise WrongState(
            f"This change is {request.get_state_display().lower()}; votes are open in review."
        )
    common.check_seen(request, seen)
    if decision != Decision.APPROVE and not comment.strip():
        raise CommentNeeded("Say in a sentence what has to change.", field="comment")


def _eligibility(prompt: Prompt, facts: Facts, reviewer: User, role: str) -> dict[str, Any]:
    """Why this person may vote in this role, to be kept with the vote; NotEligible if not."""
    person = next((p for p in facts.reviewers if p.id == reviewer.pk), None)
    if person is None:
        who = permissions.who_can_grant_it(prompt, reviewer)
        raise NotEligible(f"You hold no review permission on this prompt. {who}")
    policies = [rules for rules in (facts.pinned, facts.current) if rules]
    asked = {r for rules in policies for sign_off in rules.sign_offs for r in sign_off.roles}
    if not role:
        mine = either(sorted(person.roles & asked)) or "you are in none that is asked"
        raise NotEligible(f"Say in which role you vote: {mine}.")
    if role not in person.roles:
        raise NotEligible(f"You are not in the role {role}; a governance owner can add you.")
    if role not in asked:
        raise NotEligible(f"The policy asks nobody in the role {role} for this prompt.")
    return {"role": role, "roles": sorted(person.roles), "permission": person.via}


def _seen(request: ApprovalRequest, facts: Facts) -> dict[str, Any]:
    scan = facts.scan
    return {
        "revision": request.revision,
        "content_digest": facts.content_digest,
        "base_digest": facts.base_digest,
        "provenance_digest": facts.provenance_digest,
        "policy_version": request.policy,
        "scan_digest": scan.digest if scan else "",
        "risk_level": scan.level if scan else "critical",
        "risk_score": scan.score if scan else 100,
    }


def _transition(request: ApprovalRequest, decision: str, at: datetime) -> None:
    if decision == Decision.REJECT:
        request.to_rejected(at=at)
    elif decision == Decision.REQUEST_CHANGES:
        request.to_draft()
    else:
        _approve_if_ready(request, at)


def _approve_if_ready(request: ApprovalRequest, at: datetime) -> None:
    if request.verdict is not None and request.verdict.approvable:
        request.to_approved(at=at)
        if request.release_when_ready:
            queue.later(queue.RELEASE, request.pk)


def _move_on(request: ApprovalRequest, facts: Facts, at: datetime) -> None:
    """What a vote that is gone changes: back to review, or approved where it was in the way."""
    ready = request.verdict is not None and request.verdict.approvable
    if request.state == State.REVIEW:
        _approve_if_ready(request, at)
    elif request.state == State.APPROVED and not ready:
        request.to_review_again(due_at=due(facts, at))
        turns.begin(request, at)


def _tell(request: ApprovalRequest, reviewer: User, decision: str, at: datetime) -> None:
    kind = WORDS[Decision(decision)]
    if decision == Decision.APPROVE and request.state != State.APPROVED:
        kind = "signed_off"
    subject = (common.REQUEST, request.public_id)
    # Nobody has to do anything about a sign-off that others are still to follow.
    soon = kind != "signed_off"
    mail.owe(kind, [request.author], subject, at=at, besides=reviewer, soon=soon)


def _tell_taken_back(request: ApprovalRequest, state: str, missing: set[int], vote: Review) -> None:
    """The author hears of it, and of what came of it; others where they are asked again."""
    at, subject = vote.created_at, (common.REQUEST, request.public_id)
    approved = request.state == State.APPROVED != state
    kind = "approved" if approved else "vote_taken_back"
    mail.owe(kind, [request.author_id], subject, at=at, besides=vote.reviewer)
    if state == State.APPROVED != request.state:
        others = missing - {request.author_id}
        mail.owe("back_in_review", others, subject, at=at, besides=vote.reviewer)
