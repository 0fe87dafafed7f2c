"""Mail to governance owners about what two of them decide: policies, what labels promote from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from approvals.explain import requirements_of, title_of
from approvals.mail.about_people import news_of
from approvals.mail.parts import Letter, NotOwed, Words, moment, named
from approvals.mail.texts import one_line, page_link, quoted
from approvals.models import ApprovalRequest, Review
from approvals.presenters.needs import lines_of
from approvals.querysets import RequestQuerySet
from audit.models import AuditBlob
from registry import permissions
from registry.models import Label, OutboxMail


def governed(mail: OutboxMail, rows: RequestQuerySet) -> ApprovalRequest:
    """The one of `rows` that a mail speaks of; its author and governance owners may know of it."""
    change: ApprovalRequest | None = rows.filter(public_id=mail.subject_id).first()
    if change is None:
        raise NotOwed("unknown_subject")
    is_author = change.author_id == mail.recipient_id
    if not is_author and not permissions.is_governance_owner(mail.recipient):
        raise NotOwed("not_visible")
    return change


def _change(mail: OutboxMail) -> ApprovalRequest:
    return governed(mail, ApprovalRequest.objects.of_policies())


def _letter(change: ApprovalRequest, subject: str, *lead: str, words: Words | None) -> Letter:
    return Letter(
        subject=one_line(subject, 180),
        lead=lead,
        link=settings.BASE_URL + reverse("admin:approvals_policychange_change", args=[change.pk]),
        link_words="Open the change of the policy",
        words=words,
        needs=lines_of(requirements_of(change), 0) if change.is_open else (),
    )


def words_of(who: str, blob: AuditBlob | None) -> Words | None:
    """What a person wrote, while it is not erased."""
    return Words(who, quoted(blob.value)) if blob is not None and blob.value else None


def decision_on(change: ApprovalRequest) -> tuple[str, AuditBlob | None]:
    """Who decided, and what they wrote."""
    vote = Review.objects.filter(request=change).select_related("reviewer", "comment").last()
    return (named(vote.reviewer), vote.comment) if vote else ("A governance owner", None)


def _asked(mail: OutboxMail, now: datetime) -> Letter:
    change = _change(mail)
    if not change.is_open:
        raise NotOwed("decided")
    author = named(change.author)
    due = f"Please decide by {moment(change.due_at)}." if change.due_at else ""
    return _letter(
        change,
        f"{author} proposes {change.proposed_policy}: {one_line(title_of(change), 100)}",
        f"{author} proposes {change.proposed_policy}. Nothing changes until another governance "
        "owner decides it; its page shows which changes and live versions it would touch.",
        due,
        words=words_of(f"{author} wrote why", change.rationale),
    )


def _in_force(mail: OutboxMail, now: datetime) -> Letter:
    change = _change(mail)
    who, comment = decision_on(change)
    return _letter(
        change,
        f"{change.proposed_policy} is in force",
        f"{who} approved {change.proposed_policy}, which {named(change.author)} proposed. Changes "
        "under way must meet it as well as the policy they were submitted under.",
        words=words_of(f"{who} wrote", comment),
    )


def _rejected(mail: OutboxMail, now: datetime) -> Letter:
    change = _change(mail)
    who, comment = decision_on(change)
    return _letter(
        change,
        f"{who} rejected {change.proposed_policy}",
        f"{change.proposed_policy} is not in force; the policy stays as it is.",
        words=words_of(f"{who} wrote why", comment),
    )


# -- what a label promotes from -------------------------------------------------------------


def _label(mail: OutboxMail) -> Label:
    rows = Label.objects.select_related("promotes_from", "asked_from", "asked_by")
    label = rows.filter(public_id=mail.subject_id).first()
    if mail.subject_type != "registry.label" or label is None:
        raise NotOwed("unknown_subject")
    if not permissions.is_governance_owner(mail.recipient):
        raise NotOwed("not_visible")
    return label


def _source_letter(mail: OutboxMail, label: Label, subject: str, *lead: str) -> Letter:
    page = page_link("admin:registry_label_change", label.pk)
    link = {"link": page, "words": "Open the label"} if mail.recipient.is_staff else {}
    return news_of(mail).letter(subject, *lead, **link)


def _source_asked(mail: OutboxMail, now: datetime) -> Letter:
    label = _label(mail)
    if label.asked_by is None:
        raise NotOwed("decided")
    who, wanted = named(label.asked_by), label.asked_from or "no label"
    return _source_letter(
        mail,
        label,
        f"{who} asks that {label} promotes from {wanted}",
        f"{who} asks that {label} promotes from {wanted}; it promotes from "
        f"{label.promotes_from or 'no label'} now. Nothing changes until another governance owner "
        "chooses the same, because it says where a version is tried before it goes live.",
    )


def _source_set(mail: OutboxMail, now: datetime) -> Letter:
    label, news = _label(mail), news_of(mail)
    source = label.promotes_from or "no label"
    return _source_letter(
        mail,
        label,
        f"{label} promotes from {source}",
        f"{news.who} agreed on {news.when} to what was asked. Changes under way are judged by it.",
    )


def _source_kept(mail: OutboxMail, now: datetime) -> Letter:
    label, news = _label(mail), news_of(mail)
    return _source_letter(
        mail,
        label,
        f"{label} still promotes from {label.promotes_from or 'no label'}",
        f"{news.who} took back on {news.when} what was asked; nothing changed.",
    )


WRITERS: dict[str, Callable[[OutboxMail, datetime], Letter]] = {
    "policy_asked": _asked,
    "policy_in_force": _in_force,
    "policy_rejected": _rejected,
    "label_source_asked": _source_asked,
    "label_source_set": _source_set,
    "label_source_kept": _source_kept,
}
