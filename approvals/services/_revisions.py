"""Another content on a request that is there: what `revise` and a suggested edit have in common."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from approvals.models import ApprovalRequest, Contributor, Revision
from audit.ledger import Recording
from audit.models import AuditBlob
from registry.actors import Actor
from registry.documents import Document
from registry.models import Prompt, User, Version
from registry.services import versions


def rewrite(
    request: ApprovalRequest,
    prompt: Prompt,
    document: Document,
    *,
    rationale: AuditBlob,
    author: User,
    provenance: dict[str, Any],
    imported: bool = False,
    log: Recording,
) -> Version:
    """A new version as the next revision, back in draft; the caller saves and records."""
    version = versions.add_version(
        prompt,
        document,
        author=author,
        provenance=provenance,
        imported=imported,
        at=log.at,
        log=log,
    )
    if request.state != ApprovalRequest.State.DRAFT:
        request.to_draft()
    request.version, request.revision = version, request.revision + 1
    request.rationale = rationale
    return version


def add_revision(
    request: ApprovalRequest,
    author: User,
    committers: Iterable[User],
    at: datetime,
    actor: Actor,
    *,
    suggester: User | None = None,
) -> None:
    """Append the revision that the saved request is at, and everybody with a hand in it."""
    Revision.objects.create(
        request=request,
        number=request.revision,
        version_id=request.version_id or 0,
        author=author,
        rationale=request.rationale,
        created_at=at,
    )
    people = {(author.pk, Contributor.Role.AUTHOR)}
    people |= {(person.pk, Contributor.Role.COMMITTER) for person in committers}
    if suggester is not None and suggester.pk != author.pk:
        people.add((suggester.pk, Contributor.Role.SUGGESTER))
    behind = getattr(actor, "made_by_id", None)
    if behind is not None:
        people.add((behind, Contributor.Role.TOKEN))
    Contributor.objects.bulk_create(
        Contributor(request=request, account_id=pk, role=role, revision=request.revision)
        for pk, role in sorted(people)
    )
    request.hands = None


def version_event(request: ApprovalRequest, version: Version) -> dict[str, Any]:
    """What the event of a verb that made a version says of it."""
    return {
        "related": [("registry.version", version.public_id)],
        "data": versions.told(version),
        "blobs": {"rationale": request.rationale},
    }
