"""Mail to who answers for a dated exception: that there is one, and that it ended."""

from __future__ import annotations

from datetime import datetime

from approvals.mail.parts import Letter, NotOwed, Words, moment, named
from approvals.mail.texts import may_quote, one_line, prompt_link, quoted
from approvals.models import PolicyException
from registry import permissions
from registry.models import OutboxMail


def _row(mail: OutboxMail) -> PolicyException:
    parts = ("prompt", "label", "version", "made_by", "ended_by", "reason")
    rows = PolicyException.objects.select_related(*parts)
    row = rows.filter(public_id=mail.subject_id).first()
    if row is None or mail.subject_type != "approvals.exception":
        raise NotOwed("unknown_subject")
    if not permissions.may_see(mail.recipient, row.prompt):
        raise NotOwed("not_visible")
    return row


def _letter(
    row: PolicyException, subject: str, lead: tuple[str, ...], words: Words | None
) -> Letter:
    return Letter(
        subject=one_line(subject, 180),
        lead=lead,
        link=prompt_link(row.prompt),
        link_words="Open the prompt",
        words=words,
    )


def _made(mail: OutboxMail, now: datetime) -> Letter:
    row = _row(mail)
    if row.ended_at is not None or row.until <= now:
        raise NotOwed("no_longer_true")
    who, name = named(row.made_by), one_line(row.prompt.name, 120)
    said = row.reason.value
    words = Words(f"{who} wrote why", quoted(said)) if said and may_quote(row.prompt) else None
    lead = (
        f"v{row.version.number} is live on {row.label} and is not what today's policy asks for. "
        f"{who} let it stay until {moment(row.until)}, and you answer for it until then.",
        "Before that, have a version signed off that meets the policy, or end the exception.",
    )
    return _letter(row, f"You answer for {name} until {moment(row.until)}", lead, words)


def _ended(mail: OutboxMail, now: datetime) -> Letter:
    row = _row(mail)
    if row.ended_at is None:
        raise NotOwed("no_longer_true")
    name = one_line(row.prompt.name, 120)
    lead = (
        f"{named(row.ended_by)} ended the exception for v{row.version.number} on {row.label}. You "
        "do not answer for it any more.",
    )
    return _letter(row, f"The exception for {name} has ended", lead, None)


WRITERS = {"exception_made": _made, "exception_ended": _ended}
