"""A change set: one reason for the changes of many prompts, each of them a request of its own."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from typing_extensions import override

from audit.models import AuditBlob
from registry.models import Label, User


class ChangeSet(models.Model):
    """What was proposed together; appended. Each member has its own scan, votes and state.

    A `whole` set is released with all its members at once; any other in waves, as they get ready.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    label = models.ForeignKey(Label, models.PROTECT, related_name="+")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    rationale = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    whole = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-pk"]

    @override
    def __str__(self) -> str:
        return f"change set {self.pk}"
