"""rebase: the same change, put onto what is live now."""

from __future__ import annotations

from django.conf import settings

from approvals import merging, queue
from approvals.errors import MergeConflict
from approvals.matching import PolicyBook
from approvals.merging import Merge
from approvals.models import ApprovalRequest
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services import _plans as plans
from approvals.services import _revisions as revisions
from audit.ledger import recording
from registry import documents, permissions
from registry.actors import Actor
from registry.documents import Document
from registry.errors import Erased, NothingChanged, Stale, WrongState
from registry.models import LabelPointer, Version

State = ApprovalRequest.State
#: states in which a change can be brought up to date
OPEN_TO_REBASE = (State.DRAFT, State.REVIEW, State.APPROVED)
#: provenance that says which file a text is, which a merged one is not
_OF_ITS_FILE = ("import", "source_commit")


def rebase(
    request_id: int,
    *,
    actor: Actor,
    document: Document | None = None,
    seen: str,
    seen_live: str | None = None,
    expected_generation: int | None = None,
    key: str = "",
) -> ApprovalRequest:
    """A new revision of the same change on top of what is live.

    Without `document` the change is merged by machine, and MergeConflict tells what it cannot;
    `document` is what a person made of it. `seen` says which revision was looked at, `seen_live`
    (its digest) or `expected_generation` (that of the label) what was live then. A draft stays one;
    a change that was submitted goes on to the scan, under the policy and with the expiry that it
    had, and `route` decides which approvals are kept. Whoever does it becomes a contributor.

    Raises NotAllowed, WrongState, NothingChanged, Erased, SecretFound, NoEligibleReviewer, Stale.
    """
    # Before anything is locked: a merge may take seconds.
    ahead = None if document else _merged_ahead(request_id, actor)
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        given = document.digest if document else ""
        live_seen = expected_generation if seen_live is None else seen_live
        subject = common.about(request.public_id, seen, live_seen, given)
        if common.repeated(actor, key, "rebase", subject) is not None:
            return request
        common.check_visible(request, actor)
        author = checks.proposer(pointer.prompt, actor)
        _check_open(request)
        common.check_seen(request, seen)
        checks.saw_generation(pointer, expected_generation)
        checks.saw_live(pointer.version, seen_live)
        old = _behind(request, pointer)
        content = document or _clean(ahead, request, pointer)
        _check(request, pointer, content)
        before, submitted_at = common.state_of(request), request.submitted_at
        planner = request.planned_by
        goes_on = request.state != State.DRAFT
        version = revisions.rewrite(
            request,
            pointer.prompt,
            content,
            rationale=request.rationale,
            author=author,
            provenance={k: v for k, v in old.provenance.items() if k not in _OF_ITS_FILE},
            imported=old.imported,
            log=log,
        )
        request.base_version, request.base_generation = pointer.version, pointer.generation
        if goes_on:
            request.to_scanning(at=log.at, policy=request.policy)
            request.submitted_at = submitted_at
            queue.later(queue.SCAN, request.pk)
        common.save(request, actor=actor, verb="rebase", at=log.at)
        revisions.add_revision(request, author, (), log.at, actor)
        rules = PolicyBook.read().pinned(request.policy_id).rules
        if goes_on and rules is not None:
            checks.somebody_can_sign(request, rules, log.at)
        common.remember(actor, key, "rebase", subject, str(request.pk), log.at)
        event = revisions.version_event(request, version)
        event["data"] = {**event["data"], "by_hand": document is not None}
        common.record(log, "rebased", request, before, **event)
        plans.tell_ended(request, planner, at=log.at, by=author)
        return request


def merged_with_live(request: ApprovalRequest, live: Version | None) -> Merge:
    """The merge of a request's content with what is live; for a page to show, too."""
    version, base = request.version, request.base_version
    if version is None or version.is_erased:
        raise Erased("This content is erased. Write a new revision first.")
    return merging.merge(
        base.body if base and not base.is_erased else None,
        live.body if live and not live.is_erased else None,
        version.body,
    )


_Ahead = tuple[tuple[str, str], Merge]


def _merged_ahead(request_id: int, actor: Actor) -> _Ahead | None:
    """The merge and what it is of, by digests; None where the verb will refuse anyhow."""
    request = ApprovalRequest.objects.with_parts().filter(pk=request_id).first()
    if request is None or request.prompt is None or request.state not in OPEN_TO_REBASE:
        return None
    if not permissions.may(actor.account, permissions.PROPOSE, request.prompt):
        return None
    rows = LabelPointer.objects.filter(prompt=request.prompt, label=request.label)
    pointer = rows.select_related("version").first()
    if pointer is None or request.version is None or request.version.is_erased:
        return None
    return _sides(request, pointer), merged_with_live(request, pointer.version)


def _sides(request: ApprovalRequest, pointer: LabelPointer) -> tuple[str, str]:
    """What a merge is of: the revision with its base, and what is live."""
    live = pointer.version
    return request.revision_digest, live.content_digest if live else ""


def _check_open(request: ApprovalRequest) -> None:
    if request.state == State.SCANNING:
        raise WrongState("The risk scan is running. Bring the change up to date once it is done.")
    if request.state not in OPEN_TO_REBASE:
        raise WrongState(
            f"This change is {request.get_state_display().lower()}; propose a new one."
        )


def _behind(request: ApprovalRequest, pointer: LabelPointer) -> Version:
    """The version to put onto another base; raises where there is no such need or content."""
    base = request.base_version.content_digest if request.base_version else ""
    if base == (pointer.version.content_digest if pointer.version else ""):
        raise NothingChanged("This change is based on what is live already.")
    if request.version is None or request.version.is_erased:
        raise Erased("This content is erased. Write a new revision first.")
    return request.version


def _clean(ahead: _Ahead | None, request: ApprovalRequest, pointer: LabelPointer) -> Document:
    """The document of a merge without conflicts; Stale where something moved since it was made."""
    if ahead is None or ahead[0] != _sides(request, pointer):
        raise Stale(
            "What is live moved since you opened this. Look at it and try again.",
            live=pointer.version,
        )
    merged = ahead[1]
    if merged.conflicts:
        count = len(merged.conflicts)
        places = "1 place" if count == 1 else f"{count} places"
        raise MergeConflict(
            f"What is live and this change differ in {places} that both changed. Somebody has "
            "to decide there.",
            merge=merged,
            live=pointer.version,
        )
    return merging.document_of(merged.body, max_bytes=settings.MAX_PROMPT_BYTES)


def _check(request: ApprovalRequest, pointer: LabelPointer, document: Document) -> None:
    checks.keeps_type(pointer.prompt, document)
    body = documents.load(document.text)
    base, live, mine = request.base_version, pointer.version, request.version
    sides = (side.body for side in (base, live, mine) if side and not side.is_erased)
    left = merging.marks_left(body, *sides)
    if left:
        raise MergeConflict(
            f"A line “{left[0]}” still stands in the text. Decide there and take it out.",
            field="template",
            live=live,
        )
    checks.differs(live, document)
    if request.submitted_at is not None:
        # Others read this request already, and would read the new text at once.
        checks.no_critical_secret(body)
