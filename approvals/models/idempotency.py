"""Keys that make a repeated post do its work once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override


class IdempotencyKey(models.Model):
    """One accepted post: who, which key, which verb on what; written in its transaction."""

    actor = models.CharField(max_length=60)
    key = models.CharField(max_length=100)
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=100)
    result = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["actor", "key"], name="idempotency_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.verb} {self.key}"
