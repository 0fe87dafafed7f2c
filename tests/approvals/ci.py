"""A token of CI on the desk: it reads proposals and places trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse

from approvals.models import ApprovalRequest
from registry import permissions
from registry.models import LabelPointer, ServiceToken
from registry.services import grants
from tests.api import call, make_account, make_token
from tests.approvals.desk import Desk


@dataclass
class Ci:
    """A token that may propose on the prompt, through its account, and do all three things."""

    token: ServiceToken
    secret: str
    prompt: str

    def place(self, label: str = "staging", secret: str = "", **fields: Any) -> HttpResponse:
        key = {"Idempotency_Key": fields.pop("key")} if "key" in fields else {}
        return self.post(fields, label, secret, **key)

    def post(
        self, data: Any, label: str = "staging", secret: str = "", **headers: str
    ) -> HttpResponse:
        path = f"/prompts/{self.prompt}/-/labels/{label}/place"
        return call(secret or self.secret, path, "POST", data=data, **headers)


@pytest.fixture
def ci(desk: Desk) -> Ci:
    account = make_account(desk.governance_owner)
    grants.grant(desk.prompt, permissions.PROPOSE, account, actor=desk.author)
    token, secret = make_token(desk.governance_owner, "read", "preview", "place", account=account)
    return Ci(token, secret, desk.prompt.name)


def preview(secret: str, request: ApprovalRequest, part: str = "content") -> HttpResponse:
    return call(secret, f"/requests/{request.pk}/{part}")


def pointer(desk: Desk, label: str = "staging") -> LabelPointer:
    return LabelPointer.objects.select_related("version").get(prompt=desk.prompt, label__name=label)
