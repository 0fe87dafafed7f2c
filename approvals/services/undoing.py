"""rollback, lift_hold, close_review_after: one person, one click, at any hour; looked at later."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from approvals import queue
from approvals.errors import (
    AlreadyDone,
    CommentNeeded,
    NeverLive,
    NotEligible,
    OwnChange,
    SamePerson,
)
from approvals.facts import gather
from approvals.governance import NEVER_APPROVED
from approvals.matching import PolicyBook
from approvals.models import AfterReview, ApprovalRequest, Contributor, Hold
from approvals.policies import Facts, Status, evaluate
from approvals.services import _aftermath as aftermath
from approvals.services import _common as common
from approvals.services import _mail as mail
from audit.ledger import Recording, recording
from registry import permissions, releases, roles
from registry import rules as in_force
from registry.actors import Actor
from registry.errors import NotAllowed, NotFound
from registry.models import Label, LabelPointer, Prompt, Release, User, Version

#: requirements that a return to an old version cannot or need not meet
_NOT_ASKED = frozenset({"base", "hold", "staging", "threads", "expiry", "suspended"})
MAY_UNDO = (permissions.RELEASE, permissions.RESPOND)


def rollback_target(prompt: Prompt, label: Label) -> Version | None:
    """The version that one click returns to: the one live before this one that may be again.

    Never a step forward: what was released after the version that is live now was passed over
    by a rollback, and takes a choice.
    """
    pointer = LabelPointer.objects.filter(prompt=prompt, label=label).first()
    live = pointer.version_id if pointer else None
    allowed = {version.pk: version for version in _targets(prompt, label, live)}
    stack: list[int] = []
    for move in Release.objects.of(prompt, label).servable().order_by("generation"):
        if move.kind == Release.Kind.ROLLBACK and move.version_id in stack:
            del stack[stack.index(move.version_id) :]
        stack = [pk for pk in stack if pk != move.version_id]
        stack.append(move.version_id)
    return next((allowed[pk] for pk in reversed(stack) if pk in allowed), None)


def _targets(prompt: Prompt, label: Label, live: int | None) -> list[Version]:
    """Versions once live here, newest first, without those that were rolled back from."""
    moves = Release.objects.of(prompt, label).servable().order_by("generation")
    alive: dict[int, Version] = {}
    for move in moves.select_related("version__recall"):
        if move.kind == Release.Kind.ROLLBACK and move.from_version_id is not None:
            alive.pop(move.from_version_id, None)
        alive.pop(move.version_id, None)
        alive[move.version_id] = move.version
    return [
        version
        for pk, version in reversed(alive.items())
        if pk != live and not version.is_erased and not hasattr(version, "recall")
    ]


def rollback(
    prompt: Prompt,
    label: Label,
    *,
    actor: Actor,
    reason: str = "",
    to: Version | None = None,
    expected_generation: int | None = None,
    key: str = "",
    log: Recording | None = None,
    change_set: UUID | None = None,
) -> Release:
    """Serve again a version that was live on this label and not itself rolled back from.

    Needs `release` or `respond`; asks no policy. What today's policy would still want opens a
    review after the fact, and the prompt is on hold until `lift_hold`. `log` is the open recording
    of a verb that rolls back as a part of its work, and `change_set` what it takes back as a whole.
    Raises NotAllowed, NeverLive, Stale, Recalled, Erased.
    """
    with recording(actor=actor.ref, within=log) as log:
        locked, pointer = common.lock_prompt(prompt.pk, label.pk)
        where = f"{locked.public_id} {pointer.label.name}"
        subject = common.about(where, to.pk if to else "", reason)
        done = common.repeated(actor, key, "rollback", subject)
        if done is not None:
            return Release.objects.get(pk=done)
        account = require_undo(locked, actor)
        target = _target(locked, pointer, to)
        before = releases.pointer_facts(pointer)
        row = releases.move(
            pointer,
            kind=Release.Kind.ROLLBACK,
            version=target,
            actor=actor,
            at=log.at,
            cause=("approvals.rollback", target.public_id),
            expected_generation=expected_generation,
            reason=common.keep_text(log, reason, "reason") if reason else None,
        )
        hold = _hold(row, account, log.at)
        missing = _shortfalls(row, log.at)
        after = _after_review(row, missing, account, log.at) if missing else None
        common.remember(actor, key, "rollback", subject, str(row.pk), log.at)
        log.record(
            "approvals.label.rolled_back",
            ("registry.prompt", locked.public_id),
            related=[("registry.version", target.public_id)],
            before={"pointer": before},
            after={"pointer": releases.pointer_facts(pointer)},
            data={
                **common.pointer_data(pointer, row),
                "shortfalls": [code for code, _ in missing],
                "hold": str(hold.public_id) if hold else None,
                **aftermath.review_data(after),
            },
            blobs={"reason": row.reason} if row.reason else {},
        )
        whole = {"change_set": str(change_set)} if change_set else {}
        tell_owners("rolled_back", row, actor, **whole)
        return row


def require_undo(prompt: Prompt, actor: Actor) -> User:
    """The person who may suspend and roll back: with `release` or `respond`."""
    account = common.person(actor)
    if not permissions.may_see(account, prompt):
        raise NotFound("There is no such prompt.")
    if not any(permissions.may(account, codename, prompt) for codename in MAY_UNDO):
        raise NotAllowed("You need the release or respond permission on this prompt.")
    return account


def tell_owners(kind: str, row: Release, actor: Actor, **data: Any) -> None:
    """Mail to the prompt's owner, and a second look at every open request for this label."""
    subject = ("registry.release", row.public_id)
    mail.owe(kind, [row.prompt.owner_id], subject, at=row.at, besides=actor.account, **data)
    others = ApprovalRequest.objects.open().filter(prompt=row.prompt, label=row.label)
    for pk in others.values_list("pk", flat=True):
        queue.later(queue.REASSESS, pk)


