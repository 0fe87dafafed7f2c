"""The audit log in the admin: to read, filter and search, and for nobody to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from typing_extensions import override
from unfold.admin import ModelAdmin

from audit.filtering import may_filter
from audit.models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(ModelAdmin):  # type: ignore[misc]  # unfold brings no types
    """Events, newest first; adding, changing and deleting are refused to everyone."""

    list_display = ["seq", "ts", "what", "who", "subject_type", "subject_id"]
    list_filter = ["action", "actor"]
    date_hierarchy = "ts"
    search_fields = ["=subject_id", "=change_id", "=actor", "action"]
    ordering = ["-seq"]
    fields = [
        "seq",
        "ts",
        "who",
        "what",
        "subject_type",
        "subject_id",
        "change_id",
        "fingerprint",
        "fingerprint_before",
        "entry",
    ]
    readonly_fields = fields
    actions = None
    show_full_result_count = False

    @admin.display(description="who", ordering="actor")
    def who(self, event: AuditEvent) -> str:
        """The account, token or task, by its number."""
        return event.actor

    @admin.display(description="what was done", ordering="action")
    def what(self, event: AuditEvent) -> str:
        """The dotted word of the event."""
        return event.action

    @admin.display(description="entry as it is kept")
    def entry(self, event: AuditEvent) -> str:
        """The text that the fingerprint is of."""
        return event.payload

    @admin.display(description="fingerprint")
    def fingerprint(self, event: AuditEvent) -> str:
        """The event's leaf hash in hex."""
        return bytes(event.leaf).hex()

    @admin.display(description="fingerprint before")
    def fingerprint_before(self, event: AuditEvent) -> str:
        """The leaf hash of the event before, in hex."""
        return bytes(event.prev).hex()

    @override
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return may_filter(self, lookup, value)

    @override
    def has_module_permission(self, request: HttpRequest) -> bool:
        """As for its pages."""
        return self.has_view_permission(request)

    @override
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever enters the admin: no entry holds a name, an address or free text."""
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: the ledger is its only writer."""
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, superusers included."""
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, superusers included."""
        return False
