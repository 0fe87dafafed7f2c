"""The rows of the reviews page, each group in the order in which it should be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from approvals import reads
from approvals.explain import title_of
from approvals.facts import gather_many
from approvals.models import AfterReview, ApprovalRequest
from approvals.policies import Facts, Requirement, evaluate, unmet
from approvals.presenters.briefly import signs_briefly, why_alone
from approvals.presenters.needs import can_grant
from approvals.presenters.times import Due, due
from approvals.presenters.verbs import may_close_after_review, may_sign
from approvals.words import STATES
from registry import permissions
from registry.models import Release, User

#: open changes that one look at the page reads; beyond it the page says so
MOST = 300


@dataclass(frozen=True)
class Item:
    """One row: a change, or a review after the fact when `change` is None."""

    title: str
    prompt: str
    versions: str
    by: str
    state: str
    state_css: str
    level: str
    score: int
    needs: str
    words: int
    due: Due | None
    change: int | None
    #: whether the viewer can grant what nobody who is left could give
    grants: bool = False
    #: whether the viewer can approve it together with others
    briefly: bool = False
    #: the change set that it belongs to
    change_set: UUID | None = None


@dataclass(frozen=True)
class Queue:
    for_me: tuple[Item, ...]
    for_others: tuple[Item, ...]
    mine: tuple[Item, ...]
    more: bool

    @property
    def briefly(self) -> int:
        """How many of those for the viewer can be approved together."""
        return sum(item.briefly for item in self.for_me)

    @property
    def nearest(self) -> Due | None:
        return min((i.due for i in self.for_me if i.due), key=lambda d: d.at, default=None)


def queue_of(viewer: User, now: datetime) -> Queue:
    """The three groups in a constant number of queries."""
    own = list(reads.own_open_requests(viewer)[: MOST + 1])
    others = list(reads.open_requests_of_others(viewer)[: MOST + 1])
    facts = gather_many([*own[:MOST], *others[:MOST]])
    rules = {pk: evaluate(known, now) for pk, known in facts.items()}
    for_me, for_others = _after_reviews(viewer, now)
    for change in others[:MOST]:
        known, list_ = facts[change.pk], rules[change.pk]
        asked = _asked(change, known, list_, viewer)
        group = for_me if asked else for_others
        group.append(_item(change, known, list_, viewer, asked, now))
    return Queue(
        for_me=tuple(sorted(for_me, key=_nearest)),
        for_others=tuple(for_others),
        mine=tuple(_item(c, facts[c.pk], rules[c.pk], viewer, "", now) for c in own[:MOST]),
        more=max(len(own), len(others)) > MOST,
    )


def _asked(
    change: ApprovalRequest, facts: Facts, rules: Sequence[Requirement], viewer: User
) -> str:
    """What waits for this viewer in words; empty when nothing does."""
    if change.state not in ("review", "approved") or not facts.label_protected:
        return ""
    if change.state == "review":
        signs = may_sign(facts, rules, viewer.pk)
        if signs:
            return f"your sign-off for {' or '.join(signs)}"
    for rule in rules:
        if rule.blocks and any(who.id == viewer.pk for who in rule.who):
            if rule.code == "changes_requested":
                return "a new vote: you asked for changes"
            if rule.code == "release_manager" and change.state == "approved":
                return "somebody to press Release"
            if rule.code.startswith("sign_off:") and rule.impossible:
                can = "grant it" if can_grant(rule, viewer.pk) else "put somebody into the role"
                return f"a reviewer: nobody left can sign, and you can {can}"
    return ""


def missing_words(rules: Sequence[Requirement]) -> str:
    """The first things that are missing, in the words of the list."""
    titles = [rule.title for rule in unmet(rules) if rule.code not in ("risk", "staging")]
    if not titles:
        return "nothing"
    said = "; ".join(titles[:2])
    return f"{said}; {len(titles) - 2} more" if len(titles) > 2 else said


def _item(
    change: ApprovalRequest,
    facts: Facts,
    rules: Sequence[Requirement],
    viewer: User,
    asked: str,
    now: datetime,
) -> Item:
    needs = asked or missing_words(rules)
    word, css = STATES[change.state]
    live = f"v{facts.live_number}" if facts.live_number else "nothing"
    waits = change.waiting_since is not None
    return Item(
        title=title_of(change),
        prompt=facts.prompt,
        versions=f"v{facts.version_number} → {facts.label} (live: {live})",
        by=str(change.author),
        state=word,
        state_css=css,
        level=facts.scan.level if facts.scan else "",
        score=facts.scan.score if facts.scan else 0,
        needs=f"{needs}; the author is asked something" if waits else needs,
        words=facts.change.changed_words,
        due=due(change.due_at, now) if change.state == "review" and not waits else None,
        change=change.pk,
        grants=any(can_grant(rule, viewer.pk) for rule in rules),
        briefly=bool(asked) and _briefly(change, facts, rules, viewer),
        change_set=change.change_set_id,
    )


def _briefly(
    change: ApprovalRequest, facts: Facts, rules: Sequence[Requirement], viewer: User
) -> bool:
    roles = signs_briefly(change, facts, rules, viewer)
    return bool(roles) and not why_alone(facts, roles)


def _after_reviews(viewer: User, now: datetime) -> tuple[list[Item], list[Item]]:
    rows = list(reads.after_reviews_for(viewer)[:MOST])
    held = permissions.roles_of(viewer) if rows else set()
    holders = permissions.holders_many({r.prompt_id for r in rows}, [permissions.REVIEW])
    for_me: list[Item] = []
    for_others: list[Item] = []
    for row in rows:
        reviewers = {h.account.pk for h in holders.get((row.prompt_id, permissions.REVIEW), [])}
        powers = frozenset({permissions.REVIEW} if viewer.pk in reviewers else ())
        yours = may_close_after_review(powers, held, viewer.pk, row.opened_by_id)
        (for_me if yours else for_others).append(_after(row, now))
    return for_me, for_others


def _after(row: AfterReview, now: datetime) -> Item:
    back = row.release.version
    away = row.release.from_version
    titles = {
        Release.Kind.EMERGENCY: f"Emergency release of {back}",
        Release.Kind.RELEASE: f"Release of {back} without people",
    }
    rolled = f"Rollback{f' of {away}' if away else ''} to {back}"
    taken = titles.get(Release.Kind(row.release.kind), rolled)
    return Item(
        title=f"Another look at {back}, which is live" if row.campaign_id else taken,
        prompt=row.prompt.name,
        versions=f"{back} on {row.label}",
        by=str(row.opened_by),
        state="After the fact",
        state_css="wait",
        level="",
        score=0,
        needs="review after the fact: " + "; ".join(s["title"] for s in row.shortfalls[:2]),
        words=0,
        due=due(row.due_at, now),
        change=None,
    )


def _nearest(item: Item) -> tuple[bool, float]:
    return item.due is None, item.due.at.timestamp() if item.due else 0.0
