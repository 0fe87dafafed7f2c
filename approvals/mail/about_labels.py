"""Mail to the owner of a prompt about what a responder did: rollback, suspend, resume, recall."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from approvals.mail.parts import Letter, NotOwed, Words, moment, named
from approvals.mail.texts import may_quote, one_line, prompt_link, quoted
from approvals.models import AfterReview, Hold
from audit.models import AuditBlob
from registry import permissions
from registry.models import OutboxMail, Prompt, Recall, Release, User


def _move(mail: OutboxMail) -> Release:
    if mail.subject_type != "registry.release":
        raise NotOwed("unknown_subject")
    rows = Release.objects.select_related(
        "prompt", "label", "version", "from_version", "account", "reason"
    )
    move = rows.filter(public_id=mail.subject_id).first()
    if move is None:
        raise NotOwed("unknown_subject")
    _check_visible(mail.recipient, move.prompt)
    return move


def _check_visible(recipient: User, prompt: Prompt) -> None:
    if not permissions.may_see(recipient, prompt):
        raise NotOwed("not_visible")


def _letter(prompt: Prompt, subject: str, *lead: str, words: Words | None) -> Letter:
    return Letter(
        subject=one_line(subject, 180),
        lead=tuple(line for line in lead if line),
        link=prompt_link(prompt),
        link_words="Open the prompt",
        words=words,
    )


def _reason(prompt: Prompt, who: str, blob: AuditBlob | None) -> Words | None:
    if blob is None or not blob.value or not may_quote(prompt):
        return None
    return Words(f"{who} wrote why", quoted(blob.value))


def _rolled_back(move: Release) -> Letter:
    who, name, label = named(move.account), one_line(move.prompt.name, 120), move.label.name
    before = f"; v{move.from_version.number} was live until then" if move.from_version else ""
    held = Hold.objects.filter(prompt=move.prompt, label=move.label, lifted_at=None).exists()
    after = AfterReview.objects.filter(release=move, campaign=None, closed_at=None).first()
    return _letter(
        move.prompt,
        f"{who} rolled {name} back to v{move.version.number} on {label}",
        f"{label} serves v{move.version.number} again since {moment(move.at)}{before}.",
        f"Nothing else goes live on {label} until somebody with the release or respond "
        "permission lifts the hold on the prompt's page."
        if held
        else "",
        f"A review after the fact is open until {moment(after.due_at)}: somebody other than "
        f"{who} looks at what was skipped."
        if after
        else "",
        words=_reason(move.prompt, who, move.reason),
    )


def _suspended(move: Release) -> Letter:
    who, name, label = named(move.account), one_line(move.prompt.name, 120), move.label.name
    return _letter(
        move.prompt,
        f"{who} suspended {name} on {label}",
        f"{label} serves nothing for this prompt since {moment(move.at)}: applications that "
        "read it get 404 with the code suspended.",
        "Anyone with the release or respond permission can resume it on the prompt's page.",
        words=_reason(move.prompt, who, move.reason),
    )


def _resumed(move: Release) -> Letter:
    who, name, label = named(move.account), one_line(move.prompt.name, 120), move.label.name
    return _letter(
        move.prompt,
        f"{who} resumed {name} on {label}",
        f"{label} serves v{move.version.number} again since {moment(move.at)}.",
        words=_reason(move.prompt, who, move.reason),
    )


def _recalled(mail: OutboxMail, now: datetime) -> Letter:
    rows = Recall.objects.select_related("version__prompt", "account", "reason")
    recall = rows.filter(version__public_id=mail.subject_id).first()
    if mail.subject_type != "registry.version" or recall is None:
        raise NotOwed("unknown_subject")
    prompt, number = recall.version.prompt, recall.version.number
    _check_visible(mail.recipient, prompt)
    who, name = named(recall.account), one_line(prompt.name, 120)
    return _letter(
        prompt,
        f"{who} recalled v{number} of {name}",
        f"Since {moment(recall.at)} v{number} may be served or released nowhere; applications "
        "that ask for it get 410.",
        words=_reason(prompt, who, recall.reason),
    )


def _writer(say: Callable[[Release], Letter]) -> Callable[[OutboxMail, datetime], Letter]:
    return lambda mail, now: say(_move(mail))


WRITERS = {
    "rolled_back": _writer(_rolled_back),
    "suspended": _writer(_suspended),
    "resumed": _writer(_resumed),
    "recalled": _recalled,
}
