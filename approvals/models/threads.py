"""What people say about a line of a change, and questions that wait for its author."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from typing_extensions import override

from approvals.models.requests import ApprovalRequest
from audit.models import AuditBlob
from registry.models import User, Version


class Thread(models.Model):
    """A conversation on one line of one version, or on the whole change (`line` 0).

    `path` names the section as in `registry.documents.sections`, `line` counts from 1 on its new
    side. Later revisions are followed by matching lines, which is derived and never stored.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="threads")
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    path = models.CharField(max_length=60, blank=True)
    line = models.PositiveIntegerField(default=0)
    question = models.BooleanField(default=False)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["request_id", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(resolved_at__isnull=True, resolved_by__isnull=True)
                | models.Q(resolved_at__isnull=False, resolved_by__isnull=False),
                name="thread_resolved_by_somebody",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{'question' if self.question else 'thread'} {self.pk}"


class Remark(models.Model):
    """One text in a thread; a suggestion also says what the line should read instead."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    thread = models.ForeignKey(Thread, models.PROTECT, related_name="remarks")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    text = models.ForeignKey(AuditBlob, models.PROTECT, null=True, related_name="+")
    suggestion = models.ForeignKey(AuditBlob, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["thread_id", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(text__isnull=False) | models.Q(suggestion__isnull=False),
                name="remark_says_something",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"remark {self.pk}"
