"""The incident card of a prompt: stop or go back in two taps, on a telephone, at night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals import services
from approvals.forms import free_text
from approvals.presenters.incident import incident_card_of
from approvals.views.frame import SignedIn, key_of, page, show
from approvals.views.prompts import label_named, prompt_or_404, version_numbered
from registry.errors import BadInput, Refusal
from registry.models import Prompt
from registry.numbers import whole

#: characters of an incident's name
MOST_ID = 60


@require_http_methods(["GET", "HEAD", "POST"])
@page
def incident(request: SignedIn, name: str) -> HttpResponse:
    """Show the card; a POST suspends, resumes or rolls back and comes back here."""
    prompt = prompt_or_404(request, name)
    if request.method != "POST":
        return _show(request, prompt)
    try:
        done = _act(request, prompt)
    except Refusal as refusal:
        return _show(request, prompt_or_404(request, name), refusal)
    messages.success(request, done)
    return redirect("approvals:incident", name=prompt.name)


def _act(request: SignedIn, prompt: Prompt) -> str:
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
        to=version_numbered(request, prompt, request.POST.get("to", "")),
        **_given(request, f"rollback:{target}"),
    )
    return f"Rolled back: {label} serves {row.version} again and is on hold."


def _suspend(request: SignedIn, prompt: Prompt, target: str) -> str:
    label = label_named(target)
    services.suspend(prompt, label, **_given(request, f"suspend:{target}"))
    return f"Suspended: {label} serves nothing for this prompt."


def _resume(request: SignedIn, prompt: Prompt, target: str) -> str:
    label = label_named(target)
    row = services.resume(prompt, label, **_given(request, f"resume:{target}"))
    return f"Resumed: {label} serves {row.version} again."


def _given(request: SignedIn, do: str) -> dict[str, Any]:
    return {
        "actor": request.user,
        "reason": _reason(request),
        "expected_generation": whole(request.POST.get("expected_generation")),
        "key": key_of(request, do),
    }


def _reason(request: SignedIn) -> str:
    """The reason with the incident's name in front, where one was typed."""
    reason = free_text(request.POST.get("reason", ""), "reason")
    incident_id = request.POST.get("incident", "").strip()
    if len(incident_id) > MOST_ID or not incident_id.isprintable():
        raise BadInput(f"An incident has at most {MOST_ID} printable characters.", field="incident")
    return f"{incident_id}: {reason}" if incident_id and reason else incident_id or reason


def _show(request: SignedIn, prompt: Prompt, refusal: Refusal | None = None) -> HttpResponse:
    context: dict[str, Any] = {
        "prompt": prompt,
        "shown": incident_card_of(prompt, request.user, timezone.now()),
        "tried": request.POST.get("do", "") if refusal else "",
        "typed": request.POST.get("reason", "") if refusal else "",
        "incident": request.POST.get("incident", "") if refusal else "",
    }
    return show(request, "prompts/incident.html", context, refusal=refusal)


_VERBS: dict[str, Callable[[SignedIn, Prompt, str], str]] = {
    "rollback": _rollback,
    "suspend": _suspend,
    "resume": _resume,
}
