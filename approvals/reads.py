"""What the pages read: querysets by the question that a page asks, always as one person sees it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, F, Prefetch, Q, QuerySet

from approvals.models import (
    AfterReview,
    ApprovalRequest,
    ChangeSet,
    Erasure,
    Hold,
    PolicyException,
    Remark,
    Review,
    Thread,
)
from approvals.querysets import RequestQuerySet
from audit.models import AuditBlob, AuditEvent, AuditHead
from registry import permissions
from registry.models import (
    Label,
    LabelPointer,
    Membership,
    Prompt,
    Release,
    ServiceToken,
    User,
    Version,
)
from registry.names import name_key


def requests_for(account: User) -> RequestQuerySet:
    """Every request that this person may know of, with what a page shows of it."""
    visible = permissions.visible_prompts(account)
    rows: RequestQuerySet = ApprovalRequest.objects.with_parts()
    return rows.visible_to(account, visible)


def own_open_requests(account: User) -> RequestQuerySet:
    """Open requests that this person wrote, drafts too, the last touched first."""
    return requests_for(account).open().filter(author=account).order_by("-updated_at", "-pk")


def open_requests_of_others(account: User) -> RequestQuerySet:
    """Open requests of other people that this person may know of, nearest due first."""
    rows = requests_for(account).open().exclude(author=account)
    found: RequestQuerySet = rows.order_by(F("due_at").asc(nulls_last=True), "-updated_at", "-pk")
    return found


def in_review_by_others(account: User) -> RequestQuerySet:
    """Requests of other people that wait for sign-offs, nearest due first."""
    return open_requests_of_others(account).in_review()


def requests_of(prompt: Prompt, account: User) -> RequestQuerySet:
    """Requests of one prompt that this person may know of, newest first."""
    return requests_for(account).filter(prompt=prompt).order_by("-pk")


def change_set_for(account: User, public_id: UUID) -> ChangeSet | None:
    """A change set of which this person may know at least one change."""
    rows = ChangeSet.objects.select_related("label", "author", "rationale")
    found = rows.filter(public_id=public_id).first()
    return found if found is not None and members_of(found, account).exists() else None


def members_of(change_set: ChangeSet, account: User) -> RequestQuerySet:
    """The changes of a set that this person may know of, by the names of their prompts."""
    return requests_for(account).filter(change_set=change_set).order_by("prompt__name_key")


def size_of(change_set: ChangeSet) -> int:
    """How many changes a set has, those of which nobody may know included."""
    members: int = ApprovalRequest.objects.filter(change_set=change_set).count()
    return members


def after_reviews_for(account: User) -> QuerySet[AfterReview]:
    """Open reviews after the fact on prompts that this person sees, nearest due first."""
    rows = AfterReview.objects.filter(
        closed_at=None, prompt__in=permissions.visible_prompts(account)
    )
    return rows.select_related(
        "prompt", "label", "opened_by", "release__version", "release__from_version"
    ).order_by("due_at", "pk")


def after_reviews_of(prompt: Prompt) -> QuerySet[AfterReview]:
    rows = AfterReview.objects.filter(prompt=prompt, closed_at=None)
    return rows.select_related(
        *("label", "opened_by", "release__version", "release__from_version", "release__reason"),
        "campaign__reason",
    )


def holds_of(prompt: Prompt) -> QuerySet[Hold]:
    rows = Hold.objects.filter(prompt=prompt, lifted_at=None)
    return rows.select_related("label", "opened_by", "release__reason")


def hold_of(prompt: Prompt, pk: int | None) -> Hold | None:
    """One hold of the prompt, lifted or not."""
    return Hold.objects.filter(prompt=prompt, pk=pk or 0).select_related("label").first()


def after_review_of(prompt: Prompt, pk: int | None) -> AfterReview | None:
    """One review after the fact of the prompt, closed or not."""
    return AfterReview.objects.filter(prompt=prompt, pk=pk or 0).first()


def threads_of(change: ApprovalRequest) -> QuerySet[Thread]:
    """What people said about a change, thread by thread, in the order in which it was said."""
    said = Remark.objects.select_related("author", "text", "suggestion").order_by("pk")
    rows = Thread.objects.filter(request=change).select_related("opened_by", "resolved_by")
    return rows.prefetch_related(Prefetch("remarks", queryset=said)).order_by("pk")


def threads_after(change: ApprovalRequest, after: int, limit: int) -> tuple[list[Thread], int]:
    """The `limit` threads of a change behind `after`; then the key to go on with, 0 at the end."""
    found = list(threads_of(change).filter(pk__gt=after)[: limit + 1])
    page = found[:limit]
    return page, page[-1].pk if len(found) > limit else 0


def thread_of(change: ApprovalRequest, pk: int | None) -> Thread | None:
    """One thread of a change."""
    rows = Thread.objects.filter(request=change, pk=pk or 0)
    return rows.select_related("version").first()


def thread_called(change: ApprovalRequest, public_id: UUID) -> Thread | None:
    """One thread of a change, by the name that it has outside, with what was said in it."""
    return threads_of(change).filter(public_id=public_id).first()


def remark_called(change: ApprovalRequest, public_id: UUID) -> Remark | None:
    """One remark in a thread of a change, by the name that it has outside."""
    return Remark.objects.filter(thread__request=change, public_id=public_id).first()


def remark_of(change: ApprovalRequest, pk: int | None) -> Remark | None:
    """One remark in a thread of a change."""
    return Remark.objects.filter(thread__request=change, pk=pk or 0).first()


def votes_after(change: ApprovalRequest, after: int, limit: int) -> tuple[list[Review], int]:
    """The `limit` votes on a change behind `after`; then the key to go on with, 0 at the end."""
    rows = Review.objects.filter(request=change, pk__gt=after).order_by("pk")
    found = list(rows.select_related("reviewer", "comment", "lift__account")[: limit + 1])
    page = found[:limit]
    return page, page[-1].pk if len(found) > limit else 0


def vote_called(change: ApprovalRequest, public_id: UUID) -> Review | None:
    """One vote on a change, by the name that it has outside."""
    return Review.objects.filter(request=change, public_id=public_id).first()


def vote_of(change: ApprovalRequest, pk: int | None) -> Review | None:
    """One vote on a change."""
    return Review.objects.filter(request=change, pk=pk or 0).first()


# -- prompts --------------------------------------------------------------------------------


def prompts_for(account: User, search: str = "") -> QuerySet[Prompt]:
    """Prompts that this person sees; `search` looks into names and descriptions."""
    rows = permissions.visible_prompts(account).select_related("owner", "team")
    # No text holds U+0000, and PostgreSQL refuses to be asked for it.
    words = search.replace("\0", "").split()
    for word in words:
        rows = rows.filter(Q(name_key__contains=name_key(word)) | Q(description__icontains=word))
    pointers = LabelPointer.objects.select_related("label", "version").order_by(
        "-label__order", "label__name"
    )
    asked = Q(requests__state__in=["scanning", "review", "approved"])
    counted = rows.annotate(asked=Count("requests", filter=asked)).order_by("name_key")
    return counted.prefetch_related(Prefetch("pointers", queryset=pointers))


def names_to_propose_on(account: User) -> dict[int, str]:
    """Names of the prompts that this person sees and that take proposals, by key, in order."""
    rows = permissions.visible_prompts(account).filter(status=Prompt.Status.ACTIVE)
    return dict(rows.order_by("name_key").values_list("pk", "name"))


def live_of(prompts: Iterable[int], label: Label) -> dict[int, LabelPointer]:
    """What a label serves for each of these prompts, by the key of the prompt."""
    rows = LabelPointer.objects.filter(prompt__in=[*prompts], label=label)
    return {row.prompt_id: row for row in rows.select_related("prompt", "version")}


def prompt_named(name: str, account: User) -> Prompt | None:
    """The prompt of this name, in any case, or None when there is none that the person sees."""
    if "\0" in name:
        return None
    rows = permissions.visible_prompts(account).filter(name_key=name_key(name))
    return rows.select_related("owner", "team", "namespace").first()


def role_members() -> QuerySet[Membership]:
    """Who is in which role: active people only."""
    return Membership.objects.filter(user__is_active=True, user__kind=User.Kind.PERSON)


def accounts() -> QuerySet[User]:
    """People and service accounts that are active, by name."""
    return User.objects.filter(is_active=True).order_by("display_name", "username")


def pointers_of(prompt: Prompt) -> list[LabelPointer]:
    """What each label serves for the prompt, the protected ones first."""
    rows = LabelPointer.objects.filter(prompt=prompt)
    return list(
        rows.select_related(
            "prompt", "label__promotes_from", "version__author", "version__recall"
        ).order_by("-label__protected", "-label__order", "label__name")
    )


def protected_labels() -> QuerySet[Label]:
    """Labels that a change can be proposed for, the last environment first."""
    return Label.objects.filter(protected=True).order_by("-order", "name")


def versions_of(prompt: Prompt, account: User) -> QuerySet[Version]:
    """Versions of a prompt, newest first, without those of drafts that the person may not see."""
    hidden = ApprovalRequest.objects.filter(prompt=prompt, submitted_at=None).exclude(
        contributors__account=account
    )
    return (
        Version.objects.filter(prompt=prompt)
        .exclude(revisions__request__in=hidden)
        .select_related("author", "recall")
        .defer("document")
        .order_by("-number")
    )


def versions_for(account: User) -> QuerySet[Version]:
    """Versions of all prompts that this person sees, without those of others' drafts."""
    hidden = ApprovalRequest.objects.filter(submitted_at=None).exclude(
        contributors__account=account
    )
    return Version.objects.filter(prompt__in=permissions.visible_prompts(account)).exclude(
        revisions__request__in=hidden
    )


