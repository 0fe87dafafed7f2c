"""A new version and the draft request for it: what `propose` and `propose_set` have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from approvals.errors import NotProtected
from approvals.models import ApprovalRequest, ChangeSet
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services import _revisions as revisions
from audit.ledger import Recording
from registry.actors import Actor
from registry.documents import Document
from registry.models import LabelPointer, User
from registry.services import versions


def draft(
    pointer: LabelPointer,
    document: Document,
    *,
    rationale: str,
    actor: Actor,
    seen_live: str | None = None,
    expected_generation: int | None = None,
    provenance: dict[str, Any] | None = None,
    imported: bool = False,
    committers: Iterable[User] = (),
    change_set: ChangeSet | None = None,
    log: Recording,
) -> ApprovalRequest:
    """Check that it may be proposed for a locked pointer, make it, and record its event.

    The members of a set share the text of its rationale.
    """
    prompt, live = pointer.prompt, pointer.version
    author = checks.proposer(prompt, actor, label=pointer.label, at=log.at)
    if not pointer.label.protected:
        raise NotProtected(f"{pointer.label} is not protected: place the version there by hand.")
    checks.has_rationale(rationale)
    checks.keeps_type(prompt, document)
    checks.provenance(provenance or {})
    checks.saw_generation(pointer, expected_generation)
    checks.saw_live(live, seen_live)
    checks.differs(live, document)
    version = versions.add_version(
        prompt,
        document,
        author=author,
        provenance=provenance or {},
        imported=imported,
        at=log.at,
        log=log,
    )
    request: ApprovalRequest = ApprovalRequest(
        prompt=prompt,
        label=pointer.label,
        version=version,
        base_version=live,
        base_generation=pointer.generation,
        author=author,
        rationale=change_set.rationale
        if change_set
        else common.keep_text(log, rationale, "rationale"),
        change_set=change_set,
        created_at=log.at,
    )
    common.save(request, actor=actor, verb="propose", at=log.at)
    revisions.add_revision(request, author, [*committers], log.at, actor)
    common.record(log, "proposed", request, None, **revisions.version_event(request, version))
    return request
