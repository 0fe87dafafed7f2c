"""The mail outbox: what is owed, sent or given up; one mail is owed again by a step."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from approvals import services
from approvals.mail import in_words
from registry.admin.looking import LookAdmin
from registry.admin.steps import Done, Step, StepForm
from registry.models import OutboxMail, User


class SendAgainForm(StepForm):
    """send_again"""

    lead = "The mail is written anew, from what is true now, and sent within a minute or so."
    button = "Send it again"

    @override
    def perform(self, actor: User) -> Done:
        services.send_again(self.row.pk, actor=actor)
        return Done("The mail is on its way again.", self.row)


class StandingFilter(admin.SimpleListFilter):
    """Waiting, sent, or given up."""

    title = "standing"
    parameter_name = "standing"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("waiting", "Waiting"), ("sent", "Sent"), ("given-up", "Given up")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "sent":
            return queryset.filter(sent_at__isnull=False)
        if self.value() == "given-up":
            return queryset.filter(given_up_at__isnull=False)
        if self.value() == "waiting":
            return queryset.filter(sent_at=None, given_up_at=None)
        return queryset


@admin.register(OutboxMail)
class MailAdmin(LookAdmin):
    """Owed mails by occasion and person; their text is written only when they are sent."""

    one, many = "mail", "mail"
    words = (
        "One line for each mail to a person. It is tried for about a day while a mail server is "
        "down, and is never stored as text."
    )
    steps = (Step("again", "Send again", SendAgainForm),)
    list_display: ClassVar[list[str]] = [
        "created_at",
        "occasion",
        "recipient",
        "standing",
        "attempts",
        "last_try",
    ]
    list_filter: ClassVar[list[Any]] = [StandingFilter, "kind"]
    list_select_related: ClassVar[list[str]] = ["recipient"]
    search_fields: ClassVar[list[str]] = ["recipient__username", "=subject_id"]
    fields: ClassVar[list[str]] = [
        "occasion",
        "recipient",
        "standing",
        "subject_type",
        "subject_id",
        "created_at",
        "next_try_at",
        "attempts",
        "sent_at",
        "given_up_at",
        "last_try",
        "public_id",
    ]

    @admin.display(description="occasion", ordering="kind")
    def occasion(self, mail: OutboxMail) -> str:
        """Why it is owed, in words."""
        return mail.kind.replace("_", " ")

    @admin.display(description="last try")
    def last_try(self, mail: OutboxMail) -> str:
        """How it went, and what to do about it."""
        return in_words(mail.last_error)

    @admin.display(description="standing")
    def standing(self, mail: OutboxMail) -> str:
        """Whether it went out."""
        if mail.sent_at is not None:
            return "sent"
        return "given up" if mail.given_up_at is not None else "waiting"
