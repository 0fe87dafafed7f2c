"""Versions and what was live: to read; a version is recalled here, and its erasure asked for."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from typing_extensions import override

from approvals import reads, services
from approvals.reading import UNSCANNED, why_hidden
from registry import permissions
from registry.admin.fields import LinesField
from registry.admin.kept import KeptAdmin
from registry.admin.looking import LookAdmin
from registry.admin.prompts import PromptAdmin
from registry.admin.steps import Done, Step, StepForm, governs
from registry.documents import sections
from registry.models import Prompt, Release, User, Version


class RecallForm(StepForm):
    """recall"""

    lead = (
        "The version may then be served or released nowhere, for good; applications that ask for "
        "it get 410. Where it is live, roll back or suspend first."
    )
    button = "Recall it for good"
    danger = True
    reason = LinesField()

    @override
    def perform(self, actor: User) -> Done:
        services.recall(self.row, reason=self.cleaned_data["reason"], actor=actor)
        return Done(f"{self.row} was recalled.", self.row)


class AskErasureForm(StepForm):
    """ask_erasure"""

    lead = (
        "A second governance owner then erases the text, for good. Fingerprints, votes and entries "
        "of the audit log stay whole."
    )
    button = "Ask for the erasure"
    danger = True
    ticket = forms.CharField(max_length=60, help_text="The number of the ticket that asks for it.")
    reason = LinesField()

    @override
    def perform(self, actor: User) -> Done:
        erasure = services.ask_erasure(self.row, **self.cleaned_data, actor=actor)
        return Done("A second governance owner can erase it now.", erasure)


def _recalls(viewer: User, row: Any) -> bool:
    may = (permissions.RESPOND, permissions.RELEASE, permissions.MANAGE)
    return not hasattr(row, "recall") and any(
        permissions.may(viewer, codename, row.prompt) for codename in may
    )


def _erases(viewer: User, row: Any) -> bool:
    return not row.is_erased and governs(viewer, row)


# The floor below knows no pages; here its page for a prompt gets the link to them.
admin.site.unregister(Prompt)


@admin.register(Prompt)
class PromptWithPageAdmin(PromptAdmin):
    """Prompts, with the way to the page on which their texts are proposed and rolled back."""

    @override
    def links_of(self, row: Any) -> list[dict[str, str]]:
        url = reverse("approvals:prompt", args=[row.name])
        return [{"words": "Open the prompt's own page", "url": url}]


@admin.register(Version)
class VersionAdmin(KeptAdmin):
    """Versions of prompts that the person sees, without the drafts of others."""

    one, many = "version", "versions"
    words = (
        "Every content a prompt ever had. A version never changes; it can be recalled or erased."
    )
    steps = (
        Step("recall", "Recall", RecallForm, _recalls),
        Step("erase", "Ask to erase", AskErasureForm, _erases),
    )
    list_display: ClassVar[list[str]] = [
        "prompt",
        "number",
        "author",
        "created_at",
        "imported",
        "recalled",
        "erased",
    ]
    list_filter: ClassVar[list[str]] = ["imported", "template_format"]
    search_fields: ClassVar[list[str]] = ["prompt__name", "=content_digest", "=public_id"]
    fields: ClassVar[list[str]] = [
        "prompt",
        "number",
        "content",
        "template_format",
        "author",
        "created_at",
        "imported",
        "recalled",
        "erased_at",
        "fingerprint",
        "fingerprint_of_provenance",
        "public_id",
    ]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related("prompt", "author", "recall").order_by("-pk")

    @override
    def seen_by(self, rows: QuerySet[Any], viewer: User) -> QuerySet[Any]:
        return reads.versions_for(viewer)

    @override
    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """The version, with what keeps this person from reading its text, if anything does."""
        version = super().get_object(request, object_id, from_field)
        if version is not None and isinstance(request.user, User):
            version.why_hidden = why_hidden(version, request.user)
        return version

    @override
    def name_of(self, row: Any) -> str:
        return f"{row.prompt} {row}"

    @admin.display(description="recalled", boolean=True)
    def recalled(self, version: Version) -> bool:
        """Whether it may be served nowhere."""
        return hasattr(version, "recall")

    @admin.display(description="erased", boolean=True)
    def erased(self, version: Version) -> bool:
        """Whether its text is gone."""
        return version.is_erased

    @admin.display(description="fingerprint")
    def fingerprint(self, version: Version) -> str:
        """The digest of its content."""
        return version.content_digest

    @admin.display(description="fingerprint of its provenance")
    def fingerprint_of_provenance(self, version: Version) -> str:
        """The digest of where it came from."""
        return version.provenance_digest

    @admin.display(description="content")
    def content(self, version: Version) -> str:
        """Its parts, exactly as they are."""
        if version.is_erased:
            return "The content was erased."
        hidden = getattr(version, "why_hidden", UNSCANNED)
        if hidden:
            return hidden
        return format_html_join(
            "",
            '<p>{}</p><div class="cs-text">{}</div>',
            ((section.title, section.text) for section in sections(version.body)),
        )


@admin.register(Release)
class ReleaseAdmin(LookAdmin):
    """Every move of every label, on prompts that the person sees."""

    one, many = "move of a label", "moves of labels"
    words = "What each label served and since when: one line a move, never changed afterwards."
    list_display: ClassVar[list[str]] = [
        "at",
        "prompt",
        "label",
        "kind",
        "version",
        "from_version",
        "by",
    ]
    list_filter: ClassVar[list[str]] = ["kind", "label"]
    search_fields: ClassVar[list[str]] = ["prompt__name", "=public_id"]
    fields: ClassVar[list[str]] = [
        "prompt",
        "label",
        "kind",
        "version",
        "from_version",
        "generation",
        "at",
        "by",
        "why",
        "public_id",
    ]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(
            "prompt", "label", "version", "from_version", "account", "reason"
        ).order_by("-at", "-pk")

    @override
    def seen_by(self, rows: QuerySet[Any], viewer: User) -> QuerySet[Any]:
        return reads.releases_for(viewer)

    @admin.display(description="by")
    def by(self, move: Release) -> str:
        """Who moved it; the product where no account did."""
        return str(move.account or "Countersign")

    @admin.display(description="why", empty_value="-")
    def why(self, move: Release) -> str | None:
        """The reason that was typed, while it is not erased."""
        if move.reason is None:
            return None
        return format_html('<div class="cs-text">{}</div>', move.reason.value or "erased")
