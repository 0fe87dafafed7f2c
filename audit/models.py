"""The ledger's tables; `audit.ledger` is their only writer."""

import secrets
from typing import ClassVar

from django.db import models
from typing_extensions import override

from audit.appendonly import AppendOnlyModel

NO_LEAF = bytes(32)


def new_origin() -> str:
    """Return a random name for the log of a new installation."""
    return f"countersign.{secrets.token_hex(16)}"


class AuditEvent(AppendOnlyModel):
    """One event of the chain: `payload` is what is hashed, the columns below it only find it."""

    seq = models.BigIntegerField("number", primary_key=True)
    prev = models.BinaryField("fingerprint before", max_length=32, unique=True)
    leaf = models.BinaryField("fingerprint", max_length=32, unique=True)
    payload = models.TextField()

    ts = models.DateTimeField("time", db_index=True)
    actor = models.CharField(max_length=100)
    action = models.CharField(max_length=100)
    subject_type = models.CharField(max_length=100)
    subject_id = models.UUIDField()
    change_id = models.UUIDField(null=True)

    class Meta:
        ordering: ClassVar = ["seq"]
        verbose_name = "event"
        constraints: ClassVar = [
            models.CheckConstraint(name="audit_event_seq_from_zero", condition=models.Q(seq__gte=0))
        ]
        indexes: ClassVar = [
            models.Index(name="audit_event_subject", fields=["subject_type", "subject_id", "seq"]),
            models.Index(name="audit_event_change", fields=["change_id", "seq"]),
            models.Index(name="audit_event_actor", fields=["actor", "seq"]),
            models.Index(name="audit_event_action", fields=["action", "seq"]),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.seq} {self.action}"


class AuditHead(AppendOnlyModel):
    """The one row that says where the chain ends; it is locked while events are appended."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    origin = models.CharField(max_length=128)
    size = models.BigIntegerField(default=0)
    last_leaf = models.BinaryField(max_length=32, default=NO_LEAF)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="audit_head_one_row", condition=models.Q(id=1))
        ]

    @override
    def __str__(self) -> str:
        return f"{self.origin}: {self.size}"


class AuditBlob(AppendOnlyModel):
    """A text that the ledger commits to by digest = SHA-256(salt, text), and that can be erased.

    Erasing takes the salt with the text: with a known salt a short text could be guessed.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    salt = models.BinaryField(max_length=32, null=True)
    value = models.TextField(null=True)  # noqa: DJ001 - NULL is erased, "" is an empty text
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "erasable text"

    @override
    def __str__(self) -> str:
        return self.digest
