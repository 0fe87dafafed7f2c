"""What one press of a button asks for in several steps: all of them in one transaction, or none.

Each step is the verb of its name and leaves its own event; a refusal of a later one takes the
earlier ones back, so that nothing was changed and the same post, mended, goes.
"""

from __future__ import annotations

from typing import Any

from approvals.models import ApprovalRequest
from approvals.services import _common as common
from approvals.services.creating import create_prompt
from approvals.services.proposing import propose, revise, submit
from audit.ledger import Recording, recording
from registry import rules
from registry.actors import Actor
from registry.documents import Document
from registry.errors import Stale
from registry.models import Label, Prompt


def begin_prompt(
    name: str,
    *,
    label: Label,
    document: Document,
    rationale: str,
    actor: Actor,
    type: str = Prompt.Type.TEXT,
    data_class: str = Prompt.DataClass.INTERNAL,
    description: str = "",
    provenance: dict[str, Any] | None = None,
    and_submit: bool = False,
    release_when_ready: bool = False,
    key: str = "",
) -> ApprovalRequest:
    """Make a prompt and its first proposal, and submit that where asked.

    Raises what `create_prompt`, `propose` and `submit` raise.
    """
    with recording(actor=actor.ref) as log:
        # The first lock of all; making a prompt alone does without it.
        rules.hold_still()
        prompt = create_prompt(
            name,
            actor=actor,
            type=type,
            data_class=data_class,
            description=description,
            key=_part(key, "prompt"),
            log=log,
        )
        request = propose(
            prompt,
            label=label,
            document=document,
            rationale=rationale,
            actor=actor,
            provenance=provenance,
            key=key,
            log=log,
        )
        if not and_submit:
            return request
        return _submitted(request, document, actor, release_when_ready, key, log)


def propose_and_submit(
    prompt: Prompt,
    *,
    label: Label,
    document: Document,
    rationale: str,
    actor: Actor,
    release_when_ready: bool = False,
    seen_live: str | None = None,
    provenance: dict[str, Any] | None = None,
    key: str = "",
) -> ApprovalRequest:
    """Propose, and submit what was proposed; raises what the two verbs raise.

    Where the same key proposed before, what it proposed then is submitted.
    """
    with recording(actor=actor.ref) as log:
        request = propose(
            prompt,
            label=label,
            document=document,
            rationale=rationale,
            actor=actor,
            seen_live=seen_live,
            provenance=provenance,
            key=key,
            log=log,
        )
        return _submitted(request, document, actor, release_when_ready, key, log)


def revise_and_submit(
    request_id: int,
    *,
    document: Document,
    rationale: str,
    actor: Actor,
    release_when_ready: bool = False,
    seen: str | None = None,
    seen_live: str | None = None,
    provenance: dict[str, Any] | None = None,
    key: str = "",
) -> ApprovalRequest:
    """Write a new revision, and submit it; raises what the two verbs raise."""
    with recording(actor=actor.ref) as log:
        request = revise(
            request_id,
            document=document,
            rationale=rationale,
            actor=actor,
            seen=seen,
            seen_live=seen_live,
            provenance=provenance,
            key=key,
            log=log,
        )
        return _submitted(request, document, actor, release_when_ready, key, log)


def _submitted(
    request: ApprovalRequest,
    document: Document,
    actor: Actor,
    release_when_ready: bool,
    key: str,
    log: Recording,
) -> ApprovalRequest:
    if request.version is None or request.version.content_digest != document.digest:
        # The key is of a post that was done before: what it saved then is another text now.
        raise Stale(
            "You saved this before, and it was edited since. Open the change and look at it there.",
            request=request,
        )
    return submit(
        request.pk,
        actor=actor,
        release_when_ready=release_when_ready,
        key=_part(key, "submit"),
        log=log,
    )


def _part(key: str, step: str) -> str:
    """The key of one step of a post: each step remembers its own, in the same transaction."""
    return f"{key}:{step}"[-common.MAX_KEY :] if key else ""
