"""What every verb does first and last: lock in order, check what was seen, save, describe."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from approvals.disclosure import refuse_secret
from approvals.errors import PersonNeeded
from approvals.facts import gather
from approvals.models import ApprovalRequest, Hand, IdempotencyKey, Verdict
from approvals.policies import (
    Facts,
    Requirement,
    evaluate,
    is_approvable,
    is_automatic,
    is_passable,
    is_releasable,
)
from approvals.rows import hands_of
from approvals.services import _locked as locked
from audit.compiled import together
from audit.ledger import Recording
from audit.models import AuditBlob
from audit.payload import PayloadError, time_text
from registry import permissions, releases, rules, scopes
from registry.actors import Actor
from registry.errors import BadInput, InvalidText, NotAllowed, NotFound, Stale
from registry.models import Label, LabelPointer, Prompt, Release, ServiceToken, User, Version

#: characters of an idempotency key
MAX_KEY = 100
#: characters of a rationale, comment or reason
MAX_TEXT = 10_000
REQUEST = "approvals.request"
_USED = (
    "The key of this post was used for something else before. Reload the page, or send a new key."
)


def lock_request(pk: int) -> tuple[ApprovalRequest, LabelPointer]:
    """Lock prompt, pointer and request, in this order.

    NotFound when there is none, and for the change of a policy, which has verbs of its own.
    """
    # In this order. Whoever changes a request locks its prompt first: what is read from there on
    # stays as it is.
    found, pointers, requests, hands = together(
        locked.prompt_of.of(pk),
        locked.pointer_of.of(pk),
        locked.request.of(pk),
        hands_of.of([pk]),
        first=rules.holding_still(),
    )
    if not found:
        raise NotFound("There is no such request.")
    prompt, request = found[0], requests[0]
    pointer = pointers[0] if pointers else releases.lock_pointer(prompt, request.label_id)
    pointer.prompt = prompt
    request.prompt, request.label = prompt, pointer.label
    request.hands = tuple(Hand(*hand) for hand in hands)
    return request, pointer


def fetch(pk: int | str) -> ApprovalRequest:
    """A request with all its parts, unlocked."""
    request: ApprovalRequest = ApprovalRequest.objects.with_parts().get(pk=pk)
    return request


def lock_prompt(prompt: int, label: int) -> tuple[Prompt, LabelPointer]:
    """Lock a prompt and then its pointer for a label."""
    rules.hold_still()
    (found,) = locked.prompt(prompt)
    return found, releases.lock_pointer(found, label)


def no_token(actor: Actor) -> None:
    """PersonNeeded for a token: no scope covers this verb, whatever its account may do."""
    if isinstance(actor, ServiceToken):
        raise PersonNeeded("A token cannot do this; a signed-in person has to.")


def in_scope(
    actor: Actor, scope: str, prompt: Prompt, at: datetime, label: Label | None = None
) -> None:
    """NotAllowed for a token that ended, or whose scopes and globs do not cover this."""
    if isinstance(actor, ServiceToken) and not scopes.allows(
        actor, scope, name=prompt.name, at=at, label=label.name if label else None
    ):
        raise NotAllowed(f"The token's scopes, names and labels do not let it {scope} here.")


def its_own(request: ApprovalRequest, actor: Actor) -> None:
    """NotAllowed for a token on a change that another account proposed."""
    if isinstance(actor, ServiceToken) and request.author_id != actor.account_id:
        raise NotAllowed("A token works on the changes of its own service account only.")


def check_version_visible(version: Version, actor: Actor) -> None:
    """NotFound for a version of somebody else's draft that was never submitted."""
    drafts = ApprovalRequest.objects.filter(revisions__version=version, submitted_at=None)
    hidden = drafts.exclude(contributors__account=actor.account)
    if hidden.exists():
        raise NotFound("There is no such version of this prompt.")


def person(actor: Actor) -> User:
    """The signed-in, active person who acts; PersonNeeded for a token or a task."""
    account = actor.account
    if not isinstance(actor, User) or account is None or not account.is_person:
        raise PersonNeeded("Sign in and do this as yourself: tokens and tasks cannot.")
    return account


def check_seen(request: ApprovalRequest, seen: str | None) -> None:
    """Stale when the page showed something else than what the request says now."""
    if seen is not None and seen != request.revision_digest:
        raise Stale(
            "This change was edited since you opened it. Look at the new diff and decide again.",
            request=request,
        )


def check_visible(request: ApprovalRequest, actor: Actor) -> None:
    """NotFound for a person who may not know of it: confidential, or a draft of others."""
    account, prompt = actor.account, request.prompt
    if account is None or prompt is None:
        return
    if not permissions.may_see(account, prompt):
        raise NotFound("There is no such request.")
    if request.submitted_at is None and not request.has_contributor(account):
        raise NotFound("There is no such request.")


