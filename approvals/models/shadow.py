"""How a policy that is only watched would have judged changes; rows are only ever appended."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from typing_extensions import override

from approvals.models.policies import PolicyVersion
from approvals.models.requests import ApprovalRequest
from approvals.models.reviews import Review
from registry.models import Prompt, Release


class ShadowQuerySet(models.QuerySet["ShadowVerdict"]):
    def counted(self, begin: datetime, end: datetime) -> ShadowQuerySet:
        """One row for each version and change judged from `begin` to before `end`: the newest by
        which it would have passed, or the newest of all."""
        rows = self.filter(at__gte=begin, at__lt=end)
        same = rows.filter(
            policy_version=OuterRef("policy_version"), request=OuterRef("request")
        ).order_by(Case(When(outcome="pass", then=0), default=1), "-pk")
        return rows.filter(pk=Subquery(same.values("pk")[:1]))

    def with_end(self) -> ShadowQuerySet:
        """Adds `became`, what people made of the change, and `rolled_back`, whether the very text
        that was judged was taken back after its release."""
        return self.annotate(
            became=Case(
                When(request__state="rejected", then=Value("rejected")),
                When(Exists(_wishes()), then=Value("changes")),
                When(request__state="withdrawn", then=Value("withdrawn")),
                When(Exists(_emergencies()), then=Value("emergency")),
                When(_decided(automatic=True), then=Value("itself")),
                When(_decided(automatic=False), then=Value("approved")),
                default=Value("open"),
                output_field=models.CharField(),
            ),
            rolled_back=Case(
                When(Q(revision=F("request__revision")) & Exists(_rollbacks()), then=True),
                default=False,
                output_field=models.BooleanField(),
            ),
        )

    def disagreeing(self) -> ShadowQuerySet:
        """Of rows `with_end`: what would have passed, and people refused or rolled back."""
        refused = Q(became__in=ShadowVerdict.REFUSED) | Q(rolled_back=True)
        return self.filter(refused, outcome="pass")

    def on(self, prompts: models.QuerySet[Prompt]) -> ShadowQuerySet:
        """Rows of changes of these prompts, the last judged first, with what a list shows."""
        rows = self.filter(request__prompt__in=prompts)
        parts = ("request__prompt", "request__rationale", "policy_version__policy")
        return rows.select_related(*parts).order_by("-at", "-pk")


def _decided(*, automatic: bool) -> Q:
    return Q(request__state__in=["approved", "released"], request__automatic=automatic)


def _wishes() -> models.QuerySet[Review]:
    """Wishes for changes to a text that the same version judged alike; not what the reviewer
    took back, or voted otherwise on the same text, and not what was lifted."""
    later = Review.objects.filter(
        request=OuterRef("request"),
        reviewer=OuterRef("reviewer"),
        revision=OuterRef("revision"),
        pk__gt=OuterRef("pk"),
    )
    return Review.objects.filter(
        ~Exists(later),
        request=OuterRef("request"),
        decision="request_changes",
        lift=None,
        request__shadow_verdicts__policy_version=OuterRef("policy_version"),
        request__shadow_verdicts__outcome=OuterRef("outcome"),
        request__shadow_verdicts__revision=F("revision"),
    )


def _emergencies() -> models.QuerySet[Release]:
    return Release.objects.filter(kind="emergency", cause_id=OuterRef("request__public_id"))


def _rollbacks() -> models.QuerySet[Release]:
    return Release.objects.filter(
        kind="rollback",
        prompt=OuterRef("request__prompt"),
        label=OuterRef("request__label"),
        from_version=OuterRef("request__version"),
        at__gte=OuterRef("request__released_at"),
    )


class ShadowVerdict(models.Model):
    """How one version of a policy would have judged one revision, at the moment it was routed."""

    class Outcome(models.TextChoices):
        PASS = "pass", "Would have passed"  # an outcome, not a secret
        HOLD = "hold", "Would have been held"
        ERROR = "error", "Could not be judged"

    #: what became of a change that people refused, as `with_end` says it
    REFUSED: ClassVar[tuple[str, ...]] = ("rejected", "changes")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="shadow_verdicts")
    revision = models.PositiveIntegerField()
    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, related_name="shadow_verdicts"
    )
    #: the change of a policy that proposed the version; none where it was in force
    proposal = models.ForeignKey(ApprovalRequest, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=5, choices=Outcome.choices)
    #: codes of what stood against it, or why it could not be judged
    against = models.JSONField(default=list)
    at = models.DateTimeField()

    objects = ShadowQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=["pass", "hold", "error"]),
                name="shadow_outcome_known",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["at"])]

    @override
    def __str__(self) -> str:
        return f"{self.policy_version}: {self.outcome}"