def releases_for(account: User) -> QuerySet[Release]:
    """Every move of every label, on prompts that this person sees."""
    return Release.objects.filter(prompt__in=permissions.visible_prompts(account))


def holds_for(account: User) -> QuerySet[Hold]:
    """Every hold, on prompts that this person sees."""
    return Hold.objects.filter(prompt__in=permissions.visible_prompts(account))


def exceptions_for(account: User) -> QuerySet[PolicyException]:
    """Exceptions from a policy, ended ones too, on prompts that the account sees."""
    return PolicyException.objects.filter(prompt__in=permissions.visible_prompts(account))


def closed_too_for(account: User) -> QuerySet[AfterReview]:
    """Every review after the fact, open or closed, on prompts that this person sees."""
    return AfterReview.objects.filter(prompt__in=permissions.visible_prompts(account))


def erasures_for(account: User) -> QuerySet[Erasure]:
    """Every erasure that was asked for, on prompts that this person sees."""
    return Erasure.objects.filter(version__prompt__in=permissions.visible_prompts(account))


def releases_of(prompt: Prompt) -> QuerySet[Release]:
    """Every move of every label of the prompt, newest first."""
    rows = Release.objects.filter(prompt=prompt)
    return rows.select_related("label", "version", "from_version", "account", "reason").order_by(
        "-at", "-pk"
    )


