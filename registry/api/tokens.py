"""Who calls: the bearer token of a request, and whether it has the scope of this address."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest
from ninja.security import HttpBearer
from typing_extensions import override

from registry.errors import NotFound
from registry.models import ServiceToken
from registry.services.tokens import find_token, touch

logger = logging.getLogger(__name__)


class ApiRequest(HttpRequest):
    """A request whose token was found live and in scope."""

    auth: ServiceToken


class BearerToken(HttpBearer):
    """Finds the token of `Authorization: Bearer`; one without the scope reaches nothing here."""

    openapi_description = "A token of a service account, made with `manage.py create_token`."

    def __init__(self, scope: str, beyond: str) -> None:
        super().__init__()
        self.scope = scope
        self.beyond = beyond

    @override
    def authenticate(self, request: HttpRequest, token: str) -> ServiceToken | None:
        """Return the live token or None; raises NotFound where it has no such scope."""
        found = find_token(token)
        if found is None:
            return None
        if self.scope not in found.scopes:
            raise NotFound(self.beyond)
        _note_use(found)
        return found


def _note_use(token: ServiceToken) -> None:
    # A database that can be read but not written still serves.
    try:
        touch(token)
    except DatabaseError:
        logger.warning("The use of token %s could not be noted.", token.public_id, exc_info=True)