def _target(prompt: Prompt, pointer: LabelPointer, to: Version | None) -> Version:
    if to is None:
        to = rollback_target(prompt, pointer.label)
    targets = _targets(prompt, pointer.label, pointer.version_id)
    if to is not None and to.pk in {version.pk for version in targets}:
        return to
    raise NeverLive(
        "No other version was live on this label and may be again. A return to a version that "
        "was rolled back is a new proposal."
    )


def _hold(row: Release, account: User, at: datetime) -> Hold | None:
    if Hold.objects.filter(prompt=row.prompt, label=row.label, lifted_at=None).exists():
        return None
    return Hold.objects.create(
        prompt=row.prompt, label=row.label, release=row, opened_by=account, opened_at=at
    )


def _shortfalls(row: Release, at: datetime) -> list[tuple[str, str]]:
    """What today's policy would still want of the version we returned to."""
    first = (
        ApprovalRequest.objects.with_parts()
        .filter(prompt=row.prompt, label=row.label, version=row.version, state="released")
        .order_by("-pk")
        .first()
    )
    if first is None:
        return [NEVER_APPROVED]
    facts: Facts = gather(first)
    rules = [r for r in evaluate(facts, at) if r.kind == "gate" and r.code not in _NOT_ASKED]
    if first.automatic:
        rules = [r for r in rules if not r.code.startswith("sign_off:")]
    # What an emergency passed over was never met, then or now.
    owed = [r for r in rules if r.blocks or r.status == Status.BYPASSED]
    return [(rule.code, rule.title) for rule in owed]


def _after_review(
    row: Release, missing: list[tuple[str, str]], account: User, at: datetime
) -> AfterReview:
    rules = PolicyBook.read().match_for(row.prompt, row.label).rules
    hours = rules.after_review_hours if rules else aftermath.DEFAULT_HOURS
    return aftermath.open_review(row, missing, account, at, hours=hours)


def lift_hold(hold_id: int, *, actor: Actor, reason: str, key: str = "") -> Hold:
    """End the hold after a rollback; `release` or `respond`, with a reason.

    Raises NotAllowed, AlreadyDone, CommentNeeded.
    """
    with recording(actor=actor.ref) as log:
        found = Hold.objects.filter(pk=hold_id).values_list("prompt_id", "label_id").first()
        if found is None:
            raise NotFound("There is no such hold.")
        prompt, _ = common.lock_prompt(*found)
        hold = Hold.objects.select_related("prompt", "label", "release").get(pk=hold_id)
        subject = common.about(hold.public_id, reason)
        if common.repeated(actor, key, "lift_hold", subject) is not None:
            return hold
        account = require_undo(prompt, actor)
        if hold.lifted_at is not None:
            raise AlreadyDone("This hold was lifted already.")
        if not reason.strip():
            raise CommentNeeded("Say in a sentence why it may move again.", field="reason")
        hold.lifted_by, hold.lifted_at = account, log.at
        hold.lift_reason = common.keep_text(log, reason, "reason")
        hold.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
        common.remember(actor, key, "lift_hold", subject, str(hold.pk), log.at)
        log.record(
            "approvals.hold.lifted",
            ("approvals.hold", hold.public_id),
            related=[("registry.prompt", prompt.public_id)],
            before={"open": True},
            after={"open": False},
            data={"release": str(hold.release.public_id)},
            blobs={"reason": hold.lift_reason},
        )
        others = ApprovalRequest.objects.open().filter(prompt=prompt, label=hold.label)
        for pk in others.values_list("pk", flat=True):
            queue.later(queue.REASSESS, pk)
        return hold


def close_review_after(
    after_review_id: int, *, actor: Actor, comment: str, key: str = ""
) -> AfterReview:
    """Close a review after the fact: an eligible reviewer who did not take the step.

    Raises SamePerson, NotEligible, AlreadyDone, CommentNeeded.
    """
    with recording(actor=actor.ref) as log:
        in_force.hold_still()
        rows = AfterReview.objects.select_for_update(of=("self",), no_key=True)
        found = rows.select_related("prompt", "release").filter(pk=after_review_id).first()
        if found is None:
            raise NotFound("There is no such review.")
        subject = common.about(found.public_id, comment)
        if common.repeated(actor, key, "close_review_after", subject) is not None:
            return found
        account = common.person(actor)
        permissions.require(
            actor, permissions.REVIEW, found.prompt, "You need the review permission on it."
        )
        if account.pk == found.opened_by_id:
            raise SamePerson("You took this step, so somebody else looks at it.")
        if not roles.REVIEW_ROLES_SET & permissions.roles_of(account):
            raise NotEligible("You are in no review role; a governance owner can add you.")
        if Contributor.objects.filter(
            account=account, request__revisions__version=found.release.version
        ).exists():
            raise OwnChange("You wrote part of what went live, so somebody else looks at it.")
        if found.closed_at is not None:
            raise AlreadyDone("This review was closed already.")
        if not comment.strip():
            raise CommentNeeded("Say in a sentence what you found.", field="comment")
        found.closed_by, found.closed_at = account, log.at
        found.comment = common.keep_text(log, comment, "comment")
        found.save(update_fields=["closed_by", "closed_at", "comment"])
        common.remember(actor, key, "close_review_after", subject, str(found.pk), log.at)
        log.record(
            "approvals.after_review.closed",
            ("approvals.after_review", found.public_id),
            related=[("registry.prompt", found.prompt.public_id)],
            before={"open": True},
            after={"open": False},
            data={"release": str(found.release.public_id)},
            blobs={"comment": found.comment},
        )
        return found
