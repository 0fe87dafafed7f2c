"""Policies and their immutable versions."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from simple_history.models import HistoricalRecords
from typing_extensions import override

from registry.models import User


class Policy(models.Model):
    """A named set of rules; policies are asked in the order of `position`, first match wins."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=60, unique=True)
    position = models.PositiveSmallIntegerField(unique=True)
    current = models.ForeignKey(
        "approvals.PolicyVersion", models.PROTECT, null=True, related_name="+"
    )

    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["position"]
        verbose_name_plural = "policies"

    @override
    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One immutable text of a policy: canonical JSON, read by `approvals.policies.document`."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.TextField()
    digest = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["policy_id", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.policy} {self.number}"
