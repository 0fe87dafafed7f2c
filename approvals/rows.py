"""What is read of requests before it is judged, in a constant number of queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Max

from approvals import scanning
from approvals.matching import PolicyBook, all_versions
from approvals.models import (
    AfterReview,
    ApprovalRequest,
    Check,
    Contributor,
    Finding,
    Hand,
    Hold,
    RiskScan,
    Thread,
)
from approvals.policies import (
    Person,
    SetFacts,
    Vote,
)
from approvals.vote_rows import vote_facts, votes_on
from audit.compiled import Asked, CompiledQuery, together
from registry import permissions, roles
from registry.models import LabelPointer, Membership, Prompt, Release

_CODENAMES = (
    permissions.REVIEW,
    permissions.MANAGE,
    permissions.RELEASE,
    permissions.RESPOND,
)

# -- what every decision reads ---------------------------------------------------------------

#: the fields of `Hand`, in the order in which they took part
hands_of = CompiledQuery[tuple[int, int, str, int, UUID]](
    lambda requests: (
        Contributor.objects.filter(request__in=requests)
        .order_by("pk")
        .values_list("request_id", "account_id", "role", "revision", "account__public_id")
    )
)
_left_open = CompiledQuery[Thread](
    lambda requests: (
        Thread.objects.filter(request__in=requests, resolved_at=None)
        .select_related("opened_by")
        .order_by("pk")
    )
)
_checks = CompiledQuery[Check](
    lambda prompts, digests: Check.objects.filter(prompt__in=prompts, content_digest__in=digests)
)
_holds = CompiledQuery[Hold](
    lambda prompts: Hold.objects.filter(prompt__in=prompts, lifted_at=None).select_related(
        "opened_by"
    )
)
#: texts stay where they are: what is judged of them is their digests
_pointers = CompiledQuery[LabelPointer](
    lambda prompts: (
        LabelPointer.objects.filter(prompt__in=prompts)
        .select_related("version")
        .only("prompt", "label", "suspended", "version__number", "version__content_digest")
    )
)
_moves = CompiledQuery[Any](
    lambda prompts: (
        Release.objects.filter(prompt__in=prompts)
        .order_by()
        .values("prompt_id", "label_id", "version_id", "kind")
        .annotate(last=Max("at"))
    )
)
_members = CompiledQuery[tuple[str, int, str, str]](
    lambda: (
        Membership.objects.filter(user__is_active=True, user__kind="person")
        .order_by("user__display_name")
        .values_list("group__name", "user_id", "user__display_name", "user__username")
    )
)
_scans = CompiledQuery[RiskScan](
    lambda digests, rulesets: RiskScan.objects.filter(
        content_digest__in=digests, ruleset__in=rulesets
    )
)
_findings = CompiledQuery[Finding](
    lambda digests, rulesets: Finding.objects.filter(
        scan__content_digest__in=digests, scan__ruleset__in=rulesets
    ).order_by("position")
)


@dataclass
class Rows:
    """What was read for a set of requests, by the keys that `_facts` looks up."""

    book: PolicyBook
    pointers: dict[tuple[int, int], LabelPointer] = field(default_factory=dict)
    moves: dict[tuple[int, int], list[dict[str, Any]]] = field(default_factory=dict)
    holders: dict[tuple[int, str], list[permissions.Holder]] = field(default_factory=dict)
    granters: dict[int, permissions.Granters] = field(default_factory=dict)
    roles: dict[int, set[str]] = field(default_factory=dict)
    people: tuple[Person, ...] = ()
    governance: tuple[tuple[int, str], ...] = ()
    votes: dict[int, list[Vote]] = field(default_factory=dict)
    contributors: dict[int, dict[int, str]] = field(default_factory=dict)
    suggesters: dict[int, set[int]] = field(default_factory=dict)
    threads: dict[int, list[Thread]] = field(default_factory=dict)
    checks: dict[tuple[int, str], list[Check]] = field(default_factory=dict)
    scans: dict[tuple[str, str, str], RiskScan] = field(default_factory=dict)
    findings: dict[int, list[scanning.Finding]] = field(default_factory=dict)
    holds: dict[tuple[int, int], Hold] = field(default_factory=dict)
    bypassed: dict[UUID, frozenset[str]] = field(default_factory=dict)
    #: states of the members of each set that goes out as a whole, by their keys
    members: dict[UUID, dict[int, str]] = field(default_factory=dict)


def read(requests: Sequence[ApprovalRequest], book: PolicyBook | None = None) -> Rows:
    """Everything that the facts of these requests are made of."""
    by_pk = {request.prompt.pk: request.prompt for request in requests if request.prompt}
    prompts = [*by_pk]
    saved = [request.pk for request in requests if request.pk]
    digests = list({request.version.content_digest for request in requests if request.version})
    versions, pointers, moves, holders, members, votes, hands, threads, checks, holds, *scans = (
        together(
            Asked() if book else all_versions.of(),
            _pointers.of(prompts),
            _moves.of(prompts),
            permissions.asked_holders(prompts, _CODENAMES),
            _members.of(),
            votes_on.of(saved),
            hands_of.of([r.pk for r in requests if r.pk and r.hands is None]),
            _left_open.of(saved),
            _checks.of(prompts, digests),
            _holds.of(prompts),
            *_asked_scans(requests),
        )
    )
    rows = Rows(
        book=book or PolicyBook.of(versions),
        pointers={(p.prompt_id, p.label_id): p for p in pointers},
        moves=_grouped(moves, lambda move: (move["prompt_id"], move["label_id"])),
        votes={
            pk: [vote_facts(row) for row in given]
            for pk, given in _grouped(votes, lambda vote: vote["request_id"]).items()
        },
        threads=_grouped(threads, lambda thread: thread.request_id),
        checks=_grouped(checks, lambda check: (check.prompt_id, check.content_digest)),
        holds={(hold.prompt_id, hold.label_id): hold for hold in holds},
    )
    _put_people(rows, by_pk, holders, members)
    known = [hand for request in requests for hand in request.hands or ()]
    _put_hands(rows, [*known, *(Hand(*hand) for hand in hands)])
    _put_scans(rows, *scans)
    _read_emergencies(rows, requests)
    _read_sets(rows, requests)
    return rows


def _grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


#: states in which a member keeps no other one of its set back
_READY = (ApprovalRequest.State.APPROVED, ApprovalRequest.State.RELEASED)
_ENDED = (ApprovalRequest.State.REJECTED, ApprovalRequest.State.WITHDRAWN)


def set_facts(request: ApprovalRequest, rows: Rows) -> SetFacts | None:
    """How the others of its set stand; None outside of a set that goes out as a whole."""
    members = rows.members.get(request.change_set_id) if request.change_set_id else None
    if members is None:
        return None
    others = [state for pk, state in members.items() if pk != request.pk]
    return SetFacts(
        others=len(others),
        waiting=sum(state not in _READY for state in others),
        ended=sum(state in _ENDED for state in others),
    )


def _read_sets(rows: Rows, requests: Sequence[ApprovalRequest]) -> None:
    sets = {request.change_set_id for request in requests if request.change_set_id}
    if not sets:
        return
    members = ApprovalRequest.objects.filter(change_set__in=sets, change_set__whole=True)
    for change_set, pk, state in members.values_list("change_set", "pk", "state"):
        rows.members.setdefault(change_set, {})[pk] = state


def _put_hands(rows: Rows, hands: Iterable[Hand]) -> None:
    """Who contributed, in words; a suggester is one as long as there is no other hand."""
    for hand in hands:
        words = rows.contributors.setdefault(hand.request, {})
        suggesters = rows.suggesters.setdefault(hand.request, set())
        role = Contributor.Role(hand.role)
        if role == Contributor.Role.SUGGESTER:
            if hand.account not in words:
                suggesters.add(hand.account)
        elif hand.account in suggesters:
            suggesters.discard(hand.account)
            words[hand.account] = role.label
        words.setdefault(hand.account, role.label)


def _read_emergencies(rows: Rows, requests: Sequence[ApprovalRequest]) -> None:
    """What the emergency releases among the released ones passed over, as their reviews say."""
    released = [r.public_id for r in requests if r.state == ApprovalRequest.State.RELEASED]
    if not released:
        return
    found = AfterReview.objects.filter(
        campaign=None, release__kind=Release.Kind.EMERGENCY, release__cause_id__in=released
    )
    for change, shortfalls in found.values_list("release__cause_id", "shortfalls"):
        rows.bypassed[change] = frozenset(item["code"] for item in shortfalls)


def _put_people(
    rows: Rows,
    prompts: dict[int, Prompt],
    holders: list[tuple[Any, ...]],
    members: list[tuple[str, int, str, str]],
) -> None:
    rows.holders = permissions.holders_of(holders)
    held: dict[int, set[str]] = defaultdict(set)
    known: dict[int, permissions.Named] = {}
    for role, account, *names in members:
        held[account].add(role)
        if account not in known:
            known[account] = permissions.named(account, *names)
    rows.roles = held
    rows.people = tuple(Person(pk, who.name, frozenset(held[pk])) for pk, who in known.items())
    owners = [who for pk, who in known.items() if roles.GOVERNANCE_OWNERS in held[pk]]
    rows.governance = named(owners)
    rows.granters = permissions.granters_many(prompts.values(), held=rows.holders, owners=owners)


def read_scans(rows: Rows, requests: Sequence[ApprovalRequest]) -> None:
    """Put the scans of these requests and of their bases into the rows, with their findings."""
    _put_scans(rows, *together(*_asked_scans(requests)))


def _asked_scans(requests: Sequence[ApprovalRequest]) -> tuple[Asked[RiskScan], Asked[Finding]]:
    digests = {v.content_digest for r in requests for v in (r.version, r.base_version) if v}
    which = [*digests], list({r.scan.ruleset for r in requests if r.scan})
    return _scans.of(*which), _findings.of(*which)


def _put_scans(rows: Rows, scans: list[RiskScan], findings: list[Finding]) -> None:
    rows.scans = {(s.content_digest, s.template_format, s.ruleset): s for s in scans}
    rows.findings = defaultdict(list)
    for row in findings:
        rows.findings[row.scan_id].append(as_finding(row))


def named(people: Iterable[permissions.Named]) -> tuple[tuple[int, str], ...]:
    """People by key and name."""
    return tuple((person.pk, person.name) for person in people)


def as_finding(row: Finding) -> scanning.Finding:
    """The scanner's own finding from its stored row."""
    return scanning.Finding(
        category=row.category,
        rule=row.rule,
        severity=row.severity,
        confidence=row.confidence,
        path=row.path,
        start=row.start,
        end=row.end,
        explanation=row.explanation,
        remedy=row.remedy,
    )
