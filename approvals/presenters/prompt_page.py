"""Everything that the page of one prompt shows to one viewer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals import reads, services
from approvals.explain import title_of
from approvals.models import AfterReview, ApprovalRequest, Hold
from approvals.presenters.times import Due, due
from approvals.presenters.verbs import may_close_after_review, powers_of
from approvals.services.stopping import MAY_RECALL
from approvals.services.undoing import MAY_UNDO
from approvals.words import MOVES, STATES
from registry import permissions
from registry.documents import Section, sections
from registry.models import Label, LabelPointer, Prompt, Release, User, Version

#: rows shown of the long lists; the page says when there are more
MOST_VERSIONS, MOST_RELEASES, MOST_REQUESTS = 40, 25, 40


@dataclass(frozen=True)
class Live:
    """A label: what it serves, since when, by whom, and what may be done about it."""

    pointer: LabelPointer
    since: datetime | None
    by: str
    undo: Version | None
    may_undo: bool


@dataclass(frozen=True)
class VersionLine:
    """A version with the words for where it stands."""

    version: Version
    words: tuple[tuple[str, str], ...]
    change: int | None
    may_recall: bool
    places: tuple[Label, ...]


@dataclass(frozen=True)
class Move:
    at: datetime
    label: str
    words: str
    version: str
    was: str
    by: str
    reason: str


@dataclass(frozen=True)
class RequestLine:
    pk: int
    title: str
    version: str
    label: str
    author: str
    state: str
    state_css: str


@dataclass(frozen=True)
class AfterLine:
    row: AfterReview
    due: Due | None
    yours: bool


@dataclass(frozen=True)
class PromptPage:
    powers: frozenset[str]
    proposes: bool
    undoes: bool
    grants: bool
    labels: tuple[Live, ...]
    texts: tuple[Section, ...]
    text_of: LabelPointer | None
    requests: tuple[RequestLine, ...]
    versions: tuple[VersionLine, ...]
    more_versions: bool
    moves: tuple[Move, ...]
    more_moves: bool
    holds: tuple[Hold, ...]
    after_reviews: tuple[AfterLine, ...]


def prompt_page_of(
    prompt: Prompt, viewer: User, now: datetime, *, all_versions: bool = False
) -> PromptPage:
    """The page in a number of queries that depends on the number of labels only."""
    powers = powers_of(prompt, viewer)
    undoes = bool(powers.intersection(MAY_UNDO))
    pointers = reads.pointers_of(prompt)
    moves = list(reads.releases_of(prompt)[: MOST_RELEASES + 1])
    requests = list(reads.requests_of(prompt, viewer)[: MOST_REQUESTS + 1])
    most = 10_000 if all_versions else MOST_VERSIONS
    versions = list(reads.versions_of(prompt, viewer)[: most + 1])
    shown = _shown(pointers)
    active = prompt.status == Prompt.Status.ACTIVE
    proposes = permissions.PROPOSE in powers and active
    return PromptPage(
        powers=powers,
        proposes=proposes,
        undoes=undoes,
        grants=permissions.may_grant(viewer, prompt),
        labels=tuple(_live(pointer, moves, undoes) for pointer in pointers),
        texts=_texts(shown),
        text_of=shown,
        requests=tuple(_request(r) for r in requests if r.is_open),
        versions=_versions(versions[:most], pointers, requests, prompt, powers, proposes),
        more_versions=len(versions) > most,
        moves=tuple(_move(row) for row in moves[:MOST_RELEASES]),
        more_moves=len(moves) > MOST_RELEASES,
        holds=tuple(reads.holds_of(prompt)),
        after_reviews=_after_reviews(prompt, viewer, powers, now),
    )


def _shown(pointers: Sequence[LabelPointer]) -> LabelPointer | None:
    """The label whose text the page shows: the first protected one that serves something."""
    return next((p for p in pointers if p.version is not None), None)


def _texts(pointer: LabelPointer | None) -> tuple[Section, ...]:
    version = pointer.version if pointer else None
    return tuple(sections(version.body)) if version is not None and not version.is_erased else ()


def _live(pointer: LabelPointer, moves: Iterable[Release], undoes: bool) -> Live:
    last = next((m for m in moves if m.label_id == pointer.label_id), None)
    offers = undoes and pointer.label.protected and pointer.version is not None
    return Live(
        pointer=pointer,
        since=last.at if last else None,
        by=str(last.account) if last and last.account else "",
        undo=services.rollback_target(pointer.prompt, pointer.label) if offers else None,
        may_undo=undoes and pointer.version is not None,
    )


def _request(request: ApprovalRequest) -> RequestLine:
    word, css = STATES[request.state]
    return RequestLine(
        pk=request.pk,
        title=title_of(request),
        version=str(request.version),
        label=str(request.label),
        author=str(request.author),
        state=word,
        state_css=css,
    )


def _move(row: Release) -> Move:
    who = str(row.account) if row.account else "Countersign"
    return Move(
        at=row.at,
        label=str(row.label),
        words=MOVES.get(row.kind, row.kind),
        version=str(row.version),
        was=str(row.from_version) if row.from_version_id not in (None, row.version_id) else "",
        by=who,
        reason=(row.reason.value or "") if row.reason else "",
    )


def _versions(
    versions: Sequence[Version],
    pointers: Sequence[LabelPointer],
    requests: Sequence[ApprovalRequest],
    prompt: Prompt,
    powers: frozenset[str],
    proposes: bool,
) -> tuple[VersionLine, ...]:
    of_version = {r.version_id: r for r in reversed(requests)}
    past = _past(prompt)
    recalls = bool(powers.intersection(MAY_RECALL))
    free = [p for p in pointers if not p.label.protected]
    return tuple(
        VersionLine(
            version=version,
            words=_status(version, pointers, of_version.get(version.pk), past),
            change=request.pk if (request := of_version.get(version.pk)) else None,
            may_recall=recalls and not hasattr(version, "recall"),
            places=tuple(p.label for p in free if proposes and p.version_id != version.pk)
            if version.erased_at is None and not hasattr(version, "recall")
            else (),
        )
        for version in versions
    )


def _past(prompt: Prompt) -> dict[int, str]:
    """How each version's last time live on a protected label ended, in words."""
    ended: dict[int, str] = {}
    for version, was, kind in reads.times_live(prompt):
        if kind == Release.Kind.ROLLBACK and was is not None:
            ended[was] = "rolled back"
        ended[version] = "was live before"
    return ended


