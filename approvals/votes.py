"""The digest of a vote: what the ledger keeps of it, and what a changed row no longer matches."""

from __future__ import annotations

from datetime import UTC

from approvals.models import Review
from audit.canonical import canonical, sha256_hex


def digest_of(vote: Review) -> str:
    """SHA-256 (hex) of the RFC 8785 text of every column of a vote except key and digest.

    The comment is free text and enters by its commitment. A vote without answers to a checklist
    has the digest that it had before there were checklists.
    """
    answers = {"answers": vote.answers} if vote.answers else {}
    return sha256_hex(
        canonical(
            {
                **answers,
                "review": str(vote.public_id),
                "request": str(vote.request.public_id),
                "reviewer": vote.reviewer.ref,
                "role": vote.role,
                "decision": str(vote.decision),
                "revision": vote.revision,
                "content": vote.content_digest,
                "base": vote.base_digest,
                "provenance": vote.provenance_digest,
                "policy": str(vote.policy_version.public_id) if vote.policy_version else None,
                "scan": vote.scan_digest,
                "risk_level": vote.risk_level,
                "risk_score": vote.risk_score,
                "eligibility": vote.eligibility,
                "meaning": vote.meaning,
                "auth_method": vote.auth_method,
                "auth_at": vote.auth_at.astimezone(UTC).isoformat(),
                "comment": vote.comment_id,
                "copied_from": vote.copied_from_id,
                "at": vote.created_at.astimezone(UTC).isoformat(),
            }
        )
    )
