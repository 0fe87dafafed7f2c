"""Mail about un-protecting a label: to those who decide it, and to who asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from approvals.explain import requirements_of, title_of
from approvals.mail.about_policies import decision_on, governed, words_of
from approvals.mail.parts import Letter, NotOwed, Words, moment, named
from approvals.mail.texts import one_line
from approvals.models import ApprovalRequest
from approvals.presenters.needs import lines_of
from registry.models import OutboxMail


def _request(mail: OutboxMail) -> ApprovalRequest:
    return governed(mail, ApprovalRequest.objects.of_labels())


def _letter(request: ApprovalRequest, subject: str, *lead: str, words: Words | None) -> Letter:
    page = reverse("admin:approvals_unprotectrequest_change", args=[request.pk])
    return Letter(
        subject=one_line(subject, 180),
        lead=lead,
        link=settings.BASE_URL + page,
        link_words="Open the request",
        words=words,
        needs=lines_of(requirements_of(request), 0) if request.is_open else (),
    )


def _asked(mail: OutboxMail, now: datetime) -> Letter:
    request = _request(mail)
    if not request.is_open:
        raise NotOwed("decided")
    author, label = named(request.author), request.label
    return _letter(
        request,
        f"{author} asks to un-protect {label}: {one_line(title_of(request), 100)}",
        f"{author} asks to un-protect {label}. It stays protected until another governance owner "
        "agrees; the page of the request says what that would open.",
        f"Please decide by {moment(request.due_at)}." if request.due_at else "",
        words=words_of(f"{author} wrote why", request.rationale),
    )


def _unprotected(mail: OutboxMail, now: datetime) -> Letter:
    request = _request(mail)
    who, comment = decision_on(request)
    when = f" on {moment(request.decided_at)}" if request.decided_at else ""
    return _letter(
        request,
        f"{request.label} is not protected any more",
        f"{who} agreed{when} to what {named(request.author)} asked: {request.label} is not "
        "protected any more. Versions are placed there by hand, with nobody's sign-off, until a "
        "governance owner protects it again.",
        words=words_of(f"{who} wrote", comment),
    )


def _rejected(mail: OutboxMail, now: datetime) -> Letter:
    request = _request(mail)
    who, comment = decision_on(request)
    return _letter(
        request,
        f"{who} refused to un-protect {request.label}",
        f"{request.label} stays protected.",
        words=words_of(f"{who} wrote why", comment),
    )


WRITERS: dict[str, Callable[[OutboxMail, datetime], Letter]] = {
    "unprotect_asked": _asked,
    "unprotected": _unprotected,
    "unprotect_rejected": _rejected,
}
