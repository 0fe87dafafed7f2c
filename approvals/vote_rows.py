"""Votes as they are judged: of each row only the columns that a rule or a sentence reads."""

from __future__ import annotations

from typing import Any

from approvals.models import Review
from approvals.policies import Vote
from audit.compiled import CompiledQuery

#: columns of the vote itself
_OWN = (
    "pk",
    "request_id",
    "reviewer_id",
    "role",
    "decision",
    "revision",
    "content_digest",
    "base_digest",
    "provenance_digest",
    "risk_level",
    "created_at",
    "auth_method",
    "auth_at",
    "answers",
    "copied_from_id",
)
_OF_OTHERS = (
    "reviewer__display_name",
    "reviewer__username",
    "copied_from__created_at",
    "copied_from__revision",
    "lift__account__display_name",
    "lift__account__username",
)

#: the votes on these requests, the oldest first
votes_on = CompiledQuery[dict[str, Any]](
    lambda requests: (
        Review.objects.filter(request__in=requests).order_by("pk").values(*_OWN, *_OF_OTHERS)
    )
)


def row_of(vote: Review) -> dict[str, Any]:
    """The row of a vote that was given just now: nobody kept or lifted it yet."""
    names = {"display_name": vote.reviewer.display_name, "username": vote.reviewer.username}
    return {
        **dict.fromkeys(_OF_OTHERS),
        **{name: getattr(vote, name) for name in _OWN},
        **{f"reviewer__{name}": value for name, value in names.items()},
    }


def vote_facts(row: dict[str, Any]) -> Vote:
    """The facts of a vote from its row."""
    kept = row["copied_from_id"] is not None
    return Vote(
        id=row["pk"],
        person_id=row["reviewer_id"],
        person=row["reviewer__display_name"] or row["reviewer__username"],
        role=row["role"],
        decision=row["decision"],
        revision=row["revision"],
        content_digest=row["content_digest"],
        base_digest=row["base_digest"],
        provenance_digest=row["provenance_digest"],
        risk_level=row["risk_level"],
        # A kept vote is as old as the one that its voter gave: so old is its signature.
        at=row["copied_from__created_at"] if kept else row["created_at"],
        auth_method=row["auth_method"],
        auth_at=row["auth_at"],
        answers=row["answers"],
        copied=kept,
        kept_from=row["copied_from__revision"] if kept else 0,
        lifted_by=row["lift__account__display_name"] or row["lift__account__username"] or "",
    )
