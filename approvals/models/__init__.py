"""How a version earns its release. One module per noun; import from here."""

from approvals.models.aftermath import AfterReview, Campaign, Erasure, Hold
from approvals.models.checks import Check
from approvals.models.exceptions import PolicyException
from approvals.models.idempotency import IdempotencyKey
from approvals.models.policies import Policy, PolicyVersion
from approvals.models.requests import (
    ApprovalRequest,
    Contributor,
    Hand,
    PolicyChange,
    Revision,
    Verdict,
)
from approvals.models.reviews import Lift, Review
from approvals.models.scans import Finding, RiskScan
from approvals.models.sets import ChangeSet
from approvals.models.shadow import ShadowVerdict
from approvals.models.threads import Remark, Thread
from approvals.models.unprotecting import UnprotectRequest

__all__ = [
    "AfterReview",
    "ApprovalRequest",
    "Campaign",
    "ChangeSet",
    "Check",
    "Contributor",
    "Erasure",
    "Finding",
    "Hand",
    "Hold",
    "IdempotencyKey",
    "Lift",
    "Policy",
    "PolicyChange",
    "PolicyException",
    "PolicyVersion",
    "Remark",
    "Review",
    "Revision",
    "RiskScan",
    "ShadowVerdict",
    "Thread",
    "UnprotectRequest",
    "Verdict",
]
