"""One's own password: changed by who is signed in, or set by who was sent a link."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from approvals import tries
from approvals.views.frame import SignedIn, page, show
from registry import password_links
from registry.errors import BadInput, LinkInvalid, Refusal
from registry.services import passwords

TEMPLATE = "registration/password.html"
OLD = "old_password"
#: where a link waits in the session, out of the address and so out of sight
_KEPT = "password_link"


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@page
def own_password(request: SignedIn) -> HttpResponse:
    """The form to change one's password; a POST changes it and stays signed in."""
    context = {"person": request.user, "asks_old": True}
    if request.method != "POST":
        return show(request, TEMPLATE, context)
    try:
        new = _typed_twice(request)
        tries.take(request.user, OLD)
        person = passwords.change_password(request.POST.get(OLD, ""), new, actor=request.user)
    except Refusal as refusal:
        if refusal.extra.get("field") == "password":
            # The new one is looked at after the old one, which was right.
            tries.forget(request.user)
        return show(request, TEMPLATE, context, refusal=refusal)
    tries.forget(request.user)
    update_session_auth_hash(request, person)
    messages.success(request, "Your password was changed. Elsewhere you are signed out.")
    return redirect("approvals:reviews")


@require_safe
@never_cache
def password_link(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Where a mailed link leads: keep it, and go on to an address that shows nothing of it."""
    request.session[_KEPT] = [uid, token]
    return redirect("approvals:new-password")


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@never_cache
def new_password(request: HttpRequest) -> HttpResponse:
    """The form to set a password by the link that was opened; a POST sets it."""
    uid, token = request.session.get(_KEPT, ["", ""])
    context: dict[str, Any] = {}
    try:
        context["person"] = password_links.check(password_links.person_of(uid), token)
        if request.method != "POST":
            return show(request, TEMPLATE, context)
        passwords.choose_password(_typed_twice(request), token=token, actor=context["person"])
    except LinkInvalid as refusal:
        return show(request, TEMPLATE, {}, refusal=refusal)
    except Refusal as refusal:
        return show(request, TEMPLATE, context, refusal=refusal)
    del request.session[_KEPT]
    messages.success(request, "Your password was set. Sign in with it.")
    return redirect("login")


def _typed_twice(request: HttpRequest) -> str:
    """The new password, which a person types twice because they cannot see it."""
    new = request.POST.get("new_password", "")
    if new != request.POST.get("again", ""):
        raise BadInput("The two passwords are not the same. Type both again.", field="again")
    return new
