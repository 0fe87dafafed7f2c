"""Changes of policies: the facts of one, and what it would do to open changes and to what is live.

`impact_of` judges with the rules in force and with those proposed, and tells what differs; both
read in a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from approvals.facts import gather_many
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest, Policy, PolicyVersion, Review
from approvals.policies import Requirement, evaluate
from approvals.policies.governance import PolicyFacts
from registry import roles
from registry.models import LabelPointer, Membership

#: changes, and versions that are live, that a preview looks at
MOST = 500
#: of a version that is live: what was asked on its way, and not of its standing
NOT_ASKED_OF_LIVE = frozenset(
    {"base", "hold", "suspended", "staging", "threads", "expiry", "changes_requested"}
)


@dataclass(frozen=True)
class Effect:
    """One change or live version: what it lacks under the rules in force and under the others."""

    request: ApprovalRequest
    policy: str
    lacks: tuple[str, ...]
    would_lack: tuple[str, ...]
    would_policy: str
    #: the same in words
    said: tuple[str, ...]
    would_be_said: tuple[str, ...]

    @property
    def tightens(self) -> bool:
        return bool(set(self.would_lack) - set(self.lacks))

    @property
    def loosens(self) -> bool:
        return bool(set(self.lacks) - set(self.would_lack))


@dataclass(frozen=True)
class Impact:
    """What differs: open changes, live versions, and how many of each were looked at."""

    open: tuple[Effect, ...]
    live: tuple[Effect, ...]
    open_seen: int
    live_seen: int

    @property
    def unblocked(self) -> tuple[ApprovalRequest, ...]:
        """Open changes that would lack less."""
        return tuple(effect.request for effect in self.open if effect.loosens)


def owners() -> tuple[tuple[int, str], ...]:
    """Active governance owners with their names."""
    rows = Membership.objects.filter(
        group__name=roles.GOVERNANCE_OWNERS, user__is_active=True, user__kind="person"
    )
    ordered = rows.select_related("user").order_by("user__display_name", "user_id")
    return tuple((row.user_id, str(row.user)) for row in ordered)


def is_single_owner() -> bool:
    """Whether the installation runs in single-owner mode, in which an author may decide."""
    return bool(settings.SINGLE_OWNER)


def approvals_of(request: ApprovalRequest) -> tuple[tuple[int, str], ...]:
    """Who approved it, with their names."""
    given = Review.objects.filter(request=request, decision="approve").select_related("reviewer")
    return tuple((row.reviewer_id, str(row.reviewer)) for row in given)


def policy_facts(request: ApprovalRequest) -> PolicyFacts:
    """The facts of one change of a policy as it is now."""
    version = request.proposed_policy
    assert version is not None  # noqa: S101  # a CHECK says so
    policy = Policy.objects.select_related("current__policy").get(pk=version.policy_id)
    current = policy.current
    taken = None
    if request.proposed_position is not None:
        others = Policy.objects.filter(position=request.proposed_position).exclude(pk=policy.pk)
        taken = others.first()
    return PolicyFacts(
        name=policy.name,
        ended=not request.is_open,
        in_force=str(current) if current else "",
        based_on_digest=request.policy.digest if request.policy else "",
        in_force_digest=current.digest if current else "",
        position_taken_by=taken.name if taken else "",
        author=(request.author_id, str(request.author)),
        governance=owners(),
        approvals=approvals_of(request),
        unblocked=_unblocked(request, version) if request.is_open else {},
        single_owner=is_single_owner(),
    )


def impact_of(version: PolicyVersion, position: int | None = None) -> Impact:
    """What would differ were a proposed version in force."""
    now = PolicyBook.read()
    then = now.replacing(version, position)
    waiting = ApprovalRequest.objects.of_prompts().with_parts().open()
    opened = list(waiting.exclude(submitted_at=None).order_by("-pk")[:MOST])
    live = _live()
    return Impact(
        open=_effects(opened, now, then, frozenset()),
        live=_effects(live, now, then, NOT_ASKED_OF_LIVE),
        open_seen=len(opened),
        live_seen=len(live),
    )


def nonconforming() -> list[Effect]:
    """What is live and would not be let through by the policies of today, with what it lacks."""
    now = PolicyBook.read()
    effects = _effects(_live(), now, now, NOT_ASKED_OF_LIVE, all_of_them=True)
    return [effect for effect in effects if effect.lacks]


def what_it_lacks(request: ApprovalRequest) -> tuple[str, ...]:
    """Codes of what a change that is live lacks by today's policies; none where it conforms."""
    now = PolicyBook.read()
    (effect,) = _effects([request], now, now, NOT_ASKED_OF_LIVE, all_of_them=True)
    return effect.lacks


