"""Approvals of an earlier revision: kept as new rows for the one that was just scanned, or not.

An approval is asked about once, when the next revision after it is sent on to people; what was
dismissed then stays dismissed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals import diffing
from approvals.models import ApprovalRequest, Review, Revision
from approvals.policies import Facts, Person, why_not_kept
from approvals.policies.signoffs import latest_votes
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.votes import digest_of
from registry.models import Version

State = ApprovalRequest.State


@dataclass(frozen=True)
class Weighed:
    """Of which kind the step is from each approval's revision to the one named here."""

    revision: int = 0
    kinds: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Carried:
    """What became of the approvals: new rows, and codes of why others no longer count."""

    kept: tuple[Review, ...] = ()
    dismissed: tuple[tuple[Review, str], ...] = ()

    @property
    def told(self) -> dict[str, Any]:
        """What the event says of them; nothing where there was nothing to ask about."""
        kept = {str(vote.public_id): vote.digest for vote in self.kept}
        dismissed = {str(vote.public_id): code for vote, code in self.dismissed}
        found = {"carried": kept, "dismissed": dismissed}
        return {name: value for name, value in found.items() if value}


def weigh(request_id: int) -> Weighed:
    """Hold the revisions together before anything is locked: that may take seconds."""
    request = ApprovalRequest.objects.with_parts().filter(pk=request_id).first()
    if request is None or request.state != State.SCANNING or request.scan_id is None:
        return Weighed()
    known: dict[tuple[int, str], str] = {}
    kinds: dict[int, str] = {}
    for vote in _pending(request):
        step = (vote.revision, vote.base_digest)
        if step not in known:
            known[step] = _kind(request, vote)
        kinds[vote.pk] = known[step]
    return Weighed(request.revision, kinds)


def carry(request: ApprovalRequest, facts: Facts, weighed: Weighed, at: datetime) -> Carried:
    """Write the approvals that are kept; the caller holds the lock, judges anew and records."""
    if request.revision != weighed.revision or not weighed.kinds:
        return Carried()
    reviewers = {person.id: person for person in facts.reviewers}
    rows = Review.objects.in_bulk(list(weighed.kinds))
    kept: list[Review] = []
    dismissed: list[tuple[Review, str]] = []
    for vote in latest_votes(facts):
        if vote.id not in weighed.kinds:
            continue
        row = rows[vote.id]
        why = why_not_kept(facts, vote, weighed.kinds[vote.id])
        if why:
            dismissed.append((row, why))
        else:
            kept.append(_copy(request, facts, row, reviewers[vote.person_id], at))
    return Carried(tuple(kept), tuple(dismissed))


def tell(request: ApprovalRequest, carried: Carried, at: datetime) -> None:
    """Owe each voter a mail that says whether the approval still counts."""
    subject = (common.REQUEST, request.public_id)
    for vote in carried.kept:
        mail.owe("approval_kept", [vote.reviewer_id], subject, at=at)
    for vote, why in carried.dismissed:
        mail.owe("approval_dismissed", [vote.reviewer_id], subject, at=at, why=why)


def _pending(request: ApprovalRequest) -> list[Review]:
    """Newest votes of people that approve an earlier revision and were not asked about since."""
    newest: dict[int, Review] = {}
    for vote in Review.objects.filter(request=request).order_by("pk"):
        newest[vote.reviewer_id] = vote
    approvals = [
        vote
        for vote in newest.values()
        if vote.decision == Review.Decision.APPROVE and vote.revision < request.revision
    ]
    if not approvals:
        return []
    sent_on = request.history.filter(state__in=[State.REVIEW, State.APPROVED])
    last = max(sent_on.values_list("revision", flat=True), default=0)
    return [vote for vote in approvals if vote.revision >= last]


def _kind(request: ApprovalRequest, vote: Review) -> str:
    """Of which kind the step is; WORDING, so never kept, where a text is gone or unknown."""
    rows = Revision.objects.filter(request=request, number=vote.revision)
    was = rows.select_related("version", "rationale").first()
    now = request.version
    if was is None or now is None or was.version.is_erased or now.is_erased:
        return "WORDING"
    old = was.version
    seen = (vote.content_digest, vote.provenance_digest)
    old_base, known = _base(request, vote.base_digest)
    new_base = request.base_version
    if seen != (old.content_digest, old.provenance_digest) or not known:
        return "WORDING"
    if new_base is not None and new_base.is_erased:
        return "WORDING"
    described_anew = (
        old.provenance_digest != now.provenance_digest
        or was.rationale.value != request.rationale.value
    )
    return diffing.revision_kind(
        old_base.body if old_base else None,
        old.body,
        new_base.body if new_base else None,
        now.body,
        described_anew=described_anew,
        another_model=old.provenance.get("model_revision") != now.provenance.get("model_revision"),
    )


def _base(request: ApprovalRequest, digest: str) -> tuple[Version | None, bool]:
    """The content that a voter saw the change against, and whether it still is there."""
    if not digest:
        return None, True
    rows = Version.objects.filter(prompt=request.prompt, content_digest=digest)
    found = rows.exclude(document=None).first()
    return found, found is not None


def _copy(
    request: ApprovalRequest, facts: Facts, vote: Review, person: Person, at: datetime
) -> Review:
    """The same approval on this revision; its risk stays the one that the voter saw."""
    copy = Review(
        request=request,
        reviewer_id=vote.reviewer_id,
        role=vote.role,
        decision=vote.decision,
        revision=facts.revision,
        content_digest=facts.content_digest,
        base_digest=facts.base_digest,
        provenance_digest=facts.provenance_digest,
        policy_version=request.policy,
        scan_digest=facts.scan.digest if facts.scan else "",
        risk_level=vote.risk_level,
        risk_score=vote.risk_score,
        eligibility={
            "role": vote.role,
            "roles": sorted(person.roles),
            "permission": person.via,
        },
        meaning=vote.meaning,
        auth_method=vote.auth_method,
        auth_at=vote.auth_at,
        answers=vote.answers,
        comment_id=vote.comment_id,
        copied_from_id=vote.copied_from_id or vote.pk,
        created_at=at,
    )
    copy.digest = digest_of(copy)
    copy.save(force_insert=True)
    return copy
