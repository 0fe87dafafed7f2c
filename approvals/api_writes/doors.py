"""Who may call: a token with the scope, or a person whose browser is signed in.

Whoever sends `Authorization` is judged by that alone. A session is one more thing that another
site can make a browser send along, so that it counts only together with its CSRF token.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie
from ninja.utils import check_csrf
from typing_extensions import override

from approvals.errors import PersonNeeded
from approvals.reach import Caller
from registry.api.problems import CsrfFailed
from registry.models import User
from registry.services.tokens import find_token

NO_CSRF = "Send the value of the cookie csrftoken in the header X-CSRFToken."
NO_TOKENS = "A token cannot do this; a signed-in person has to."


class CalledBy(HttpRequest):
    """A request whose caller is known."""

    auth: Caller


class PersonRequest(HttpRequest):
    """A request of a signed-in person."""

    auth: User


class Session(APIKeyCookie):
    """Finds the person of a session; raises CsrfFailed where a POST brings only the cookie.

    `only` is for what no token may do: a live one hears so before anything is looked up.
    """

    param_name = settings.SESSION_COOKIE_NAME
    openapi_description = "The session of a signed-in person; a POST needs X-CSRFToken along."

    def __init__(self, *, only: bool = False) -> None:
        super().__init__()
        self.only = only

    @override
    def __call__(self, request: HttpRequest) -> User | None:
        """Return the signed-in person or None; raises PersonNeeded where `only` and a token."""
        if "authorization" not in request.headers:
            return self.authenticate(request, None)
        scheme, _, secret = request.headers["authorization"].partition(" ")
        if self.only and scheme.lower() == "bearer" and find_token(secret) is not None:
            raise PersonNeeded(NO_TOKENS)
        return None

    @override
    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        """Return the person whose session it is, or None; raises CsrfFailed."""
        user = request.user
        if not isinstance(user, User) or not user.is_person:
            return None
        if check_csrf(request) is not None:
            raise CsrfFailed(NO_CSRF)
        return user


session = Session()
only_people = Session(only=True)
