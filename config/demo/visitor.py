"""In the demo a visitor is somebody at once: the safety reviewer, until they switch."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse

from config.demo.cast import YOU
from registry.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"
_OWN_SIGN_IN = ("/api/", "/static/", "/healthz", "/accounts/", "/admin/", "/demo/switch/")


def visitor(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Sign a newcomer in as the person whose turn it is; pages with a sign-in of their own wait."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # The path first: a look at the user would make a read of the API vary with a cookie.
        if not request.path.startswith(_OWN_SIGN_IN) and not request.user.is_authenticated:
            you = User.objects.filter(username=YOU).first()
            if you is not None:
                login(request, you, BACKEND)
        return get_response(request)

    return middleware
