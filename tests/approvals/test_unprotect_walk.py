"""By no path is a label un-protected by one person: many steps by anybody, in any order.

The walk keeps its own account: the label may lose its protection in one step only, and only where
the person who took that step is another one than whoever asked, governs, and has no hand in an open
change for it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from approvals import services
from approvals.models import ApprovalRequest, Contributor
from registry import permissions, roles
from registry.errors import Refusal
from registry.models import Label, User
from registry.services import labels, memberships
from tests.approvals import desk as steps
from tests.approvals.desk import Desk
from tests.approvals.unprotecting_of import greta
from tests.people import make_person

pytestmark = pytest.mark.django_db

STEPS = 250


class Nothing(Exception):
    """There is nothing to take that step on."""


class Walk:
    """Who walks, on which label, and what happened."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.draw = desk, random.Random(seed)
        self.gil = make_person("gil", roles.GOVERNANCE_OWNERS, by=desk.governance_owner)
        owners = [desk.governance_owner, greta(desk), self.gil]
        for owner in owners[1:]:
            memberships.join(owner, roles.AUTHORS, actor=desk.governance_owner)
        self.people = [*owners * 4, desk.author, desk.superuser, desk.release_manager]
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    @property
    def label(self) -> Label:
        return Label.objects.get(name="production")

    def step(self) -> None:
        """One attempt by one person, judged by what this file says of it."""
        verb, actor = self.draw.choice(VERBS), self.draw.choice(self.people)
        before, may = self.label.protected, self.second_person(actor)
        name = verb.__name__.strip("_")
        try:
            verb(self, actor)
            self.done[name] += 1
        except (Refusal, IntegrityError, Nothing):
            pass
        if before and not self.label.protected:
            self.done["unprotected"] += 1
            if name != "decide" or not may:
                self.wrong.append(f"{name} by {actor.username}")

    def second_person(self, actor: User) -> bool:
        """Whether this person may be the second of two, as things are before the step."""
        request = self.waiting()
        if request is None or request.author_id == actor.pk:
            return False
        open_ = ApprovalRequest.objects.filter(
            label=self.label, prompt__isnull=False, state__in=ApprovalRequest.OPEN
        )
        hands = Contributor.objects.filter(request__in=open_, account=actor)
        return permissions.is_governance_owner(actor) and not hands.exists()

    def waiting(self) -> ApprovalRequest | None:
        return ApprovalRequest.objects.filter(kind="unprotect_label", state="review").first()

    def asked(self) -> ApprovalRequest:
        found = self.waiting() or ApprovalRequest.objects.filter(kind="unprotect_label").last()
        if found is None:
            raise Nothing
        return found


def _ask(walk: Walk, actor: User) -> None:
    services.propose_unprotect(walk.label, rationale="Well.", actor=actor)


def _decide(walk: Walk, actor: User) -> None:
    decision = walk.draw.choice(["approve", "approve", "approve", "reject"])
    services.decide_unprotect(walk.asked().pk, actor=actor, decision=decision, comment="So.")


def _decide_as_a_policy(walk: Walk, actor: User) -> None:
    services.decide_policy(walk.asked().pk, actor=actor, decision="approve")


def _release(walk: Walk, actor: User) -> None:
    services.release(walk.asked().pk, actor=actor)


def _withdraw(walk: Walk, actor: User) -> None:
    services.withdraw_unprotect(walk.asked().pk, actor=actor)


def _protect(walk: Walk, actor: User) -> None:
    labels.protect_label(walk.label, actor=actor)


def _reorder(walk: Walk, actor: User) -> None:
    labels.reorder_label(walk.label, walk.draw.randint(1, 99), actor=actor)


def _promote(walk: Walk, actor: User) -> None:
    source = walk.draw.choice([None, walk.desk.staging])
    labels.promote_label_from(walk.label, source, actor=actor)


def _save(walk: Walk, actor: User) -> None:
    label = walk.label
    label.protected = False
    label.unprotections += walk.draw.choice([0, 1])
    with transaction.atomic():
        label.save()


def _propose(walk: Walk, actor: User) -> None:
    steps.propose(walk.desk, f"Be kind, {walk.draw.random()}.\n", actor=actor)


def _end(walk: Walk, actor: User) -> None:
    changes = list(ApprovalRequest.objects.towards(walk.label).select_related("author"))
    if not changes:
        raise Nothing
    change = walk.draw.choice(changes)
    services.withdraw(change.pk, actor=change.author)


def _role(walk: Walk, actor: User) -> None:
    verb = walk.draw.choice([memberships.join, memberships.join, memberships.leave])
    verb(walk.gil, roles.GOVERNANCE_OWNERS, actor=actor)


VERBS: list[Callable[[Walk, User], Any]] = [
    *(_ask, _ask, _ask, _decide, _decide, _decide, _protect, _protect, _end, _end),
    *(_withdraw, _decide_as_a_policy, _release, _reorder, _promote, _save, _propose, _role),
]


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(2, 22))]
)
def test_label__any_steps_by_anybody__is_unprotected_by_two_people_only(
    desk: Desk, seed: int
) -> None:
    walk = Walk(desk, seed)
    for _ in range(STEPS):
        walk.step()
    assert walk.wrong == []
    # A walk on which nothing happens shows nothing.
    assert walk.done["unprotected"] >= 2, walk.done
    call_command("audit_verify", verbosity=0)
