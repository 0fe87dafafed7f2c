"""Labels, what they serve for each prompt, and the appended record of every move."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from simple_history.models import HistoricalRecords
from typing_extensions import override

from audit.models import AuditBlob
from registry.models.people import User
from registry.models.prompts import Prompt, Version
from registry.querysets import ReleaseQuerySet


class Label(models.Model):
    """A registry-wide name for an environment.

    Whoever governs sets `protected`; it goes only with the row that counts it in `unprotections`.
    While `asked_by` is set, that governance owner asks that the label promotes from `asked_from`,
    or from none, and waits for a second one to say the same.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.SlugField(max_length=36, unique=True)
    protected = models.BooleanField(default=False)
    unprotections = models.PositiveIntegerField(default=0)
    order = models.PositiveSmallIntegerField(default=0)
    promotes_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True)
    asked_from = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")

    history = HistoricalRecords()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["order", "name"]

    @override
    def __str__(self) -> str:
        return self.name


class Unprotection(models.Model):
    """One appended row each time that a label stops being protected; the label follows from it.

    `cause` as in `Release`: a dotted word and a UUID of what asked for it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    label = models.ForeignKey(Label, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    cause_type = models.CharField(max_length=60)
    cause_id = models.UUIDField()
    account = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["label_id", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["label", "number"], name="unprotection_number_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"un-protection {self.number} of {self.label}"


class LabelPointer(models.Model):
    """Which version a label serves for one prompt; follows from the newest Release row."""

    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="pointers")
    label = models.ForeignKey(Label, models.PROTECT, related_name="pointers")
    version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+")
    generation = models.PositiveIntegerField(default=0)
    suspended = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["prompt", "label"], name="pointer_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.prompt} {self.label}: {self.version or 'nothing'}"


class Release(models.Model):
    """One appended row per move of a pointer; the pointer follows from it, never the reverse.

    `cause` is a dotted word and a UUID of what asked for the move (a request, a person's
    direct step); it is no foreign key because this floor does not know those upstairs.
    """

    class Kind(models.TextChoices):
        RELEASE = "release", "Release"
        PLACED = "placed", "Placed"
        ROLLBACK = "rollback", "Rollback"
        EMERGENCY = "emergency", "Emergency release"
        SUSPEND = "suspend", "Suspended"
        RESUME = "resume", "Resumed"

    SERVABLE: ClassVar[tuple[str, ...]] = (Kind.RELEASE, Kind.ROLLBACK, Kind.EMERGENCY)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="releases")
    label = models.ForeignKey(Label, models.PROTECT, related_name="releases")
    version = models.ForeignKey(Version, models.PROTECT, related_name="releases")
    from_version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+")
    generation = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    cause_type = models.CharField(max_length=60)
    cause_id = models.UUIDField()
    actor = models.CharField(max_length=60)
    account = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.ForeignKey(AuditBlob, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["prompt_id", "label_id", "-generation"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["prompt", "label", "generation"], name="release_generation_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=["release", "placed", "rollback", "emergency", "suspend", "resume"]
                ),
                name="release_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(generation__gte=1), name="release_generation_from_1"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.generation}"


class Recall(models.Model):
    """A version that may be served or released nowhere any more; appended, never undone."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.OneToOneField(Version, models.PROTECT, related_name="recall")
    account = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    @override
    def __str__(self) -> str:
        return f"recall of {self.version}"
