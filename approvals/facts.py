"""Gathering what `evaluate` looks at, in a constant number of queries for any number of requests.

`gather` reads and never decides; it is the only way from rows to `Facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from approvals import diffing
from approvals.matching import PolicyBook
from approvals.models import (
    ApprovalRequest,
    Check,
    Review,
    Thread,
)
from approvals.policies import (
    ChangeFacts,
    CheckFacts,
    Facts,
    HoldFacts,
    Person,
    StagingFacts,
    ThreadFacts,
)
from approvals.rows import Rows, named, read, set_facts
from approvals.vote_rows import row_of, vote_facts
from approvals.weighing import scan_facts
from registry import documents, permissions, roles
from registry.models import Release, Version

SCAN_ATTEMPTS = 3
#: characters of both documents together beyond which words are not told apart
LARGE = 200_000
MOST_CHANGES = 4096


def gather(
    request: ApprovalRequest, *, released_by: int | None = None, book: PolicyBook | None = None
) -> Facts:
    """The facts of one request as it is now; a request that is not saved yet has no votes.

    `book` as in `gather_many`.
    """
    return _facts(request, read([request], book), released_by)


def gather_many(
    requests: Sequence[ApprovalRequest], *, book: PolicyBook | None = None
) -> dict[int, Facts]:
    """The facts of many requests by primary key, in as many queries as for one.

    With another `book` they are what they would be were its policies in force.
    """
    rows = read(requests, book)
    return {request.pk: _facts(request, rows, None) for request in requests}


def with_vote(facts: Facts, vote: Review) -> Facts:
    """The facts after a vote that was saved since they were gathered, without a query."""
    return replace(facts, votes=(*facts.votes, vote_facts(row_of(vote))))


# -- one request ----------------------------------------------------------------------------


def _facts(request: ApprovalRequest, rows: Rows, released_by: int | None) -> Facts:
    prompt, label, version, base = (
        request.prompt,
        request.label,
        request.version,
        request.base_version,
    )
    assert prompt is not None and label is not None and version is not None  # noqa: PT018,S101
    pointer = rows.pointers.get((prompt.pk, label.pk))
    live = pointer.version if pointer else None
    scan = scan_facts(request, rows.scans, rows.findings)
    match = rows.book.match_for(prompt, label, level=scan.level if scan else None)
    pinned = rows.book.pinned(request.policy_id)
    holders = rows.holders
    return Facts(
        state=request.state,
        revision=request.revision,
        version_number=version.number,
        content_digest=version.content_digest,
        provenance_digest=version.provenance_digest,
        recalled=hasattr(version, "recall"),
        erased=version.is_erased,
        archived=prompt.status == "archived",
        prompt=prompt.name,
        label=label.name,
        data_class=prompt.data_class,
        base_number=base.number if base else None,
        base_digest=base.content_digest if base else "",
        live_number=live.number if live else None,
        live_digest=live.content_digest if live else "",
        suspended=bool(pointer and pointer.suspended),
        pinned=pinned.rules,
        current=match.rules,
        policy_problem=match.problem or pinned.problem,
        scan=scan,
        scan_failed=request.state == "scanning"
        and request.scan_id is None
        and request.scan_started_at is None
        and request.scan_attempts >= SCAN_ATTEMPTS
        and bool(request.scan_error),
        change=_change(request, rows),
        staging=_staging(request, rows),
        reviewers=tuple(
            Person(h.account.pk, str(h.account), frozenset(rows.roles.get(h.account.pk, ())), h.via)
            for h in holders.get((prompt.pk, permissions.REVIEW), [])
        ),
        contributors=_contributors(request, rows),
        votes=tuple(rows.votes.get(request.pk or 0, ())),
        managers=named(rows.granters[prompt.pk].managers),
        governance_here=named(rows.granters[prompt.pk].governance),
        governance=rows.governance,
        people=rows.people,
        release_managers=_release_managers(prompt.pk, rows),
        released_by=released_by,
        hold=_hold(prompt.pk, label.pk, rows),
        automatic=request.automatic,
        tags=tuple(prompt.tags),
        submitted_at=request.submitted_at,
        ticket=str(version.provenance.get("change_ticket") or ""),
        release_at=request.release_at,
        checks=tuple(map(_check, rows.checks.get((prompt.pk, version.content_digest), []))),
        threads=tuple(map(_thread, rows.threads.get(request.pk or 0, []))),
        suggesters=frozenset(rows.suggesters.get(request.pk or 0, ())),
        undoers=_undoers(prompt.pk, rows),
        label_protected=label.protected,
        bypassed=rows.bypassed.get(request.public_id, frozenset()),
        change_set=set_facts(request, rows),
    )


def _contributors(request: ApprovalRequest, rows: Rows) -> dict[int, str]:
    known = rows.contributors.get(request.pk or 0, {})
    return known or {request.author_id: "wrote it"}


def _check(check: Check) -> CheckFacts:
    return CheckFacts(check.name, check.source, check.status, check.metrics, check.at)


def _thread(thread: Thread) -> ThreadFacts:
    waits = thread.question and thread.answered_at is None
    return ThreadFacts(thread.pk, str(thread.opened_by), waits)


def _people(holders: Iterable[permissions.Holder]) -> tuple[tuple[int, str], ...]:
    return tuple({h.account.pk: (h.account.pk, str(h.account)) for h in holders}.values())


def _release_managers(prompt: int, rows: Rows) -> tuple[tuple[int, str], ...]:
    return tuple(
        (h.account.pk, str(h.account))
        for h in rows.holders.get((prompt, permissions.RELEASE), [])
        if roles.RELEASE_MANAGERS in rows.roles.get(h.account.pk, ())
    )


def _hold(prompt: int, label: int, rows: Rows) -> HoldFacts | None:
    hold = rows.holds.get((prompt, label))
    if hold is None:
        return None
    return HoldFacts(since=hold.opened_at, by=str(hold.opened_by))


def _undoers(prompt: int, rows: Rows) -> tuple[tuple[int, str], ...]:
    return _people(
        holder
        for codename in (permissions.RELEASE, permissions.RESPOND)
        for holder in rows.holders.get((prompt, codename), [])
    )


def _staging(request: ApprovalRequest, rows: Rows) -> StagingFacts | None:
    source = request.label.promotes_from if request.label else None
    if source is None:
        return None
    placed = [
        move["last"]
        for move in rows.moves.get((request.prompt_id or 0, source.pk), [])
        if move["version_id"] == request.version_id and move["kind"] != "suspend"
    ]
    pointer = rows.pointers.get((request.prompt_id or 0, source.pk))
    serving = (
        pointer is not None and not pointer.suspended and pointer.version_id == request.version_id
    )
    return StagingFacts(source.name, max(placed, default=None), serving)


def _change(request: ApprovalRequest, rows: Rows) -> ChangeFacts:
    moves = rows.moves.get((request.prompt_id or 0, request.label_id or 0), [])
    rollbacks: list[datetime] = [m["last"] for m in moves if m["kind"] == "rollback"]
    version = request.version
    kind, words = change_of(request.base_version, version)
    return ChangeFacts(
        kind=kind,
        changed_words=words,
        first_release=not any(m["kind"] in Release.SERVABLE for m in moves),
        imported_unreviewed=bool(version and version.imported),
        rolled_back_at=max(rollbacks, default=None),
    )


# -- derived from content -------------------------------------------------------------------


def change_of(base: Version | None, version: Version | None) -> tuple[str, int]:
    """The kind of a change and its number of changed words; erased content counts as empty.

    Kept by digest, never with the texts. Beyond `LARGE` characters every word counts as changed:
    an upper bound, so nothing passes by it that would not pass by the exact number.
    """
    old = (base.document or "") if base else ""
    new = (version.document or "") if version else ""
    key = (base.content_digest if old and base else "", version.content_digest if version else "")
    if not new:
        return "WORDING", 0
    if key not in _changes:
        if len(_changes) >= MOST_CHANGES:
            _changes.clear()
        _changes[key] = _change_of(old, new)
    return _changes[key]


_changes: dict[tuple[str, str], tuple[str, int]] = {}


def _change_of(old: str, new: str) -> tuple[str, int]:
    before = documents.load(old) if old else None
    after = documents.load(new)
    kind = str(diffing.change_kind(before, after))
    if len(old) + len(new) > LARGE:
        return kind, len(old.split()) + len(new.split())
    return kind, sum(section.count for section in diffing.document_diff(before, after))
