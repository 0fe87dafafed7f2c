"""Requests: to read, with the list of what they need; votes are given on their own page."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from typing_extensions import override

from approvals import reads
from approvals.explain import title_of
from approvals.facts import gather
from approvals.models import ApprovalRequest, Review
from approvals.policies import evaluate
from approvals.presenters.needs import needs_of
from registry.admin.fields import table
from registry.admin.kept import KeptAdmin
from registry.admin.steps import viewer_of

#: nobody in particular: names are said, and nobody is "you"
NOBODY = 0


@admin.register(ApprovalRequest)
class RequestAdmin(KeptAdmin):
    """Requests that the person may know of; none of their states can be set here."""

    one, many = "change", "changes"
    words = (
        "Every proposal to put a version on a protected label, and what it still needs. Decisions "
        "are taken on the change's own page, by the people whom its list names."
    )
    list_display: ClassVar[list[str]] = [
        "title",
        "prompt",
        "version",
        "label",
        "state",
        "author",
        "due_at",
    ]
    list_filter: ClassVar[list[str]] = ["state", "automatic"]
    search_fields: ClassVar[list[str]] = ["prompt__name", "=id", "=public_id"]
    fields: ClassVar[list[str]] = [
        "title",
        "prompt",
        "version",
        "base_version",
        "label",
        "state",
        "revision",
        "author",
        "policy",
        "needs",
        "votes",
        "scan",
        "release_when_ready",
        "automatic",
        "created_at",
        "submitted_at",
        "due_at",
        "decided_at",
        "released_at",
        "public_id",
    ]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return reads.requests_for(viewer_of(request)).order_by("-updated_at", "-pk")

    @override
    def name_of(self, row: Any) -> str:
        return title_of(row)

    @override
    def links_of(self, row: Any) -> list[dict[str, str]]:
        url = reverse("approvals:request", args=[row.pk])
        return [{"words": "Open the change", "url": url}]

    @admin.display(description="change")
    def title(self, change: ApprovalRequest) -> str:
        """The first line of the rationale."""
        return title_of(change)

    @admin.display(description="what it needs")
    def needs(self, change: ApprovalRequest) -> str:
        """The list of requirements, in the words of every other page."""
        facts = gather(change)
        needs = needs_of(evaluate(facts, timezone.now()), NOBODY)
        return render_to_string("admin/needs.html", {"needs": needs})

    @admin.display(description="votes")
    def votes(self, change: ApprovalRequest) -> str:
        """Every vote, the newest first."""
        rows = Review.objects.filter(request=change).select_related("reviewer").order_by("-pk")
        return table(
            ["When", "Who", "Role", "Vote", "Revision"],
            [
                (row.created_at, row.reviewer, row.role, row.get_decision_display(), row.revision)
                for row in rows
            ],
            "Nobody voted yet.",
        )
