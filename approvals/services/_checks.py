"""What has to be true before an author's step: each check raises a refusal with its sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from approvals.disclosure import critical_secrets, refuse_secret
from approvals.errors import CommentNeeded, NoEligibleReviewer, SecretFound
from approvals.models import ApprovalRequest
from approvals.policies import GRANT, Facts, PolicyRules
from approvals.services import _common as common
from registry import documents, permissions
from registry.actors import Actor
from registry.documents import Document
from registry.errors import Archived, BadInput, InvalidDocument, NothingChanged, Stale
from registry.models import Label, LabelPointer, Prompt, User, Version
from registry.wording import either

#: characters of the ticket of an erasure or an emergency, and of a change
MAX_TICKET, MAX_CHANGE_TICKET = 60, 200


def proposer(
    prompt: Prompt, actor: Actor, *, label: Label | None = None, at: datetime | None = None
) -> User:
    """The account that may propose here; raises NotAllowed, NotFound, Archived.

    A token needs its scope for `label` at the time `at`; without them no token may.
    """
    if label is None or at is None:
        common.no_token(actor)
    permissions.require(actor, permissions.PROPOSE, prompt)
    if label is not None and at is not None:
        common.in_scope(actor, "propose", prompt, at, label)
    if prompt.status == Prompt.Status.ARCHIVED:
        raise Archived("This prompt is archived; somebody who manages it can bring it back.")
    account = actor.account
    assert account is not None  # noqa: S101  # `require` refuses an actor without one
    return account


def has_rationale(rationale: str) -> None:
    """Raise CommentNeeded for an empty rationale."""
    if not rationale.strip():
        raise CommentNeeded("Say in a sentence why this change is worth making.", field="rationale")


def keeps_type(prompt: Prompt, document: Document) -> None:
    """Raise InvalidDocument when a chat would become a text or the reverse."""
    if documents.load(document.text)["type"] != prompt.type:
        raise InvalidDocument(f"This prompt is of type {prompt.type}, and stays of that type.")


def saw_generation(pointer: LabelPointer, expected: int | None) -> None:
    """Raise Stale, with what is live now, when the label moved since the author looked."""
    if expected is not None and expected != pointer.generation:
        raise Stale(
            f"What is live on {pointer.label} moved since you looked. Look at the new diff and "
            "decide again.",
            live=pointer.version,
            generation=pointer.generation,
        )


def saw_live(live: Version | None, seen: str | None) -> None:
    """Raise Stale, with what is live now, when the author saw something else."""
    if seen is not None and seen != (live.content_digest if live else ""):
        raise Stale(
            "What is live moved since you opened this form. Look at the new diff; your text is "
            "still here.",
            live=live,
        )


def differs(live: Version | None, document: Document) -> None:
    """Raise NothingChanged for exactly the content that is live."""
    if live is not None and live.content_digest == document.digest:
        raise NothingChanged(f"This is exactly what is live (v{live.number}).")


def version_differs(pointer: LabelPointer, request: ApprovalRequest) -> None:
    """Raise NothingChanged when the proposed version went live meanwhile."""
    live, version = pointer.version, request.version
    if live and version and live.content_digest == version.content_digest:
        raise NothingChanged(f"This is exactly what is live (v{live.number}).")


def no_critical_secret(document: dict[str, Any], *, unread: bool = True) -> None:
    """Raise SecretFound, in bounded time, before anybody else can read the text.

    `unread` is False where others could read it before, as they can a suggestion.
    """
    critical = critical_secrets(document)
    if critical:
        first = critical[0]
        seen = " Nobody else has read this text." if unread else ""
        raise SecretFound(
            f"{first.explanation} {first.remedy}{seen}",
            findings=critical,
        )


def no_secret_beside(request: ApprovalRequest) -> None:
    """Raise SecretFound for what a submit shows and mails beside the text: its reason, its prompt.

    The verbs that took these words refused a secret; one that a rule of today finds is older.
    """
    refuse_secret("rationale", request.rationale.value or "")
    if request.prompt is not None:
        refuse_secret("name", request.prompt.name)
        refuse_secret("description", request.prompt.description)


def provenance(told: Mapping[str, Any]) -> None:
    """Check what is said of where a content comes from; SecretFound, and what `ticket` raises."""
    ticket(str(told.get("change_ticket") or ""), most=MAX_CHANGE_TICKET)
    refuse_secret("provenance", json.dumps(told, ensure_ascii=False, default=str))


def ticket(text: str, *, most: int = MAX_TICKET) -> None:
    """Raise BadInput for a ticket that is too long or cannot be printed, SecretFound for a secret.

    Whether there has to be one is for the verb to say.
    """
    if len(text) > most or not text.isprintable():
        raise BadInput(f"A ticket has at most {most} printable characters.", field="ticket")
    refuse_secret("ticket", text)


def somebody_can_sign(
    request: ApprovalRequest, rules: PolicyRules, at: datetime, *, facts: Facts | None = None
) -> None:
    """Refuse where people must sign and nobody could; the automatic way is left open.

    `facts` as in `judge`.
    """
    _, requirements = common.judge(request, at, facts=facts)
    known = [r for r in requirements if r.kind == "automatic" and r.code not in _KNOWN_LATER]
    if rules.automatic is not None and not any(r.blocks for r in known):
        return
    stuck = [r for r in requirements if r.code.startswith("sign_off:") and r.impossible]
    if stuck:
        who = either([w.name for w in stuck[0].who])
        can = (
            "grant review on this prompt to somebody in that role"
            if stuck[0].remedy == GRANT
            else "put another person into that role"
        )
        raise NoEligibleReviewer(
            f"Nobody could give this: {stuck[0].title}. {who} can {can}.",
            requirements=tuple(requirements),
            prompt=request.prompt.name if request.prompt else "",
        )


#: blockers that only the scan can answer
_KNOWN_LATER = frozenset({"auto:level", "auto:score", "auto:pii"})
