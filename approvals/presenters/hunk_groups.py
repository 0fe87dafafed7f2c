"""Groups of identical changes as a page shows them: the lines once, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.hunks import Group, Hunk
from approvals.presenters.diff_rows import Painter, Row

#: groups of which the lines are shown; the prompts of the others are named
MOST_SHOWN = 25


@dataclass(frozen=True)
class ShownHunk:
    part: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class ShownGroup:
    """One change and everybody whose change it is; no hunks where it is too long to show here."""

    hunks: tuple[ShownHunk, ...]
    whose: tuple[Any, ...]
    words: str
    #: what callers have to do after it, in one of these prompts at least
    callers: tuple[str, ...] = ()


def are_shown(groups: Sequence[Group[Any]]) -> set[Any]:
    """The keys of the changes whose lines a page shows."""
    return {key for group in groups[:MOST_SHOWN] if group.hunks for key in group.keys}


def shown(
    groups: Sequence[Group[Any]],
    lines: Mapping[Any, Any],
    callers: Mapping[Any, Sequence[str]] | None = None,
) -> tuple[ShownGroup, ...]:
    """The groups in words: "Same change in 73 prompts", then what differs from it.

    `lines` is what the page says of each key, `callers` what applications that read it must do.
    """
    return tuple(
        ShownGroup(
            hunks=tuple(map(_hunk, group.hunks)) if at < MOST_SHOWN else (),
            whose=tuple(lines[key] for key in group.keys),
            words=_words(len(group.keys), at),
            callers=tuple(
                dict.fromkeys(said for key in group.keys for said in (callers or {}).get(key, ()))
            ),
        )
        for at, group in enumerate(groups)
    )


def summed_up(groups: Sequence[ShownGroup]) -> str:
    """The groups in half a sentence: "same change in 73, 7 differ: look"."""
    if not groups:
        return ""
    first, others = len(groups[0].whose), sum(len(group.whose) for group in groups[1:])
    if not others:
        return f"same change in all {first}" if first > 1 else "one change"
    if first == 1:
        return "each differs: look"
    return f"same change in {first}, {others} {'differs' if others == 1 else 'differ'}: look"


def _words(count: int, at: int) -> str:
    if count == 1:
        return "In one prompt"
    return f"{'Another' if at else 'Same'} change in {count} prompts"


def _hunk(hunk: Hunk) -> ShownHunk:
    painter = Painter("", ())
    return ShownHunk(hunk.part, tuple(painter.row(row) for row in hunk.rows))
