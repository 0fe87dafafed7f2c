"""What the pages of requests that governance owners decide share: the list, the page, the steps."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.template.loader import render_to_string
from typing_extensions import override

from approvals.explain import requirements_of, title_of
from approvals.models import ApprovalRequest, Review
from approvals.presenters.needs import NOBODY, lines_of
from registry.admin.fields import table
from registry.admin.kept import KeptAdmin
from registry.admin.steps import StepForm, governs
from registry.models import User


class DecisionForm(StepForm):
    """A decision with its comment, on what was seen."""

    comment = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    decision: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"seen": self.digest()}

    def digest(self) -> str:
        """What the decision is bound to."""
        raise NotImplementedError


def decides(viewer: User, row: Any) -> bool:
    """Whether a decision is offered; its verb decides."""
    return governs(viewer, row) and row is not None and row.is_open


def wrote(viewer: User, row: Any) -> bool:
    """Whether taking it back is offered."""
    return row is not None and row.is_open and row.author_id == viewer.pk


class DecidedAdmin(KeptAdmin):
    """Requests of one kind that governance owners decide, the newest first."""

    list_filter: ClassVar[list[str]] = ["state"]
    search_fields: ClassVar[list[str]] = ["=id", "=public_id"]

    @override
    def name_of(self, row: Any) -> str:
        return title_of(row)

    @admin.display(description="change")
    def title(self, row: ApprovalRequest) -> str:
        """The first line of its reason."""
        return title_of(row)

    @admin.display(description="why")
    def why(self, row: ApprovalRequest) -> str:
        """The reason that its author gave."""
        return row.rationale.value or "erased"

    @admin.display(description="what it needs")
    def needs(self, row: ApprovalRequest) -> str:
        """The list of requirements, in the words of every other page."""
        if not row.is_open:
            return "It was decided."
        lines = lines_of(requirements_of(row), NOBODY)
        said = [f"{line.title}. {line.sentence} {line.can} {line.cannot}".strip() for line in lines]
        return render_to_string("admin/sentences.html", {"sentences": said or ["Nothing."]})

    @admin.display(description="votes")
    def votes(self, row: ApprovalRequest) -> str:
        """Every decision."""
        rows = Review.objects.filter(request=row.pk).select_related("reviewer").order_by("-pk")
        return table(
            ["When", "Who", "Decision"],
            [(vote.created_at, vote.reviewer, vote.get_decision_display()) for vote in rows],
            "Nobody decided yet.",
        )
