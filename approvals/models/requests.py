"""The request: a proposal to put one version on one protected label, and its state graph.

The transitions below only set fields. Their conditions read the verdict that a verb has
just handed to the instance; without one, or with one for other digests, they refuse.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, NamedTuple

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField, FSMModelMixin, transition
from simple_history.models import HistoricalRecords
from typing_extensions import override

from approvals.models.policies import PolicyVersion
from approvals.models.scans import RiskScan
from approvals.models.sets import ChangeSet
from approvals.querysets import PolicyChangeManager, RequestQuerySet
from audit.models import AuditBlob
from registry.models import Label, Prompt, User, Version


@dataclass(frozen=True)
class Verdict:
    """What `evaluate` said about one revision on one base, for the FSM's conditions."""

    version_id: int | None
    base_generation: int | None
    approvable: bool
    releasable: bool
    automatic: bool
    #: whether an emergency release may happen
    passable: bool = False


class Hand(NamedTuple):
    """One row of `Contributor`, with the account as the audit log names it."""

    request: int
    account: int
    role: str
    revision: int
    ref: uuid.UUID


def _verdict(field: str) -> Callable[[models.Model], bool]:
    def condition(instance: models.Model) -> bool:
        assert isinstance(instance, ApprovalRequest)  # noqa: S101  # FSM hands over its model
        verdict = instance.verdict
        return (
            verdict is not None
            and verdict.version_id == instance.version_id
            and verdict.base_generation == instance.base_generation
            and bool(getattr(verdict, field))
        )

    condition.__name__ = f"verdict_is_{field}"
    return condition


