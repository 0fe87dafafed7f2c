"""propose_unprotect, decide_unprotect, withdraw_unprotect: the way back from a protected label.

It opens a gate, so it is decided as a change of a policy is: by another governance owner than its
author, and by nobody who has a hand in an open change towards the label.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from approvals.errors import CommentNeeded, NotProtected, RequirementsUnmet
from approvals.governance import owners
from approvals.models import ApprovalRequest, Verdict
from approvals.policies import unmet
from approvals.policies.governance import evaluate_unprotect
from approvals.protection import unprotect_facts
from approvals.services import _common as common
from approvals.services import _governed as governed
from approvals.services import _mail as mail
from audit.ledger import recording
from registry import permissions, rules
from registry.actors import Actor
from registry.errors import NotFound, WrongState
from registry.models import Label
from registry.services import unprotecting

#: how long another governance owner has to decide
DUE_HOURS = 72


def propose_unprotect(
    label: Label, *, rationale: str, actor: Actor, key: str = ""
) -> ApprovalRequest:
    """Ask another governance owner to un-protect a label; nothing changes until then.

    Raises NotAllowed, CommentNeeded without a reason, NotProtected, and WrongState where it is
    asked for already.
    """
    with recording(actor=actor.ref) as log:
        rules.change()
        permissions.require_governance(actor)
        author = common.person(actor)
        subject = common.about(label.public_id, rationale)
        done = common.repeated(actor, key, "propose_unprotect", subject)
        if done is not None:
            return common.fetch(done)
        if not rationale.strip():
            raise CommentNeeded(
                "Say in a sentence why this label should not be protected any more.",
                field="rationale",
            )
        locked = Label.objects.select_for_update(no_key=True).get(pk=label.pk)
        if not locked.protected:
            raise NotProtected(f"{locked} is not protected: there is nothing to take away.")
        waiting = ApprovalRequest.objects.of_labels().open().filter(label=locked).first()
        if waiting is not None:
            raise WrongState(
                f"{waiting.author} asked for this already, under number {waiting.pk}. Decide that "
                "one, or have it withdrawn."
            )
        request: ApprovalRequest = ApprovalRequest(
            kind=ApprovalRequest.Kind.UNPROTECT_LABEL,
            label=locked,
            author=author,
            rationale=common.keep_text(log, rationale, "rationale"),
            created_at=log.at,
        )
        request.to_policy_review(at=log.at, due_at=log.at + timedelta(hours=DUE_HOURS))
        governed.begin(request, "propose_unprotect", log)
        common.remember(actor, key, "propose_unprotect", subject, str(request.pk), log.at)
        common.record(
            log,
            "unprotect_proposed",
            request,
            None,
            related=[("registry.label", locked.public_id)],
            blobs={"rationale": request.rationale},
        )
        others = [pk for pk, _ in owners() if pk != author.pk]
        mail.owe("unprotect_asked", others, (common.REQUEST, request.public_id), at=log.at)
        return request


def decide_unprotect(
    request_id: int,
    *,
    actor: Actor,
    decision: str,
    comment: str = "",
    seen: str | None = None,
    key: str = "",
) -> ApprovalRequest:
    """Approve it, after which the label is not protected any more, or reject it.

    Another governance owner than its author approves, with no hand in an open change towards the
    label; any of them may reject. `seen` is the revision digest. Raises NotAllowed, OwnChange,
    UnblocksOwn, RequirementsUnmet, Stale, WrongState, CommentNeeded.
    """
    with recording(actor=actor.ref) as log:
        # No change is judged or placed by the protection of a moment ago.
        rules.change()
        request, label = _locked(request_id)
        subject = common.about(request.public_id, decision, comment)
        if common.repeated(actor, key, "decide_unprotect", subject) is not None:
            return request
        permissions.require_governance(actor)
        account = common.person(actor)
        governed.check_open(request, request.revision_digest, seen)
        governed.check_decision(decision, comment)
        before, told = common.state_of(request), {}
        if decision == "approve":
            facts = unprotect_facts(request)
            governed.check_decides(facts, account)
            approved = (*facts.approvals, (account.pk, str(account)))
            missing = unmet(evaluate_unprotect(replace(facts, approvals=approved)))
            if missing:
                raise RequirementsUnmet(
                    "Not yet: " + "; ".join(rule.title for rule in missing) + ".",
                    requirements=missing,
                )
        vote = governed.vote(
            request, account, decision, comment, digest=request.revision_digest, log=log
        )
        if decision == "approve":
            request.verdict = Verdict(None, None, approvable=True, releasable=True, automatic=False)
            request.to_approved(at=log.at)
            request.to_released(at=log.at)
            row = unprotecting.take_protection_off(
                label,
                actor=account,
                verb="decide_unprotect",
                cause=(common.REQUEST, request.public_id),
                at=log.at,
                log=log,
            )
            told = {"unprotected": unprotecting.told(row)}
        else:
            request.to_rejected(at=log.at)
        common.save(request, actor=actor, verb="decide_unprotect", at=log.at)
        common.remember(actor, key, "decide_unprotect", subject, str(request.pk), log.at)
        common.record(
            log,
            "unprotect_decided",
            request,
            before,
            related=[
                ("approvals.review", vote.public_id),
                ("registry.label", label.public_id),
            ],
            data={"decision": decision, "vote": vote.digest, **told},
            blobs={"comment": vote.comment} if vote.comment else {},
        )
        _tell(request, decision, besides=account, at=log.at)
        if decision == "approve":
            governed.look_again(ApprovalRequest.objects.towards(label))
        return request


def withdraw_unprotect(request_id: int, *, actor: Actor, key: str = "") -> ApprovalRequest:
    """Take the request back; its author only. Raises NotAllowed, WrongState."""
    with recording(actor=actor.ref) as log:
        rules.change()
        request, label = _locked(request_id)
        subject = str(request.public_id)
        if common.repeated(actor, key, "withdraw_unprotect", subject) is not None:
            return request
        governed.check_takes_back(request, common.person(actor))
        governed.check_open(request, request.revision_digest, None)
        before = common.state_of(request)
        request.to_withdrawn(at=log.at)
        common.save(request, actor=actor, verb="withdraw_unprotect", at=log.at)
        common.remember(actor, key, "withdraw_unprotect", subject, str(request.pk), log.at)
        related: list[Any] = [("registry.label", label.public_id)]
        common.record(log, "unprotect_withdrawn", request, before, related=related)
        return request


# -- parts ----------------------------------------------------------------------------------


def _locked(request_id: int) -> tuple[ApprovalRequest, Label]:
    found = ApprovalRequest.objects.of_labels().filter(pk=request_id).first()
    if found is None or found.label_id is None:
        raise NotFound("There is no such request to un-protect a label.")
    label = Label.objects.select_for_update(no_key=True).get(pk=found.label_id)
    ApprovalRequest.objects.select_for_update(no_key=True).get(pk=request_id)
    return common.fetch(request_id), label


def _tell(request: ApprovalRequest, decision: str, *, besides: Any, at: Any) -> None:
    """Mail to the author, and where protection went to every governance owner."""
    where = (common.REQUEST, request.public_id)
    if decision == "approve":
        people = {request.author_id, *(pk for pk, _ in owners())}
        mail.owe("unprotected", people, where, at=at, besides=besides)
    else:
        mail.owe("unprotect_rejected", [request.author_id], where, at=at, besides=besides)
