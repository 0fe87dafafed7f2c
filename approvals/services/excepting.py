"""except_live, end_exception: what is live may stay for a time, though policies ask for more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from approvals.errors import AlreadyDone, CommentNeeded, ConformsAlready, OwnChange
from approvals.governance import what_it_lacks
from approvals.models import ApprovalRequest, Contributor, PolicyException
from approvals.services import _common as common
from approvals.services import _mail as mail
from audit.ledger import recording
from audit.payload import time_text
from registry import permissions
from registry.actors import Actor
from registry.errors import BadInput, NotFound, WrongState
from registry.models import Label, Prompt, User

#: days that an exception lasts at most
MOST_DAYS = 366
EXCEPTION = "approvals.exception"


def except_live(
    prompt: Prompt,
    label: Label,
    *,
    owner: User,
    until: datetime,
    reason: str,
    actor: Actor,
    key: str = "",
) -> PolicyException:
    """Let what a protected label serves stay until a time (aware), at most 366 days ahead.

    A governance owner with no hand in it; `owner` answers for it. It is for this version alone and
    opens no gate. Raises NotAllowed, NotFound, OwnChange, WrongState, ConformsAlready, AlreadyDone,
    BadInput, CommentNeeded.
    """
    with recording(actor=actor.ref) as log:
        locked, pointer = common.lock_prompt(prompt.pk, label.pk)
        about = common.about(
            locked.public_id, pointer.label.public_id, owner.public_id, time_text(until), reason
        )
        done = common.repeated(actor, key, "except_live", about)
        if done is not None:
            return PolicyException.objects.get(pk=done)
        permissions.require_governance(actor)
        account = common.person(actor)
        permissions.require_visible(account, locked)
        if pointer.version is None or not pointer.label.protected:
            raise WrongState(f"Nothing that a policy covers is live on {pointer.label}.")
        request = _brought_live(locked, pointer.label, pointer.version.pk)
        lacks = what_it_lacks(request)
        if not lacks:
            raise ConformsAlready(
                f"v{pointer.version.number} is what today's policy asks for. It needs no exception."
            )
        hands = Contributor.objects.filter(request__revisions__version=pointer.version)
        if hands.filter(account=account).exists():
            raise OwnChange("You have a hand in what is live; another governance owner can do it.")
        owner = User.objects.get(pk=owner.pk)
        _check(locked, owner, until, reason, log.at)
        rows = PolicyException.objects.in_force(log.at)
        if rows.filter(prompt=locked, label=pointer.label, version=pointer.version).exists():
            raise AlreadyDone("There is an exception for it already. End that one first.")
        row = PolicyException.objects.create(
            prompt=locked,
            label=pointer.label,
            version=pointer.version,
            owner=owner,
            reason=common.keep_text(log, reason, "reason"),
            until=until,
            made_by=account,
            made_at=log.at,
        )
        common.remember(actor, key, "except_live", about, str(row.pk), log.at)
        log.record(
            "approvals.exception.made",
            (EXCEPTION, row.public_id),
            related=[("registry.prompt", locked.public_id)],
            after={"open": True},
            data={"exception": told(row), "lacks": sorted(lacks)},
            blobs={"reason": row.reason},
        )
        where = (EXCEPTION, row.public_id)
        mail.owe("exception_made", [owner.pk], where, at=log.at, besides=account)
        return row


def end_exception(exception_id: int, *, actor: Actor, key: str = "") -> PolicyException:
    """End an exception before its time; a governance owner or who answers for it.

    Raises NotAllowed, NotFound, AlreadyDone.
    """
    with recording(actor=actor.ref) as log:
        found = PolicyException.objects.filter(pk=exception_id).first()
        if found is None:
            raise NotFound("There is no such exception.")
        prompt, _ = common.lock_prompt(found.prompt_id, found.label_id)
        rows = PolicyException.objects.select_related("prompt", "owner")
        row: PolicyException = rows.get(pk=exception_id)
        if common.repeated(actor, key, "end_exception", str(row.public_id)) is not None:
            return row
        account = common.person(actor)
        permissions.require_visible(account, prompt)
        if account.pk != row.owner_id:
            permissions.require_governance(actor)
        if row.ended_at is not None or row.until <= log.at:
            raise AlreadyDone("This exception has ended already.")
        row.ended_by, row.ended_at = account, log.at
        row.save(update_fields=["ended_by", "ended_at"])
        common.remember(actor, key, "end_exception", str(row.public_id), str(row.pk), log.at)
        log.record(
            "approvals.exception.ended",
            (EXCEPTION, row.public_id),
            related=[("registry.prompt", prompt.public_id)],
            before={"open": True},
            after={"open": False},
        )
        where = (EXCEPTION, row.public_id)
        mail.owe("exception_ended", [row.owner_id], where, at=log.at, besides=account)
        return row


def told(row: PolicyException) -> dict[str, Any]:
    """What the event that made an exception says of it."""
    return {
        "id": str(row.public_id),
        "prompt": str(row.prompt.public_id),
        "label": str(row.label.public_id),
        "version": str(row.version.public_id),
        "owner": row.owner.ref,
        "reason": row.reason_id,
        "until": time_text(row.until),
        "made_by": row.made_by.ref,
        "made_at": time_text(row.made_at),
    }


def _brought_live(prompt: Prompt, label: Label, version: int) -> ApprovalRequest | None:
    rows = ApprovalRequest.objects.of_prompts().with_parts()
    found: ApprovalRequest | None = rows.filter(
        prompt=prompt, label=label, version=version, state="released"
    ).first()
    return found


def _check(prompt: Prompt, owner: User, until: datetime, reason: str, at: datetime) -> None:
    if not reason.strip():
        raise CommentNeeded("Say in a sentence why it may stay.", field="reason")
    if not at < until <= at + timedelta(days=MOST_DAYS):
        raise BadInput(
            f"An exception ends in the future, at most {MOST_DAYS} days from now.", field="until"
        )
    if not owner.is_active or not owner.is_person or not permissions.may_see(owner, prompt):
        raise BadInput(
            "Who answers for it is an active person who sees the prompt. Name another one.",
            field="owner",
        )
