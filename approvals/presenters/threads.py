"""What people said about a change: each thread at the line where it stands now, and its buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from approvals import lines, reads
from approvals.lines import Spot
from approvals.models import ApprovalRequest, Remark, Thread
from approvals.policies import Facts
from approvals.reading import why_hidden
from approvals.services._talk import resolves
from approvals.services.threads import MAY_SPEAK
from registry import permissions
from registry.documents import sections
from registry.models import User, Version

WHOLE = Spot("", 0)


@dataclass(frozen=True)
class Said:
    """One remark; `text` and `suggestion` are None where there is none, or where it was erased."""

    pk: int
    who: str
    at: datetime
    text: str | None
    suggestion: str | None
    erased: bool
    applies: bool


@dataclass(frozen=True)
class Talk:
    """A thread: `spot` is where its line is now (None: the line was changed since)."""

    pk: int
    spot: Spot | None
    where: str
    quote: str | None
    question: bool
    waits: bool
    by: str
    at: datetime
    resolved_by: str
    said: tuple[Said, ...]
    replies: bool
    resolves: bool
    reopens: bool
    edits: bool

    @property
    def key(self) -> str:
        return str(self.pk)

    @property
    def outdated(self) -> bool:
        return self.spot is None


@dataclass(frozen=True)
class Threads:
    """Open threads first to last, resolved ones apart; what this viewer may begin."""

    open: tuple[Talk, ...]
    resolved: tuple[Talk, ...]
    speaks: bool
    asks: bool

    @property
    def any(self) -> bool:
        return bool(self.open or self.resolved)

    def at_lines(self) -> dict[Spot, tuple[int, ...]]:
        """Open threads by the line of the shown text on which they stand."""
        found: dict[Spot, tuple[int, ...]] = {}
        for talk in self.open:
            if talk.spot is not None and talk.spot != WHOLE:
                found[talk.spot] = (*found.get(talk.spot, ()), talk.pk)
        return found


@dataclass(frozen=True)
class Place:
    """A line that somebody chose to speak of; `edits` where an edit can be suggested."""

    spot: Spot
    where: str
    text: str
    edits: bool


@dataclass(frozen=True)
class _Viewer:
    pk: int
    speaks: bool
    manages: bool
    contributes: bool
    applies: bool


def threads_of(
    change: ApprovalRequest, facts: Facts, viewer: User, powers: frozenset[str], hidden: str
) -> Threads:
    """The threads of a change as one person reads them; queries grow with versions, not threads.

    `hidden` is why the person does not read the proposed text: then no line of it is quoted.
    """
    contributes = viewer.pk in facts.contributors
    speaks = (
        change.is_open and change.submitted_at is not None and bool(powers.intersection(MAY_SPEAK))
    )
    proposes = permissions.PROPOSE in powers and not facts.archived
    who = _Viewer(
        pk=viewer.pk,
        speaks=speaks,
        manages=permissions.MANAGE in powers,
        contributes=contributes,
        applies=speaks and contributes and proposes,
    )
    rows = list(reads.threads_of(change))
    places = Places(change, viewer, hidden, {row.version_id for row in rows})
    talks = [(row, _talk(row, who, places)) for row in rows]
    return Threads(
        open=tuple(talk for row, talk in talks if row.resolved_at is None),
        resolved=tuple(talk for row, talk in talks if row.resolved_at is not None),
        speaks=speaks,
        asks=speaks and (not contributes or viewer.pk in facts.suggesters),
    )


def place_of(change: ApprovalRequest, hidden: str, path: str, line: int | None) -> Place | None:
    """The chosen line of the proposed text; None where there is no such line to be read."""
    version = change.version
    if hidden or version is None or version.is_erased or not line:
        return None
    spot = Spot(path, line)
    text = lines.text_at(version.body, spot)
    if text is None:
        return None
    return Place(spot, _where(version, spot), text, lines.can_be_suggested(path))


class Places:
    """Where lines are now and what they say, worked out once a version."""

    def __init__(
        self, change: ApprovalRequest, viewer: User, hidden: str, versions: set[int]
    ) -> None:
        self.new = change.version
        self.versions = Version.objects.in_bulk(versions)
        self.hidden: dict[int, str] = {change.version_id or 0: hidden}
        self.viewer = viewer
        self.moved: dict[int, Mapping[Spot, Spot]] = {}

    def spot(self, thread: Thread) -> Spot | None:
        old, new = self.versions[thread.version_id], self.new
        began = Spot(thread.path, thread.line)
        if began == WHOLE or new is None or old.pk == new.pk:
            return began
        if old.pk not in self.moved:
            gone = old.is_erased or new.is_erased
            self.moved[old.pk] = {} if gone else lines.followed(old.body, new.body)
        return self.moved[old.pk].get(began)

    def where(self, thread: Thread, spot: Spot | None) -> str:
        if thread.line == 0:
            return "The whole change"
        if spot is not None and self.new is not None:
            return _where(self.new, spot)
        old = self.versions[thread.version_id]
        return f"{_where(old, Spot(thread.path, thread.line))} in {old}"

    def quote(self, thread: Thread) -> str | None:
        old = self.versions[thread.version_id]
        if thread.line == 0 or old.is_erased:
            return None
        if old.pk not in self.hidden:
            self.hidden[old.pk] = why_hidden(old, self.viewer)
        if self.hidden[old.pk]:
            return None
        return lines.text_at(old.body, Spot(thread.path, thread.line))


def _where(version: Version, spot: Spot) -> str:
    titles = {} if version.is_erased else {s.path: s.title for s in sections(version.body)}
    title = titles.get(spot.path, "")
    return f"{title}, line {spot.line}" if title else f"Line {spot.line}"


def _talk(thread: Thread, who: _Viewer, places: Places) -> Talk:
    spot = places.spot(thread)
    remarks = list(thread.remarks.all())
    is_open = thread.resolved_at is None
    can = who.applies and is_open and spot is not None
    return Talk(
        pk=thread.pk,
        spot=spot,
        where=places.where(thread, spot),
        quote=places.quote(thread),
        question=thread.question,
        waits=thread.question and is_open and thread.answered_at is None,
        by=str(thread.opened_by),
        at=thread.opened_at,
        resolved_by=str(thread.resolved_by) if thread.resolved_by else "",
        said=tuple(_said(remark, can) for remark in remarks),
        replies=who.speaks and is_open,
        resolves=who.speaks
        and is_open
        and resolves(
            opened=thread.opened_by_id == who.pk,
            contributes=who.contributes,
            replied=any(remark.author_id == who.pk for remark in remarks),
            manages=who.manages,
        ),
        reopens=who.speaks and not is_open,
        edits=spot is not None and thread.line > 0 and lines.can_be_suggested(thread.path),
    )


def _said(remark: Remark, can_apply: bool) -> Said:
    blobs = [blob for blob in (remark.text, remark.suggestion) if blob is not None]
    suggestion = remark.suggestion.value if remark.suggestion else None
    return Said(
        pk=remark.pk,
        who=str(remark.author),
        at=remark.created_at,
        text=remark.text.value if remark.text else None,
        suggestion=suggestion,
        erased=any(blob.value is None for blob in blobs),
        applies=can_apply and suggestion is not None,
    )
