"""What a request still needs, for programs and the command line: the words of its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.explain import requirements_of, title_of
from approvals.models import ApprovalRequest
from approvals.policies import Requirement, is_releasable
from approvals.presenters.needs import NOBODY, Need, Needs, needs_of, told
from approvals.words import STATES


@dataclass(frozen=True)
class Explained:
    """The list of one request; `ready` only where a release may happen now."""

    request: ApprovalRequest
    requirements: tuple[Requirement, ...]
    ready: bool

    def as_dict(self) -> dict[str, Any]:
        """The body of the API and of `explain --json`."""
        return {
            "request": about(self.request),
            "ready": self.ready,
            "requirements": [told(requirement) for requirement in self.requirements],
        }


def explained(request: ApprovalRequest, at: datetime | None = None) -> Explained:
    """Evaluate a request, now or at `at`, as nobody in particular reads it."""
    requirements = tuple(requirements_of(request, at))
    ready = request.state == request.State.APPROVED and is_releasable(requirements)
    return Explained(request, requirements, ready)


def about(request: ApprovalRequest) -> dict[str, Any]:
    """Which request it is, and what a vote or a step has to say that it saw."""
    return {
        "id": request.pk,
        "state": request.state,
        "revision": request.revision,
        "label": request.label.name if request.label else "",
        "revision_digest": request.revision_digest,
    }


def lines_of(found: Explained) -> Iterator[str]:
    """The list as plain text, in the order of the page."""
    request, needs = found.request, needs_of(found.requirements, NOBODY)
    yield f"{title_of(request)} (request {request.pk})"
    yield f"{_subject(request)} · {STATES[request.state][0]} · revision {request.revision}"
    yield from _group(_head(request, needs), needs.lines)
    yield from _group(f"Does not apply here ({len(needs.other)})", needs.other)
    if request.is_open:
        yield from _group(_automatic(needs), needs.automatic)
    yield ""
    yield "A release may happen now." if found.ready else "No release may happen now."


def _subject(request: ApprovalRequest) -> str:
    if request.proposed_policy:
        return str(request.proposed_policy)
    return (
        f"{request.prompt} → {request.label}" if request.prompt else f"un-protect {request.label}"
    )


def _head(request: ApprovalRequest, needs: Needs) -> str:
    if not request.is_open:
        return "What it needed"
    many = "1 thing" if needs.missing == 1 else f"{needs.missing} things"
    return f"What it still needs ({f'{many} missing' if needs.missing else 'complete'})"


def _automatic(needs: Needs) -> str:
    return (
        f"Why people have to look ({needs.against})" if needs.against else "Why nobody has to look"
    )


def _group(title: str, needs: tuple[Need, ...]) -> Iterator[str]:
    if not needs:
        return
    yield ""
    yield title
    for need in needs:
        yield f"  {need.mark} {need.title} — {need.word}"
        said = (need.sentence, need.can, need.cannot)
        yield f"    {' '.join(part for part in said if part)}"
        for note in need.notes:
            yield f"    {note}"
