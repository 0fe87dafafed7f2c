"""The page of who may do what on a prompt, where whoever manages it gives and takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from approvals import reads, services
from approvals.presenters.access import access_page_of
from approvals.views.frame import SignedIn, key_of, page, show
from approvals.views.kept import texts_in
from approvals.views.prompts import prompt_or_404
from registry import permissions
from registry.errors import BadInput, Refusal
from registry.holdings import account_named, given, holder_of, role_named, taken, taking_order
from registry.holdings import key_of as name_of
from registry.models import Prompt, User

_BEFORE = "This form was sent before, and did its work then. Below is how it stands now."


@require_http_methods(["GET", "HEAD", "POST"])
@page
def access(request: SignedIn, name: str) -> HttpResponse:
    """Show who may do what; a POST gives or takes away, one verb for each permission."""
    prompt = prompt_or_404(request, name)
    if request.method != "POST":
        return _show(request, prompt)
    done: list[str] = []
    try:
        for words in _act(request, prompt):
            if words not in done:
                done.append(words)
                messages.success(request, words)
    except Refusal as refusal:
        return _show(request, prompt_or_404(request, name), refusal, done)
    if reads.prompt_named(name, request.user) is None:
        return redirect("approvals:prompts")  # they took away their own `view`
    return redirect("approvals:access", name=prompt.name)


# -- verbs ----------------------------------------------------------------------------------


def _act(request: SignedIn, prompt: Prompt) -> Iterator[str]:
    """Call the verbs of the pressed button, and say of each what it did."""
    verb, _, target = request.POST.get("do", "").partition(":")
    if verb == "give":
        return _give(request, prompt)
    if verb == "take":
        return _take(request, prompt, target)
    raise BadInput("This page has no such button. Reload it and press one that is there.")


def _give(request: SignedIn, prompt: Prompt) -> Iterator[str]:
    to = _chosen(request)
    for word in _ticked(request, "Tick what they may do."):
        codename = permissions.WORDS[word]
        key = key_of(request, f"give:{word}:{name_of(to)}")
        anew = services.grant(prompt, codename, to, actor=request.user, key=key)
        yield given(to, word) if anew else _BEFORE


def _take(request: SignedIn, prompt: Prompt, target: str) -> Iterator[str]:
    to = holder_of(target)
    words = _ticked(request, "Tick what to take away.")
    for word in sorted(words, key=lambda word: taking_order(permissions.WORDS[word])):
        codename = permissions.WORDS[word]
        key = key_of(request, f"take:{word}:{name_of(to)}")
        anew = services.revoke(prompt, codename, to, actor=request.user, key=key)
        yield taken(to, word) if anew else _BEFORE


def _chosen(request: SignedIn) -> User | Group:
    """The role or the account of a posted form; BadInput or NotFound for none, or for both."""
    role, who = request.POST.get("role", ""), request.POST.get("who", "").strip()
    if role and who:
        raise BadInput("Choose a role or write a person, not both.", field="who")
    if who:
        return account_named(who, by_name=True)
    if not role:
        raise BadInput("Choose a role, or write who it is for.", field="who")
    return role_named(role)


def _ticked(request: SignedIn, sentence: str) -> list[str]:
    """The words of the permissions that were ticked, in their order; BadInput for none."""
    sent = request.POST.getlist("may")
    unknown = [word for word in sent if word not in permissions.WORDS]
    if unknown:
        raise BadInput(f"“{unknown[0]}” is not a permission on prompts.", field="may")
    if not sent:
        raise BadInput(sentence, field="may")
    return [word for word in permissions.WORDS if word in sent]


# -- the page -------------------------------------------------------------------------------


def _show(
    request: SignedIn,
    prompt: Prompt,
    refusal: Refusal | None = None,
    done: list[str] | None = None,
) -> HttpResponse:
    sent = request.POST if refusal else request.kept
    tried = sent.get("do", "") if sent else ""
    shown = access_page_of(prompt, request.user)
    context: dict[str, Any] = {
        "prompt": prompt,
        "shown": shown,
        "tried": tried,
        "role": sent.get("role", "") if sent else "",
        "who": sent.get("who", "") if sent else "",
        "ticked": sent.getlist("may") if sent else (),
        # A link of a change that lacks a reviewer says what would help.
        "wanted": () if sent else request.GET.getlist("may"),
        "part_done": bool(done),
        "typed_texts": texts_in(request) if sent and not shown.grants else (),
    }
    return show(request, "prompts/access.html", context, refusal=refusal)