def about(subject: object, *content: object) -> str:
    """What a post is about, for its key: the same key with other content is another post."""
    told = sha256("\0".join(map(str, content)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{subject} {told[:24]}"


def repeated(actor: Actor, key: str, verb: str, subject: str) -> str | None:
    """The result of the same post made before, or None; Stale when the key was for another."""
    if not key:
        return None
    if len(key) > MAX_KEY or not key.isprintable():
        raise BadInput(f"An idempotency key has at most {MAX_KEY} printable characters.")
    found = IdempotencyKey.objects.filter(actor=actor.ref, key=key).first()
    if found is None:
        return None
    if (found.verb, found.subject) != (verb, subject):
        raise Stale(_USED)
    return found.result


def remember(actor: Actor, key: str, verb: str, subject: str, result: str, at: datetime) -> None:
    """Keep the key of a post with what it did, in the same transaction.

    Stale when the same key was used for something else at the same moment.
    """
    if not key:
        return
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(
                actor=actor.ref, key=key, verb=verb, subject=subject, result=result, created_at=at
            )
    except IntegrityError as error:
        raise Stale(_USED) from error


def judge(
    request: ApprovalRequest,
    at: datetime,
    *,
    released_by: int | None = None,
    facts: Facts | None = None,
) -> tuple[Facts, list[Requirement]]:
    """Evaluate and hand the verdict to the instance, for the conditions of its transitions.

    `facts` are those that this transaction gathered under its locks, with what it changed since.
    """
    facts = facts or gather(request, released_by=released_by)
    requirements = evaluate(facts, at)
    request.verdict = Verdict(
        version_id=request.version_id,
        base_generation=request.base_generation,
        approvable=is_approvable(requirements),
        releasable=is_releasable(requirements),
        automatic=is_automatic(requirements) and is_approvable(requirements),
        passable=is_passable(facts, requirements),
    )
    return facts, requirements


def save(request: ApprovalRequest, *, actor: Actor, verb: str, at: datetime) -> None:
    """Save with a history row that names who and which verb."""
    request.updated_at = at
    stamp(request, actor, verb)
    request.save()


def keep_text(log: Recording, text: str, field: str) -> AuditBlob:
    """Keep a free text where it can be erased.

    InvalidText, BadInput or SecretFound names the field.
    """
    if len(text) > MAX_TEXT:
        raise BadInput(f"The {field} is longer than {MAX_TEXT:,} characters.", field=field)
    refuse_secret(field, text)
    try:
        return log.commit(text)
    except PayloadError as error:
        raise InvalidText(f"The {field} cannot be stored: {error}.", field=field) from error


def stamp(instance: Any, actor: Actor, verb: str) -> None:
    """Tell simple-history who and which verb, before the save."""
    instance._history_user = actor.account
    instance._change_reason = verb


def state_of(
    request: ApprovalRequest, hands: Iterable[tuple[str, UUID, int]] | None = None
) -> dict[str, Any]:
    """What an event says of a request before and after: all that verify holds its row against.

    `hands` are its contributors (role, account, revision), where they are read already.
    """
    if hands is None:
        found = request.hands
        if found is None:
            found = tuple(Hand(*hand) for hand in hands_of([request.pk]))
        hands = [(hand.role, hand.ref, hand.revision) for hand in found]
    return {
        "state": request.state,
        "revision": request.revision,
        "author": str(request.author.public_id),
        "prompt": str(request.prompt.public_id) if request.prompt else None,
        "label": str(request.label.public_id) if request.label else None,
        "version": str(request.version.public_id) if request.version else None,
        "rationale": request.rationale_id,
        "release_when_ready": request.release_when_ready,
        "automatic": request.automatic,
        "contributors": sorted(f"{role}:{account}:{revision}" for role, account, revision in hands),
        "digest": request.version.content_digest if request.version else None,
        "base": request.base_version.content_digest if request.base_version else None,
        "base_generation": request.base_generation,
        "policy": str(request.policy.public_id) if request.policy else None,
        "scan": request.scan.digest if request.scan else None,
        "release_at": time_text(request.release_at) if request.release_at else None,
        "planned_by": request.planned_by.ref if request.planned_by else None,
        "proposed_policy": str(request.proposed_policy.public_id)
        if request.proposed_policy
        else None,
        "proposed_position": request.proposed_position,
        "waiting_since": time_text(request.waiting_since) if request.waiting_since else None,
        "change_set": str(request.change_set_id) if request.change_set_id else None,
    }


def record(
    log: Recording,
    word: str,
    request: ApprovalRequest,
    before: dict[str, Any] | None,
    **extra: Any,
) -> None:
    """The one event of a verb on a request: `approvals.request.<word>`."""
    related = [("registry.prompt", request.prompt.public_id)] if request.prompt else []
    after = {**state_of(request), **extra.pop("after", {})}
    log.record(
        f"approvals.request.{word}",
        (REQUEST, request.public_id),
        change=request.public_id,
        related=[*related, *extra.pop("related", [])],
        before=before or {},
        after=after,
        **extra,
    )


def pointer_data(pointer: LabelPointer, row: Release) -> dict[str, Any]:
    """What the registry's replay reads of an event that moved a pointer."""
    return {
        "release": str(row.public_id),
        "cause": {"type": row.cause_type, "id": str(row.cause_id)},
        "account": str(row.account.public_id) if row.account else None,
        "pointer": {
            "prompt": str(pointer.prompt.public_id),
            "label": str(pointer.label.public_id),
            "kind": str(row.kind),
        },
    }
