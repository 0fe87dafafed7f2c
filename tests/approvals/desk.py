"""A desk with real people and a prompt, and the steps that bring a change to any state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from approvals import scanning, services
from approvals.models import ApprovalRequest
from audit.ledger import head
from registry.documents import Document, build
from registry.models import Label, Prompt, User
from tests import snapshot
from tests.people import CAST

FIRST = "Greet {{customer}} by name.\nRefunds above 100 go to a person.\n"
SECOND = "Greet {{customer}} warmly by name.\nRefunds above 100 go to a person.\n"
THIRD = "Greet {{customer}} kindly by name.\nRefunds above 100 go to a person.\n"


# The ready policies, for who asks for the desk; a second time it makes none.
CAST["desk"] = partial(services.bootstrap_policies, sign_offs_only=True)


@dataclass
class Desk:
    """Everybody who works on `support/refunds`, which the Regulated policy covers."""

    prompt: Prompt
    staging: Label
    production: Label
    people: dict[str, User]

    def __getattr__(self, name: str) -> User:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None


@pytest.fixture
def desk(
    prompt: Prompt,
    staging: Label,
    production: Label,
    author: User,
    support_reviewer: User,
    safety_reviewer: User,
    engineer: User,
    release_manager: User,
    responder: User,
    governance_owner: User,
    auditor: User,
    outsider: User,
    superuser: User,
) -> Desk:
    CAST["desk"]()
    people = {
        "author": author,
        "support_reviewer": support_reviewer,
        "safety_reviewer": safety_reviewer,
        "engineer": engineer,
        "release_manager": release_manager,
        "responder": responder,
        "governance_owner": governance_owner,
        "auditor": auditor,
        "outsider": outsider,
        "superuser": superuser,
    }
    return Desk(prompt, staging, production, people)


def text(template: str, **fields: Any) -> Document:
    """The document of a text prompt in mustache."""
    return build(type="text", template=template, template_format="mustache", **fields)


def fresh(request: ApprovalRequest) -> ApprovalRequest:
    """The request as the database has it now; most tests look at little of it."""
    return ApprovalRequest.objects.get(pk=request.pk)


def propose(desk: Desk, template: str = FIRST, **kwargs: Any) -> ApprovalRequest:
    """A draft by the author (or `actor`)."""
    given = {"rationale": "Customers read the opening as cold.", "actor": desk.author, **kwargs}
    return services.propose(desk.prompt, label=desk.production, document=text(template), **given)


def submit(desk: Desk, template: str = FIRST, **kwargs: Any) -> ApprovalRequest:
    """A change that waits for its scan."""
    when_ready = kwargs.pop("release_when_ready", False)
    request = propose(desk, template, **kwargs)
    return services.submit(request.pk, actor=request.author, release_when_ready=when_ready)


def scan(request: ApprovalRequest) -> ApprovalRequest:
    """What the scan task does, with the real scanners, in this process."""
    begun = services.begin_scan(request.pk)
    assert begun is not None
    assert begun.version is not None
    base = begun.base_version
    services.record_scan(
        request.pk,
        revision=begun.revision,
        report=scanning.scan_document(begun.version.body),
        base_report=scanning.scan_document(base.body) if base else None,
    )
    return fresh(request)


def route(request: ApprovalRequest) -> ApprovalRequest:
    """What the route task does: staging as the author, then on."""
    services.try_on_staging(request.pk)
    services.route(request.pk)
    return fresh(request)


def in_review(desk: Desk, template: str = FIRST, **kwargs: Any) -> ApprovalRequest:
    def make(**given: Any) -> ApprovalRequest:
        return route(scan(submit(desk, template, **given)))

    return _brought_to("in_review", make, desk, template, kwargs)


ROLES = {"support_reviewer": "support", "safety_reviewer": "safety", "engineer": "engineering"}


def approve(desk: Desk, request: ApprovalRequest, *who: str) -> ApprovalRequest:
    """Approvals by the named people (default: everybody whom Regulated asks)."""
    for name in who or ROLES:
        services.review(
            request.pk,
            actor=desk.people[name],
            role=ROLES[name],
            decision="approve",
            seen=fresh(request).revision_digest,
        )
    return fresh(request)


def approved(desk: Desk, template: str = FIRST, **kwargs: Any) -> ApprovalRequest:
    def make(**given: Any) -> ApprovalRequest:
        return approve(desk, in_review(desk, template, **given))

    return _brought_to("approved", make, desk, template, kwargs)


def released(desk: Desk, template: str = FIRST, **kwargs: Any) -> ApprovalRequest:
    def make(**given: Any) -> ApprovalRequest:
        request = approved(desk, template, **given)
        services.release(request.pk, actor=desk.author)
        return fresh(request)

    return _brought_to("released", make, desk, template, kwargs)


def _brought_to(
    state: str,
    make: Callable[..., ApprovalRequest],
    desk: Desk,
    template: str,
    kwargs: dict[str, Any],
) -> ApprovalRequest:
    """What `make` makes; a plain change from a state of the log that is known comes from memory.

    No two states have one end of the log: its fingerprint stands for all that was done before.
    """
    if kwargs:
        return make(**kwargs)
    key = (bytes(head().last_leaf), state, desk.prompt.pk, desk.production.pk, template)

    def made() -> int:
        return make().pk

    pk: int = snapshot.put_back_or_make(key, made, from_time=2)
    return ApprovalRequest.objects.get(pk=pk)


def reject(desk: Desk, request: ApprovalRequest) -> ApprovalRequest:
    services.review(
        request.pk,
        actor=desk.support_reviewer,
        role="support",
        decision="reject",
        comment="Not this way.",
        seen=request.revision_digest,
    )
    return fresh(request)


def at_state(desk: Desk, state: str) -> ApprovalRequest:
    """A request in the named state, brought there by the verbs."""
    if state == "withdrawn":
        request = propose(desk)
        services.withdraw(request.pk, actor=desk.author)
        return fresh(request)
    makers = {
        "draft": propose,
        "scanning": submit,
        "review": in_review,
        "approved": approved,
        "released": released,
        "rejected": lambda desk: reject(desk, in_review(desk)),
    }
    return fresh(makers[state](desk))
