"""People and service accounts: who they are, which roles they hold, what they may enter."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from typing_extensions import override

from registry.admin import person_steps
from registry.admin.fields import table
from registry.admin.looking import LookAdmin
from registry.models import Membership, User


@admin.register(User)
class PersonAdmin(LookAdmin):
    """People and service accounts; their password is never shown, nor can it be guessed at."""

    one, many = "person", "people"
    words = (
        "Everybody who signs in, and the service accounts that tokens act as. Nobody is ever "
        "deleted: an account that is no longer needed is deactivated."
    )
    makers = person_steps.MAKERS
    steps = person_steps.STEPS

    list_display: ClassVar[list[str]] = [
        "shown_name",
        "user_name",
        "email",
        "kind",
        "roles_held",
        "active",
        "enters",
    ]
    list_filter: ClassVar[list[str]] = ["kind", "is_active", "is_staff", "is_superuser"]
    search_fields: ClassVar[list[str]] = ["display_name", "username", "email"]
    ordering: ClassVar[list[str]] = ["display_name", "pk"]
    fields: ClassVar[list[str]] = [
        "display_name",
        "user_name",
        "email",
        "kind",
        "time_zone",
        "active",
        "enters",
        "superuser",
        "roles_held",
        "roles_then_and_now",
        "last_login",
        "date_joined",
    ]

    @override
    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).prefetch_related("memberships__group")

    @admin.display(description="name", ordering="display_name")
    def shown_name(self, person: User) -> str:
        """The name to show."""
        return str(person)

    @admin.display(description="user name", ordering="username")
    def user_name(self, person: User) -> str:
        """What the person signs in with."""
        return person.username

    @admin.display(description="active", boolean=True, ordering="is_active")
    def active(self, person: User) -> bool:
        """Whether the account is open."""
        return person.is_active

    @admin.display(description="enters the admin", boolean=True, ordering="is_staff")
    def enters(self, person: User) -> bool:
        """Whether the person may look at these pages."""
        return person.is_staff

    @admin.display(description="superuser", boolean=True, ordering="is_superuser")
    def superuser(self, person: User) -> bool:
        """The flag, which grants nothing on prompts and no step here."""
        return person.is_superuser

    @admin.display(description="roles", empty_value="none")
    def roles_held(self, person: User) -> str | None:
        """The roles of an account, in words."""
        names = sorted(membership.group.name for membership in person.memberships.all())
        return ", ".join(names) or None

    @admin.display(description="roles, then and now")
    def roles_then_and_now(self, person: User) -> str:
        """Each time the person joined or left a role, by whom."""
        kept = Membership.history.filter(user=person).select_related("group", "history_user")
        rows = [
            (
                row.history_date,
                "left" if row.history_type == "-" else "joined",
                row.group,
                row.history_user or "the set-up",
            )
            for row in kept.order_by("-history_date", "-history_id")[:100]
        ]
        return table(["When", "What", "Role", "By"], rows, "Never in a role.")
