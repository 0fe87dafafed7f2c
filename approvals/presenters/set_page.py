"""Everything that the page of a change set shows to one viewer, in a constant number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals import reads
from approvals.facts import gather_many
from approvals.hunks import Hunk, grouped, hunks_of
from approvals.models import ApprovalRequest, ChangeSet
from approvals.policies import Facts, Requirement, evaluate
from approvals.policies.signoffs import latest_votes
from approvals.presenters.callers import callers_must
from approvals.presenters.hunk_groups import ShownGroup, are_shown, shown, summed_up
from approvals.presenters.queue import missing_words
from approvals.presenters.signing import VoteForm, vote_form_of
from approvals.presenters.verbs import may_sign, releases
from approvals.reading import why_hidden_many
from approvals.services.undoing import MAY_UNDO
from approvals.words import EMERGENCY, STATES
from registry import permissions
from registry.models import LabelPointer, User

State = ApprovalRequest.State


@dataclass(frozen=True)
class Line:
    """One change of the set. `mark` is what the form sends back of it: what the viewer saw."""

    pk: int
    prompt: str
    state: str
    state_css: str
    level: str
    score: int
    needs: str
    votes: tuple[str, ...]
    live: bool
    mark: str
    #: roles in which the viewer can vote here; empty where the vote is on the change's own page
    signs: tuple[str, ...] = ()
    #: why the viewer votes on its own page
    own_page: str = ""
    #: whether the viewer may release it, and it waits for that only
    goes: bool = False

    @property
    def ticks(self) -> bool:
        return bool(self.signs) or self.goes


@dataclass(frozen=True)
class Can:
    """What the viewer is offered; the verbs decide again."""

    roles: tuple[str, ...] = ()
    submits: int = 0
    #: changes that go live by Release now, and those that keep a whole set back
    releases: int = 0
    waits: int = 0
    #: of those, the ones that ended without it: a whole set never goes out any more
    ended: int = 0
    back: int = 0
    withdraws: int = 0

    @property
    def any(self) -> bool:
        return bool(self.roles or self.submits or self.releases or self.back or self.withdraws)


@dataclass(frozen=True)
class SetPage:
    lines: tuple[Line, ...]
    groups: tuple[ShownGroup, ...]
    same: str
    #: changes of prompts that the viewer may not see, and texts that are not scanned yet
    hidden: int
    unread: int
    progress: tuple[tuple[str, str, int], ...]
    can: Can
    own_page: tuple[Line, ...]

    @property
    def size(self) -> int:
        return len(self.lines) + self.hidden


def set_page_of(change_set: ChangeSet, viewer: User, now: datetime) -> SetPage:
    """The members that the viewer may know of, what is the same in them, and what can be done."""
    members = list(reads.members_of(change_set, viewer))
    facts = gather_many(members)
    rules = {pk: evaluate(known, now) for pk, known in facts.items()}
    prompts = [member.prompt_id or 0 for member in members]
    powers = _powers(prompts, viewer)
    pointers = reads.live_of(prompts, change_set.label)
    hidden = why_hidden_many([m.version for m in members if m.version], viewer)
    read = [m for m in members if not hidden.get(m.version_id or 0)]
    groups = grouped({m.pk: _hunks(m) for m in read})
    here = are_shown(groups)
    lines = {
        member.pk: _line(
            change_set,
            member,
            facts[member.pk],
            rules[member.pk],
            viewer,
            powers.get(member.prompt_id or 0, frozenset()),
            pointers.get(member.prompt_id or 0),
            is_shown=member.pk in here,
        )
        for member in members
    }
    callers = {m.pk: _callers(m, facts[m.pk]) for m in read}
    told = shown(groups, lines, callers)
    unseen = reads.size_of(change_set) - len(members)
    return SetPage(
        lines=tuple(lines.values()),
        groups=told,
        same=summed_up(told),
        hidden=unseen,
        unread=len(members) - len(read),
        progress=_progress(members, facts),
        can=_can(change_set, members, lines, viewer, powers, unseen),
        own_page=tuple(line for line in lines.values() if line.own_page),
    )


def _powers(prompts: Sequence[int], viewer: User) -> dict[int, frozenset[str]]:
    held = permissions.holders_many(prompts, permissions.PROMPT_PERMISSIONS)
    found: dict[int, set[str]] = {}
    for (prompt, codename), holders in held.items():
        if any(holder.account.pk == viewer.pk for holder in holders):
            found.setdefault(prompt, set()).add(codename)
    return {prompt: frozenset(codenames) for prompt, codenames in found.items()}


def _line(
    change_set: ChangeSet,
    member: ApprovalRequest,
    facts: Facts,
    rules: list[Requirement],
    viewer: User,
    powers: frozenset[str],
    pointer: LabelPointer | None,
    *,
    is_shown: bool,
) -> Line:
    word, css = EMERGENCY if facts.bypassed else STATES[member.state]
    signs = may_sign(facts, rules, viewer.pk) if member.state == State.REVIEW else ()
    asks = vote_form_of(facts, signs)
    own_page = _asked_there(asks)
    if signs and not own_page and not is_shown:
        own_page = "its text is not shown here"
    if own_page:
        signs = ()
    approved = member.state == State.APPROVED
    return Line(
        pk=member.pk,
        prompt=facts.prompt,
        state=word,
        state_css=css,
        level=facts.scan.level if facts.scan else "",
        score=facts.scan.score if facts.scan else 0,
        needs=_needs(member, rules),
        votes=_votes(facts),
        live=pointer is not None and pointer.version_id == member.version_id,
        mark=f"{member.pk}.{pointer.generation if pointer else 0}.{member.revision_digest}",
        signs=signs,
        own_page=own_page,
        goes=approved and not change_set.whole and releases(member, viewer, powers),
    )


def _asked_there(asks: VoteForm) -> str:
    """What a vote has to bring that this page has no room for."""
    if asks.sheets and asks.signature_minutes:
        return "it asks you for a checklist and a signature"
    if asks.sheets:
        return "it asks you for a checklist"
    return "it asks you for a signature" if asks.signature_minutes else ""


def _needs(member: ApprovalRequest, rules: Sequence[Requirement]) -> str:
    """What is missing besides the others of its set, which the page says of the whole."""
    if not member.is_open:
        return ""
    return missing_words([rule for rule in rules if rule.code != "change_set"])


def _votes(facts: Facts) -> tuple[str, ...]:
    return tuple(
        f"{vote.person} ({vote.role}{_VOTED[vote.decision]})"
        for vote in latest_votes(facts)
        if vote.decision in _VOTED
    )


_VOTED = {"approve": "", "request_changes": ", asks for changes", "reject": ", rejects"}


def _hunks(member: ApprovalRequest) -> tuple[Hunk, ...] | None:
    version, base = member.version, member.base_version
    if version is None or version.is_erased:
        return None
    return hunks_of(base.body if base and not base.is_erased else None, version.body)


def _callers(member: ApprovalRequest, facts: Facts) -> tuple[str, ...]:
    version, base = member.version, member.base_version
    if version is None or version.is_erased or (base is not None and base.is_erased):
        return ()
    return callers_must(facts.change.kind, base.body if base else {}, version.body)


def _progress(
    members: Sequence[ApprovalRequest], facts: Mapping[int, Facts]
) -> tuple[tuple[str, str, int], ...]:
    """How many are in which state, in the order of the states: word, css class, number."""
    counted = Counter(
        EMERGENCY if facts[member.pk].bypassed else STATES[member.state] for member in members
    )
    order = [*STATES.values(), EMERGENCY]
    return tuple((*key, counted[key]) for key in order if counted[key])


def _can(
    change_set: ChangeSet,
    members: Sequence[ApprovalRequest],
    lines: Mapping[int, Line],
    viewer: User,
    powers: Mapping[int, frozenset[str]],
    unseen: int,
) -> Can:
    def held(member: ApprovalRequest) -> frozenset[str]:
        return powers.get(member.prompt_id or 0, frozenset())

    own = [m for m in members if releases(m, viewer, held(m))]
    waits = [m for m in members if m.state not in (State.APPROVED, State.RELEASED)]
    ready = [m for m in own if m.state == State.APPROVED]
    if change_set.whole and (waits or unseen or len(own) < len(members)):
        ready = []
    if not any(m.is_open for m in members):
        # All of it has ended: nothing is waited for.
        waits = []
    return Can(
        roles=tuple(dict.fromkeys(role for line in lines.values() for role in line.signs)),
        submits=sum(m.state == State.DRAFT and m.author_id == viewer.pk for m in members),
        releases=len(ready),
        waits=len(waits),
        ended=sum(not m.is_open for m in waits),
        back=sum(
            m.state == State.RELEASED and lines[m.pk].live and bool(held(m) & {*MAY_UNDO})
            for m in members
        ),
        withdraws=sum(
            m.is_open and (m.author_id == viewer.pk or permissions.MANAGE in held(m))
            for m in members
        ),
    )
