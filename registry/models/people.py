"""People, service accounts, teams and who belongs to which role group."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models.functions import Lower
from guardian.mixins import GuardianUserMixin
from simple_history import register
from simple_history.models import HistoricalRecords
from typing_extensions import override

# Role groups are Django's own; their history lives here because this floor makes them.
register(Group, app="registry", table_name="registry_historicalgroup")


class Team(models.Model):
    """A team that owns namespaces and prompts."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)

    @override
    def __str__(self) -> str:
        return self.name


class User(AbstractUser, GuardianUserMixin):
    """A person who signs in, or the service account behind a token."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        SERVICE = "service", "Service account"

    first_name = None  # type: ignore[assignment]  # display_name is the one name
    last_name = None  # type: ignore[assignment]
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    display_name = models.CharField(max_length=150)
    email = models.EmailField("e-mail", blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    groups = models.ManyToManyField(  # type: ignore[assignment]  # the through model is ours
        Group,
        through="registry.Membership",
        blank=True,
        related_name="user_set",
        related_query_name="user",
    )

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email", "display_name"]

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~models.Q(email=""),
                name="user_email_unique",
                violation_error_message="Somebody already uses this e-mail address.",
            ),
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_unique_ci",
                violation_error_message="Somebody already uses this user name.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="service") | ~models.Q(email=""),
                name="user_person_has_email",
            ),
        ]

    @override
    def __str__(self) -> str:
        return self.display_name or self.username

    @override
    def get_full_name(self) -> str:
        """The display name; there is no first and last name here."""
        return self.display_name or self.username

    @override
    def get_short_name(self) -> str:
        return self.get_full_name()

    @property
    def ref(self) -> str:
        """This account as an actor of the audit log."""
        return f"user:{self.public_id}"

    @property
    def account(self) -> User:
        return self

    @property
    def is_person(self) -> bool:
        return self.kind == self.Kind.PERSON


class Membership(models.Model):
    """A person is in a role group; joined and left only by the verbs `join` and `leave`."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    group = models.ForeignKey(Group, models.PROTECT, related_name="memberships")
    since = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "group"], name="membership_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.user} in {self.group}"
