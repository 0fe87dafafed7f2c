"""What tests of approving several at once share: changes that wait, and the ticked form."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from approvals import services
from approvals.models import ApprovalRequest, Review
from audit.models import AuditEvent
from tests.approvals.desk import FIRST, Desk, in_review
from tests.approvals.pages.browsing import Page, look, press
from tests.people import MakePrompt

AT = "/requests/several/"
BUTTON = "Approve what is ticked"
#: what a prompt may say that the scan finds above low
RISKY = "Write to jane.doe@acme-corp.com and to john.roe@acme-corp.com at once.\n"


def elsewhere(desk: Desk, make_prompt: MakePrompt, name: str, **fields: Any) -> Desk:
    """The same people at another prompt."""
    return Desk(
        make_prompt(f"support/{name}", **fields), desk.staging, desk.production, desk.people
    )


def waiting(
    desk: Desk, make_prompt: MakePrompt, *names: str, template: str = FIRST
) -> list[ApprovalRequest]:
    """Low-risk changes in review, each on a prompt of its own with its name in the reason."""
    return [
        in_review(elsewhere(desk, make_prompt, name), template, rationale=f"Why {name}.")
        for name in names
    ]


def approve(desk: Desk, change: ApprovalRequest, **changes: Any) -> Review:
    """Sam, the safety reviewer, approves it together with others."""
    given: dict[str, Any] = {
        "actor": desk.safety_reviewer,
        "role": "safety",
        "decision": "approve",
        "seen": change.revision_digest,
        "several": True,
        **changes,
    }
    return services.review(change.pk, **given)


def last_vote() -> dict[str, Any]:
    """What the newest entry of the audit log says of a vote."""
    event = AuditEvent.objects.latest("seq")
    assert event.action == "approvals.request.reviewed"
    found: dict[str, Any] = json.loads(event.payload)["data"]
    return found


def tick(client: Client, *changes: ApprovalRequest, **typed: Any) -> Page:
    """The answer to a press with these changes ticked on the page, or on an older `page` of it."""
    page: Page = typed.pop("page", None) or look(client, AT)
    picked = [change.pk for change in changes]
    return press(client, page, BUTTON, AT, **{"change": picked, **typed})


def ticked(page: Page) -> set[int]:
    return {int(value) for value in page.form_with(BUTTON).values("change")}


def codes(page: Page) -> list[str]:
    """The codes of the refusals on a page, in its order."""
    known = {"stale", "not_low_risk", "own_change", "not_found", "not_eligible", "wrong_state"}
    known |= {"secret_found", "bad_input", "too_many_at_once", "signature_needed", "invalid_text"}
    return [code for code in page.words_in("code") if code in known]


def approvals_by(person: Any) -> set[int]:
    """The changes that this person approved."""
    rows = Review.objects.filter(reviewer=person, decision="approve")
    return {*rows.values_list("request", flat=True)}
