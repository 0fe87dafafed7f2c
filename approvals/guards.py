"""The guards of this floor: what was decided is appended and never changed."""

from __future__ import annotations

from audit.guards import AppendOnly, FrozenWhen, NoDelete, Refuse, Spec
from registry.guards import frozen

_OPENED = ("id", "public_id", "prompt_id", "label_id", "release_id", "opened_by_id", "opened_at")

SPECS: tuple[Spec, ...] = (
    AppendOnly("approvals_changeset"),
    AppendOnly("approvals_policyversion"),
    AppendOnly("approvals_review"),
    AppendOnly("approvals_lift"),
    AppendOnly("approvals_revision"),
    AppendOnly("approvals_remark"),
    AppendOnly("approvals_check"),
    AppendOnly("approvals_contributor"),
    AppendOnly("approvals_riskscan"),
    AppendOnly("approvals_finding"),
    AppendOnly("approvals_shadowverdict"),
    AppendOnly("approvals_idempotencykey"),
    AppendOnly("approvals_historicalpolicy"),
    AppendOnly("approvals_historicalapprovalrequest"),
    NoDelete("approvals_approvalrequest"),
    NoDelete("approvals_policy"),
    frozen("approvals_policy", "id", "public_id", "name"),
    NoDelete("approvals_thread"),
    frozen(
        "approvals_thread",
        *("id", "public_id", "request_id", "version_id", "path", "line", "question"),
        *("opened_by_id", "opened_at"),
    ),
    FrozenWhen("approvals_hold", "OLD.lifted_at IS NOT NULL"),
    frozen("approvals_hold", *_OPENED),
    FrozenWhen("approvals_afterreview", "OLD.closed_at IS NOT NULL"),
    frozen("approvals_afterreview", *_OPENED, "shortfalls", "due_at", "campaign_id"),
    AppendOnly("approvals_campaign"),
    FrozenWhen("approvals_policyexception", "OLD.ended_at IS NOT NULL"),
    frozen(
        "approvals_policyexception",
        *("id", "public_id", "prompt_id", "label_id", "version_id", "owner_id", "reason_id"),
        *("until", "made_by_id", "made_at"),
    ),
    FrozenWhen("approvals_erasure", "OLD.done_at IS NOT NULL"),
    frozen(
        "approvals_erasure",
        *("id", "public_id", "version_id", "ticket", "reason_id", "asked_by_id", "asked_at"),
    ),
    Refuse(
        name="subject",
        table="approvals_approvalrequest",
        event="update",
        when="OLD.public_id IS DISTINCT FROM NEW.public_id "
        "OR OLD.prompt_id IS DISTINCT FROM NEW.prompt_id "
        "OR OLD.label_id IS DISTINCT FROM NEW.label_id "
        "OR OLD.author_id IS DISTINCT FROM NEW.author_id "
        "OR OLD.change_set IS DISTINCT FROM NEW.change_set "
        "OR OLD.kind IS DISTINCT FROM NEW.kind "
        "OR OLD.proposed_policy_id IS DISTINCT FROM NEW.proposed_policy_id "
        "OR OLD.proposed_position IS DISTINCT FROM NEW.proposed_position",
        message="a request keeps its subject, author and change set",
    ),
    Refuse(
        name="ended",
        table="approvals_approvalrequest",
        event="update",
        when="OLD.state IN ('released', 'rejected', 'withdrawn') "
        "AND OLD.state IS DISTINCT FROM NEW.state",
        message="a request that ended stays as it ended",
    ),
)
