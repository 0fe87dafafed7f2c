"""What is read of requests before it is judged, in a constant number of queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Max

from approvals import scanning
from approvals.matching import PolicyBook
from approvals.models import (
    AfterReview,
    ApprovalRequest,
    Check,
    Contributor,
    Finding,
    Hold,
    Review,
    RiskScan,
    Thread,
)
from approvals.policies import (
    Person,
    SetFacts,
)
from registry import permissions, roles
from registry.models import LabelPointer, Membership, Prompt, Release, User

_CODENAMES = (
    permissions.REVIEW,
    permissions.MANAGE,
    permissions.RELEASE,
    permissions.RESPOND,
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
    votes: dict[int, list[Review]] = field(default_factory=dict)
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
    prompts = {*by_pk}
    saved = [request.pk for request in requests if request.pk]
    rows = Rows(book=book or PolicyBook.read())
    _read_registry(rows, prompts)
    _read_people(rows, by_pk)
    votes: dict[int, list[Review]] = defaultdict(list)
    given = Review.objects.filter(request__in=saved)
    given = given.select_related("reviewer", "lift__account", "copied_from")
    for vote in given.order_by("pk"):
        votes[vote.request_id].append(vote)
    rows.votes = votes
    _read_hands(rows, saved)
    _read_evidence(rows, requests, saved)
    for hold in Hold.objects.filter(prompt__in=prompts, lifted_at=None).select_related("opened_by"):
        rows.holds[hold.prompt_id, hold.label_id] = hold
    read_scans(rows, requests)
    _read_emergencies(rows, requests)
    _read_sets(rows, requests)
    return rows


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


def _read_hands(rows: Rows, saved: list[int]) -> None:
    """Who contributed, in words; a suggester is one as long as there is no other hand."""
    for row in Contributor.objects.filter(request__in=saved).order_by("pk"):
        words = rows.contributors.setdefault(row.request_id, {})
        suggesters = rows.suggesters.setdefault(row.request_id, set())
        if row.role == Contributor.Role.SUGGESTER:
            if row.account_id not in words:
                suggesters.add(row.account_id)
        elif row.account_id in suggesters:
            suggesters.discard(row.account_id)
            words[row.account_id] = row.get_role_display()
        words.setdefault(row.account_id, row.get_role_display())


def _read_evidence(rows: Rows, requests: Sequence[ApprovalRequest], saved: list[int]) -> None:
    threads: dict[int, list[Thread]] = defaultdict(list)
    left = Thread.objects.filter(request__in=saved, resolved_at=None)
    for thread in left.select_related("opened_by").order_by("pk"):
        threads[thread.request_id].append(thread)
    rows.threads = threads
    checks: dict[tuple[int, str], list[Check]] = defaultdict(list)
    digests = {request.version.content_digest for request in requests if request.version}
    prompts = {request.prompt_id for request in requests if request.prompt_id}
    for check in Check.objects.filter(prompt__in=prompts, content_digest__in=digests):
        checks[check.prompt_id, check.content_digest].append(check)
    rows.checks = checks


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


def _read_registry(rows: Rows, prompts: set[int]) -> None:
    pointers = LabelPointer.objects.filter(prompt__in=prompts).select_related("version")
    rows.pointers = {(p.prompt_id, p.label_id): p for p in pointers}
    moves: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    grouped = (
        Release.objects.filter(prompt__in=prompts)
        .order_by()
        .values("prompt_id", "label_id", "version_id", "kind")
        .annotate(last=Max("at"))
    )
    for move in grouped:
        moves[move["prompt_id"], move["label_id"]].append(dict(move))
    rows.moves = moves


def _read_people(rows: Rows, prompts: dict[int, Prompt]) -> None:
    rows.holders = permissions.holders_many(prompts, _CODENAMES)
    held: dict[int, set[str]] = defaultdict(set)
    names: dict[int, str] = {}
    owners: list[User] = []
    memberships = Membership.objects.filter(user__is_active=True, user__kind="person")
    for member in memberships.select_related("group", "user").order_by("user__display_name"):
        held[member.user_id].add(member.group.name)
        names[member.user_id] = str(member.user)
        if member.group.name == roles.GOVERNANCE_OWNERS:
            owners.append(member.user)
    rows.roles = held
    rows.people = tuple(Person(pk, name, frozenset(held[pk])) for pk, name in names.items())
    rows.governance = named(owners)
    rows.granters = permissions.granters_many(prompts.values(), held=rows.holders, owners=owners)


def read_scans(rows: Rows, requests: Sequence[ApprovalRequest]) -> None:
    """Put the scans of these requests and of their bases into the rows, with their findings."""
    digests = {v.content_digest for r in requests for v in (r.version, r.base_version) if v}
    rulesets = {r.scan.ruleset for r in requests if r.scan}
    if not rulesets:
        return
    for scan in RiskScan.objects.filter(content_digest__in=digests, ruleset__in=rulesets):
        rows.scans[scan.content_digest, scan.template_format, scan.ruleset] = scan
    findings: dict[int, list[scanning.Finding]] = defaultdict(list)
    for row in Finding.objects.filter(scan__in=rows.scans.values()).order_by("position"):
        findings[row.scan_id].append(as_finding(row))
    rows.findings = findings


def named(people: Iterable[User]) -> tuple[tuple[int, str], ...]:
    """People by key and name."""
    return tuple((person.pk, str(person)) for person in people)


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
