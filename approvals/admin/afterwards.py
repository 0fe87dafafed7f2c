"""What a quick step leaves behind: holds, reviews after the fact, and erasures asked for."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from typing_extensions import override

from approvals import reads, services
from approvals.models import AfterReview, Erasure, Hold
from approvals.services.undoing import MAY_UNDO
from registry import permissions, roles
from registry.admin.fields import LinesField
from registry.admin.looking import LookAdmin
from registry.admin.steps import Done, Step, StepForm, governs
from registry.models import User


class LiftForm(StepForm):
    """lift_hold"""

    lead = "Approved changes to this label may go live again from then on."
    button = "Lift the hold"
    reason = LinesField()

    @override
    def perform(self, actor: User) -> Done:
        hold = services.lift_hold(self.row.pk, reason=self.cleaned_data["reason"], actor=actor)
        return Done("The hold was lifted.", hold)


def _lifts(viewer: User, row: Any) -> bool:
    return row.lifted_at is None and any(
        permissions.may(viewer, codename, row.prompt) for codename in MAY_UNDO
    )


@admin.register(Hold)
class HoldAdmin(LookAdmin):
    """Holds after a rollback."""

    one, many = "hold", "holds"
    words = "After a rollback nothing goes live on the label of that prompt until a hold is lifted."
    steps = (Step("lift", "Lift the hold", LiftForm, _lifts),)
    list_display: ClassVar[list[str]] = ["prompt", "label", "opened_by", "opened_at", "lifted_at"]
    list_select_related: ClassVar[list[str]] = ["prompt", "label", "opened_by"]
    fields: ClassVar[list[str]] = [
        "prompt",
        "label",
        "release",
        "opened_by",
        "opened_at",
        "lifted_by",
        "lifted_at",
    ]

    @override
    def seen_by(self, rows: QuerySet[Any], viewer: User) -> QuerySet[Any]:
        return reads.holds_for(viewer).select_related("prompt")


class CloseForm(StepForm):
    """close_review_after"""

    lead = "Somebody in a review role, other than whoever took the step, says what they found."
    button = "Close the review"
    comment = LinesField()

    @override
    def perform(self, actor: User) -> Done:
        found = services.close_review_after(
            self.row.pk, comment=self.cleaned_data["comment"], actor=actor
        )
        return Done("The review was closed.", found)


def _closes(viewer: User, row: Any) -> bool:
    return (
        row.closed_at is None
        and row.opened_by_id != viewer.pk
        and permissions.may(viewer, permissions.REVIEW, row.prompt)
        and bool(roles.REVIEW_ROLES_SET & permissions.roles_of(viewer))
    )


@admin.register(AfterReview)
class AfterReviewAdmin(LookAdmin):
    """Reviews after the fact."""

    one, many = "review after the fact", "reviews after the fact"
    words = "What a quick step skipped, for somebody else to look at by the time it is due."
    steps = (Step("close", "Close the review", CloseForm, _closes),)
    list_display: ClassVar[list[str]] = ["prompt", "label", "opened_by", "due_at", "closed_at"]
    list_select_related: ClassVar[list[str]] = ["prompt", "label", "opened_by"]
    fields: ClassVar[list[str]] = [
        "prompt",
        "label",
        "release",
        "what_was_skipped",
        "opened_by",
        "opened_at",
        "due_at",
        "closed_by",
        "closed_at",
    ]

    @override
    def seen_by(self, rows: QuerySet[Any], viewer: User) -> QuerySet[Any]:
        return reads.closed_too_for(viewer).select_related("prompt")

    @admin.display(description="what was skipped")
    def what_was_skipped(self, row: AfterReview) -> str:
        """Titles of the requirements that were not met."""
        return "; ".join(str(item.get("title", "")) for item in row.shortfalls)


class EraseForm(StepForm):
    """erase_content"""

    lead = (
        "The text goes for good, from the version and everywhere it is shown. Nobody can bring it "
        "back. Fingerprints, votes and entries of the audit log stay."
    )
    button = "Erase the text for good"
    danger = True

    @override
    def perform(self, actor: User) -> Done:
        services.erase_content(self.row.pk, actor=actor)
        return Done("The text was erased.", self.row)


def _second(viewer: User, row: Any) -> bool:
    return row.done_at is None and row.asked_by_id != viewer.pk and governs(viewer, row)


@admin.register(Erasure)
class ErasureAdmin(LookAdmin):
    """Erasures: asked for by one governance owner, carried out by another."""

    one, many = "erasure", "erasures"
    words = "Texts that somebody asked to erase. A second governance owner carries it out."
    steps = (Step("erase", "Erase the text", EraseForm, _second),)
    list_display: ClassVar[list[str]] = ["prompt", "version", "ticket", "asked_by", "done_at"]
    list_select_related: ClassVar[list[str]] = ["version__prompt", "asked_by"]
    fields: ClassVar[list[str]] = [
        "prompt",
        "version",
        "ticket",
        "asked_by",
        "asked_at",
        "done_by",
        "done_at",
    ]

    @override
    def seen_by(self, rows: QuerySet[Any], viewer: User) -> QuerySet[Any]:
        return reads.erasures_for(viewer).select_related("version__prompt")

    @admin.display(description="prompt")
    def prompt(self, erasure: Erasure) -> str:
        """The prompt of the version."""
        return str(erasure.version.prompt)
