"""Changes of policies: the facts of one, and what it would do to open changes and to what is live.

`impact_of` judges with the rules in force and with those proposed, and tells what differs; both
read in a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from approvals.facts import gather_many
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest, Contributor, Policy, PolicyVersion, Review
from approvals.policies import Facts, Requirement, evaluate
from approvals.policies.governance import PolicyFacts
from approvals.rows import named
from registry import permissions
from registry.models import LabelPointer

#: changes, and versions that are live, that a preview looks at
MOST = 500
#: of a version that is live: what was asked on its way, and not of its standing
NOT_ASKED_OF_LIVE = frozenset(
    {"base", "hold", "suspended", "staging", "threads", "expiry", "changes_requested"}
)

#: what is live without a change that was approved lacks: its code and its words
NEVER_APPROVED = ("never_approved", "It was never approved here.")


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


def owners() -> tuple[tuple[int, str], ...]:
    """Active governance owners with their names."""
    return named(permissions.governance_owners())


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
    live = _live()
    effects = _effects(live, now, now, NOT_ASKED_OF_LIVE, all_of_them=True)
    return [*(effect for effect in effects if effect.lacks), *_never_approved(live, now)]


def what_it_lacks(request: ApprovalRequest | None) -> tuple[str, ...]:
    """Codes of what lacks by today's policies where this change brought something live.

    None where it conforms. Without a change it was placed by hand, before its label was protected.
    """
    if request is None:
        return (NEVER_APPROVED[0],)
    now = PolicyBook.read()
    (effect,) = _effects([request], now, now, NOT_ASKED_OF_LIVE, all_of_them=True)
    return effect.lacks


def _served() -> QuerySet[LabelPointer]:
    """What protected labels serve now."""
    rows = LabelPointer.objects.filter(label__protected=True).exclude(version=None)
    return rows.order_by("pk")


def _never_approved(live: list[ApprovalRequest], book: PolicyBook) -> Iterator[Effect]:
    """What no change brought live: placed by hand before its label was protected.

    Its request is one that is not there, with the prompt, label and version that are live.
    """
    approved = {(row.prompt_id, row.label_id, row.version_id) for row in live}
    rows = _served().select_related("prompt__owner", "label", "version__author")[:MOST]
    for row in rows:
        if row.version is None or (row.prompt_id, row.label_id, row.version_id) in approved:
            continue
        request = ApprovalRequest(
            prompt=row.prompt, label=row.label, version=row.version, author=row.version.author
        )
        rules = book.match_for(row.prompt, row.label).rules
        policy = rules.name if rules else ""
        # As the titles that stand in its place elsewhere: without a full stop.
        code, said = NEVER_APPROVED[0], NEVER_APPROVED[1].rstrip(".")
        yield Effect(request, policy, (code,), (code,), policy, (said,), (said,))


def _live() -> list[ApprovalRequest]:
    """The requests that brought live what protected labels serve now."""
    served = _served().values_list("prompt_id", "label_id", "version_id")[:MOST]
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
    """By governance owner, the numbers of their own open changes that would lack less.

    A change is judged as it stands, and as it would stand were it submitted anew: whoever decides
    could do that in a moment, and the policy pinned before would ask for nothing any more. A draft
    is let pass as well, and has no number here: nobody but its contributors knows of it. All are
    looked at: this is a gate, and no preview.
    """
    known = {pk for pk, _ in owners()}
    rows = Contributor.objects.filter(request__state__in=ApprovalRequest.OPEN, account__in=known)
    hands = rows.filter(request__kind=ApprovalRequest.Kind.PROMPT_RELEASE)
    by_change: dict[int, set[int]] = {}
    for account, change in hands.values_list("account_id", "request_id"):
        by_change.setdefault(change, set()).add(account)
    changes = list(ApprovalRequest.objects.with_parts().filter(pk__in=by_change).order_by("pk"))
    now = PolicyBook.read()
    then = now.replacing(version, request.proposed_position)
    before, after = gather_many(changes, book=now), gather_many(changes, book=then)
    at = timezone.now()
    found: dict[int, list[int]] = {}
    for change in changes:
        if not any(
            set(_asked(one, at)) - set(_asked(other, at))
            for one, other in (
                (before[change.pk], after[change.pk]),
                (_anew(before[change.pk]), _anew(after[change.pk])),
            )
        ):
            continue
        for account in sorted(by_change[change.pk]):
            numbers = found.setdefault(account, [])
            if change.submitted_at is not None:
                numbers.append(change.pk)
    return {pk: tuple(numbers) for pk, numbers in found.items()}


def _anew(facts: Facts) -> Facts:
    """The facts of a change as if it were submitted anew under the policy of today."""
    return replace(facts, state="scanning", pinned=None, votes=(), automatic=False)


def _asked(facts: Facts, at: datetime) -> tuple[str, ...]:
    """Codes of the gates that block."""
    lacks = _lacks(evaluate(facts, at), frozenset(), automatic=facts.automatic)
    return tuple(rule.code for rule in lacks)
