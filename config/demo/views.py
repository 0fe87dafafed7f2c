"""The demo's own pages: switch person, and Try to cheat."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from config.demo import cast, cheats
from config.demo.visitor import BACKEND
from registry.models import User


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Become another person of the demo, without a password."""
    username = request.POST.get("username", "")
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None or username not in cast.TITLES:
        raise Http404
    login(request, person, BACKEND)
    there = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(there, allowed_hosts={request.get_host()})
    return redirect(there if safe else "/")


@require_http_methods(["GET", "HEAD", "POST"])
def cheat(request: HttpRequest) -> HttpResponse:
    """List the attacks; a POST makes one (or all) on this running app and shows what happened."""
    outcomes = {}
    if request.method == "POST":
        known = {attack.word for attack in cheats.ATTACKS}
        asked = request.POST.get("attack", "")
        words = [a.word for a in cheats.ATTACKS] if asked == "all" else [asked]
        if not known.issuperset(words):
            raise Http404
        outcomes = {word: cheats.run(word, settings.BASE_URL) for word in words}
    rows = [(attack, outcomes.get(attack.word)) for attack in cheats.ATTACKS]
    return render(request, "demo/cheat.html", {"rows": rows, "tried": bool(outcomes)})
