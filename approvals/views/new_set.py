"""The form of a change set: one edit of many prompts, looked at first and proposed then."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from approvals import reads, services
from approvals.forms import free_text
from approvals.models import ChangeSet
from approvals.presenters.new_set import Preview, preview_of
from approvals.set_form import SetForm, set_form
from approvals.views.frame import SignedIn, key_of, page, show
from registry.errors import BadInput, Refusal, Stale, UnknownLabel
from registry.models import Label

_SAVED = "Saved as drafts. Only you see them until you submit them."
_SUBMITTED = "Submitted. The risk scans come first, then the reviewers."


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new_change_set(request: SignedIn) -> HttpResponse:
    """Choose prompts, say which text becomes which, look at what that does, and propose it."""
    if request.kept is not None:
        return _form(request, set_form(request.kept))
    if request.method != "POST":
        return _form(request, SetForm(names=request.GET.get("names", "")))
    form = set_form(request.POST)
    do = request.POST.get("do", "")
    preview = None
    try:
        label = _label(form)
        preview = preview_of(form, label, request.user)
        if do not in ("save", "submit"):
            return _form(request, form, preview=preview)
        if not form.looked:
            raise Stale("The edit is another one than you looked at. Look at what it does now.")
        made = _proposed(request, form, label, preview, submits=do == "submit")
    except Stale as refusal:
        return _form(request, form, refusal, preview=_again(request, form))
    except Refusal as refusal:
        return _form(request, form, refusal, preview=preview)
    messages.success(request, _SUBMITTED if do == "submit" else _SAVED)
    return redirect("approvals:change-set", public_id=made.public_id)


def _proposed(
    request: SignedIn, form: SetForm, label: Label, preview: Preview, *, submits: bool
) -> ChangeSet:
    items = [
        replace(item, seen_live=form.offered.get(item.prompt.pk, ""))
        for item in preview.items
        if item.prompt.pk in form.offered
    ]
    if not items:
        raise BadInput("Tick at least two prompts in which the text occurs.")
    rationale = free_text(form.rationale, "rationale")
    # Sent twice it is done once; edited after "Back" it is another post.
    told = [rationale, str(form.whole), *sorted(item.document.digest for item in items)]
    mark = sha256("\0".join([form.mark, *told]).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return services.propose_set(
        items,
        label=label,
        rationale=rationale,
        actor=request.user,
        whole=form.whole,
        and_submit=submits,
        key=key_of(request, f"set:{mark}:{'submit' if submits else 'save'}"),
    )


def _label(form: SetForm) -> Label:
    label = reads.protected_labels().filter(name=form.label.replace("\0", "")).first()
    if label is None:
        raise UnknownLabel("Choose one of the protected labels.", field="label")
    return label


def _again(request: SignedIn, form: SetForm) -> Preview | None:
    try:
        return preview_of(form, _label(form), request.user)
    except Refusal:
        return None


def _form(
    request: SignedIn,
    form: SetForm,
    refusal: Refusal | None = None,
    *,
    preview: Preview | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "preview": preview,
        "labels": reads.protected_labels(),
        "mark": form.mark if preview else "",
    }
    return show(request, "sets/new.html", context, refusal=refusal)
