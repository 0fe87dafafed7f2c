"""Dated exceptions: what is live, is not what today's policies ask for, and is known to be so."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from typing_extensions import override

from audit.models import AuditBlob
from registry.models import Label, Prompt, User, Version


class ExceptionQuerySet(models.QuerySet["PolicyException"]):
    def in_force(self, at: datetime) -> ExceptionQuerySet:
        """Those that nobody ended and whose time is not over."""
        return self.filter(ended_at=None, until__gt=at)


class PolicyException(models.Model):
    """That one live version may stay until a time; it opens no gate for any other version."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="exceptions")
    label = models.ForeignKey(Label, models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    #: who answers for it until then
    owner = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    until = models.DateTimeField()
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = ExceptionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-made_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("made_at")), name="exception_ends_later"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_by__isnull=True, ended_at__isnull=True)
                | models.Q(ended_by__isnull=False, ended_at__isnull=False),
                name="exception_ended_by_somebody",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"exception for {self.prompt}"
