"""What every page shares: a signed-in person, their time zone, and plain answers to a refusal."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from approvals.presenters.refusals import panel_of
from approvals.views import kept
from registry.errors import NotFound, Refusal
from registry.models import User

P = ParamSpec("P")


class SignedIn(HttpRequest):
    """A request whose person is known; `page` lets no other through."""

    user: User
    #: what was typed before a sign-in came between (see approvals/views/kept.py)
    kept: QueryDict | None


def page(
    view: Callable[Concatenate[SignedIn, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Ask for sign-in first, show times in the person's zone, and turn a refusal into a page.

    What was typed is kept meanwhile, and whatever comes of it.
    """

    @wraps(view)
    @sensitive_post_parameters("password")
    def inner(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not kept.is_person(request):
            if request.method != "POST":
                return redirect_to_login(request.get_full_path())
            again = kept.sign_in(request)
            if again is not None:
                return again
        asked = cast(SignedIn, request)
        asked.kept = None
        if asked.method == "POST" and kept.MARK in asked.POST:
            # A view that is asked for a page runs no verb.
            asked.kept, asked.method = asked.POST, "GET"
        with timezone.override(zone_of(asked.user)):
            try:
                response = view(asked, *args, **kwargs)
            except NotFound:
                texts = {"typed_texts": kept.texts_in(asked)}
                response = render(asked, "404.html", texts, status=404)
            except Refusal as refusal:
                texts = {"typed_texts": kept.texts_in(asked)}
                response = show(asked, "refused.html", texts, refusal=refusal)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return inner


def show(
    request: HttpRequest,
    template: str,
    context: dict[str, Any],
    *,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """Render a page; a refusal is shown in its panel and gives the answer its status."""
    # A page for somebody who is not signed in yet keeps nothing.
    was_kept = getattr(request, "kept", None) is not None
    context = {"key": str(uuid.uuid4()), "kept": was_kept, **context}
    status = 200
    if refusal is not None:
        context = {**context, "refusal": panel_of(refusal, request.user.pk or 0)}
        status = refusal.status
    return render(request, template, context, status=status)


def zone_of(user: User) -> ZoneInfo:
    """The person's time zone; UTC when the name is none."""
    try:
        return ZoneInfo(user.time_zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def key_of(request: HttpRequest, do: str) -> str:
    """The key that makes a repeated post do its work once; another button is another post."""
    key = request.POST.get("key", "")
    return f"{key}:{do}"[:100] if key else ""
