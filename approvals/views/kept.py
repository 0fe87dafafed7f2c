"""What somebody typed outlives their session, and the form it was typed into.

A form that is sent by a browser whose person is signed out, or with a token from before the last
sign-in, is answered by a page that carries everything typed in a form of its own. That form goes to
the very address it was sent to (so there is no target to choose, ours or foreign), signs in on the
way where that is needed, and is marked as kept. What comes back with the mark is shown to the view
as a GET is: it fills its form in again, and no verb can run until a button of that form is pressed.
Nothing is stored on this side: the text is in the page that the person has before them. Whoever
signs in there sees it, as anybody at that browser does, and sends it in their own name or not at
all. The token of the form, and the limits of what is read, hold on every step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.sign_in import SignInForm
from registry.models import User

MARK = "kept"
#: never carried along: the mark and the token are made anew, and a password is nobody's text
_PASSWORDS = {"password", "old_password", "new_password", "again"}
_LEFT_OUT = {MARK, "csrfmiddlewaretoken", "username", *_PASSWORDS}
#: fields in which people write, by what the page calls them; the others are carried unseen
_WORDS = {
    "name": "Name",
    "description": "Description",
    "template": "The text",
    "old": "Replace this text",
    "new": "by this text",
    "names": "Which prompts",
    "content": "Message",
    "model_settings": "Model settings",
    "tools": "Tools",
    "response_format": "Response format",
    "rationale": "Why",
    "ticket": "Ticket",
    "comment": "Comment",
    "reason": "Reason",
    "who": "Who",
}
#: how Django's reasons begin where the form did not come from a page of ours
_FOREIGN = ("Origin checking failed", "Referer checking failed")


@dataclass(frozen=True)
class Typed:
    """A field of a form as it was sent; `word` names it where people write in it."""

    name: str
    value: str
    word: str = ""


def typed_in(request: HttpRequest) -> list[Typed]:
    """Every field of a form that is worth keeping, in the order in which it was sent."""
    return [*_fields(request)]


def texts_in(request: HttpRequest) -> list[Typed]:
    """What somebody wrote into a form, for a page that has no such form."""
    return [field for field in _fields(request) if field.word]


def word_of(name: str) -> str:
    """What a page calls a field; its own name where people do not write in it."""
    return _WORDS.get(name, name[:100])


def is_person(request: HttpRequest) -> bool:
    return isinstance(request.user, User) and request.user.is_person


def sign_in(request: HttpRequest) -> HttpResponse | None:
    """Sign in by the form of a kept page; the page, again, where there is no way in yet."""
    if MARK not in request.POST:
        return kept_page(request, SignInForm(request))
    form = SignInForm(request, data=request.POST)
    if form.is_valid():
        login(request, form.get_user())
    return None if is_person(request) else kept_page(request, form)


def kept_page(request: HttpRequest, form: SignInForm | None) -> HttpResponse:
    """The page that keeps what was typed; with `form` it asks for the sign-in, too."""
    if "X-Fragment" in request.headers:
        # A preview while somebody types, which a script asked for: their text is still in the form.
        return HttpResponse(status=403)
    context = {"form": form, "fields": typed_in(request)}
    response = render(request, "kept.html", context, status=403)
    response["Cache-Control"] = "private, no-cache"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form without a good token; one of our own pages gets what was typed back.

    A form from another site, which may have filled it in, is not given back; nor is one of the
    admin or the sign-in, whose pages do not know the mark.
    """
    match = request.resolver_match
    ours = match is not None and match.app_name == "approvals"
    if not ours or reason.startswith(_FOREIGN):
        return render(request, "403_csrf.html", status=403)
    return kept_page(request, None if is_person(request) else SignInForm(request))


def _fields(request: HttpRequest) -> Iterator[Typed]:
    for name, values in request.POST.lists():
        if name in _LEFT_OUT:
            continue
        for value in values:
            yield Typed(name, value, _WORDS.get(name, "") if value else "")
