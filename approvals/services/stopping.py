"""suspend, resume, recall: a label stops serving one prompt; a version is served nowhere."""

from __future__ import annotations

from approvals import queue
from approvals.errors import AlreadyDone, CommentNeeded
from approvals.models import ApprovalRequest
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services.undoing import require_undo, tell_owners
from audit.ledger import recording
from registry import permissions, releases, rules
from registry.actors import Actor
from registry.errors import NotAllowed, WrongState
from registry.models import Label, Prompt, Recall, Release, Version

MAY_RECALL = (permissions.RESPOND, permissions.RELEASE, permissions.MANAGE)


def suspend(
    prompt: Prompt,
    label: Label,
    *,
    actor: Actor,
    reason: str,
    expected_generation: int | None = None,
    key: str = "",
) -> Release:
    """Stop serving a prompt on a label: readers get 404 with the code `suspended`.

    Needs `release` or `respond` and a reason. Raises NotAllowed, WrongState, Stale.
    """
    return _switch(prompt, label, Release.Kind.SUSPEND, actor, reason, expected_generation, key)


def resume(
    prompt: Prompt,
    label: Label,
    *,
    actor: Actor,
    reason: str,
    expected_generation: int | None = None,
    key: str = "",
) -> Release:
    """Serve again what was suspended. Raises NotAllowed, WrongState, Stale, Recalled, Erased."""
    return _switch(prompt, label, Release.Kind.RESUME, actor, reason, expected_generation, key)


def _switch(
    prompt: Prompt,
    label: Label,
    kind: Release.Kind,
    actor: Actor,
    reason: str,
    expected_generation: int | None,
    key: str,
) -> Release:
    with recording(actor=actor.ref) as log:
        locked, pointer = common.lock_prompt(prompt.pk, label.pk)
        subject = common.about(f"{locked.public_id} {pointer.label.name}", reason)
        done = common.repeated(actor, key, str(kind), subject)
        if done is not None:
            return Release.objects.get(pk=done)
        require_undo(locked, actor)
        if pointer.version is None:
            raise WrongState(f"{label} serves nothing for this prompt.")
        if pointer.suspended == (kind == Release.Kind.SUSPEND):
            word = "suspended already" if pointer.suspended else "not suspended"
            raise WrongState(f"{label} is {word} for this prompt.")
        if not reason.strip():
            raise CommentNeeded("Say in a sentence why.", field="reason")
        before = releases.pointer_facts(pointer)
        row = releases.move(
            pointer,
            kind=kind,
            version=pointer.version,
            actor=actor,
            at=log.at,
            cause=(f"approvals.{kind}", locked.public_id),
            expected_generation=expected_generation,
            reason=common.keep_text(log, reason, "reason"),
        )
        common.remember(actor, key, str(kind), subject, str(row.pk), log.at)
        log.record(
            f"approvals.label.{'suspended' if kind == Release.Kind.SUSPEND else 'resumed'}",
            ("registry.prompt", locked.public_id),
            before={"pointer": before},
            after={"pointer": releases.pointer_facts(pointer)},
            data=common.pointer_data(pointer, row),
            blobs={"reason": row.reason} if row.reason else {},
        )
        tell_owners("suspended" if kind == Release.Kind.SUSPEND else "resumed", row, actor)
        return row


def recall(version: Version, *, actor: Actor, reason: str, key: str = "") -> Recall:
    """A version may be served or released nowhere from now on; readers get 410.

    Needs `respond`, `release` or `manage` and a reason. Raises NotAllowed, AlreadyDone.
    """
    with recording(actor=actor.ref) as log:
        rules.hold_still()
        prompt = Prompt.objects.select_for_update(no_key=True).get(pk=version.prompt_id)
        subject = common.about(version.public_id, reason)
        if common.repeated(actor, key, "recall", subject) is not None:
            return Recall.objects.get(version=version)
        account = common.person(actor)
        permissions.require_visible(account, prompt)
        common.check_version_visible(version, actor)
        if not any(permissions.may(account, codename, prompt) for codename in MAY_RECALL):
            raise NotAllowed("You need respond, release or manage on this prompt.")
        if Recall.objects.filter(version=version).exists():
            raise AlreadyDone(f"v{version.number} is recalled already.")
        if not reason.strip():
            raise CommentNeeded("Say in a sentence why.", field="reason")
        row = Recall.objects.create(
            version=version,
            account=account,
            reason=common.keep_text(log, reason, "reason"),
            at=log.at,
        )
        common.remember(actor, key, "recall", subject, str(row.pk), log.at)
        log.record(
            "approvals.version.recalled",
            ("registry.version", version.public_id),
            related=[("registry.prompt", prompt.public_id)],
            before={"recalled": False},
            after={"recalled": True, "digest": version.content_digest},
            data={"recall": str(row.public_id)},
            blobs={"reason": row.reason},
        )
        mail.owe(
            "recalled",
            [prompt.owner_id],
            ("registry.version", version.public_id),
            at=log.at,
            besides=account,
        )
        for pk in ApprovalRequest.objects.open().filter(prompt=prompt).values_list("pk", flat=True):
            queue.later(queue.REASSESS, pk)
        return row
