"""Finished risk scans and what they found; rows are only ever appended."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from typing_extensions import override

LEVELS = ("low", "moderate", "high", "critical")


class RiskScan(models.Model):
    """One finished, pure scan of (content digest, template format, rule-set version)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    content_digest = models.CharField(max_length=64)
    template_format = models.CharField(max_length=10)
    ruleset = models.CharField(max_length=60)
    score = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=8)
    breakdown = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    finished_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["content_digest", "template_format", "ruleset"], name="scan_once"
            ),
            models.CheckConstraint(
                condition=models.Q(level__in=list(LEVELS)), name="scan_level_known"
            ),
            models.CheckConstraint(
                condition=models.Q(score__gte=0, score__lte=100), name="scan_score_0_to_100"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.level} {self.score}"


class Finding(models.Model):
    """What a rule found: where, how bad and what to do; never the text itself."""

    scan = models.ForeignKey(RiskScan, models.PROTECT, related_name="findings")
    position = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=12)
    rule = models.CharField(max_length=60)
    severity = models.CharField(max_length=8)
    confidence = models.PositiveSmallIntegerField()
    path = models.CharField(max_length=60)
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    explanation = models.CharField(max_length=300)
    remedy = models.CharField(max_length=300)

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["scan_id", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scan", "position"], name="finding_once"),
            models.CheckConstraint(
                condition=models.Q(severity__in=list(LEVELS)), name="finding_severity_known"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.rule} ({self.severity})"
