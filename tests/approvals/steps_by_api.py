"""The steps of a change as a program takes them: by a token, or by a person's session."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client

from approvals.models import ApprovalRequest
from registry import permissions
from registry.models import ServiceToken, User
from registry.services import grants
from tests.api import call, make_account, make_token
from tests.approvals.ci import pointer
from tests.approvals.desk import FIRST, Desk, fresh

WRITES = ("read", "preview", "place", "propose", "release", "check")


@dataclass
class Person:
    """A signed-in person's program; it sends the CSRF token as a browser's script does."""

    user: User
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        self.client.get("/")

    def get(self, path: str, **headers: str) -> HttpResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return cast(HttpResponse, self.client.get(f"/api/v1{path}", headers=sent))

    def post(
        self, path: str, data: Any, *, csrf: bool = True, key: str = "", **headers: str
    ) -> HttpResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if csrf:
            sent["X-CSRFToken"] = self.client.cookies["csrftoken"].value
        if key:
            sent["Idempotency-Key"] = key
        address, text = f"/api/v1{path}", json.dumps(data)
        response = self.client.post(address, text, content_type="application/json", headers=sent)
        return cast(HttpResponse, response)


@dataclass
class Robot:
    """A token that may do whatever a token may."""

    token: ServiceToken
    secret: str

    def post(self, path: str, data: Any, *, key: str = "", secret: str = "") -> HttpResponse:
        headers = {"Idempotency_Key": key} if key else {}
        return call(secret or self.secret, path, "POST", data=data, **headers)


@pytest.fixture
def robot(desk: Desk) -> Robot:
    account = make_account(desk.governance_owner)
    grants.grant(desk.prompt, permissions.PROPOSE, account, actor=desk.author)
    return Robot(*make_token(desk.governance_owner, *WRITES, account=account))


def content(template: str = FIRST, **fields: Any) -> dict[str, Any]:
    return {"template": template, "template_format": "mustache", **fields}


def proposal(desk: Desk, template: str = FIRST, **fields: Any) -> dict[str, Any]:
    """What to post to propose a text for production as it is now."""
    return {
        "label": "production",
        "content": content(template),
        "rationale": "Customers read the opening as cold.",
        "expected_generation": pointer(desk, "production").generation,
        **fields,
    }


def seen(request: ApprovalRequest, **fields: Any) -> dict[str, Any]:
    """What to post with a step on a request as it is now."""
    return {"revision_digest": fresh(request).revision_digest, **fields}


def released(desk: Desk, request: ApprovalRequest) -> dict[str, Any]:
    """What to post to release a request as everything is now."""
    return seen(request, expected_generation=pointer(desk, "production").generation)
