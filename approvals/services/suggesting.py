"""apply_suggestion: a suggested edit becomes the next revision with one click."""

from __future__ import annotations

from django.conf import settings

from approvals import lines
from approvals.errors import Outdated
from approvals.lines import Spot
from approvals.models import ApprovalRequest, Remark
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services import _plans as plans
from approvals.services import _revisions as revisions
from approvals.services import _talk as talk
from audit.ledger import recording
from registry import documents
from registry.actors import Actor
from registry.documents import Document
from registry.errors import BadInput, Erased, NotAllowed, NotFound, NothingChanged, WrongState
from registry.models import LabelPointer, Version

GONE = "This content is erased, so there is no line to change."


def apply_suggestion(
    remark_id: int, *, actor: Actor, seen: str | None, key: str = ""
) -> ApprovalRequest:
    """Write the next revision with the line as suggested, and resolve the thread.

    A contributor who may propose; who suggested it becomes one as well. The base stays what it
    was. Raises PersonNeeded, NotAllowed, WrongState, Stale, Outdated, Erased, SecretFound,
    NothingChanged, BadInput, and the refusals of a document.
    """
    with recording(actor=actor.ref) as log:
        remark, request, pointer = _locked(remark_id)
        about = str(remark.public_id)
        if common.repeated(actor, key, "apply_suggestion", about) is not None:
            return request
        common.check_visible(request, actor)
        author = common.person(actor)
        prompt, thread = pointer.prompt, remark.thread
        checks.proposer(prompt, actor)
        if not request.has_contributor(author):
            raise NotAllowed(
                "Somebody who wrote this change applies a suggestion; you can write a revision."
            )
        if not request.is_open or request.submitted_at is None:
            raise WrongState(f"This change is {request.get_state_display().lower()}.")
        if thread.resolved_at is not None:
            raise WrongState("This thread is resolved; reopen it to apply what it suggests.")
        common.check_seen(request, seen)
        document = _document(remark, request.version)
        checks.no_critical_secret(documents.load(document.text), unread=False)
        checks.differs(pointer.version, document)
        before, planner = common.state_of(request), request.planned_by
        version = revisions.rewrite(
            request,
            prompt,
            document,
            rationale=request.rationale,
            author=author,
            provenance=_kept(request.version),
            log=log,
        )
        common.save(request, actor=actor, verb="apply_suggestion", at=log.at)
        revisions.add_revision(request, author, [], log.at, actor, suggester=remark.author)
        event = revisions.version_event(request, version)
        event["related"].append(("approvals.remark", remark.public_id))
        event["data"] |= {"suggestion": about, "thread": talk.close(thread, author, log)}
        common.remember(actor, key, "apply_suggestion", about, str(request.pk), log.at)
        common.record(log, "revised", request, before, **event)
        plans.tell_ended(request, planner, at=log.at, by=author)
        return request


def _locked(remark_id: int) -> tuple[Remark, ApprovalRequest, LabelPointer]:
    """Lock the request that a remark is about, and read the remark as it is then."""
    rows = Remark.objects.filter(pk=remark_id)
    found = rows.values_list("thread__request_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such suggestion.")
    request, pointer = common.lock_request(found)
    parts = ("thread__version", "author", "suggestion")
    return Remark.objects.select_related(*parts).get(pk=remark_id), request, pointer


def _document(remark: Remark, version: Version | None) -> Document:
    """The proposed text with the line of the thread as suggested."""
    thread, suggestion = remark.thread, remark.suggestion
    if suggestion is None:
        raise BadInput("Nothing is suggested here.")
    if suggestion.value is None:
        raise Erased("The words of this suggestion were erased.")
    if version is None or version.is_erased or thread.version.is_erased:
        raise Erased(GONE)
    began = Spot(thread.path, thread.line)
    same = thread.version_id == version.pk
    spot = began if same else lines.followed(thread.version.body, version.body).get(began)
    if spot is None:
        raise Outdated("This line was changed since. Edit the text by hand, or resolve the thread.")
    if lines.text_at(version.body, spot) == suggestion.value:
        raise NothingChanged("The line says exactly this already.")
    return lines.with_line(
        version.body, spot, suggestion.value, max_bytes=settings.MAX_PROMPT_BYTES
    )


def _kept(version: Version | None) -> dict[str, str]:
    """Of where the content comes from only the ticket is still true of the edited text."""
    ticket = version.provenance.get("change_ticket") if version else None
    return {"change_ticket": ticket} if ticket else {}
