"""Mail that is owed: a row per person and occasion, written in the deciding transaction."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from typing_extensions import override

from registry.models.people import User


class OutboxMail(models.Model):
    """One mail to one person, rendered by `kind` when it is sent; no text is stored here.

    `subject_type` and `subject_id` name what it is about; `data` holds codes, numbers and UUIDs
    only, never a name.
    """

    #: kinds that also reach a person whose account is closed: it is what they speak of
    TO_CLOSED: ClassVar[frozenset[str]] = frozenset({"account_deactivated"})

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)
    recipient = models.ForeignKey(User, models.PROTECT, related_name="+")
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(sent_at__isnull=True, given_up_at__isnull=True),
                name="outbox_due",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"
