"""Namespaces, prompts and their immutable versions, with the per-object grant tables."""

from __future__ import annotations

import json
import uuid
from functools import cached_property
from typing import Any, ClassVar

from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from simple_history.models import HistoricalRecords
from typing_extensions import override

from registry.models.people import Team, User
from registry.querysets import PromptQuerySet, VersionQuerySet

DIGEST_LENGTH = 64


class Namespace(models.Model):
    """The first segment of a prompt's name, with the grants that a new prompt copies.

    `grant_template` is a list of `{"group": name, "permissions": ["review", ...]}`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=255, unique=True, editable=False)
    owner_team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True)
    grant_template = models.JSONField(default=list, blank=True)

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [("create_namespace_prompt", "Can create prompts in it")]
        ordering: ClassVar = ["name_key"]

    @override
    def __str__(self) -> str:
        return self.name


class Prompt(models.Model):
    """A named template; what it says lives in its versions, what is live in its pointers."""

    class Type(models.TextChoices):
        TEXT = "text", "Text"
        CHAT = "chat", "Chat"

    class DataClass(models.TextChoices):
        PUBLIC = "public", "Public"
        INTERNAL = "internal", "Internal"
        CUSTOMER = "customer", "Customer"
        EDUCATION = "education", "Education"
        HEALTH = "health", "Health"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        ARCHIVED = "archived", "Archived"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    namespace = models.ForeignKey(Namespace, models.PROTECT, related_name="prompts")
    name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=255, unique=True, editable=False)
    type = models.CharField(max_length=4, choices=Type.choices, default=Type.TEXT)
    owner = models.ForeignKey(User, models.PROTECT, related_name="owned_prompts")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True)
    data_class = models.CharField(
        max_length=10, choices=DataClass.choices, default=DataClass.INTERNAL
    )
    tags = models.JSONField(default=list, blank=True)
    description = models.TextField(blank=True)
    confidential = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    # Free text lives in one erasable place, so never in a history row.
    history = HistoricalRecords(excluded_fields=["description"])

    objects = PromptQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [
            ("view_prompt", "Can see it when it is confidential"),
            ("propose_prompt", "Can propose changes"),
            ("review_prompt", "Can sign off in a role they hold"),
            ("release_prompt", "Can release and roll back"),
            ("respond_prompt", "Can suspend and roll back at any hour"),
            ("manage_prompt", "Can change its details and grants"),
        ]
        ordering: ClassVar = ["name_key"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(name=""), name="prompt_has_name"),
            models.CheckConstraint(
                condition=models.Q(type__in=["text", "chat"]), name="prompt_type_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "archived"]), name="prompt_status_known"
            ),
        ]

    @override
    def __str__(self) -> str:
        return self.name


class PromptUserObjectPermission(UserObjectPermissionBase):
    """One permission of one person on one prompt."""

    content_object = models.ForeignKey(Prompt, models.PROTECT)


class PromptGroupObjectPermission(GroupObjectPermissionBase):
    """One permission of one role group on one prompt."""

    content_object = models.ForeignKey(Prompt, models.PROTECT)


class NamespaceUserObjectPermission(UserObjectPermissionBase):
    """One permission of one person on one namespace."""

    content_object = models.ForeignKey(Namespace, models.PROTECT)


class NamespaceGroupObjectPermission(GroupObjectPermissionBase):
    """One permission of one role group on one namespace."""

    content_object = models.ForeignKey(Namespace, models.PROTECT)


class Version(models.Model):
    """One immutable content of a prompt.

    `document` is its RFC 8785 text and `content_digest` the SHA-256 of that text; the
    database refuses every change but one: `document` to NULL together with `erased_at`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    prompt = models.ForeignKey(Prompt, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.TextField(null=True)  # noqa: DJ001  # NULL is "erased", "" cannot be
    content_digest = models.CharField(max_length=DIGEST_LENGTH)
    interface_digest = models.CharField(max_length=DIGEST_LENGTH)
    settings_digest = models.CharField(max_length=DIGEST_LENGTH)
    template_format = models.CharField(max_length=10)
    provenance = models.JSONField(default=dict)
    provenance_digest = models.CharField(max_length=DIGEST_LENGTH)
    imported = models.BooleanField(default=False)
    author = models.ForeignKey(User, models.PROTECT, related_name="authored_versions")
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    # The document is erasable, so no history row may hold a copy of it.
    history = HistoricalRecords(excluded_fields=["document", "provenance"])

    objects = VersionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["prompt_id", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["prompt", "number"], name="version_number_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="version_number_from_1"),
            models.CheckConstraint(
                condition=models.Q(document__isnull=False, erased_at__isnull=True)
                | models.Q(document__isnull=True, erased_at__isnull=False),
                name="version_erased_or_whole",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["content_digest"])]

    @override
    def __str__(self) -> str:
        return f"v{self.number}"

    @property
    def is_erased(self) -> bool:
        return self.document is None

    @cached_property
    def body(self) -> dict[str, Any]:
        """The parsed document; empty when the content was erased."""
        return json.loads(self.document) if self.document is not None else {}

    @property
    def variables(self) -> list[str]:
        return list(self.body.get("variables", []))
