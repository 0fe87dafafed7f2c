"""Changes of policies: what each would do, what it lacks, and the decision of another owner."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from typing_extensions import override

from approvals import services
from approvals.admin.deciding import DecidedAdmin, DecisionForm, decides, wrote
from approvals.admin.policies import in_words, shadow_link
from approvals.governance import Effect, impact_of
from approvals.models import PolicyChange
from registry.admin.steps import Done, Step, StepForm


class _Decision(DecisionForm):
    @override
    def digest(self) -> str:
        return str(self.row.proposed_policy.digest)

    @override
    def perform(self, actor: Any) -> Done:
        request = services.decide_policy(
            self.row.pk, actor=actor, decision=self.decision, **self.cleaned_data
        )
        version = request.proposed_policy
        return Done(
            f"{version} is in force." if request.state == "released" else f"{version} is rejected.",
            self.row,
        )


class ApproveForm(_Decision):
    """decide_policy, approve"""

    lead = "The policy is in force at once, and every open change is judged anew."
    button = "Approve"
    decision = "approve"


class RejectForm(_Decision):
    """decide_policy, reject"""

    lead = "The policy stays as it is; its author reads your comment."
    button = "Reject"
    danger = True
    decision = "reject"


class WithdrawForm(StepForm):
    """withdraw_policy"""

    lead = "The policy stays as it is."
    button = "Withdraw"
    danger = True

    @override
    def perform(self, actor: Any) -> Done:
        services.withdraw_policy(self.row.pk, actor=actor)
        return Done("Withdrawn.", self.row)


@admin.register(PolicyChange)
class PolicyChangeAdmin(DecidedAdmin):
    """Changes of policies, the newest first."""

    one, many = "change of a policy", "changes of policies"
    words = (
        "Every change of a policy. Its author never decides it, and nobody decides one that lets "
        "an open change of their own pass."
    )
    steps = (
        Step("approve", "Approve", ApproveForm, decides),
        Step("reject", "Reject", RejectForm, decides),
        Step("withdraw", "Withdraw", WithdrawForm, wrote),
    )
    list_display: ClassVar[list[str]] = ["title", "proposed_policy", "state", "author", "due_at"]
    list_filter: ClassVar[list[str]] = ["state"]
    fields: ClassVar[list[str]] = [
        "proposed_policy",
        "state",
        "author",
        "why",
        "needs",
        "effect",
        "words_of_it",
        "policy",
        "votes",
        "submitted_at",
        "due_at",
        "decided_at",
        "public_id",
    ]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = PolicyChange.objects.all()
        parts = ("proposed_policy__policy", "policy__policy", "author", "rationale")
        ordered: QuerySet[Any] = rows.select_related(*parts).order_by("-pk")
        return ordered

    @override
    def links_of(self, row: Any) -> list[dict[str, str]]:
        return [shadow_link("version", row.proposed_policy_id)]

    @admin.display(description="what it would change")
    def effect(self, row: PolicyChange) -> str:
        """Open changes and live versions whose list would differ."""
        version = row.proposed_policy
        if not row.is_open or version is None:
            return "It was decided; what it changed is in force."
        impact = impact_of(version, row.proposed_position)
        return render_to_string(
            "admin/impact.html",
            {
                "open": [_line(effect) for effect in impact.open],
                "live": [_line(effect) for effect in impact.live],
                "impact": impact,
            },
        )

    @admin.display(description="in words")
    def words_of_it(self, row: PolicyChange) -> str:
        """The proposed version, in sentences."""
        return in_words(row.proposed_policy.document) if row.proposed_policy else ""


def _line(effect: Effect) -> dict[str, Any]:
    change, prompt = effect.request, effect.request.prompt
    confidential = prompt is not None and prompt.confidential
    return {
        "prompt": "a confidential prompt" if confidential else str(prompt),
        "team": "" if confidential or prompt is None else str(prompt.team or ""),
        "owner": "" if confidential or prompt is None else str(prompt.owner),
        "version": str(change.version),
        "said": "; ".join(effect.said) or "nothing",
        "would_be_said": "; ".join(effect.would_be_said) or "nothing",
    }