def moves_of(prompt: Prompt) -> list[Release]:
    """Every move of every protected label of the prompt, in the order in which they happened."""
    rows = Release.objects.filter(prompt=prompt, label__protected=True)
    return list(rows.select_related("version").order_by("label", "generation"))


def times_live(prompt: Prompt) -> Iterable[tuple[int, int | None, str]]:
    """(version, version before, kind) of each time something went live where it is protected."""
    rows = Release.objects.filter(prompt=prompt, label__protected=True).servable()
    return rows.order_by("at", "pk").values_list("version_id", "from_version_id", "kind")


# -- the audit log --------------------------------------------------------------------------


def events_of_change(change: UUID) -> QuerySet[AuditEvent]:
    """Entries about one change, newest first."""
    return AuditEvent.objects.filter(change_id=change).order_by("-seq")


def log_size() -> int:
    """How many entries the audit log has; every change of anything adds one."""
    return AuditHead.objects.values_list("size", flat=True).first() or 0


def texts(digests: Iterable[str]) -> dict[str, str]:
    """Committed texts by digest, without those that were erased."""
    rows = AuditBlob.objects.filter(digest__in=set(digests), value__isnull=False)
    return {digest: value or "" for digest, value in rows.values_list("digest", "value")}


def names_of(refs: Iterable[str]) -> dict[str, str]:
    """Names of people and tokens by the way the audit log writes them."""
    wanted = set(refs)
    people = [ref.partition(":")[2] for ref in wanted if ref.startswith("user:")]
    tokens = [ref.partition(":")[2] for ref in wanted if ref.startswith("token:")]
    found: dict[str, str] = {}
    if people:
        found |= {u.ref: str(u) for u in User.objects.filter(public_id__in=people)}
    if tokens:
        rows = ServiceToken.objects.filter(public_id__in=tokens)
        found |= {t.ref: f"the token {t.name}" for t in rows}
    return found


def label_names() -> dict[str, str]:
    """Names of all labels by the UUID that the audit log writes."""
    rows = Label.objects.values_list("public_id", "name")
    return {str(public_id): name for public_id, name in rows}
