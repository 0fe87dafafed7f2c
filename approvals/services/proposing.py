"""propose, revise, submit, withdraw: what an author does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from approvals.facts import gather
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services import _plans as plans
from approvals.services import _revisions as revisions
from approvals.services import _submits as submits
from approvals.services._drafting import draft
from audit.ledger import Recording, recording
from audit.models import AuditBlob
from registry import documents, permissions
from registry.actors import Actor
from registry.documents import Document
from registry.errors import NotAllowed, NothingChanged, WrongState
from registry.models import Label, LabelPointer, Prompt, ServiceToken, User


def propose(
    prompt: Prompt,
    *,
    label: Label,
    document: Document,
    rationale: str,
    actor: Actor,
    seen_live: str | None = None,
    expected_generation: int | None = None,
    provenance: dict[str, Any] | None = None,
    imported: bool = False,
    committers: Iterable[User] = (),
    key: str = "",
    log: Recording | None = None,
) -> ApprovalRequest:
    """A new version and a draft request to put it on a protected label.

    `seen_live` is the content digest of what the author saw live ("" for nothing), or
    `expected_generation` the label's. `log` is the open recording of a verb that proposes as a
    part of its work. Raises NotAllowed, Archived, NotProtected, NothingChanged, CommentNeeded,
    SecretFound for one beside the text, Stale.
    """
    with recording(actor=actor.ref, within=log) as log:
        locked, pointer = common.lock_prompt(prompt.pk, label.pk)
        told = sorted((provenance or {}).items())
        subject = common.about(locked.public_id, label.pk, document.digest, rationale, told)
        done = common.repeated(actor, key, "propose", subject)
        if done is not None:
            return common.fetch(done)
        request = draft(
            pointer,
            document,
            rationale=rationale,
            actor=actor,
            seen_live=seen_live,
            expected_generation=expected_generation,
            provenance=provenance,
            imported=imported,
            committers=committers,
            log=log,
        )
        common.remember(actor, key, "propose", subject, str(request.pk), log.at)
        return request


def revise(
    request_id: int,
    *,
    document: Document,
    rationale: str,
    actor: Actor,
    seen: str | None = None,
    seen_live: str | None = None,
    expected_generation: int | None = None,
    provenance: dict[str, Any] | None = None,
    imported: bool = False,
    committers: Iterable[User] = (),
    key: str = "",
    log: Recording | None = None,
) -> ApprovalRequest:
    """A new version on the same request, back in draft; earlier votes no longer count.

    Only where the policy keeps approvals over a change of this kind does `route` bring them back.
    `provenance` takes the place of what was said before; None says nothing of it.
    Whoever revises becomes a contributor; a token revises only what its own account proposed.
    `log` is the open recording of a verb that revises as a part of its work.
    Raises NotAllowed, WrongState, NothingChanged, Stale.
    """
    with recording(actor=actor.ref, within=log) as log:
        request, pointer = common.lock_request(request_id)
        said = sorted((provenance or {}).items())
        subject = common.about(request.public_id, document.digest, rationale, said)
        if common.repeated(actor, key, "revise", subject) is not None:
            return request
        common.check_visible(request, actor)
        prompt = pointer.prompt
        author = checks.proposer(prompt, actor, label=pointer.label, at=log.at)
        common.its_own(request, actor)
        if not request.is_open:
            raise WrongState(
                f"This change is {request.get_state_display().lower()}; propose a new one."
            )
        common.check_seen(request, seen)
        checks.has_rationale(rationale)
        checks.keeps_type(prompt, document)
        checks.provenance(provenance or {})
        if request.submitted_at is not None:
            # Others read this request already, and would read the new text at once.
            checks.no_critical_secret(documents.load(document.text))
        live = pointer.version
        checks.saw_generation(pointer, expected_generation)
        checks.saw_live(live, seen_live)
        checks.differs(live, document)
        same_base = (live.pk if live else None) == request.base_version_id
        unchanged = request.version is not None and (
            document.digest == request.version.content_digest
        )
        told = request.version.provenance if request.version else {}
        same_words = rationale == request.rationale.value and provenance in (None, told)
        if unchanged and same_base and same_words:
            raise NothingChanged("This is the revision that is there already.")
        before, planner = common.state_of(request), request.planned_by
        version = revisions.rewrite(
            request,
            prompt,
            document,
            rationale=common.keep_text(log, rationale, "rationale"),
            author=author,
            provenance=provenance or {},
            # The same text is no less imported for another reason or ticket.
            imported=imported or bool(unchanged and request.version and request.version.imported),
            log=log,
        )
        request.base_version, request.base_generation = live, pointer.generation
        common.save(request, actor=actor, verb="revise", at=log.at)
        revisions.add_revision(request, author, [*committers], log.at, actor)
        common.remember(actor, key, "revise", subject, str(request.pk), log.at)
        common.record(log, "revised", request, before, **revisions.version_event(request, version))
        plans.tell_ended(request, planner, at=log.at, by=author)
        return request


def submit(
    request_id: int,
    *,
    actor: Actor,
    release_when_ready: bool = False,
    seen: str | None = None,
    key: str = "",
    log: Recording | None = None,
) -> ApprovalRequest:
    """Pin base and policy and send the change to the scan.

    A critical secret stops it before anybody else can read the text, or what is said beside it
    (SecretFound, the draft stays). A token submits what its own account proposed, and needs the
    scope `release` too for `release_when_ready`. `log` is the open recording of a verb that submits
    as a part of its work. Raises NoPolicy, NoEligibleReviewer, NothingChanged, WrongState, Stale,
    NotAllowed, GoesTogether.
    """
    with recording(actor=actor.ref, within=log) as log:
        request, pointer = common.lock_request(request_id)
        subject = common.about(request.public_id, release_when_ready)
        if common.repeated(actor, key, "submit", subject) is not None:
            return request
        before = submits.begin(
            request, pointer, actor, log.at, release_when_ready=release_when_ready, seen=seen
        )
        book = PolicyBook.read()
        submits.enter(
            request,
            before,
            book,
            gather(request, book=book),
            release_when_ready=release_when_ready,
            actor=actor,
            log=log,
        )
        common.remember(actor, key, "submit", subject, str(request.pk), log.at)
        return request


def withdraw(
    request_id: int,
    *,
    actor: Actor,
    comment: str = "",
    seen: str | None = None,
    key: str = "",
    log: Recording | None = None,
) -> ApprovalRequest:
    """Take an open request back; its author, by a token too, or somebody who manages the prompt.

    `log` is the open recording of a verb that withdraws as a part of its work.
    Raises NotAllowed, WrongState, Stale.
    """
    with recording(actor=actor.ref, within=log) as log:
        request, pointer = common.lock_request(request_id)
        subject = common.about(request.public_id, comment)
        if common.repeated(actor, key, "withdraw", subject) is not None:
            return request
        common.check_visible(request, actor)
        check_withdraws(request, pointer, actor, log.at)
        if not request.is_open:
            raise WrongState(f"This change is {request.get_state_display().lower()} already.")
        common.check_seen(request, seen)
        before, planner = common.state_of(request), request.planned_by
        request.to_withdrawn(at=log.at)
        common.save(request, actor=actor, verb="withdraw", at=log.at)
        common.remember(actor, key, "withdraw", subject, str(request.pk), log.at)
        blobs: dict[str, AuditBlob] = (
            {"comment": common.keep_text(log, comment, "comment")} if comment else {}
        )
        common.record(log, "withdrawn", request, before, blobs=blobs)
        plans.tell_ended(request, planner, at=log.at, by=actor.account)
        return request


def check_withdraws(
    request: ApprovalRequest, pointer: LabelPointer, actor: Actor, at: datetime
) -> None:
    """Raise NotAllowed unless this actor may take the change back."""
    if isinstance(actor, ServiceToken):
        common.in_scope(actor, "propose", pointer.prompt, at, pointer.label)
        common.its_own(request, actor)
        return
    account = common.person(actor)
    mine = request.author_id == account.pk
    if not mine and not permissions.may(account, permissions.MANAGE, pointer.prompt):
        raise NotAllowed("Its author, or somebody who manages the prompt, can withdraw it.")
