"""Everything that the page of one change shows to one viewer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from approvals import services
from approvals.explain import title_of
from approvals.facts import gather
from approvals.models import ApprovalRequest
from approvals.policies import Facts, Requirement, evaluate
from approvals.policies.signoffs import latest_votes
from approvals.presenters.callers import callers_must
from approvals.presenters.diffs import Diff, diff_of, whole_diff
from approvals.presenters.needs import Needs, needs_of
from approvals.presenters.signing import VoteForm, vote_form_of
from approvals.presenters.threads import Threads, threads_of
from approvals.presenters.timeline import Timeline, timeline_of
from approvals.presenters.times import Due, due
from approvals.presenters.verbs import Verbs, powers_of, verbs_of
from approvals.reading import why_hidden
from approvals.scanning import Points, score
from approvals.services.asking import asked_recently, can_be_asked
from approvals.services.undoing import MAY_UNDO
from approvals.weighing import findings_of
from approvals.words import EMERGENCY, STATES
from registry import permissions
from registry.errors import Erased
from registry.models import LabelPointer, User, Version


@dataclass(frozen=True)
class Undo:
    """A rollback offered where this change is what is live: to which version, from which move."""

    to: Version
    generation: int


@dataclass(frozen=True)
class Wish:
    """A wish for changes that the viewer may lift: the vote, and whose it is."""

    vote: int
    who: str

    @property
    def key(self) -> str:
        return str(self.vote)


@dataclass(frozen=True)
class Standing:
    """What moves while the page is open: state, list, buttons, what happened.

    `hidden` says why the text is not shown; `mark` changes when there is more of it to show.
    """

    facts: Facts
    hidden: str
    mark: str
    state: str
    state_css: str
    due: Due | None
    needs: Needs
    verbs: Verbs
    asked: VoteForm
    timeline: Timeline
    generation: int
    live: bool
    undo: Undo | None
    threads: Threads
    wishes: tuple[Wish, ...]


@dataclass(frozen=True)
class Content:
    """What stays as long as the revision does: the words of the author and the change itself."""

    title: str
    hidden: str
    diff: Diff | None
    new: int
    standing: int
    gone: int
    breakdown: tuple[Points, ...]
    callers: tuple[str, ...]


def standing_of(
    change: ApprovalRequest, viewer: User, now: datetime, typed: Mapping[str, str] | None = None
) -> Standing:
    """The part of the page that is fetched again and again, in a constant number of queries.

    `typed` is a form that was refused, whose answers stay.
    """
    prompt, label = change.prompt, change.label
    assert prompt is not None and label is not None  # noqa: PT018,S101  # a CHECK says so
    facts = gather(change)
    requirements = evaluate(facts, now)
    powers = powers_of(prompt, viewer)
    hidden = hidden_from(change, viewer)
    word, css = EMERGENCY if facts.bypassed else STATES[change.state]
    pointer = LabelPointer.objects.filter(prompt=prompt, label=label).first()
    live = pointer is not None and pointer.version_id == change.version_id
    verbs = verbs_of(
        change,
        facts,
        requirements,
        viewer,
        powers,
        reads=not hidden,
        governs=facts.scan_failed and permissions.is_governance_owner(viewer),
        asks=_somebody_to_ask(change, requirements, viewer, now),
    )
    return Standing(
        facts=facts,
        hidden=hidden,
        mark=f"{change.scan_id or 0}-{'hidden' if hidden else 'shown'}",
        state=word,
        state_css=css,
        due=due(change.due_at, now)
        if change.state == "review" and change.waiting_since is None
        else None,
        needs=needs_of(requirements, viewer.pk, prompt.name),
        verbs=verbs,
        asked=vote_form_of(facts, verbs.approves, typed),
        timeline=timeline_of(change),
        generation=pointer.generation if pointer else 0,
        live=live,
        undo=_undo(change, pointer, powers) if live else None,
        threads=threads_of(change, facts, viewer, powers, hidden),
        wishes=_wishes(change, facts, viewer),
    )


def hidden_from(change: ApprovalRequest, viewer: User) -> str:
    """Why this viewer does not see the text of the change; empty when they do."""
    assert change.version is not None  # noqa: S101  # a CHECK says so
    return why_hidden(change.version, viewer)


def content_of(
    change: ApprovalRequest, facts: Facts, hidden: str, threads: Threads | None = None
) -> Content:
    """The change of this revision against what it was compared with, unless it is `hidden`."""
    version, base = change.version, change.base_version
    assert version is not None  # noqa: S101  # a CHECK says so
    if hidden:
        return Content(title_of(change), hidden, None, 0, 0, 0, (), ())
    found = findings_of(change)
    base_body = base.body if base and not base.is_erased else {}
    body = version.body
    return Content(
        title=title_of(change),
        hidden="",
        diff=diff_of(
            base_body,
            body,
            found.marked if found else (),
            talks=threads.at_lines() if threads else None,
        )
        if body
        else None,
        new=len(found.new) if found else 0,
        standing=len(found.marked) - len(found.new) if found else 0,
        gone=len(found.gone) if found else 0,
        breakdown=score(found.new)[2] if found else (),
        callers=callers_must(facts.change.kind, base_body, body) if base_body and body else (),
    )


def whole_text_of(change: ApprovalRequest) -> Iterator[str]:
    """Every line of the change as plain text, under a line that says what it is."""
    version, base = change.version, change.base_version
    assert version is not None  # noqa: S101  # a CHECK says so
    if version.is_erased:
        raise Erased("The content of this version was erased, so there is nothing to compare.")
    yield f"{change.prompt}: {version} against {base or 'nothing'}, for {change.label}"
    yield ""
    yield from whole_diff(base.body if base and not base.is_erased else None, version.body)


def _undo(
    change: ApprovalRequest, pointer: LabelPointer | None, powers: frozenset[str]
) -> Undo | None:
    prompt, label = change.prompt, change.label
    if pointer is None or prompt is None or label is None or not powers.intersection(MAY_UNDO):
        return None
    target = services.rollback_target(prompt, label)
    return Undo(target, pointer.generation) if target else None


def _somebody_to_ask(
    change: ApprovalRequest, requirements: list[Requirement], viewer: User, now: datetime
) -> bool:
    if change.state != "review":
        return False
    people = can_be_asked(requirements) - {viewer.pk}
    return bool(people and people - asked_recently(change, now))


def _wishes(change: ApprovalRequest, facts: Facts, viewer: User) -> tuple[Wish, ...]:
    """Wishes for changes that still stand, where the viewer may lift them."""
    if not change.is_open or viewer.pk in facts.contributors:
        return ()
    standing = tuple(
        Wish(vote.id, vote.person)
        for vote in latest_votes(facts)
        if vote.decision == "request_changes" and not vote.lifted_by
    )
    return standing if standing and permissions.is_governance_owner(viewer) else ()