def _status(
    version: Version,
    pointers: Sequence[LabelPointer],
    request: ApprovalRequest | None,
    past: dict[int, str],
) -> tuple[tuple[str, str], ...]:
    """Plain words for a version, each with a css class; the most telling first."""
    words: list[tuple[str, str]] = []
    for pointer in pointers:
        if pointer.version_id == version.pk:
            on = "live in" if pointer.label.protected else "on"
            stopped = ", suspended" if pointer.suspended else ""
            css = "no" if pointer.suspended else "ok" if pointer.label.protected else ""
            words.append((f"{on} {pointer.label}{stopped}", css))
    if hasattr(version, "recall"):
        words.append(("recalled", "no"))
    if version.erased_at is not None:
        words.append(("content erased", "no"))
    if request is not None and request.state != "released":
        word, css = STATES[request.state]
        words.append((word.lower(), css))
    elif version.pk in past and not any(css == "ok" for _, css in words):
        words.append((past[version.pk], ""))
    if version.imported and not words:
        words.append(("imported", ""))
    return tuple(words) or (("an earlier revision", ""),)


def _after_reviews(
    prompt: Prompt, viewer: User, powers: frozenset[str], now: datetime
) -> tuple[AfterLine, ...]:
    rows = list(reads.after_reviews_of(prompt))
    held = permissions.roles_of(viewer) if rows else set()
    return tuple(
        AfterLine(
            row,
            due(row.due_at, now),
            may_close_after_review(powers, held, viewer.pk, row.opened_by_id),
        )
        for row in rows
    )
