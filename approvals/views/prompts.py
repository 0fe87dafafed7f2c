"""The list of prompts, the page of one prompt with its verbs, and the text of one version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from approvals import reads, services
from approvals.forms import free_text
from approvals.presenters.prompt_page import prompt_page_of
from approvals.reading import why_hidden
from approvals.views.frame import SignedIn, key_of, page, show
from approvals.views.kept import texts_in
from registry import permissions
from registry.documents import sections
from registry.errors import BadInput, NotFound, Refusal, UnknownLabel
from registry.models import Label, Prompt, Version
from registry.numbers import whole

PER_PAGE = 50


@require_safe
@page
def prompts(request: SignedIn) -> HttpResponse:
    """Prompts that the person sees, with a search over names and descriptions."""
    search = request.GET.get("q", "").strip()[:200]
    pages = Paginator(reads.prompts_for(request.user, search), PER_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    return show(request, "prompts/list.html", {"page": shown, "search": search})


@require_http_methods(["GET", "HEAD", "POST"])
@page
def prompt_page(request: SignedIn, name: str) -> HttpResponse:
    """Show a prompt; a POST does what the pressed button says and comes back here."""
    prompt = prompt_or_404(request, name)
    if request.method != "POST":
        return _show(request, prompt)
    try:
        done = _act(request, prompt)
    except Refusal as refusal:
        return _show(request, prompt_or_404(request, name), refusal)
    messages.success(request, done)
    return redirect("approvals:prompt", name=prompt.name)


@require_safe
@page
def version_page(request: SignedIn, name: str, number: int) -> HttpResponse:
    """The whole text of one version, and where it stands."""
    prompt = prompt_or_404(request, name)
    version = reads.versions_of(prompt, request.user).filter(number=number).first()
    if version is None:
        raise NotFound("There is no such version.")
    hidden = why_hidden(version, request.user)
    context = {
        "prompt": prompt,
        "version": version,
        "hidden": hidden,
        "texts": sections(version.body) if not (version.is_erased or hidden) else [],
        "proposes": permissions.may(request.user, permissions.PROPOSE, prompt),
    }
    return show(request, "prompts/version.html", context)


def prompt_or_404(request: SignedIn, name: str) -> Prompt:
    """The prompt of this name as the person sees it; NotFound for none."""
    prompt = reads.prompt_named(name, request.user)
    if prompt is None:
        raise NotFound("There is no such prompt.")
    return prompt


def _show(request: SignedIn, prompt: Prompt, refusal: Refusal | None = None) -> HttpResponse:
    everything = "versions" in request.GET
    sent = request.POST if refusal else request.kept
    shown = prompt_page_of(prompt, request.user, timezone.now(), all_versions=everything)
    context: dict[str, Any] = {
        "prompt": prompt,
        "shown": shown,
        # The form that was refused opens again with what was typed.
        "tried": sent.get("do", "") if sent else "",
        "typed": sent.get("reason", "") if sent else "",
        # It may be gone meanwhile.
        "typed_texts": texts_in(request) if sent else (),
    }
    return show(request, "prompts/page.html", context, refusal=refusal)


# -- verbs ----------------------------------------------------------------------------------


def _act(request: SignedIn, prompt: Prompt) -> str:
    """Call the verb of the pressed button, which says on what: "rollback:production"."""
    verb, _, target = request.POST.get("do", "").partition(":")
    known = _VERBS.get(verb)
    if known is None:
        raise BadInput("This page has no such button. Reload it and press one that is there.")
    return known(request, prompt, target)


def _rollback(request: SignedIn, prompt: Prompt, target: str) -> str:
    label = label_named(target)
    row = services.rollback(
        prompt,
        label,
        actor=request.user,
        reason=_reason(request),
        to=version_numbered(request, prompt, request.POST.get("to", "")),
        expected_generation=whole(request.POST.get("expected_generation")),
        key=key_of(request, f"rollback:{target}"),
    )
    return (
        f"Rolled back: {label} serves {row.version} again. Nothing new goes there until the "
        "hold is lifted."
    )


def _suspend(request: SignedIn, prompt: Prompt, target: str) -> str:
    label = label_named(target)
    services.suspend(
        prompt,
        label,
        actor=request.user,
        reason=_reason(request),
        expected_generation=whole(request.POST.get("expected_generation")),
        key=key_of(request, f"suspend:{target}"),
    )
    return f"Suspended: {label} serves nothing for this prompt."


def _resume(request: SignedIn, prompt: Prompt, target: str) -> str:
    label = label_named(target)
    row = services.resume(
        prompt,
        label,
        actor=request.user,
        reason=_reason(request),
        expected_generation=whole(request.POST.get("expected_generation")),
        key=key_of(request, f"resume:{target}"),
    )
    return f"Resumed: {label} serves {row.version} again."


def _place(request: SignedIn, prompt: Prompt, target: str) -> str:
    name, _, version = target.partition(":")
    label, wanted = label_named(name), version_numbered(request, prompt, version)
    services.place(
        prompt, wanted, label, actor=request.user, key=key_of(request, f"place:{target}")
    )
    return f"{label} serves {wanted} now."


def _recall(request: SignedIn, prompt: Prompt, target: str) -> str:
    wanted = version_numbered(request, prompt, target)
    services.recall(
        wanted, actor=request.user, reason=_reason(request), key=key_of(request, f"recall:{target}")
    )
    return f"Recalled: {wanted} may be served and released nowhere."


def _lift(request: SignedIn, prompt: Prompt, target: str) -> str:
    hold = reads.hold_of(prompt, whole(target))
    if hold is None:
        raise BadInput("This prompt has no such hold. Reload the page.")
    services.lift_hold(
        hold.pk, actor=request.user, reason=_reason(request), key=key_of(request, f"lift:{target}")
    )
    return f"The hold is lifted: {hold.label} takes releases again."


def _close(request: SignedIn, prompt: Prompt, target: str) -> str:
    row = reads.after_review_of(prompt, whole(target))
    if row is None:
        raise BadInput("This prompt has no such review. Reload the page.")
    services.close_review_after(
        row.pk, actor=request.user, comment=_reason(request), key=key_of(request, f"close:{target}")
    )
    return "The review after the fact is closed."


def _reason(request: SignedIn) -> str:
    return free_text(request.POST.get("reason", ""), "reason")


def label_named(name: str) -> Label:
    """The label of a posted form; UnknownLabel for none."""
    label = Label.objects.filter(name=name.replace("\0", "")).first()
    if label is None:
        raise UnknownLabel("There is no such label. Reload the page.")
    return label


def version_numbered(request: SignedIn, prompt: Prompt, text: str) -> Version:
    """The version of a posted form, among those that the person sees; BadInput for none."""
    found = reads.versions_of(prompt, request.user).filter(number=whole(text) or 0).first()
    if found is None:
        raise BadInput("This prompt has no such version. Reload the page.")
    return found


_VERBS: dict[str, Callable[[SignedIn, Prompt, str], str]] = {
    "rollback": _rollback,
    "suspend": _suspend,
    "resume": _resume,
    "place": _place,
    "recall": _recall,
    "lift": _lift,
    "close": _close,
}
