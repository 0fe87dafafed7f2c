"""Un-protecting a label: asked for on its page, what it would open, another owner's decision."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from typing_extensions import override

from approvals import services
from approvals.admin.deciding import DecidedAdmin, DecisionForm, decides, wrote
from approvals.models import ApprovalRequest, UnprotectRequest
from approvals.presenters.opening import sentences
from approvals.protection import opened_by
from approvals.querysets import RequestQuerySet
from registry.admin.labels import LabelAdmin
from registry.admin.steps import Done, Step, StepForm, governs
from registry.models import Label, User


class AskForm(StepForm):
    """propose_unprotect"""

    lead = (
        "Another governance owner decides it: not who asks, and nobody with a hand in an open "
        "change for this label. Until then it stays protected."
    )
    button = "Ask for it"
    danger = True
    template = "admin/unprotect_step.html"

    rationale = forms.CharField(
        label="Why", widget=forms.Textarea(attrs={"rows": 3}), help_text="One sentence is enough."
    )

    @property
    def opens(self) -> tuple[str, ...]:
        """What it would open, in sentences."""
        return sentences(opened_by(self.row))

    @override
    def perform(self, actor: User) -> Done:
        request = services.propose_unprotect(self.row, **self.cleaned_data, actor=actor)
        row = UnprotectRequest.objects.get(pk=request.pk)
        return Done(f"{self.row} stays protected until another governance owner agrees.", row)


class _Decision(DecisionForm):
    @override
    def digest(self) -> str:
        return str(self.row.revision_digest)

    @override
    def perform(self, actor: User) -> Done:
        request = services.decide_unprotect(
            self.row.pk, actor=actor, decision=self.decision, **self.cleaned_data
        )
        approved = request.state == request.State.RELEASED
        stands = "is not protected any more" if approved else "stays protected"
        return Done(f"{request.label} {stands}.", self.row)


class ApproveForm(_Decision):
    """decide_unprotect, approve"""

    lead = "The label stops being protected at once. One governance owner can protect it again."
    button = "Un-protect it"
    danger = True
    decision = "approve"
    template = "admin/unprotect_step.html"

    @property
    def opens(self) -> tuple[str, ...]:
        """What it would open, in sentences."""
        return sentences(opened_by(self.row.label))


class RejectForm(_Decision):
    """decide_unprotect, reject"""

    lead = "The label stays protected; who asked reads your comment."
    button = "Reject"
    decision = "reject"


class WithdrawForm(StepForm):
    """withdraw_unprotect"""

    lead = "The label stays protected."
    button = "Withdraw"

    @override
    def perform(self, actor: User) -> Done:
        services.withdraw_unprotect(self.row.pk, actor=actor)
        return Done("Withdrawn.", self.row)


@admin.register(UnprotectRequest)
class UnprotectRequestAdmin(DecidedAdmin):
    """Requests to un-protect a label."""

    one, many = "request to un-protect a label", "requests to un-protect labels"
    words = (
        "Every request to un-protect a label. Who asks never decides it, and nobody does who has a "
        "hand in an open change for the label."
    )
    steps = (
        Step("approve", "Un-protect", ApproveForm, decides),
        Step("reject", "Reject", RejectForm, decides),
        Step("withdraw", "Withdraw", WithdrawForm, wrote),
    )
    list_display: ClassVar[list[str]] = ["title", "label", "standing", "author", "due_at"]
    list_filter: ClassVar[list[str]] = ["state"]
    fields: ClassVar[list[str]] = [
        "label",
        "standing",
        "author",
        "why",
        "needs",
        "opens",
        "votes",
        "submitted_at",
        "due_at",
        "decided_at",
        "public_id",
    ]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = UnprotectRequest.objects.select_related(
            "label", "author", "rationale"
        )
        return rows.order_by("-pk")

    @admin.display(description="state", ordering="state")
    def standing(self, row: UnprotectRequest) -> str:
        """What became of it; a label is not released."""
        done = row.state == row.State.RELEASED
        return "Agreed, un-protected" if done else row.get_state_display()

    @admin.display(description="what it would open")
    def opens(self, row: UnprotectRequest) -> str:
        """Open changes, policies and live versions that protection stands for."""
        if not row.is_open or row.label is None:
            return "It was decided."
        said = sentences(opened_by(row.label))
        return render_to_string("admin/sentences.html", {"sentences": said})


# The floor below knows no requests; here a label gets the way back from being protected.
admin.site.unregister(Label)


def _asks(viewer: User, row: Any) -> bool:
    return row.protected and governs(viewer, row) and not _waiting(row).exists()


def _waiting(label: Label) -> RequestQuerySet:
    waiting: RequestQuerySet = ApprovalRequest.objects.of_labels().open().filter(label=label)
    return waiting


@admin.register(Label)
class LabelWithRequestsAdmin(LabelAdmin):
    """Labels, with the step that asks another owner to un-protect one."""

    steps: ClassVar[tuple[Step, ...]] = (
        *LabelAdmin.steps,
        Step("unprotect", "Un-protect", AskForm, _asks),
    )

    @override
    def links_of(self, row: Any) -> list[dict[str, str]]:
        return [
            {
                "words": f"{one.author} asks to un-protect it",
                "url": reverse("admin:approvals_unprotectrequest_change", args=[one.pk]),
            }
            for one in _waiting(row)
        ]
