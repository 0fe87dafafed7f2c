"""What a 409 brings along: what moved since the caller looked, and the new diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from approvals.diffing import Gap, collapse, document_diff
from approvals.errors import MergeConflict
from approvals.merging import Conflict
from approvals.models import ApprovalRequest, Contributor
from approvals.reach import Caller, account_of
from approvals.reading import why_hidden
from registry.errors import Stale
from registry.models import Label, LabelPointer, Prompt, ServiceToken, User, Version

#: characters of all the lines of a diff together, and of one of them
MOST, LONGEST = 60_000, 2_000
_SIGNS = {"same": " ", "del": "-", "add": "+"}
_Body = Mapping[str, Any]


@contextmanager
def with_diff_of(caller: Caller, request: ApprovalRequest) -> Iterator[None]:
    """Give a Stale what the request says now, against what its label serves now."""
    try:
        yield
    except Stale as refusal:
        now = ApprovalRequest.objects.with_parts().get(pk=request.pk)
        refusal.extra["revision_digest"] = now.revision_digest
        if now.prompt is not None and now.label is not None:
            _add(refusal, caller, now.prompt, now.label, version=now.version)
        raise


@contextmanager
def with_diff_to(
    caller: Caller,
    prompt: Prompt,
    label: Label,
    *,
    body: _Body | None = None,
    to: Version | None = None,
) -> Iterator[None]:
    """Give a Stale the diff from what the label serves now to `body`, or to the version `to`."""
    try:
        yield
    except Stale as refusal:
        _add(refusal, caller, prompt, label, version=to, body=body)
        raise


@contextmanager
def with_conflicts_of(caller: Caller, request: ApprovalRequest) -> Iterator[None]:
    """Give a MergeConflict the places that both sides changed, for who may read both."""
    try:
        yield
    except MergeConflict as refusal:
        merge, version = refusal.extra.get("merge"), request.version
        if merge is not None and version is not None and _reads(caller, version):
            refusal.extra["conflicts"] = list(_places(merge.conflicts))
        raise


def _places(conflicts: Iterable[Conflict]) -> Iterator[dict[str, Any]]:
    """Each place with its sides, until there is no more room for one."""
    left = MOST
    for conflict in conflicts:
        sides = {name: "".join(getattr(conflict, name)) for name in ("base", "live", "mine")}
        left -= sum(map(len, sides.values()))
        if left < 0:
            return
        yield {"path": conflict.path, "line": conflict.line, **sides}


def _add(
    refusal: Stale,
    caller: Caller,
    prompt: Prompt,
    label: Label,
    *,
    version: Version | None,
    body: _Body | None = None,
) -> None:
    rows = LabelPointer.objects.select_related("version")
    pointer = rows.filter(prompt=prompt, label=label).first()
    live = pointer.version if pointer else None
    refusal.extra["generation"] = pointer.generation if pointer else 0
    if version is not None:
        body = version.body if _reads(caller, version) else None
    if body is None or not _reads_live(caller) or (live is not None and live.is_erased):
        return
    found = diff(live.body if live else None, body)
    refusal.extra["diff"] = {"live": live.number if live else None, **found}


def _reads_live(caller: Caller) -> bool:
    return isinstance(caller, User) or "read" in caller.scopes


def _reads(caller: Caller, version: Version) -> bool:
    """Whether the text may be told: to a token also by scope, or because its account wrote it."""
    if version.is_erased:
        return False
    if isinstance(caller, ServiceToken) and "preview" not in caller.scopes:
        rows = Contributor.objects.filter(request__revisions__version=version)
        return rows.filter(account=caller.account).exists()
    return not why_hidden(version, account_of(caller))


def diff(old: _Body | None, new: _Body) -> dict[str, Any]:
    """Return the sections that changed, by lines after " ", "-" or "+"; `cut` when not all."""
    left, sections, cut = MOST, [], False
    for section in document_diff(old, new):
        if not section.changed:
            continue
        lines: list[str] = []
        for row in collapse(section.rows):
            if isinstance(row, Gap):
                line = f"@ {row.count} unchanged lines"
            else:
                line = _SIGNS[row.kind] + "".join(part.text for part in row.parts)
            if left <= 0:
                cut = True
                break
            if len(line) > LONGEST:
                line, cut = line[:LONGEST], True
            lines.append(line)
            left -= len(line) + 1
        sections.append({"path": section.path, "title": section.title, "lines": lines})
    return {"sections": sections, "cut": cut}
