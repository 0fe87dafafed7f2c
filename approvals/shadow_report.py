"""The shadow report: what policies that are only watched would have done, and what people did.

Read in a constant number of queries, for any number of changes and policies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from approvals.models import Policy, PolicyVersion, ShadowVerdict
from approvals.policies import PolicyRules, UnreadablePolicy
from approvals.policies import read as read_policy
from registry import permissions
from registry.errors import BadInput, NotAllowed, NotFound
from registry.models import Prompt, User

#: length of a period that nobody gave
DAYS = 30
PER_PAGE = 25
#: years in which a day may lie
YEARS = range(2000, 9000)


@dataclass(frozen=True)
class Period:
    """Whole days in the time zone that is active, both included."""

    first: date
    last: date
    zone: str

    @property
    def begin(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time()))

    @property
    def end(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.last + timedelta(days=1), time()))


@dataclass
class Tally:
    """Changes of one outcome by what became of them; `rolled_back` counts among all of these."""

    became: Counter[str] = field(default_factory=Counter)
    rolled_back: int = 0

    @property
    def total(self) -> int:
        return self.became.total()


@dataclass
class Line:
    """One version of a policy: where it stands, and its changes by how it would have judged."""

    version: PolicyVersion
    #: proposed, shadow (in force, taking notes), in_force, replaced, rejected or withdrawn
    standing: str
    #: the change of a policy that proposed it
    change: int | None
    passed: Tally
    held: Tally
    failed: Tally

    @property
    def judged(self) -> int:
        return self.passed.total + self.held.total + self.failed.total


@dataclass(frozen=True)
class Report:
    """The numbers, one page of the disagreements, and how many more nobody may name here."""

    period: Period
    policy: str
    version: PolicyVersion | None
    lines: tuple[Line, ...]
    disagreements: Page[ShadowVerdict]
    hidden: int
    policies: tuple[str, ...]


def period_of(first: str, last: str) -> Period:
    """The period of two days as people type them; BadInput names the one that is none.

    Without them it ends today and is 30 days long.
    """
    end = _day(last, "to") if last else None
    begin = _day(first, "from") if first else None
    end = end or max(timezone.localdate(), begin or date.min)
    begin = begin or end - timedelta(days=DAYS - 1)
    if begin > end:
        raise BadInput("The period ends before it begins. Give an earlier first day.", field="from")
    return Period(begin, end, timezone.get_current_timezone_name())


def report_for(
    viewer: User, period: Period, *, policy: str = "", version: int | None = None, page: str = ""
) -> Report:
    """The report as one person reads it; NotAllowed for who is no governance owner or auditor.

    Of one policy by name, or of one version by key: NotFound where there is none.
    """
    if not permissions.oversees(viewer):
        raise NotAllowed(
            "The shadow report is for governance owners and auditors. A governance owner can put "
            "you into one of these roles."
        )
    return _report(
        permissions.visible_prompts(viewer), period, policy, version, page, per_page=PER_PAGE
    )


def report_for_nobody(period: Period, *, policy: str = "", most: int) -> Report:
    """The report for the command line: it names no confidential prompt. NotFound as above."""
    return _report(Prompt.objects.filter(confidential=False), period, policy, None, "", most)


def _report(
    prompts: QuerySet[Prompt],
    period: Period,
    policy: str,
    version: int | None,
    page: str,
    per_page: int,
) -> Report:
    names = tuple(Policy.objects.values_list("name", flat=True))
    name = _known(policy, names) if policy else ""
    chosen = _version(version) if version is not None else None
    rows = ShadowVerdict.objects.all()
    if name:
        rows = rows.filter(policy_version__policy__name=name)
    if chosen is not None:
        rows = rows.filter(policy_version=chosen)
    counted = rows.counted(period.begin, period.end).with_end()
    tallies, against = _tallies(counted)
    found = _lines(tallies, name, chosen)
    pages = Paginator(counted.disagreeing().on(prompts), per_page).get_page(page or 1)
    return Report(
        period=period,
        policy=name,
        version=chosen,
        lines=tuple(found),
        disagreements=pages,
        hidden=against - pages.paginator.count,
        policies=names,
    )


def _known(policy: str, names: Iterable[str]) -> str:
    found = next((name for name in names if name.casefold() == policy.casefold()), None)
    if found is None:
        raise NotFound(f"There is no policy named {policy}. There are {', '.join(names)}.")
    return found


def _version(pk: int) -> PolicyVersion:
    found = PolicyVersion.objects.select_related("policy").filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such version of a policy.")
    return found


def _tallies(counted: QuerySet[ShadowVerdict]) -> tuple[dict[int, dict[str, Tally]], int]:
    """Tallies by version and outcome, and how many disagreements there are."""
    tallies: dict[int, dict[str, Tally]] = {}
    against = 0
    keys = ("policy_version_id", "outcome", "became", "rolled_back")
    for version, outcome, became, back, count in (
        counted.order_by().values_list(*keys).annotate(count=Count("pk"))
    ):
        tally = tallies.setdefault(version, {}).setdefault(outcome, Tally())
        tally.became[became] += count
        if back:
            tally.rolled_back += count
        if outcome == "pass" and (back or became in ShadowVerdict.REFUSED):
            against += count
    return tallies, against


def _lines(
    tallies: dict[int, dict[str, Tally]], policy: str, chosen: PolicyVersion | None
) -> Iterable[Line]:
    """What was judged in the period, and what is watched now, in the order of the policies."""
    watched = Q(pk__in=Policy.objects.exclude(current=None).values("current"))
    watched |= Q(requests__state="review")
    rows = PolicyVersion.objects.filter(Q(pk__in=[*tallies]) | watched)
    if policy:
        rows = rows.filter(policy__name=policy)
    if chosen is not None:
        rows = PolicyVersion.objects.filter(pk=chosen.pk)
    rows = rows.select_related("policy").prefetch_related("requests").distinct()
    for version in rows.order_by("policy__position", "-number"):
        change = next(iter(version.requests.all()), None)
        found = tallies.get(version.pk, {})
        standing = _standing(version, change.state if change else "released")
        if found or chosen is not None or standing in ("proposed", "shadow"):
            yield Line(
                version=version,
                standing=standing,
                change=change.pk if change else None,
                passed=found.get("pass", Tally()),
                held=found.get("hold", Tally()),
                failed=found.get("error", Tally()),
            )


def _standing(version: PolicyVersion, state: str) -> str:
    if version.pk == version.policy.current_id:
        rules = _rules(version)
        notes = rules is not None and rules.automatic and rules.automatic.mode == "shadow"
        return "shadow" if notes else "in_force"
    return {"review": "proposed", "released": "replaced"}.get(state, state)


def _rules(version: PolicyVersion) -> PolicyRules | None:
    try:
        return read_policy(version.document)
    except UnreadablePolicy:
        return None


def _day(text: str, which: str) -> date:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        found = date.min
    if found.year not in YEARS:
        raise BadInput("Write a day such as 2026-03-31.", field=which)
    return found
