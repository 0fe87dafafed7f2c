"""What the demo adds to pages: who you are, whom you may become, and an application's own read."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from config.demo import cast
from registry.models import User


def demo(request: HttpRequest) -> dict[str, Any]:
    """`demo` for templates/demo/; only installed when settings.DEMO."""
    people = User.objects.filter(username__in=cast.TITLES, is_active=True)
    known = {person.username: person for person in people}
    return {
        "demo": {
            "title": cast.TITLES.get(_username(request), "visitor"),
            "people": [
                {"username": name, "name": str(known[name]), "title": title}
                for name, title in cast.TITLES.items()
                if name in known
            ],
            "token": cast.kept(cast.APP_TOKEN),
            "url": settings.BASE_URL,
        }
    }


def _username(request: HttpRequest) -> str:
    # A request that is refused for its host name never reached what finds out who asks.
    return getattr(getattr(request, "user", None), "username", "")
