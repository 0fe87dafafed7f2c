"""The incident card: what is live, for how long it has been, and what can be done in two taps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals import reads, services
from approvals.explain import title_of
from approvals.models import AfterReview, ApprovalRequest, Hold
from approvals.presenters.exposure import Window, windows_of
from approvals.presenters.times import Due, due
from approvals.presenters.verbs import powers_of
from approvals.services.emergency import BREAKABLE
from approvals.services.undoing import MAY_UNDO
from registry import permissions
from registry.models import LabelPointer, Prompt, Release, User, Version

#: windows shown of each label
MOST_WINDOWS = 12


@dataclass(frozen=True)
class LabelCard:
    """One protected label: what it serves, since when, and to what one can return."""

    pointer: LabelPointer
    since: Window | None
    undo: Version | None
    hold: Hold | None
    windows: tuple[tuple[Window, str], ...]


@dataclass(frozen=True)
class Change:
    pk: int
    title: str
    version: int
    state: str


@dataclass(frozen=True)
class IncidentCard:
    undoes: bool
    proposes: bool
    labels: tuple[LabelCard, ...]
    reviews: tuple[tuple[AfterReview, Due | None], ...]
    #: open changes that an emergency release could bring out
    changes: tuple[Change, ...]


def incident_card_of(prompt: Prompt, viewer: User, now: datetime) -> IncidentCard:
    """The card in a number of queries that depends on the number of protected labels only."""
    powers = powers_of(prompt, viewer)
    undoes = bool(powers.intersection(MAY_UNDO))
    holds = {hold.label_id: hold for hold in reads.holds_of(prompt)}
    pointers = [p for p in reads.pointers_of(prompt) if p.label.protected]
    moves = reads.moves_of(prompt)
    active = prompt.status == Prompt.Status.ACTIVE
    return IncidentCard(
        undoes=undoes,
        proposes=permissions.PROPOSE in powers and active,
        labels=tuple(
            _label(pointer, [m for m in moves if m.label_id == pointer.label_id], holds, now)
            for pointer in pointers
        ),
        reviews=tuple((row, due(row.due_at, now)) for row in reads.after_reviews_of(prompt)),
        changes=tuple(_change(r) for r in reads.requests_of(prompt, viewer).open() if _urgent(r))
        if undoes
        else (),
    )


def _label(
    pointer: LabelPointer, moves: Sequence[Release], holds: dict[int, Hold], now: datetime
) -> LabelCard:
    windows = windows_of(moves)
    return LabelCard(
        pointer=pointer,
        since=windows[0] if windows else None,
        undo=services.rollback_target(pointer.prompt, pointer.label) if pointer.version else None,
        hold=holds.get(pointer.label_id),
        windows=tuple((window, window.length(now)) for window in windows[:MOST_WINDOWS]),
    )


def _urgent(request: ApprovalRequest) -> bool:
    protected = request.label is not None and request.label.protected
    return protected and request.state in BREAKABLE and request.scan_id is not None


def _change(request: ApprovalRequest) -> Change:
    number = request.version.number if request.version else 0
    return Change(request.pk, title_of(request), number, request.get_state_display())
