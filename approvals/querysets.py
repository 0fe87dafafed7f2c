"""Reads of requests; templates and admin build no filters of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import models
from typing_extensions import override

if TYPE_CHECKING:
    from approvals.models import ApprovalRequest
    from registry.models import Label, Prompt, User


class RequestQuerySet(models.QuerySet["ApprovalRequest"]):
    def of_prompts(self) -> RequestQuerySet:
        """Releases of prompt versions, without what governance owners decide."""
        return self.filter(kind="prompt_release")

    def of_policies(self) -> RequestQuerySet:
        """Changes of policies, with what their pages show."""
        return self.filter(kind="policy_change").with_parts()

    def of_labels(self) -> RequestQuerySet:
        """Requests to un-protect a label, with what their pages show."""
        return self.filter(kind="unprotect_label").with_parts()

    def towards(self, label: Label) -> RequestQuerySet:
        """Open proposals to put a version on this label, drafts included."""
        return self.of_prompts().open().filter(label=label)

    def open(self) -> RequestQuerySet:
        return self.filter(state__in=["draft", "scanning", "review", "approved"])

    def in_review(self) -> RequestQuerySet:
        """Those that wait for people's sign-offs."""
        return self.filter(state="review")

    def with_parts(self) -> RequestQuerySet:
        """Everything that a page, a mail or `gather` reads of a request, in one query."""
        return self.select_related(
            "prompt__namespace",
            "prompt__owner",
            "label__promotes_from",
            "version__author",
            "version__recall",
            "base_version",
            "author",
            "scan",
            "policy__policy",
            "planned_by",
            "proposed_policy__policy",
            "rationale",
            "change_set",
        )

    def with_own_parts(self) -> RequestQuerySet:
        """What a verb reads of a request whose prompt and label it has locked, in one query."""
        return self.select_related(
            "version__recall", "base_version", "author", "scan", "policy", "change_set"
        )

    def visible_to(self, account: User, prompts: models.QuerySet[Prompt]) -> RequestQuerySet:
        """Requests on `prompts` (those the person sees); a draft never submitted only to
        its contributors."""
        return self.filter(prompt__in=prompts).filter(
            models.Q(submitted_at__isnull=False)
            | models.Q(pk__in=self._drafts_of(account).values("pk"))
        )

    def passed_alone(self, day: date) -> RequestQuerySet:
        """What went live on a day (UTC) without people's approval."""
        begin = datetime.combine(day, time(), UTC)
        return self.filter(
            automatic=True, released_at__gte=begin, released_at__lt=begin + timedelta(days=1)
        )

    def _drafts_of(self, account: User) -> models.QuerySet[ApprovalRequest]:
        return self.model._default_manager.filter(contributors__account=account)

    def awaiting_scan(self, before: datetime) -> RequestQuerySet:
        """Requests whose scan was queued before `before` and has not come back; what was erased
        meanwhile has nothing to scan."""
        rows = self.filter(state="scanning", scan__isnull=True, scan_queued_at__lt=before)
        return rows.exclude(version__document=None)

    def awaiting_route(self) -> RequestQuerySet:
        return self.filter(state="scanning", scan__isnull=False)

    def awaiting_release(self, now: datetime) -> RequestQuerySet:
        """Approved ones that their author wanted released as soon as the list is met, and every
        open one whose planned time has come."""
        at_once = models.Q(state="approved", release_when_ready=True, release_at=None)
        planned = models.Q(state__in=["scanning", "review", "approved"], release_at__lte=now)
        return self.filter(at_once | planned)

    def old(self, before: datetime) -> RequestQuerySet:
        """Open ones submitted at or before `before`, the oldest first."""
        rows = self.filter(state__in=["scanning", "review", "approved"], submitted_at__lte=before)
        return rows.order_by("submitted_at", "pk")


class PolicyChangeManager(models.Manager["ApprovalRequest"]):
    """Requests whose subject is a policy, and no others."""

    @override
    def get_queryset(self) -> RequestQuerySet:
        return RequestQuerySet(self.model, using=self._db).filter(kind="policy_change")


class UnprotectManager(models.Manager["ApprovalRequest"]):
    """Requests to un-protect a label, and no others."""

    @override
    def get_queryset(self) -> RequestQuerySet:
        return RequestQuerySet(self.model, using=self._db).filter(kind="unprotect_label")
