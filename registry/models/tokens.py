"""Tokens of applications and CI: they act as a service account, within scopes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from typing_extensions import override

from registry.models.people import User


class ServiceToken(models.Model):
    """A hashed secret with scopes; `labels` and `names` are globs it may touch."""

    SCOPES: ClassVar[tuple[str, ...]] = (
        *("read", "preview", "place"),
        *("propose", "release", "check"),
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    account = models.ForeignKey(User, models.PROTECT, related_name="tokens")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    labels = models.JSONField(default=list)
    names = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-created_at"]

    @override
    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def ref(self) -> str:
        return f"token:{self.public_id}"

    def is_live(self, at: datetime) -> bool:
        """True while neither revoked nor expired and its account is active."""
        return (
            self.revoked_at is None
            and (self.expires_at is None or at < self.expires_at)
            and self.account.is_active
        )
