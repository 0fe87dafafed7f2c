"""What the page of the audit log reads: its entries, and names of what they are about.

Names are those that one person may know: of a confidential prompt that they do not see, and of a
draft of somebody else, an entry gives nothing but its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from approvals import reads
from approvals.models import ApprovalRequest, Policy
from audit.models import AuditEvent, AuditHead
from registry import permissions, roles
from registry.models import Label, Namespace, Prompt, ServiceToken, Team, User
from registry.numbers import whole

Key = tuple[str, UUID]


@dataclass(frozen=True)
class Name:
    """What an entry is about, in words, and its page where it has one."""

    words: str
    url: str = ""


def entries(which: Q, *, action: str, before: int | None) -> QuerySet[AuditEvent]:
    """Entries of the log, newest first: about `which`, of one action, older than a number."""
    rows = AuditEvent.objects.filter(which).order_by("-seq")
    if action:
        rows = rows.filter(action=action.replace("\0", ""))
    return rows if before is None else rows.filter(seq__lt=before)


def actions() -> list[str]:
    """Every action that the log has an entry of."""
    rows = AuditEvent.objects.order_by("action").values_list("action", flat=True)
    return list(rows.distinct())


def end() -> tuple[int, str]:
    """How many entries the log has, and the fingerprint of the newest one."""
    head = AuditHead.objects.get()
    return head.size, bytes(head.last_leaf).hex()


def about(text: str, account: User) -> Q | None:
    """What a person typed, as a part of a question to the log; None where nothing is called so.

    A UUID as an entry shows it, the number of a change, or the name of a prompt, label or person.
    """
    text = text.replace("\0", "").strip()
    try:
        number = UUID(text)
    except ValueError:
        pass
    else:
        return Q(subject_id=number) | Q(change_id=number)
    change = whole(text)
    if change is not None:
        return _about_change(change, account)
    prompt = reads.prompt_named(text, account)
    if prompt is not None:
        return _about_prompt(prompt, account)
    label = Label.objects.filter(name__iexact=text).first()
    if label is not None:
        return Q(subject_type="registry.label", subject_id=label.public_id)
    people = list(User.objects.filter(Q(username__iexact=text) | Q(display_name__iexact=text)))
    if people:
        ids = [person.public_id for person in people]
        theirs = Q(subject_type="registry.user", subject_id__in=ids)
        return theirs | Q(actor__in=[person.ref for person in people])
    return None


def names(keys: Iterable[Key], account: User) -> dict[Key, Name]:
    """Names of what entries are about, in at most one question for each kind of thing."""
    wanted: dict[str, set[UUID]] = {}
    for kind, number in keys:
        wanted.setdefault(kind, set()).add(number)
    return {
        (kind, number): name
        for kind, numbers in wanted.items()
        if kind in _NAMES
        for number, name in _NAMES[kind](numbers, account).items()
    }


# -- what was asked for ---------------------------------------------------------------------


def _about_change(number: int, account: User) -> Q | None:
    change = reads.requests_for(account).filter(pk=number).first()
    change = change or ApprovalRequest.objects.of_policies().filter(pk=number).first()
    change = change or ApprovalRequest.objects.of_labels().filter(pk=number).first()
    return Q(change_id=change.public_id) if change is not None else None


def _about_prompt(prompt: Prompt, account: User) -> Q:
    changes = reads.requests_of(prompt, account).order_by().values("public_id")
    versions = reads.versions_of(prompt, account).order_by().values("public_id")
    return (
        Q(subject_type="registry.prompt", subject_id=prompt.public_id)
        | Q(subject_type="registry.version", subject_id__in=versions)
        | Q(change_id__in=changes)
    )


# -- names ----------------------------------------------------------------------------------

_Named = dict[UUID, Name]
_Numbers = set[UUID]
_Namer = Callable[[set[UUID], User], dict[UUID, Name]]


def _prompts(numbers: _Numbers, account: User) -> _Named:
    rows = permissions.visible_prompts(account).filter(public_id__in=numbers)
    return {number: _prompt(name) for number, name in rows.values_list("public_id", "name")}


def _prompt(name: str) -> Name:
    return Name(name, reverse("approvals:prompt", kwargs={"name": name}))


def _versions(numbers: _Numbers, account: User) -> _Named:
    rows = reads.versions_for(account).filter(public_id__in=numbers)
    return {
        public_id: Name(
            f"{name} v{number}",
            reverse("approvals:version", kwargs={"name": name, "number": number}),
        )
        for public_id, name, number in rows.values_list("public_id", "prompt__name", "number")
    }


def _changes(numbers: _Numbers, account: User) -> _Named:
    rows = reads.requests_for(account).filter(public_id__in=numbers)
    found = {
        public_id: Name(f"{pk} of {name}", reverse("approvals:request", kwargs={"pk": pk}))
        for public_id, pk, name in rows.values_list("public_id", "pk", "prompt__name")
    }
    policies = ApprovalRequest.objects.of_policies().filter(public_id__in=numbers)
    for public_id, pk, name in policies.values_list(
        "public_id", "pk", "proposed_policy__policy__name"
    ):
        found[public_id] = Name(f"{pk} of the policy {name}")
    labels = ApprovalRequest.objects.of_labels().filter(public_id__in=numbers)
    for public_id, pk, name in labels.values_list("public_id", "pk", "label__name"):
        found[public_id] = Name(f"{pk} to un-protect {name}")
    return found


def _accounts(numbers: _Numbers, account: User) -> _Named:
    return {u.public_id: Name(str(u)) for u in User.objects.filter(public_id__in=numbers)}


def _roles(numbers: _Numbers, account: User) -> _Named:
    return {roles.role_id(name): Name(name) for name in roles.ALL_ROLES}


def _of_prompts(read: Callable[[User], QuerySet[Any]], path: str) -> _Namer:
    """The prompt that a thing belongs to, for those which `read` lets the person see."""

    def found(numbers: _Numbers, account: User) -> _Named:
        rows = read(account).filter(public_id__in=numbers).values_list("public_id", path)
        return {number: _prompt(name) for number, name in rows}

    return found


def _by(model: type[Any], column: str) -> _Namer:
    def found(numbers: _Numbers, account: User) -> _Named:
        rows = model.objects.filter(public_id__in=numbers).values_list("public_id", column)
        return {number: Name(words) for number, words in rows}

    return found


_NAMES: Mapping[str, _Namer] = {
    "registry.prompt": _prompts,
    "registry.version": _versions,
    "registry.user": _accounts,
    "registry.role": _roles,
    "registry.team": _by(Team, "name"),
    "registry.namespace": _by(Namespace, "name"),
    "registry.label": _by(Label, "name"),
    "registry.token": _by(ServiceToken, "name"),
    "approvals.request": _changes,
    "approvals.policy": _by(Policy, "name"),
    "approvals.hold": _of_prompts(reads.holds_for, "prompt__name"),
    "approvals.after_review": _of_prompts(reads.closed_too_for, "prompt__name"),
    "approvals.erasure": _of_prompts(reads.erasures_for, "version__prompt__name"),
    "approvals.exception": _of_prompts(reads.exceptions_for, "prompt__name"),
}
