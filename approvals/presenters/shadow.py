"""The shadow report in words, the same on its page and from the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from approvals.explain import title_of
from approvals.shadow_report import Line, Period, Report, Tally

#: what became of a change -> what people did with it
BECAME = {
    "approved": "approved by people",
    "changes": "sent back by people for changes",
    "rejected": "rejected by people",
    "itself": "passed by the policy in force",
    "emergency": "released in an emergency",
    "withdrawn": "withdrawn",
    "open": "still open",
}
#: where a version of a policy stands -> (words, css class); colour never stands alone
STANDINGS = {
    "proposed": ("proposed, not decided yet", "wait"),
    "shadow": ("in force, only takes notes", "wait"),
    "in_force": ("in force", "ok"),
    "replaced": ("no longer in force", ""),
    "rejected": ("proposed, rejected", "no"),
    "withdrawn": ("proposed, withdrawn", ""),
}
PASSED, HELD, FAILED = "would have passed", "would have been held", "could not be judged"
REFUSED = "Would have passed, but people refused it or rolled it back"
NONE_REFUSED = "None: people refused or rolled back nothing that would have passed."
NOTHING = (
    "No policy is watched, and none was in this period. Propose one, or set the mode of its "
    "automatic approval to shadow."
)


@dataclass(frozen=True)
class Group:
    """Changes of one outcome: how many, and what people did with them."""

    title: str
    count: int
    said: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One version of a policy."""

    name: str
    pk: int
    standing: str
    css: str
    change: int | None
    judged: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Item:
    """One disagreement."""

    change: int
    title: str
    prompt: str
    policy: str
    revision: int
    at: datetime
    said: str


def cards_of(report: Report) -> tuple[Card, ...]:
    """The numbers of each version in words."""
    return tuple(
        Card(
            name=str(line.version),
            pk=line.version.pk,
            standing=STANDINGS[line.standing][0],
            css=STANDINGS[line.standing][1],
            change=line.change if line.standing == "proposed" else None,
            judged=f"{_count(line.judged)} judged",
            groups=tuple(_groups(line)),
        )
        for line in report.lines
    )


def items_of(report: Report) -> tuple[Item, ...]:
    """One page of the disagreements in words."""
    return tuple(_item(row) for row in _judged(report))


def against(report: Report) -> int:
    """How many disagreements there are, named and not named."""
    return report.disagreements.paginator.count + report.hidden


def period_words(period: Period) -> str:
    """The period and its time zone."""
    return f"{_day(period.first)} to {_day(period.last)} ({period.zone})"


def hidden_words(report: Report) -> str:
    """How many disagreements are not named; "" for none."""
    if not report.hidden:
        return ""
    verb = "is" if report.hidden == 1 else "are"
    return f"{_count(report.hidden)} more {verb} on confidential prompts that are not named here."


def lines_of(report: Report) -> Iterator[str]:
    """The report as plain text."""
    yield f"Shadow report, {period_words(report.period)}"
    if not report.lines:
        yield from ("", NOTHING)
    for card in cards_of(report):
        yield ""
        yield f"{card.name} ({card.standing}): {card.judged}"
        for group in card.groups:
            yield f"  {group.count} {group.title}"
            yield from (f"    {said}" for said in group.said)
    pages = report.disagreements
    yield ""
    yield f"{REFUSED} ({against(report)})"
    for item in items_of(report):
        yield f"  change {item.change} · {item.prompt} · {item.policy} · {item.said}"
    left = pages.paginator.count - len(pages.object_list)
    if left:
        yield f"  {_count(left)} more, judged before these; choose a shorter period."
    if report.hidden:
        yield f"  {hidden_words(report)}"


def as_dict(report: Report) -> dict[str, Any]:
    """The report for programs: every number by name, zeros too."""
    pages = report.disagreements
    return {
        "from": report.period.first.isoformat(),
        "to": report.period.last.isoformat(),
        "time_zone": report.period.zone,
        "policies": [
            {
                "policy": line.version.policy.name,
                "version": line.version.number,
                "standing": line.standing,
                "change": line.change,
                "judged": line.judged,
                "would_have_passed": _numbers(line.passed),
                "would_have_been_held": _numbers(line.held),
                "could_not_be_judged": _numbers(line.failed),
            }
            for line in report.lines
        ],
        "disagreements": [
            {
                "change": row.request_id,
                "prompt": row.request.prompt.name if row.request.prompt else "",
                "policy": row.policy_version.policy.name,
                "version": row.policy_version.number,
                "revision": row.revision,
                "at": row.at.isoformat(),
                "became": row.became,
                "rolled_back": row.rolled_back,
            }
            for row in _judged(report)
        ],
        "disagreements_left_off": pages.paginator.count - len(pages.object_list),
        "disagreements_not_named": report.hidden,
    }


def _groups(line: Line) -> Iterator[Group]:
    yield _group(PASSED, line.passed)
    yield _group(HELD, line.held)
    if line.failed.total:
        yield _group(FAILED, line.failed)


def _group(title: str, tally: Tally) -> Group:
    said = [f"{tally.became[key]} {words}" for key, words in BECAME.items() if tally.became[key]]
    if tally.rolled_back:
        said.append(f"{tally.rolled_back} of these rolled back later")
    return Group(title, tally.total, tuple(said))


def _numbers(tally: Tally) -> dict[str, int]:
    became = {key: tally.became[key] for key in BECAME}
    return {"total": tally.total, **became, "rolled_back": tally.rolled_back}


def _judged(report: Report) -> Sequence[Any]:
    """The rows of one page, with what their query adds to the columns."""
    return list(report.disagreements.object_list)


def _item(row: Any) -> Item:
    said = BECAME[row.became] + (", rolled back later" if row.rolled_back else "")
    return Item(
        change=row.request_id,
        title=title_of(row.request),
        prompt=row.request.prompt.name if row.request.prompt else "",
        policy=str(row.policy_version),
        revision=row.revision,
        at=row.at,
        said=said,
    )


def _count(count: int) -> str:
    return f"{count:,} {'change' if count == 1 else 'changes'}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
