"""What a version must have had to be live, by a model that knows nothing of `evaluate`.

It reads rows: votes, roles, permissions, scans, places, holds, and the text of the policies.
"""

from __future__ import annotations

import json

from approvals.models import (
    AfterReview,
    ApprovalRequest,
    Hold,
    Policy,
    PolicyVersion,
    Review,
    RiskScan,
    Thread,
)
from registry import permissions
from registry.models import Membership, Recall, Release

LEVELS = ("low", "moderate", "high", "critical")


def shortfalls(row: Release) -> list[str]:
    """What the version of a move lacks, in the model's own words, right after that move."""
    if row.kind in ("suspend", "resume"):
        return [] if row.version_id == row.from_version_id else ["another version came with it"]
    if Recall.objects.filter(version=row.version).exists() or row.version.is_erased:
        return ["it is recalled or erased"]
    if row.kind == "rollback":
        before = Release.objects.filter(
            prompt=row.prompt, label=row.label, version=row.version, generation__lt=row.generation
        )
        return [] if before.servable().exists() else ["it was never live here"]
    missing = _lacks(row)
    if row.kind == "emergency":
        debt = AfterReview.objects.filter(release=row).first()
        named = bool(debt and debt.shortfalls)
        return [] if named or not missing else [f"nothing says that it lacked {missing}"]
    return missing


def _lacks(row: Release) -> list[str]:
    change = ApprovalRequest.objects.with_parts().get(public_id=row.cause_id)
    if change.version_id != row.version_id:
        return ["another version than the one of its change"]
    missing = []
    if change.base_version_id != row.from_version_id:
        missing.append("it was looked at against something else")
    if change.change_set is not None and change.change_set.whole:
        others = ApprovalRequest.objects.filter(change_set=change.change_set)
        if others.exclude(state="released").exists():
            missing.append("the others of its change set")
    scans = RiskScan.objects.filter(content_digest=row.version.content_digest)
    levels = [scan.level for scan in scans]
    if not levels or "critical" in levels:
        missing.append("no scan below critical")
    staged = Release.objects.filter(version=row.version, label=row.label.promotes_from)
    if row.label.promotes_from and not staged.exists():
        missing.append("never on staging")
    opened = Hold.objects.filter(prompt=row.prompt, label=row.label, lifted_at=None)
    if opened.exists():
        missing.append("a hold")
    standing = _standing(change)
    for vote in standing.values():
        if vote.decision in ("reject", "request_changes") and not hasattr(vote, "lift"):
            missing.append(f"{vote.reviewer} is against it")
    current = Policy.objects.get(name="Regulated").current
    for policy in {change.policy, current}:
        if policy is not None and levels:
            missing += _unsigned(policy, change, standing, levels[-1], row)
    return missing


def _standing(change: ApprovalRequest) -> dict[int, Review]:
    """The last word of each person on a change, without those that were taken back."""
    last = {vote.reviewer_id: vote for vote in Review.objects.filter(request=change).order_by("pk")}
    return {who: vote for who, vote in last.items() if vote.decision != "take_back"}


def _unsigned(
    policy: PolicyVersion,
    change: ApprovalRequest,
    standing: dict[int, Review],
    level: str,
    row: Release,
) -> list[str]:
    document = json.loads(policy.document)
    hands = set(change.contributors.values_list("account", flat=True))
    holders = permissions.holders_many([row.prompt_id], [permissions.REVIEW])
    may = {h.account.pk for h in holders.get((row.prompt_id, permissions.REVIEW), [])}
    missing = []
    for stage in document["stages"]:
        for asked in stage["sign_offs"]:
            rank, above, below = (
                LEVELS.index(level),
                asked.get("from_level"),
                asked.get("below_level"),
            )
            if (above and rank < LEVELS.index(above)) or (below and rank >= LEVELS.index(below)):
                continue
            signed = {
                who
                for who, vote in standing.items()
                if vote.decision == "approve"
                and vote.role in asked["roles"]
                and vote.content_digest == row.version.content_digest
                and who not in hands
                and who in may
                and Membership.objects.filter(
                    user=who, group__name=vote.role, user__is_active=True
                ).exists()
            }
            if len(signed) < asked["quorum"]:
                missing.append(f"{policy} has no {asked['title']}")
    left = Thread.objects.filter(request=change, resolved_at=None)
    if document.get("threads_resolved") and left.exists():
        missing.append("an open thread")
    if document.get("release_manager"):
        presser = row.account_id
        rights = permissions.holders_many([row.prompt_id], [permissions.RELEASE])
        managers = {h.account.pk for h in rights.get((row.prompt_id, permissions.RELEASE), [])}
        if presser not in managers:
            missing.append("no release manager pressed Release")
    return missing
