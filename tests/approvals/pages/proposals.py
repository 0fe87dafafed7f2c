"""The form of a change as a test fills it in, and what is stored of it."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from approvals.models import ApprovalRequest, IdempotencyKey
from audit.models import AuditBlob, AuditEvent
from registry.models import Prompt, Version
from tests.approvals.pages.browsing import Page, look, press


def form_address(prompt: Prompt) -> str:
    return reverse("approvals:propose", kwargs={"name": prompt.name})


def newest() -> ApprovalRequest:
    found: ApprovalRequest = ApprovalRequest.objects.with_parts().order_by("-pk")[0]
    return found


def stored() -> dict[str, Any]:
    """The document of the newest change, as the database has it."""
    version = newest().version
    assert version is not None
    return version.body


def counted() -> dict[str, int]:
    """How much there is of all that a press of a button could leave behind."""
    kinds = (Prompt, Version, ApprovalRequest, AuditEvent, AuditBlob, IdempotencyKey)
    return {kind.__name__: kind.objects.count() for kind in kinds}


def typed_text(page: Page) -> str:
    return page.form_with("Save and submit").value("template")


def edit(client: Client, prompt: Prompt, before: str, after: str, **typed: Any) -> Page:
    """Open the form, change some words of what it holds, say why, and save as a draft."""
    page = look(client, form_address(prompt))
    held = typed_text(page)
    assert before in held
    fields = {"rationale": "One word", "template": held.replace(before, after), **typed}
    return press(client, page, "Save as draft", form_address(prompt), **fields)