def _live() -> list[ApprovalRequest]:
    """The requests that brought live what protected labels serve now."""
    pointers = LabelPointer.objects.filter(label__protected=True).exclude(version=None)
    served = pointers.values_list("prompt_id", "label_id", "version_id")[:MOST]
    wanted = {(prompt, label, version) for prompt, label, version in served}
    rows = (
        ApprovalRequest.objects.of_prompts()
        .with_parts()
        .filter(
            state="released",
            prompt__pointers__label=F("label"),
            prompt__pointers__version=F("version"),
        )
        .order_by("-pk")
    )
    newest: dict[tuple[int, int, int], ApprovalRequest] = {}
    for row in rows:
        key = (row.prompt_id or 0, row.label_id or 0, row.version_id or 0)
        if key in wanted:
            newest.setdefault(key, row)
    return list(newest.values())


def _effects(
    requests: list[ApprovalRequest],
    now: PolicyBook,
    then: PolicyBook,
    besides: frozenset[str],
    *,
    all_of_them: bool = False,
) -> tuple[Effect, ...]:
    at = timezone.now()
    before, after = gather_many(requests, book=now), gather_many(requests, book=then)
    found = []
    for request in requests:
        one, other = before[request.pk], after[request.pk]
        lacks = _lacks(evaluate(one, at), besides, automatic=request.automatic)
        would_lack = _lacks(evaluate(other, at), besides, automatic=request.automatic)
        effect = Effect(
            request=request,
            policy=one.current.name if one.current else "",
            lacks=tuple(rule.code for rule in lacks),
            would_lack=tuple(rule.code for rule in would_lack),
            would_policy=other.current.name if other.current else "",
            said=tuple(rule.title for rule in lacks),
            would_be_said=tuple(rule.title for rule in would_lack),
        )
        if all_of_them or effect.lacks != effect.would_lack:
            found.append(effect)
    return tuple(found)


def _lacks(
    requirements: Iterable[Requirement], besides: frozenset[str], *, automatic: bool
) -> tuple[Requirement, ...]:
    """The gates that block; what passed by itself lacks no sign-off where it still may."""
    rules = list(requirements)
    passes = automatic and not any(r.code == "auto:policy" and r.blocks for r in rules)
    return tuple(
        rule
        for rule in rules
        if rule.kind == "gate"
        and rule.blocks
        and rule.code not in besides
        and not (passes and rule.code.startswith("sign_off:"))
    )


def _unblocked(request: ApprovalRequest, version: PolicyVersion) -> dict[int, tuple[int, ...]]:
    """By governance owner, the numbers of their own open changes that would lack less."""
    known = {pk for pk, _ in owners()}
    found: dict[int, list[int]] = {}
    impact = impact_of(version, request.proposed_position)
    for change in impact.unblocked:
        for hand in change.contributors.filter(account__in=known).values_list("account", flat=True):
            numbers = found.setdefault(hand, [])
            if change.pk not in numbers:
                numbers.append(change.pk)
    return {pk: tuple(numbers) for pk, numbers in found.items()}
