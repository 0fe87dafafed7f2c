"""What the form of a change is about: which prompt, which request, against what, begun as what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from approvals import reads
from approvals.forms import ProposalForm, from_body
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest
from approvals.reading import why_hidden
from approvals.views.frame import SignedIn
from registry.models import Label, LabelPointer, Prompt, Version
from registry.numbers import whole


@dataclass(frozen=True)
class Desk:
    """A prompt (None: a new one), a request (None: a new one), a target, what is live there, and
    the version that the text of the form began as."""

    prompt: Prompt | None = None
    change: ApprovalRequest | None = None
    label: Label | None = None
    live: Version | None = None
    base: Version | None = None

    @property
    def action(self) -> str:
        if self.change is not None:
            return reverse("approvals:revise", kwargs={"pk": self.change.pk})
        if self.prompt is not None:
            return reverse("approvals:propose", kwargs={"name": self.prompt.name})
        return reverse("approvals:new-prompt")

    @property
    def base_body(self) -> dict[str, Any]:
        return self.base.body if self.base else {}

    @property
    def live_body(self) -> dict[str, Any]:
        return self.live.body if self.live else {}

    @property
    def live_digest(self) -> str:
        return self.live.content_digest if self.live else ""


def desk_of(request: SignedIn, prompt: Prompt, label_name: str, base: str) -> Desk:
    """A new proposal for a label; `base` is a version number, otherwise what is live."""
    label = _target(label_name)
    live = _live(prompt, label)
    return Desk(prompt=prompt, label=label, live=live, base=_version(request, prompt, base) or live)


def desk_of_new(label_name: str = "") -> Desk:
    """The first proposal of a prompt that is yet to be made."""
    return Desk(label=_target(label_name))


def desk_of_change(request: SignedIn, change: ApprovalRequest, base: str = "") -> Desk:
    """A revision of a request; `base` is a version number, otherwise the version it is at."""
    prompt, label, version = change.prompt, change.label, change.version
    assert prompt is not None and version is not None  # noqa: PT018,S101  # a CHECK says so
    began = _version(request, prompt, base) or (None if version.is_erased else version)
    return Desk(prompt, change, label, _live(prompt, label), began)


def begun(desk: Desk) -> ProposalForm:
    """The form as it opens: the text of the base, what is live now remembered."""
    rest: dict[str, Any] = {
        "label": desk.label.name if desk.label else "",
        "base": str(desk.base.number) if desk.base else "",
        "seen_live": _lives(desk),
    }
    if desk.change is not None:
        rest["seen"] = desk.change.revision_digest
        rest["rationale"] = desk.change.rationale.value or ""
        rest["ticket"] = ticket_set(desk)
        rest["release_when_ready"] = (
            desk.change.release_when_ready or desk.change.submitted_at is None
        )
    if not desk.base_body and desk.prompt is not None:
        rest["type"] = desk.prompt.type
    return from_body(desk.base_body, **rest)


def ticket_set(desk: Desk) -> str:
    """The change ticket that the change names now; "" for none."""
    version = desk.change.version if desk.change else None
    return str(version.provenance.get("change_ticket") or "") if version else ""


def ticket_asked(desk: Desk) -> str:
    """How a policy wants a change ticket written, for any label of this form; "" if none does."""
    book = PolicyBook.read()
    change = desk.change
    labels = [change.label] if change and change.label else reads.protected_labels()
    rules = book.may_apply(desk.prompt, labels)
    pinned = book.pinned(change.policy_id).rules if change else None
    wanted = (one.ticket for one in (pinned, *rules) if one)
    return next((ticket.pattern for ticket in wanted if ticket), "")


def _target(name: str) -> Label | None:
    """The protected label of this name; otherwise the first one, if there is any."""
    labels = list(reads.protected_labels())
    return next((one for one in labels if one.name == name), labels[0] if labels else None)


def _lives(desk: Desk) -> dict[str, str]:
    """What is live, by its digest, on each label that the form of this desk offers."""
    if desk.label is None:
        return {}
    if desk.prompt is None or desk.change is not None:
        return {desk.label.name: desk.live_digest}
    found = {
        pointer.label.name: pointer.version.content_digest if pointer.version else ""
        for pointer in reads.pointers_of(desk.prompt)
        if pointer.label.protected
    }
    # What the page shows was read a moment before.
    return {**found, desk.label.name: desk.live_digest}


def _live(prompt: Prompt, label: Label | None) -> Version | None:
    rows = LabelPointer.objects.filter(prompt=prompt, label=label).select_related("version")
    pointer = rows.first()
    version = pointer.version if pointer else None
    return None if version is None or version.is_erased else version


def _version(request: SignedIn, prompt: Prompt, base: str) -> Version | None:
    """The version of this number, if the person may read it and it still has its content."""
    wanted = whole(base)
    if wanted is None:
        return None
    found = reads.versions_of(prompt, request.user).filter(number=wanted).first()
    if found is None or found.is_erased or why_hidden(found, request.user):
        return None
    return found
