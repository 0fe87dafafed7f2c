"""The role groups. They are Django's own; its admin page for them, which writes, is put away."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from typing_extensions import override

from registry.admin.fields import table
from registry.admin.kept import KeptAdmin
from registry.models import Membership

if admin.site.is_registered(Group):
    admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(KeptAdmin):
    """Who is in which role; people join and leave on their own page."""

    one, many = "role", "roles"
    words = (
        "The fixed roles that policies and grants speak of. Who is in a role is changed on the "
        "person's page."
    )
    list_display: ClassVar[list[str]] = ["name", "members"]
    ordering: ClassVar[list[str]] = ["name"]
    fields: ClassVar[list[str]] = ["name", "who", "joined_and_left"]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(members=Count("memberships"))
        return counted

    @admin.display(description="people in it", ordering="members")
    def members(self, role: Any) -> int:
        """How many people are in the role."""
        return int(role.members)

    @admin.display(description="people in it")
    def who(self, role: Group) -> str:
        """Everybody in the role, and since when."""
        rows = Membership.objects.filter(group=role).select_related("user")
        return table(
            ["Name", "User name", "Since", "Account"],
            [
                (row.user, row.user.username, row.since, _account(row.user.is_active))
                for row in rows.order_by("user__display_name", "pk")
            ],
            "Nobody is in this role.",
        )

    @admin.display(description="joined and left")
    def joined_and_left(self, role: Group) -> str:
        """The latest moves into and out of the role."""
        kept = Membership.history.filter(group=role).select_related("user", "history_user")
        return table(
            ["When", "Who", "What", "By"],
            [
                (
                    row.history_date,
                    row.user,
                    "left" if row.history_type == "-" else "joined",
                    row.history_user or "the set-up",
                )
                for row in kept.order_by("-history_date", "-history_id")[:100]
            ],
            "Nobody joined or left it yet.",
        )


def _account(active: bool) -> str:
    return "active" if active else "deactivated"
