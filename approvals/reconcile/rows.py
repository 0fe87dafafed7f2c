"""What the rows of this floor say, under the names that the events give to the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, Prefetch, QuerySet

from approvals.models import (
    AfterReview,
    ApprovalRequest,
    Campaign,
    ChangeSet,
    Check,
    Contributor,
    Erasure,
    Hold,
    Lift,
    Policy,
    PolicyException,
    PolicyVersion,
    Remark,
    Review,
    Revision,
    RiskScan,
    ShadowVerdict,
    Thread,
)
from approvals.scans import stored_digest
from approvals.services._common import state_of
from approvals.services._shadow import told_verdict
from approvals.services.campaigning import told as told_campaign
from approvals.services.excepting import told as told_exception
from approvals.votes import digest_of
from audit.canonical import canonical, sha256_hex
from audit.payload import time_text
from registry.models import Recall, User

#: key and facts of each row
Rows = Iterator[tuple[str, dict[str, Any]]]

_CHUNK = 200
#: what stands in the place of a digest that is not that of its own row
_ALTERED = "altered"


def _requests(using: str) -> Rows:
    contributors = Prefetch("contributors", Contributor.objects.select_related("account"))
    parts = (
        "author",
        "prompt",
        "label",
        "version",
        "base_version",
        "policy",
        "scan",
        "planned_by",
        "proposed_policy",
    )
    for row in _all(ApprovalRequest, using, *parts, prefetch=(contributors,)):
        hands = [(h.role, h.account.public_id, h.revision) for h in row.contributors.all()]
        yield str(row.public_id), state_of(row, hands=hands)


def _change_sets(using: str) -> Rows:
    for row in _all(ChangeSet, using, "label", "author"):
        yield (
            str(row.public_id),
            {
                "label": str(row.label.public_id),
                "author": str(row.author.public_id),
                "rationale": row.rationale_id,
                "whole": row.whole,
                "at": time_text(row.created_at),
            },
        )


def _revisions(using: str) -> Rows:
    for row in _all(Revision, using, "request", "version", "author"):
        yield (
            f"{row.request.public_id}:{row.number}",
            {
                "version": str(row.version.public_id),
                "author": str(row.author.public_id),
                "rationale": row.rationale_id,
                "at": time_text(row.created_at),
            },
        )


def _votes(using: str) -> Rows:
    for vote in _all(Review, using, "request", "reviewer", "policy_version"):
        yield str(vote.public_id), {"digest": _own(digest_of, vote, vote.digest)}


def _scans(using: str) -> Rows:
    for scan in _all(RiskScan, using, prefetch=("findings",)):
        yield (
            str(scan.public_id),
            {
                "content": scan.content_digest,
                "template_format": scan.template_format,
                "ruleset": scan.ruleset,
                "digest": _own(stored_digest, scan, scan.digest),
            },
        )


def _policies(using: str) -> Rows:
    for policy in _all(Policy, using, "current"):
        yield (
            str(policy.public_id),
            {
                "current": str(policy.current.public_id) if policy.current else None,
                "position": policy.position,
                "name": sha256_hex(policy.name),
            },
        )


def _policy_versions(using: str) -> Rows:
    for row in _all(PolicyVersion, using, "policy", "made_by"):
        yield (
            str(row.public_id),
            {
                "policy": str(row.policy.public_id),
                "number": row.number,
                "digest": _own(_document_digest, row, row.digest),
                "made_by": str(row.made_by.public_id) if row.made_by else None,
                "at": time_text(row.created_at),
            },
        )


def _holds(using: str) -> Rows:
    for hold in _all(Hold, using, "prompt", "label", "release", "opened_by", "lifted_by"):
        ended = _ended(hold.lifted_by, hold.lifted_at, hold.lift_reason_id)
        yield str(hold.public_id), {**_opened(hold), **ended}


def _after_reviews(using: str) -> Rows:
    for row in _all(
        AfterReview, using, "prompt", "label", "release", "opened_by", "closed_by", "campaign"
    ):
        asked = {
            "shortfalls": _digest(_shortfalls_digest, row),
            "due_at": time_text(row.due_at),
            "campaign": str(row.campaign.public_id) if row.campaign else None,
        }
        ended = _ended(row.closed_by, row.closed_at, row.comment_id)
        yield str(row.public_id), {**_opened(row), **asked, **ended}


def _campaigns(using: str) -> Rows:
    for row in _all(Campaign, using, "opened_by"):
        facts = told_campaign(row)
        yield facts.pop("id"), facts


def _erasures(using: str) -> Rows:
    for row in _all(Erasure, using, "version", "asked_by", "done_by"):
        yield (
            str(row.public_id),
            {
                "version": str(row.version.public_id),
                "reason": row.reason_id,
                "asked_by": row.asked_by.ref,
                "asked_at": time_text(row.asked_at),
                "done_by": row.done_by.ref if row.done_by else None,
                "done_at": time_text(row.done_at) if row.done_at else None,
            },
        )


def _recalls(using: str) -> Rows:
    for row in _all(Recall, using, "version", "account"):
        yield (
            str(row.public_id),
            {
                "version": str(row.version.public_id),
                "account": row.account.ref,
                "reason": row.reason_id,
                "at": time_text(row.at),
            },
        )


def _threads(using: str) -> Rows:
    for row in _all(Thread, using, "request", "version", "opened_by", "resolved_by"):
        yield (
            str(row.public_id),
            {
                "request": str(row.request.public_id),
                "version": str(row.version.public_id),
                "path": row.path,
                "line": row.line,
                "question": row.question,
                "opened_by": row.opened_by.ref,
                "opened_at": time_text(row.opened_at),
                "answered_at": time_text(row.answered_at) if row.answered_at else None,
                "resolved_by": row.resolved_by.ref if row.resolved_by else None,
                "resolved_at": time_text(row.resolved_at) if row.resolved_at else None,
            },
        )


def _remarks(using: str) -> Rows:
    for row in _all(Remark, using, "thread", "author"):
        yield (
            str(row.public_id),
            {
                "thread": str(row.thread.public_id),
                "author": row.author.ref,
                "text": row.text_id,
                "suggestion": row.suggestion_id,
                "at": time_text(row.created_at),
            },
        )


def _lifts(using: str) -> Rows:
    for row in _all(Lift, using, "review", "account"):
        yield (
            str(row.public_id),
            {
                "vote": str(row.review.public_id),
                "account": row.account.ref,
                "reason": row.reason_id,
                "at": time_text(row.at),
            },
        )


def _checks(using: str) -> Rows:
    for row in _all(Check, using, "prompt", "posted_by"):
        yield (
            str(row.public_id),
            {
                "prompt": str(row.prompt.public_id),
                "content": row.content_digest,
                "name": row.name,
                # The user name of whoever posted it, which the ledger does not hold.
                "source": sha256_hex(row.source),
                "status": row.status,
                "metrics": _digest(_metrics_digest, row),
                "link": sha256_hex(row.link),
                "posted_by": row.posted_by.ref,
                "at": time_text(row.at),
            },
        )


def _shadow_verdicts(using: str) -> Rows:
    for row in _all(ShadowVerdict, using, "request", "policy_version", "proposal"):
        yield (
            str(row.public_id),
            {
                "request": str(row.request.public_id),
                "revision": row.revision,
                "at": time_text(row.at),
                **told_verdict(row),
            },
        )


def _exceptions(using: str) -> Rows:
    parts = ("prompt", "label", "version", "owner", "made_by", "ended_by")
    for row in _all(PolicyException, using, *parts):
        facts = told_exception(row)
        ended = {
            "ended_by": row.ended_by.ref if row.ended_by else None,
            "ended_at": time_text(row.ended_at) if row.ended_at else None,
        }
        yield facts.pop("id"), {**facts, **ended}


#: noun (in a problem's code, `approvals.<noun>`) to the rows of that kind
ROWS: dict[str, Callable[[str], Rows]] = {
    "request": _requests,
    "change_set": _change_sets,
    "revision": _revisions,
    "vote": _votes,
    "scan": _scans,
    "policy": _policies,
    "policy_version": _policy_versions,
    "hold": _holds,
    "after_review": _after_reviews,
    "erasure": _erasures,
    "recall": _recalls,
    "thread": _threads,
    "remark": _remarks,
    "lift": _lifts,
    "check": _checks,
    "shadow_verdict": _shadow_verdicts,
    "exception": _exceptions,
    "campaign": _campaigns,
}


def _all(
    model: type[Model], using: str, *parts: str, prefetch: tuple[str | Prefetch[Any], ...] = ()
) -> Iterator[Any]:
    rows: QuerySet[Any] = model._default_manager.using(using).order_by("pk")
    if parts:
        rows = rows.select_related(*parts)
    return rows.prefetch_related(*prefetch).iterator(chunk_size=_CHUNK)


def _own(compute: Callable[[Any], str], row: Model, stored: str) -> str:
    return stored if _digest(compute, row) == stored else _ALTERED


def _digest(compute: Callable[[Any], str], row: Model) -> str:
    try:
        return compute(row)
    except (TypeError, ValueError):  # JSON of another shape than any verb writes
        return _ALTERED


def _document_digest(row: PolicyVersion) -> str:
    return sha256_hex(row.document)


def _shortfalls_digest(row: AfterReview) -> str:
    return sha256_hex(canonical(row.shortfalls))


def _metrics_digest(row: Check) -> str:
    return sha256_hex(canonical(row.metrics))


def _opened(row: Hold | AfterReview) -> dict[str, Any]:
    return {
        "prompt": str(row.prompt.public_id),
        "label": str(row.label.public_id),
        "release": str(row.release.public_id),
        "opened_by": row.opened_by.ref,
        "opened_at": time_text(row.opened_at),
    }


def _ended(by: User | None, at: datetime | None, text: str | None) -> dict[str, Any]:
    return {
        "ended_by": by.ref if by else None,
        "ended_at": time_text(at) if at else None,
        "text": text,
    }
