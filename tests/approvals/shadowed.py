"""Policies that are only watched, on the prompt of the fast lane, and what they noted."""

from __future__ import annotations

from typing import Any

from approvals import services
from approvals.models import ApprovalRequest, Policy, ShadowVerdict
from tests.approvals.desk import Desk
from tests.approvals.documents_of import proposed, ready
from tests.approvals.test_fast_lane import QUOTE

KIND, CALM, WARM = (QUOTE.replace("friendly", word) for word in ("kind", "calm", "warm"))


def lenient(**automatic: Any) -> dict[str, Any]:
    """Standard, which lets small changes pass, saying something else of that in one place."""
    document = ready("Standard", due_hours=26)
    return {**document, "automatic": {**document["automatic"], **automatic}}


def strict() -> dict[str, Any]:
    """Standard, always asking people."""
    return ready("Standard", due_hours=27, automatic=None)


def proposal(desk: Desk, document: dict[str, Any], name: str = "Standard") -> ApprovalRequest:
    """A change of a policy that Gwen proposed, and that nobody decided yet."""
    policy = Policy.objects.filter(name=name).first()
    return proposed(policy, document, by=desk.governance_owner, name=name)


def noted() -> list[tuple[str, str, bool]]:
    """Outcome, version, and whether it was a proposal, of everything that was noted."""
    rows = ShadowVerdict.objects.select_related("policy_version__policy").order_by("pk")
    return [(r.outcome, str(r.policy_version), r.proposal_id is not None) for r in rows]


def vote(desk: Desk, request: ApprovalRequest, decision: str = "approve", **more: Any) -> None:
    """Sue's vote for support, on what the change says now."""
    request.refresh_from_db()
    services.review(
        request.pk,
        actor=desk.support_reviewer,
        role="support",
        decision=decision,
        comment="" if decision == "approve" else "Not this way.",
        seen=request.revision_digest,
        **more,
    )
