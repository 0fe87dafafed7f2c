"""What a rollback leaves behind: a hold and a review after the fact; and erasures."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from typing_extensions import override

from audit.models import AuditBlob
from registry.models import Label, Prompt, Release, User, Version


class Hold(models.Model):
    """After a rollback nothing is released to this label of the prompt until it is lifted."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="holds")
    label = models.ForeignKey(Label, models.PROTECT, related_name="+")
    release = models.OneToOneField(Release, models.PROTECT, related_name="hold")
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    lifted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lift_reason = models.ForeignKey(AuditBlob, models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-opened_at"]

    @override
    def __str__(self) -> str:
        return f"hold on {self.prompt}"


class Campaign(models.Model):
    """What is live under other rules is looked at again, a few a day; appended."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reason = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    #: reviews that are due on one day
    a_day = models.PositiveSmallIntegerField()
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-opened_at"]

    @override
    def __str__(self) -> str:
        return f"re-review of {self.opened_at:%Y-%m-%d}"


class AfterReview(models.Model):
    """A review after the fact, for somebody else: what a quick step skipped, or a re-review."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="after_reviews")
    label = models.ForeignKey(Label, models.PROTECT, related_name="+")
    release = models.ForeignKey(Release, models.PROTECT, related_name="after_reviews")
    #: none where the step itself skipped something
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="reviews")
    shortfalls = models.JSONField(default=list)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    comment = models.ForeignKey(AuditBlob, models.PROTECT, null=True, related_name="+")

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["due_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(closed_by__isnull=True)
                | ~models.Q(closed_by=models.F("opened_by")),
                name="after_review_by_another",
            ),
            models.UniqueConstraint(
                fields=["release"],
                condition=models.Q(closed_at__isnull=True),
                name="after_review_open_once",
            ),
            models.UniqueConstraint(
                fields=["release"],
                condition=models.Q(campaign__isnull=True),
                name="after_review_of_a_step_once",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"review after the fact of {self.prompt}"


class Erasure(models.Model):
    """A wish to erase one version's content, carried out by a second person."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(Version, models.PROTECT, related_name="erasures")
    ticket = models.CharField(max_length=60)
    reason = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    done_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(done_by__isnull=True) | ~models.Q(done_by=models.F("asked_by")),
                name="erasure_by_another",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"erasure of {self.version}"
