"""The one form of a change: propose, revise, and a new prompt; refused, it keeps everything."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from approvals import reads, services
from approvals.errors import NoEligibleReviewer, NoPolicy, ScanMissing
from approvals.explain import title_of
from approvals.forms import (
    FORMATS,
    ProposalForm,
    document_of,
    free_text,
    from_post,
    rough_body,
    with_another_message,
    without_message,
)
from approvals.models import ApprovalRequest
from approvals.presenters.diffs import diff_of
from approvals.presenters.request_page import hidden_from
from approvals.views.desk import (
    Desk,
    begun,
    desk_of,
    desk_of_change,
    desk_of_new,
    ticket_asked,
    ticket_set,
)
from approvals.views.frame import SignedIn, key_of, page, show
from approvals.views.prompts import prompt_or_404
from registry import permissions
from registry.errors import ContentTooLarge, NotFound, Refusal, Stale, UnknownLabel
from registry.models import Prompt
from registry.numbers import whole

_SAVED = "Saved as a draft. Only you see it until you submit it."
_SUBMITTED = "Submitted. The risk scan comes first, then the reviewers."
#: refusals of a submit that somebody else has to do something about, while a draft can wait
_UNTIL_THEN = (NoEligibleReviewer, NoPolicy)

#: instead of the number of a message: the focus goes to the button that adds one
ADD_BUTTON = -1


@require_http_methods(["GET", "HEAD", "POST"])
@page
def propose(request: SignedIn, name: str) -> HttpResponse:
    """Propose a change of a prompt: the text that is live, a rationale, a target."""
    prompt = prompt_or_404(request, name)
    if request.kept is not None:
        form = from_post(request.kept)
        return _form(request, desk_of(request, prompt, form.label, form.base), form)
    if request.method != "POST":
        permissions.require(request.user, permissions.PROPOSE, prompt)
        desk = desk_of(request, prompt, request.GET.get("label", ""), request.GET.get("from", ""))
        return _form(request, desk, begun(desk))
    form = from_post(request.POST)
    desk = desk_of(request, prompt, form.label, form.base)
    return _worked(request, desk, form) or _sent(request, desk, form)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def revise(request: SignedIn, pk: int) -> HttpResponse:
    """Write a new revision of a change that is open."""
    change = reads.requests_for(request.user).filter(pk=pk).first()
    if change is None or change.prompt is None or change.label is None:
        raise NotFound("There is no such request.")
    if request.kept is not None:
        form = from_post(request.kept)
        return _form(request, desk_of_change(request, change, form.base), form)
    if request.method != "POST":
        permissions.require(request.user, permissions.PROPOSE, change.prompt)
        if not change.is_open:
            return redirect("approvals:request", pk=pk)
        hidden = hidden_from(change, request.user)
        if hidden:
            raise ScanMissing(hidden)
        desk = desk_of_change(request, change)
        return _form(request, desk, begun(desk))
    form = from_post(request.POST)
    desk = desk_of_change(request, change, form.base)
    return _worked(request, desk, form) or _sent(request, desk, form)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new_prompt(request: SignedIn) -> HttpResponse:
    """Make a prompt and propose its first text, on the same form."""
    if request.kept is not None:
        form = from_post(request.kept)
        return _form(request, desk_of_new(form.label), form)
    if request.method != "POST":
        desk = desk_of_new()
        return _form(request, desk, begun(desk))
    form = from_post(request.POST)
    desk = desk_of_new(form.label)
    return _worked(request, desk, form) or _sent(request, desk, form)


# -- what was pressed -----------------------------------------------------------------------


def _worked(request: SignedIn, desk: Desk, form: ProposalForm) -> HttpResponse | None:
    """The form again, with a message more or less, another type, or a preview; else None."""
    verb, _, target = request.POST.get("do", "").partition(":")
    if request.headers.get("X-Fragment") == "diff":
        return _fragment(request, desk, form)
    if verb == "add-message":
        return _form(request, desk, with_another_message(form), at=len(form.messages))
    if verb == "remove-message":
        return _form(request, desk, without_message(form, whole(target) or 0), at=ADD_BUTTON)
    if verb == "type":
        return _form(request, desk, _of_type(form, target or form.type))
    if verb in ("save", "submit"):
        return None
    try:
        document_of(form, desk.base_body)
    except Refusal as refusal:
        return _form(request, desk, form, refusal, preview=_worth_a_diff(refusal))
    return _form(request, desk, form, preview=True)


def _worth_a_diff(refusal: Refusal) -> bool:
    """Of a text that is far too long there is no diff worth waiting for."""
    return not isinstance(refusal, ContentTooLarge)


def _of_type(form: ProposalForm, kind: str) -> ProposalForm:
    """The form for the other type, which begins with what was written so far."""
    if kind == Prompt.Type.CHAT and not form.messages:
        form = with_another_message(form)
        first = replace(form.messages[0], content=form.template)
        return replace(form, type=kind, messages=(first,))
    return replace(form, type=kind)


def _fragment(request: SignedIn, desk: Desk, form: ProposalForm) -> HttpResponse:
    """The diff while somebody types: it need not parse yet, and then says so."""
    problem = ""
    try:
        document_of(form, desk.base_body)
    except ContentTooLarge as refusal:
        return show(request, "prompts/_preview.html", {"problem": refusal.sentence})
    except Refusal as refusal:
        problem = refusal.sentence
    diff = diff_of(desk.live_body, rough_body(form, desk.base_body))
    context = {"desk": desk, "diff": diff, "problem": problem}
    return show(request, "prompts/_preview.html", context)


def _sent(request: SignedIn, desk: Desk, form: ProposalForm) -> HttpResponse:
    """Do all that was pressed or nothing; a refusal lands on the form with everything in it."""
    submits = request.POST.get("do") == "submit"
    try:
        change = _saved(request, desk, form, submits=submits)
    except Stale as refusal:
        return _form(request, *_caught_up(request, desk, form), refusal, preview=True)
    except Refusal as refusal:
        return _form(request, desk, form, refusal, preview=_worth_a_diff(refusal))
    messages.success(request, _SUBMITTED if submits else _SAVED)
    return redirect("approvals:request", pk=change.pk)


def _saved(request: SignedIn, desk: Desk, form: ProposalForm, *, submits: bool) -> ApprovalRequest:
    """Make, propose or revise, and submit, by the one verb that does what was pressed at once."""
    document = document_of(form, desk.base_body)
    rationale = free_text(form.rationale, "rationale")
    description = free_text(form.description, "description")
    # Sent twice it is done once; edited after "Back" it is another post.
    ticket = form.ticket.strip()
    about = (document.digest, rationale, ticket, form.name, form.data_class, description)
    mark = sha256("\0".join(about).encode()).hexdigest()[:16]
    sent: dict[str, Any] = {
        "document": document,
        "rationale": rationale,
        "provenance": _provenance(desk, document.digest, ticket),
        "actor": request.user,
    }
    if submits:
        sent["release_when_ready"] = form.release_when_ready
    seen_live = form.live_seen(desk.label)
    if desk.change is not None:
        if ticket == ticket_set(desk) and _same(desk.change, document.digest, rationale, form):
            return _as_it_is(request, desk.change, form, submits=submits)
        revise = services.revise_and_submit if submits else services.revise
        key = key_of(request, f"revise:{mark}")
        return revise(desk.change.pk, seen=form.seen, seen_live=seen_live, key=key, **sent)
    if desk.label is None or desk.label.name != form.label:
        raise UnknownLabel("Choose one of the protected labels.", field="label")
    if desk.prompt is not None:
        propose = services.propose_and_submit if submits else services.propose
        key = key_of(request, f"propose:{mark}")
        return propose(desk.prompt, label=desk.label, seen_live=seen_live, key=key, **sent)
    return services.begin_prompt(
        form.name,
        label=desk.label,
        type=form.type,
        data_class=form.data_class,
        description=description,
        and_submit=submits,
        key=key_of(request, f"begin:{mark}"),
        **sent,
    )


def _provenance(desk: Desk, digest: str, ticket: str) -> dict[str, Any]:
    """Where a content comes from: what was said before only while it is the same, and a ticket."""
    version = desk.change.version if desk.change else None
    told = dict(version.provenance) if version and version.content_digest == digest else {}
    told.pop("change_ticket", None)
    return {**told, "change_ticket": ticket} if ticket else told


def _as_it_is(
    request: SignedIn, change: ApprovalRequest, form: ProposalForm, *, submits: bool
) -> ApprovalRequest:
    """A draft in which nothing was edited: submitted where that was pressed, else as it is."""
    if not submits:
        return change
    return services.submit(
        change.pk,
        actor=request.user,
        release_when_ready=form.release_when_ready,
        seen=change.revision_digest,
        key=key_of(request, f"submit:{change.pk}"),
    )


def _same(change: ApprovalRequest, digest: str, rationale: str, form: ProposalForm) -> bool:
    """Whether this draft says exactly that already, so that only the submit is left."""
    base = change.base_version.content_digest if change.base_version else ""
    return (
        change.state == ApprovalRequest.State.DRAFT
        and change.version is not None
        and (change.version.content_digest, base) == (digest, form.live_seen(change.label))
        and (change.rationale.value or "") == rationale
        and change.revision_digest == form.seen
    )


def _caught_up(request: SignedIn, desk: Desk, form: ProposalForm) -> tuple[Desk, ProposalForm]:
    """After Stale: the same text against what is live, and the revision that is there, now."""
    if desk.change is not None:
        fresh = reads.requests_for(request.user).filter(pk=desk.change.pk).first() or desk.change
        desk = desk_of_change(request, fresh, form.base)
        form = replace(form, seen=fresh.revision_digest)
    elif desk.prompt is not None:
        desk = desk_of(request, desk.prompt, form.label, form.base)
    if desk.label is None:
        return desk, form
    return desk, replace(form, seen_live={**form.seen_live, desk.label.name: desk.live_digest})


# -- the form -------------------------------------------------------------------------------


def _form(
    request: SignedIn,
    desk: Desk,
    form: ProposalForm,
    refusal: Refusal | None = None,
    *,
    preview: bool = False,
    at: int | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "desk": desk,
        "form": form,
        "title": title_of(desk.change) if desk.change else "",
        "labels": reads.protected_labels(),
        "formats": FORMATS,
        "types": Prompt.Type.choices,
        "data_classes": Prompt.DataClass.choices,
        "preview": diff_of(desk.live_body, rough_body(form, desk.base_body)) if preview else None,
        "at": at,
        "draft_helps": isinstance(refusal, _UNTIL_THEN),
        "ticket_asked": ticket_asked(desk),
        "first_hand": desk.change is not None and not desk.change.has_contributor(request.user),
    }
    return show(request, "prompts/form.html", context, refusal=refusal)
