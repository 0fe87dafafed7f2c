"""Sending what is owed: claimed by one worker, sent outside any transaction, tried for a day.

A worker claims a row by pushing its next try into the future, sends, and only then marks it sent.
One that dies in between leaves a row that is due again when the claim has run out: a mail may come
twice (with the same Message-ID), and is never lost.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from approvals.mail import together
from approvals.mail.letters import compose
from approvals.mail.parts import Letter, NotOwed
from audit.models import AuditBlob
from registry.models import OutboxMail

log = logging.getLogger(__name__)

#: how long a claim holds: longer than a task may run
LEASE = timedelta(minutes=5)
#: minutes from one try to the next; after the last try, about a day on, it is given up
WAITS = (1, 5, 15, 60, 120, 180, 240, 360, 480)
TRIES = len(WAITS) + 1
MOST_AT_ONCE = 200


def due(at: datetime) -> list[int]:
    """Primary keys of the mails to send at `at`, the longest due first."""
    rows = OutboxMail.objects.filter(sent_at=None, given_up_at=None, next_try_at__lte=at)
    return list(rows.order_by("next_try_at", "pk").values_list("pk", flat=True)[:MOST_AT_ONCE])


def failed() -> QuerySet[OutboxMail]:
    """Mails that no server took in all their tries; not those that were no longer owed."""
    return OutboxMail.objects.filter(given_up_at__isnull=False, attempts__gte=TRIES)


def deliver(mail_id: int) -> bool:
    """Send one owed mail if it is due and nobody else is at it; True when it went out.

    One about a member of a change set waits a moment, and takes along the others of its kind.
    Never raises: a failure is kept on the row, with the time of the next try.
    """
    now = timezone.now()
    try:
        if _waits(mail_id, now):
            return False
        mail = _claim(mail_id, now)
        if mail is None:
            return False
        claimed = (_claim(pk, now, ahead=together.MOMENT) for pk in together.others_of(mail, now))
        return _try([mail, *filter(None, claimed)])
    except Exception:  # whatever is wrong with one mail must not stop the others
        log.exception("mail %s was left for later", mail_id)
        return False


def _waits(mail_id: int, at: datetime) -> bool:
    """Put a mail off that may yet go out together with others."""
    row = OutboxMail.objects.filter(pk=mail_id, sent_at=None, given_up_at=None, attempts=0).first()
    until = together.waits_until(row, at) if row is not None else None
    if until is None:
        return False
    OutboxMail.objects.filter(pk=mail_id, attempts=0).update(next_try_at=until)
    return True


def _claim(mail_id: int, at: datetime, *, ahead: timedelta = timedelta()) -> OutboxMail | None:
    # One statement, so that of two workers one finds nothing left to change.
    claimed = OutboxMail.objects.filter(
        pk=mail_id, sent_at=None, given_up_at=None, next_try_at__lte=at + ahead
    ).update(attempts=F("attempts") + 1, next_try_at=at + LEASE)
    if not claimed:
        return None
    return OutboxMail.objects.select_related("recipient").get(pk=mail_id)


def _try(mails: Sequence[OutboxMail]) -> bool:
    """Send what these say, as one mail; what is no longer owed is left out of it."""
    now = timezone.now()
    told: list[OutboxMail] = []
    letters: list[Letter] = []
    for mail in mails:
        try:
            letters.append(compose(mail, now))
            told.append(mail)
        except NotOwed as reason:
            _finish(mail, given_up_at=now, last_error=reason.code)
        except Exception as error:  # a bad row keeps no other one back
            _failed(mail, error)
    if not told:
        return False
    try:
        message(told[0], together.one_of(told[0], letters)).send()
    except NotOwed as reason:
        for mail in told:
            _finish(mail, given_up_at=now, last_error=reason.code)
        return False
    except Exception as error:  # a server that refuses, a name that does not resolve
        for mail in told:
            _failed(mail, error)
        return False
    # Also when the claim ran out meanwhile: what went out must not go out again.
    sent = OutboxMail.objects.filter(pk__in=[mail.pk for mail in told])
    sent.update(sent_at=timezone.now(), last_error="")
    return True


def _failed(mail: OutboxMail, error: Exception) -> None:
    log.warning("mail %s failed: %s", mail.pk, reason_of(error))
    _put_off(mail, error, timezone.now())


def _put_off(mail: OutboxMail, error: Exception, at: datetime) -> None:
    if mail.attempts >= TRIES:
        _finish(mail, given_up_at=at, last_error=reason_of(error))
        return
    wait = timedelta(minutes=WAITS[mail.attempts - 1])
    _finish(mail, next_try_at=at + wait, last_error=reason_of(error))


def _finish(mail: OutboxMail, **changes: datetime | str) -> None:
    """Note how this try ended, unless a later one has begun or somebody sent it meanwhile."""
    rows = OutboxMail.objects.filter(pk=mail.pk, attempts=mail.attempts, sent_at=None)
    rows.update(**changes)


def reason_of(error: Exception) -> str:
    """The class of an error and the server's code; never its text, which may quote the mail."""
    name = type(error).__name__
    if isinstance(error, SMTPRecipientsRefused):
        codes = sorted({code for code, _ in error.recipients.values()})
        return f"{name} {' '.join(map(str, codes))}"[:300]
    if isinstance(error, SMTPResponseException):
        return f"{name} {error.smtp_code}"
    return name


def _address(mail: OutboxMail) -> str:
    """Where it goes: the person's address, or an older one that its row knows by commitment."""
    digest = mail.data.get("address")
    if digest is None:
        return mail.recipient.email
    old = AuditBlob.objects.filter(digest=digest).first()
    if old is None or not old.value:
        raise NotOwed("address_erased")
    return old.value


def message(mail: OutboxMail, letter: Letter) -> EmailMultiAlternatives:
    """The mail itself: plain text first, the same in simple HTML beside it."""
    context = {"letter": letter, "recipient": mail.recipient, "base_url": settings.BASE_URL}
    mail_message = EmailMultiAlternatives(
        subject=letter.subject,
        body=render_to_string("mail/letter.txt", context),
        to=[_address(mail)],
        headers={
            # The same for every try, so that a repeated mail is known as one.
            "Message-ID": f"<{mail.public_id}@{urlsplit(settings.BASE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    mail_message.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
    return mail_message
