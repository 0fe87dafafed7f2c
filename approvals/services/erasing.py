"""ask_erasure and erase_content: the text goes; digests, votes and proofs stay whole."""

from __future__ import annotations

from approvals.errors import AlreadyDone, CommentNeeded, SamePerson
from approvals.models import Erasure
from approvals.services import _checks as checks
from approvals.services import _common as common
from audit.ledger import recording
from registry import permissions
from registry.actors import Actor
from registry.errors import NotFound, WrongState
from registry.models import LabelPointer, Prompt, Version
from registry.services import versions


def ask_erasure(
    version: Version, *, actor: Actor, reason: str, ticket: str, key: str = ""
) -> Erasure:
    """A governance owner asks to erase a version's content; a second person carries it out.

    Raises NotAllowed, WrongState while it is live anywhere, CommentNeeded.
    """
    with recording(actor=actor.ref) as log:
        prompt = Prompt.objects.select_for_update(no_key=True).get(pk=version.prompt_id)
        subject = common.about(version.public_id, reason, ticket)
        done = common.repeated(actor, key, "ask_erasure", subject)
        if done is not None:
            return Erasure.objects.get(pk=done)
        account = common.person(actor)
        permissions.require_governance(actor)
        _check_not_live(version)
        if version.is_erased or version.erasures.filter(done_at=None).exists():
            raise AlreadyDone("An erasure of this version was asked for or done already.")
        if not reason.strip() or not ticket.strip():
            raise CommentNeeded("Give a reason and the number of a ticket.", field="reason")
        checks.ticket(ticket)
        erasure = Erasure.objects.create(
            version=version,
            ticket=ticket.strip(),
            reason=common.keep_text(log, reason, "reason"),
            asked_by=account,
            asked_at=log.at,
        )
        common.remember(actor, key, "ask_erasure", subject, str(erasure.pk), log.at)
        log.record(
            "approvals.erasure.asked",
            ("approvals.erasure", erasure.public_id),
            related=[
                ("registry.version", version.public_id),
                ("registry.prompt", prompt.public_id),
            ],
            after={"digest": version.content_digest},
            data={"version": str(version.public_id)},
            blobs={"reason": erasure.reason},
        )
        return erasure


def erase_content(erasure_id: int, *, actor: Actor, key: str = "") -> Version:
    """A second governance owner erases the text; only where it is live nowhere.

    Raises SamePerson, NotAllowed, WrongState, AlreadyDone.
    """
    with recording(actor=actor.ref) as log:
        erasure = Erasure.objects.select_related("version").filter(pk=erasure_id).first()
        if erasure is None:
            raise NotFound("There is no such erasure.")
        Prompt.objects.select_for_update(no_key=True).get(pk=erasure.version.prompt_id)
        erasure.refresh_from_db()
        version = erasure.version
        if common.repeated(actor, key, "erase_content", str(erasure.public_id)) is not None:
            return version
        account = common.person(actor)
        permissions.require_governance(actor)
        if account.pk == erasure.asked_by_id:
            raise SamePerson("You asked for it, so a second governance owner carries it out.")
        if erasure.done_at is not None:
            raise AlreadyDone("This content is erased already.")
        _check_not_live(version)
        versions.erase(version, actor=actor, at=log.at)
        erasure.done_by, erasure.done_at = account, log.at
        erasure.save(update_fields=["done_by", "done_at"])
        common.remember(
            actor, key, "erase_content", str(erasure.public_id), str(version.pk), log.at
        )
        log.record(
            "approvals.version.erased",
            ("registry.version", version.public_id),
            related=[("approvals.erasure", erasure.public_id)],
            before={"digest": version.content_digest, "erased": False},
            after={"digest": version.content_digest, "erased": True},
            data={"erasure": str(erasure.public_id)},
        )
        return version


def _check_not_live(version: Version) -> None:
    live = LabelPointer.objects.filter(version=version).select_related("label").first()
    if live is not None:
        raise WrongState(f"v{version.number} is on {live.label}; move that first.")
