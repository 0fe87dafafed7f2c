"""Calls of the API as an application makes them: with a real token of a service account."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from registry.models import ServiceToken, User
from registry.services import people, tokens

_numbers = itertools.count(1)


def make_account(by: User) -> User:
    """A service account with no permission of its own."""
    return people.create_service_account(
        f"app-{next(_numbers)}", display_name="An application", actor=by
    )


def make_token(
    by: User, *scopes: str, account: User | None = None, **fields: Any
) -> tuple[ServiceToken, str]:
    """A token and its secret; scope `read` where none is given."""
    return tokens.create_token(
        account or make_account(by), name="tests", scopes=scopes or ("read",), actor=by, **fields
    )


def call(
    secret: str | None, path: str, method: str = "GET", *, data: Any = None, **headers: str
) -> HttpResponse:
    """The answer to one call; `If_None_Match=…` sends that header."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if secret is not None:
        sent["Authorization"] = f"Bearer {secret}"
    body = "" if data is None else data if isinstance(data, str) else json.dumps(data)
    response = Client(raise_request_exception=False).generic(
        method, f"/api/v1{path}", body, content_type="application/json", headers=sent
    )
    return cast(HttpResponse, response)


def body(response: HttpResponse) -> Any:
    return json.loads(response.content)


def code(response: HttpResponse) -> tuple[int, str]:
    """The status and code of a problem, which is well formed."""
    assert response["Content-Type"] == "application/problem+json", response.content
    found = body(response)
    assert found["status"] == response.status_code
    assert found["type"] == f"urn:problem-type:countersign:{found['code']}"
    assert found["title"]
    assert found["detail"]
    return response.status_code, found["code"]


def names(items: Iterable[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]