class ApprovalRequest(ConcurrentTransitionMixin, FSMModelMixin, models.Model):
    """The proposal to put a version on a protected label, through revisions and states."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SCANNING = "scanning", "Scanning"
        REVIEW = "review", "In review"
        APPROVED = "approved", "Approved"
        RELEASED = "released", "Released"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Kind(models.TextChoices):
        PROMPT_RELEASE = "prompt_release", "Release of a prompt version"
        POLICY_CHANGE = "policy_change", "Change of a policy"
        UNPROTECT_LABEL = "unprotect_label", "Un-protecting a label"

    OPEN: ClassVar[tuple[str, ...]] = ("draft", "scanning", "review", "approved")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.PROMPT_RELEASE)
    #: what it was proposed with, which it keeps
    change_set = models.ForeignKey(
        ChangeSet,
        models.PROTECT,
        to_field="public_id",
        db_column="change_set",
        null=True,
        editable=False,
        related_name="members",
    )
    prompt = models.ForeignKey(Prompt, models.PROTECT, null=True, related_name="requests")
    label = models.ForeignKey(Label, models.PROTECT, null=True, related_name="requests")
    version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="requests")
    base_version = models.ForeignKey(Version, models.PROTECT, null=True, related_name="+")
    base_generation = models.PositiveIntegerField(null=True)
    #: the subject of a change of a policy
    proposed_policy = models.ForeignKey(
        PolicyVersion, models.PROTECT, null=True, related_name="requests"
    )
    proposed_position = models.PositiveSmallIntegerField(null=True)
    revision = models.PositiveIntegerField(default=1)
    state = FSMField(
        max_length=10, choices=State.choices, default=State.DRAFT, protected=True, db_index=True
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="requests")
    rationale = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+")
    release_when_ready = models.BooleanField(default=False)
    automatic = models.BooleanField(default=False)
    scan = models.ForeignKey(RiskScan, models.PROTECT, null=True, related_name="+")
    scan_attempts = models.PositiveSmallIntegerField(default=0)
    scan_error = models.CharField(max_length=200, blank=True)
    scan_queued_at = models.DateTimeField(null=True)
    scan_started_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    #: when it is planned to go out, and whose plan that is
    release_at = models.DateTimeField(null=True)
    planned_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    #: since when a question waits for the author, which stops the reviewers' clock
    waiting_since = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    history = HistoricalRecords(excluded_fields=["rationale", "scan_error"])

    objects = RequestQuerySet.as_manager()

    #: handed over by a verb just before a transition; never stored
    verdict: Verdict | None = None
    #: who had a hand in it, read under the lock of a verb; none once the verb added somebody
    hands: tuple[Hand, ...] | None = None

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["-updated_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    kind="prompt_release",
                    prompt__isnull=False,
                    label__isnull=False,
                    version__isnull=False,
                    proposed_policy__isnull=True,
                )
                | models.Q(
                    kind="policy_change",
                    prompt__isnull=True,
                    label__isnull=True,
                    version__isnull=True,
                    proposed_policy__isnull=False,
                )
                | models.Q(
                    kind="unprotect_label",
                    prompt__isnull=True,
                    label__isnull=False,
                    version__isnull=True,
                    proposed_policy__isnull=True,
                ),
                name="request_has_one_subject",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[
                        "draft",
                        "scanning",
                        "review",
                        "approved",
                        "released",
                        "rejected",
                        "withdrawn",
                    ]
                ),
                name="request_state_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["scanning", "review", "approved", "released"])
                | models.Q(submitted_at__isnull=False),
                name="request_submitted_before_scanned",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["review", "approved", "released"])
                | models.Q(scan__isnull=False)
                | models.Q(kind__in=["policy_change", "unprotect_label"]),
                name="request_scanned_before_reviewed",
            ),
            models.UniqueConstraint(
                fields=["label"],
                condition=models.Q(kind="unprotect_label", state="review"),
                name="request_unprotects_once",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "updated_at"])]

    @override
    def __str__(self) -> str:
        return f"request {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def revision_digest(self) -> str:
        """What a reader saw, in one value: revision, content, provenance and base."""
        base = self.base_version.content_digest if self.base_version else ""
        seen = [self.public_id, self.revision, base]
        if self.version:
            seen += [self.version.content_digest, self.version.provenance_digest]
        return sha256("\n".join(map(str, seen)).encode()).hexdigest()

    # -- the graph: draft -> scanning -> review -> approved -> released, and its exits --------

    @transition(field=state, source="draft", target="scanning")
    def to_scanning(self, *, at: datetime, policy: PolicyVersion | None) -> None:
        """Submitted: the scan comes before any person's eyes."""
        self.policy = policy
        self.submitted_at = self.scan_queued_at = at
        self.scan, self.scan_attempts, self.scan_error = None, 0, ""
        self.scan_started_at = None

    @transition(field=state, source="scanning", target="scanning")
    def to_scanned(self, *, scan: RiskScan) -> None:
        """The scan is in; routing comes next."""
        self.scan, self.scan_error = scan, ""

    @transition(field=state, source="draft", target="review")
    def to_policy_review(self, *, at: datetime, due_at: datetime) -> None:
        """A change of a policy or a label has no text to scan: another owner is asked at once."""
        self.submitted_at, self.due_at = at, due_at

    @transition(field=state, source="scanning", target="review")
    def to_review(self, *, due_at: datetime) -> None:
        """People are asked."""
        self.due_at = due_at

    @transition(
        field=state, source="scanning", target="approved", conditions=[_verdict("automatic")]
    )
    def to_approved_automatically(self, *, at: datetime) -> None:
        """Low risk and policy says that nobody needs to look."""
        self.automatic, self.decided_at = True, at

    @transition(
        field=state, source="review", target="approved", conditions=[_verdict("approvable")]
    )
    def to_approved(self, *, at: datetime) -> None:
        """Every sign-off is there."""
        self.automatic, self.decided_at = False, at

    def has_contributor(self, account: User) -> bool:
        """Whether this account had a hand in any revision, and so cannot sign it off."""
        return self.contributors.filter(account=account).exists()

    @transition(field=state, source="approved", target="review")
    def to_review_again(self, *, due_at: datetime) -> None:
        """What made it ready no longer holds."""
        self.automatic, self.decided_at, self.due_at = False, None, due_at

    @transition(
        field=state, source="approved", target="released", conditions=[_verdict("releasable")]
    )
    def to_released(self, *, at: datetime) -> None:
        """Live on its label."""
        self.released_at = at

    @transition(
        field=state,
        source=["scanning", "review", "approved"],
        target="released",
        conditions=[_verdict("passable")],
    )
    def to_released_in_emergency(self, *, at: datetime) -> None:
        """Live on its label, past requirements that somebody looks at afterwards."""
        self.released_at = at

    @transition(field=state, source=["scanning", "review", "approved"], target="draft")
    def to_draft(self) -> None:
        """Back with its author: changes were asked for, or a new revision was written.

        A plan was made for what was seen then, so it goes with it.
        """
        self.scan, self.scan_attempts, self.scan_error = None, 0, ""
        self.scan_queued_at = self.scan_started_at = None
        self.automatic, self.decided_at, self.due_at = False, None, None
        self.waiting_since = None
        self.release_at = self.planned_by = None

    @transition(field=state, source=["review", "approved"], target="rejected")
    def to_rejected(self, *, at: datetime) -> None:
        """Ended by a reviewer; a new proposal starts afresh."""
        self.decided_at = at
        self.release_at = self.planned_by = None

    @transition(field=state, source=["draft", "scanning", "review", "approved"], target="withdrawn")
    def to_withdrawn(self, *, at: datetime) -> None:
        """Taken back by its author."""
        self.decided_at = at
        self.release_at = self.planned_by = None


class PolicyChange(ApprovalRequest):
    """A request whose subject is a policy, for the admin's own list of them."""

    objects: ClassVar[PolicyChangeManager] = PolicyChangeManager()  # type: ignore[assignment]  # fewer rows than the base class's

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "change of a policy"
        verbose_name_plural = "changes of policies"


class Revision(models.Model):
    """What the request proposed at one point; appended by `propose` and `revise`."""

    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    version = models.ForeignKey(Version, models.PROTECT, related_name="revisions")
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    rationale = models.ForeignKey(AuditBlob, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["request_id", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "number"], name="revision_once"),
        ]

    @override
    def __str__(self) -> str:
        return f"revision {self.number}"


class Contributor(models.Model):
    """Somebody who had a hand in the content, and so cannot sign it off; appended."""

    class Role(models.TextChoices):
        AUTHOR = "author", "wrote it"
        COMMITTER = "committer", "wrote the commit"
        TOKEN = "token", "stands behind the token"  # a role, not a secret
        SUGGESTER = "suggester", "suggested part of it"

    request = models.ForeignKey(ApprovalRequest, models.PROTECT, related_name="contributors")
    account = models.ForeignKey(User, models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices)
    revision = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "account", "role", "revision"], name="contributor_once"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.account} {self.get_role_display()}"
