"""Low-risk changes that wait for one person, short enough to be read and approved together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import QueryDict

from approvals import reads
from approvals.errors import TooManyAtOnce
from approvals.explain import title_of
from approvals.facts import gather_many
from approvals.models import ApprovalRequest
from approvals.policies import Facts, evaluate
from approvals.presenters.briefly import signs_briefly, why_alone
from approvals.presenters.callers import callers_must
from approvals.presenters.diffs import Diff, Room, diff_of
from approvals.presenters.queue import MOST
from approvals.presenters.refusals import Panel, panel_of
from approvals.presenters.times import Due, due
from approvals.reading import why_hidden_many
from approvals.scanning import Comparison, Finding
from approvals.weighing import findings_of_many
from registry.errors import BadInput, Refusal
from registry.models import User
from registry.numbers import whole

#: changes on one page, and in one press
MOST_AT_ONCE = 50
#: characters of the author's reason
MOST_WHY = 400


@dataclass(frozen=True)
class Pick:
    """A change that was ticked: what was seen of it, and in which role it is approved."""

    change: int
    seen: str
    role: str


@dataclass(frozen=True)
class Brief:
    """A change in short; `alone` says why it is decided on its own page, empty where it is not.

    `ticked` it was, in a form that comes back; `moved` it has been edited since.
    """

    change: int
    title: str
    why: str
    prompt: str
    versions: str
    by: str
    score: int
    words: int
    due: Due | None
    threads: int
    asked: bool
    roles: tuple[str, ...]
    seen: str
    alone: str = ""
    diff: Diff | None = None
    callers: tuple[str, ...] = ()
    ticked: bool = False
    moved: bool = False
    role: str = ""


@dataclass(frozen=True)
class Several:
    """Those that can be ticked, those that cannot, and how many of either are not shown.

    `beyond`: there are more open changes than one look at the page reads.
    """

    ready: tuple[Brief, ...]
    alone: tuple[Brief, ...]
    more: int
    beyond: bool


@dataclass(frozen=True)
class Refused:
    """A change of a press that was not approved; `change` is None where it is not there."""

    title: str
    change: int | None
    panel: Panel


def picks_of(post: QueryDict) -> tuple[Pick, ...]:
    """What was ticked in a form, each change once; raises BadInput, TooManyAtOnce."""
    picks: dict[int, Pick] = {}
    for value in post.getlist("change"):
        change = whole(value) or 0
        seen, role = post.get(f"seen:{value}", ""), post.get(f"role:{value}", "")
        picks.setdefault(change, Pick(change, seen, role))
    if not picks:
        raise BadInput("Tick at least one change; nothing is ticked beforehand.", field="change")
    if len(picks) > MOST_AT_ONCE:
        raise TooManyAtOnce(
            f"{len(picks)} changes are ticked, and {MOST_AT_ONCE} can be approved at once. Untick "
            "some.",
            field="change",
        )
    return tuple(picks.values())


def several_of(viewer: User, now: datetime, sent: QueryDict | None = None) -> Several:
    """The page's changes in a constant number of queries, the nearest due first.

    `sent` is a form that comes back: what was ticked in it stays so where it still can be.
    """
    found = list(reads.in_review_by_others(viewer)[: MOST + 1])
    open_now = found[:MOST]
    facts = gather_many(open_now)
    waiting: list[tuple[ApprovalRequest, Facts, tuple[str, ...]]] = []
    for change in open_now:
        known = facts[change.pk]
        roles = signs_briefly(change, known, evaluate(known, now), viewer)
        if roles:
            waiting.append((change, known, roles))
    texts = _Texts.read([change for change, _, _ in waiting], viewer)
    ready: list[Brief] = []
    alone: list[Brief] = []
    for change, known, roles in waiting:
        brief = _brief(change, known, roles, now)
        if len(ready) < MOST_AT_ONCE:
            brief = texts.shown(change, known, brief)
        (alone if brief.alone else ready).append(brief)
    shown = ready[:MOST_AT_ONCE]
    rest = alone[: MOST_AT_ONCE - len(shown)]
    return Several(
        ready=tuple(_filled_in(shown, sent)),
        alone=tuple(rest),
        more=len(waiting) - len(shown) - len(rest),
        beyond=len(found) > MOST,
    )


def refused_of(found: Sequence[tuple[Pick, Refusal]], viewer: User) -> tuple[Refused, ...]:
    """What was not approved, each by its title where this person may know it."""
    numbers = {pick.change for pick, _ in found}
    known = {row.pk: row for row in reads.requests_for(viewer).filter(pk__in=numbers)}
    return tuple(
        Refused(
            title=title_of(known[pick.change]) if pick.change in known else "A change",
            change=pick.change if pick.change in known else None,
            panel=panel_of(refusal, viewer.pk),
        )
        for pick, refusal in found
    )


@dataclass(frozen=True)
class _Texts:
    """What was read of the texts of all changes together."""

    hidden: dict[int, str]
    found: dict[int, Comparison[Finding]]

    @classmethod
    def read(cls, changes: Sequence[ApprovalRequest], viewer: User) -> _Texts:
        versions = [change.version for change in changes if change.version]
        return cls(why_hidden_many(versions, viewer), findings_of_many(changes))

    def shown(self, change: ApprovalRequest, facts: Facts, brief: Brief) -> Brief:
        """The change with its text, or with the reason why it is looked at by itself."""
        version, base = change.version, change.base_version
        assert version is not None  # noqa: S101  # a CHECK says so
        alone = brief.alone or self.hidden[version.pk]
        if alone or version.is_erased:
            return replace(brief, alone=alone or "The content of this version was erased.")
        body = version.body
        base_body = base.body if base and not base.is_erased else {}
        new = [mark for mark in self.found[change.pk].marked if mark.mark == "new"]
        room = Room(rows=60, settings=20, carried=0, noted=20, quiet=0)
        diff = diff_of(base_body, body, new, room)
        if diff.cut or diff.cut_parts or diff.unseen:
            return replace(brief, alone="It is too long to be shown whole among others.")
        callers = callers_must(facts.change.kind, base_body, body) if base_body else ()
        return replace(brief, diff=diff, callers=callers)


def _brief(change: ApprovalRequest, facts: Facts, roles: tuple[str, ...], now: datetime) -> Brief:
    title = title_of(change)
    why = (change.rationale.value or "").strip().removeprefix(title).strip()
    live = f"v{facts.live_number}" if facts.live_number else "nothing"
    waits = change.waiting_since is not None
    return Brief(
        change=change.pk,
        title=title,
        why=f"{why[:MOST_WHY]}…" if len(why) > MOST_WHY else why,
        prompt=facts.prompt,
        versions=f"v{facts.version_number} → {facts.label} (live: {live})",
        by=str(change.author),
        score=facts.scan.score if facts.scan else 0,
        words=facts.change.changed_words,
        due=None if waits else due(change.due_at, now),
        threads=len(facts.threads),
        asked=waits,
        roles=roles,
        seen=change.revision_digest,
        alone=why_alone(facts, roles),
        role=roles[0],
    )


def _filled_in(briefs: Sequence[Brief], sent: QueryDict | None) -> Iterator[Brief]:
    ticked = {*(sent.getlist("change") if sent else ())}
    for brief in briefs:
        if sent is None or str(brief.change) not in ticked:
            yield brief
            continue
        moved = sent.get(f"seen:{brief.change}") != brief.seen
        role = sent.get(f"role:{brief.change}", "")
        yield replace(
            brief,
            ticked=not moved,
            moved=moved,
            role=role if role in brief.roles else brief.role,
        )
