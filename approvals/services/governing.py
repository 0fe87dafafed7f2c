"""propose_policy, decide_policy, withdraw_policy, bootstrap_policies: versions are only appended.

A change of a policy is a request of its own kind: its author never decides it, and nobody decides
one that lets a change of their own pass.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from approvals.errors import CommentNeeded, RequirementsUnmet
from approvals.governance import owners, policy_facts
from approvals.models import ApprovalRequest, Policy, PolicyVersion, Verdict
from approvals.policies import ready_policies, unmet
from approvals.policies.governance import evaluate_policy
from approvals.services import _common as common
from approvals.services import _governed as governed
from approvals.services import _mail as mail
from approvals.services import _policies as parts
from audit.ledger import recording
from registry import permissions
from registry import rules as reading
from registry.actors import Actor, System
from registry.errors import NotFound, NothingChanged, Stale

BOOTSTRAP = System("bootstrap")


def propose_policy(
    policy: Policy | None,
    document: dict[str, Any],
    *,
    rationale: str,
    actor: Actor,
    name: str = "",
    position: int | None = None,
    seen: str | None = None,
    key: str = "",
) -> ApprovalRequest:
    """A new version of a policy (or of a new policy), for another governance owner to decide.

    Nothing changes until `decide_policy`. `seen` is the digest of the version that the new one was
    written from. Raises NotAllowed, BadInput for a document that cannot be read or that nobody
    could meet, CommentNeeded, NothingChanged, Stale.
    """
    text, rules = parts.readable(document)
    with recording(actor=actor.ref) as log:
        reading.change()
        permissions.require_governance(actor)
        author = common.person(actor)
        subject = common.about(policy.public_id if policy else name, text, position, rationale)
        done = common.repeated(actor, key, "propose_policy", subject)
        if done is not None:
            return common.fetch(done)
        if not rationale.strip():
            raise CommentNeeded(
                "Say in a sentence why this policy should change.", field="rationale"
            )
        parts.possible(rules)
        if policy is None:
            policy = parts.new(name or rules.title, position, actor)
        else:
            policy = Policy.objects.select_for_update(no_key=True).get(pk=policy.pk)
        current = policy.current
        if seen is not None and seen != (current.digest if current else ""):
            raise Stale(
                f"{current} came into force since you opened this form. Look at it, then propose "
                "yours again.",
                current=current,
            )
        moved = position is not None and position != policy.position
        if current is not None and current.document == text and not moved:
            raise NothingChanged(f"This is exactly what is in force ({current}).")
        if moved and position is not None:
            parts.check_free(position)
        version = parts.append(policy, text, actor, log.at)
        request: ApprovalRequest = ApprovalRequest(
            kind=ApprovalRequest.Kind.POLICY_CHANGE,
            proposed_policy=version,
            proposed_position=position if moved else None,
            policy=current,
            author=author,
            rationale=common.keep_text(log, rationale, "rationale"),
            created_at=log.at,
        )
        request.to_policy_review(at=log.at, due_at=log.at + timedelta(hours=rules.due_hours))
        governed.begin(request, "propose_policy", log)
        common.remember(actor, key, "propose_policy", subject, str(request.pk), log.at)
        common.record(
            log,
            "policy_proposed",
            request,
            None,
            related=[("approvals.policy", policy.public_id)],
            data={
                "policy_version": parts.told_version(version),
                "policy": parts.told_policy(policy),
            },
            blobs={"rationale": request.rationale},
        )
        others = [pk for pk, _ in owners() if pk != author.pk]
        mail.owe("policy_asked", others, (common.REQUEST, request.public_id), at=log.at)
        return request


def decide_policy(
    request_id: int,
    *,
    actor: Actor,
    decision: str,
    comment: str = "",
    seen: str | None = None,
    key: str = "",
) -> ApprovalRequest:
    """Approve a change of a policy, which puts it in force at once, or reject it.

    Another governance owner than its author, whose own changes it does not let pass. `seen` is
    the digest of the proposed text. Raises OwnChange, UnblocksOwn, RequirementsUnmet, Stale,
    WrongState, CommentNeeded.
    """
    with recording(actor=actor.ref) as log:
        reading.change()
        request, version, policy = _locked(request_id)
        subject = common.about(request.public_id, decision, comment)
        if common.repeated(actor, key, "decide_policy", subject) is not None:
            return request
        permissions.require_governance(actor)
        account = common.person(actor)
        governed.check_open(request, version.digest, seen)
        governed.check_decision(decision, comment)
        facts = policy_facts(request)
        if decision == "approve":
            governed.check_decides(facts, account)
            facts = replace(facts, approvals=(*facts.approvals, (account.pk, str(account))))
        before = common.state_of(request)
        missing = unmet(evaluate_policy(facts))
        if decision == "approve" and missing:
            raise RequirementsUnmet(
                "Not yet: " + "; ".join(rule.title for rule in missing) + ".",
                requirements=missing,
            )
        vote = governed.vote(request, account, decision, comment, digest=version.digest, log=log)
        if decision == "approve":
            request.verdict = Verdict(None, None, approvable=True, releasable=True, automatic=False)
            request.to_approved(at=log.at)
            request.to_released(at=log.at)
            policy.current = version
            if request.proposed_position is not None:
                policy.position = request.proposed_position
            common.stamp(policy, actor, "decide_policy")
            policy.save()
        else:
            request.to_rejected(at=log.at)
        common.save(request, actor=actor, verb="decide_policy", at=log.at)
        common.remember(actor, key, "decide_policy", subject, str(request.pk), log.at)
        common.record(
            log,
            "policy_decided",
            request,
            before,
            related=[
                ("approvals.review", vote.public_id),
                ("approvals.policy", policy.public_id),
            ],
            data={"decision": decision, "vote": vote.digest, "policy": parts.told_policy(policy)},
            blobs={"comment": vote.comment} if vote.comment else {},
        )
        kind = "policy_in_force" if decision == "approve" else "policy_rejected"
        told = {request.author_id} if decision == "reject" else {pk for pk, _ in owners()}
        where = (common.REQUEST, request.public_id)
        mail.owe(kind, {request.author_id, *told}, where, at=log.at, besides=account)
        if decision == "approve":
            # Other rules are in force.
            governed.look_again(ApprovalRequest.objects.of_prompts())
        return request


def withdraw_policy(request_id: int, *, actor: Actor, key: str = "") -> ApprovalRequest:
    """Take a change of a policy back; its author only. Raises NotAllowed, WrongState."""
    with recording(actor=actor.ref) as log:
        reading.change()
        request, version, _ = _locked(request_id)
        subject = str(request.public_id)
        if common.repeated(actor, key, "withdraw_policy", subject) is not None:
            return request
        governed.check_takes_back(request, common.person(actor))
        governed.check_open(request, version.digest, None)
        before = common.state_of(request)
        request.to_withdrawn(at=log.at)
        common.save(request, actor=actor, verb="withdraw_policy", at=log.at)
        common.remember(actor, key, "withdraw_policy", subject, str(request.pk), log.at)
        common.record(log, "policy_withdrawn", request, before)
        return request


def bootstrap_policies(*, sign_offs_only: bool = False, actor: Actor = BOOTSTRAP) -> list[Policy]:
    """The ready policies, one transaction each, where there is no policy at all yet.

    `sign_offs_only` as in `ready_policies`.
    """
    if Policy.objects.exists():
        return []
    made = []
    documents = ready_policies(sign_offs_only=sign_offs_only)
    for position, document in enumerate(documents, start=1):
        with recording(actor=actor.ref) as log:
            policy = parts.new(str(document["title"]), position * 10, actor)
            policy.current = parts.append(policy, parts.readable(document)[0], actor, log.at)
            common.stamp(policy, actor, "bootstrap_policies")
            policy.save()
            parts.record_first(log, policy, policy.current)
            made.append(policy)
    return made


# -- parts ----------------------------------------------------------------------------------


def _locked(request_id: int) -> tuple[ApprovalRequest, PolicyVersion, Policy]:
    found = ApprovalRequest.objects.of_policies().filter(pk=request_id).first()
    if found is None or found.proposed_policy is None:
        raise NotFound("There is no such change of a policy.")
    policy = Policy.objects.select_for_update(no_key=True).get(pk=found.proposed_policy.policy_id)
    ApprovalRequest.objects.select_for_update(no_key=True).get(pk=request_id)
    request = common.fetch(request_id)
    version = request.proposed_policy
    assert version is not None  # noqa: S101  # a CHECK says so
    return request, version, policy
