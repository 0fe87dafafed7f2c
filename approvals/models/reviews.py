"""Votes. Immutable, and bound to exactly what the voter saw."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from typing_extensions import override

from approvals.models.policies import PolicyVersion
from approvals.models.requests import ApprovalRequest
from audit.models import AuditBlob
from registry.models import User


class Review(models.Model):
    """One vote; a changed mind is a new row. Every column but the comment is in `digest`."""

    class Decision(models.TextChoices):
        APPROVE = "approve", "Approved"
        REQUEST_CHANGES = "request_changes", "Asked for changes"
        REJECT = "reject", "Rejected"
        TAKE_BACK = "take_back", "Took the vote back"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="reviews")
    role = models.CharField(max_length=40)
    decision = models.CharField(max_length=16, choices=Decision.choices)
    revision = models.PositiveIntegerField()
    content_digest = models.CharField(max_length=64)
    base_digest = models.CharField(max_length=64, blank=True)
    provenance_digest = models.CharField(max_length=64)
    policy_version = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+")
    scan_digest = models.CharField(max_length=64)
    risk_level = models.CharField(max_length=8)
    risk_score = models.PositiveSmallIntegerField()
    eligibility = models.JSONField(default=dict)
    meaning = models.CharField(max_length=120)
    auth_method = models.CharField(max_length=30)
    auth_at = models.DateTimeField()
    #: the checklist of the role: key of a question to "yes", "no" or "na"
    answers = models.JSONField(default=dict)
    comment = models.ForeignKey(AuditBlob, models.PROTECT, null=True, related_name="+")
    copied_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["request_id", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    decision__in=["approve", "request_changes", "reject", "take_back"]
                ),
                name="review_decision_known",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.decision} by {self.reviewer}"


class Lift(models.Model):
    """A governance owner lifted somebody's wish for changes; appended, never undone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.OneToOneField(Review, models.PROTECT, related_name="lift")
    account = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    @override
    def __str__(self) -> str:
        return f"lift of {self.review}"
