"""send_again: a mail that was given up, or that somebody cannot find, is owed anew."""

from __future__ import annotations

from approvals import queue
from audit.ledger import recording
from registry import permissions
from registry.actors import Actor
from registry.errors import NotFound
from registry.models import OutboxMail


def send_again(mail_id: int, *, actor: Actor) -> OutboxMail:
    """Owe a mail anew, whether it was sent or given up; a governance owner.

    A no-op for one that is due and was not tried yet. Raises NotAllowed, NotFound.
    """
    with recording(actor=actor.ref) as log:
        permissions.require_governance(actor)
        rows = OutboxMail.objects.select_for_update(of=("self",), no_key=True).select_related(
            "recipient"
        )
        mail = rows.filter(pk=mail_id).first()
        if mail is None:
            raise NotFound("There is no such mail.")
        before = _standing(mail)
        if before == "waiting" and not mail.attempts:
            return mail
        mail.sent_at = mail.given_up_at = None
        mail.attempts, mail.last_error, mail.next_try_at = 0, "", log.at
        mail.save(update_fields=["sent_at", "given_up_at", "attempts", "last_error", "next_try_at"])
        log.record(
            "approvals.mail.owed_again",
            ("registry.mail", mail.public_id),
            related=[("registry.user", mail.recipient.public_id)],
            before={"standing": before},
            after={"standing": _standing(mail)},
            data={"kind": mail.kind},
        )
        queue.later(queue.MAIL, mail.pk)
        return mail


def _standing(mail: OutboxMail) -> str:
    if mail.sent_at is not None:
        return "sent"
    return "waiting" if mail.given_up_at is None else "given_up"
