"""Test evidence posted from outside; rows are only ever appended, the newest of a name counts."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from typing_extensions import override

from registry.models import Prompt, User


class Check(models.Model):
    """One result of one named check, for exactly one content of one prompt.

    `metrics` are decimal numbers as text by name; `link` leads to the report.
    """

    class Status(models.TextChoices):
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"
        ERROR = "error", "Could not run"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="checks")
    content_digest = models.CharField(max_length=64)
    name = models.CharField(max_length=40)
    source = models.CharField(max_length=80)
    status = models.CharField(max_length=6, choices=Status.choices)
    metrics = models.JSONField(default=dict)
    link = models.CharField(max_length=300, blank=True)
    posted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["content_digest", "prompt"])]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=["passed", "failed", "error"]),
                name="check_status_known",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.name} {self.status}"
