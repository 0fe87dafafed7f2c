"""`make bench-approvals`: what a decision costs, and what a queue of a thousand changes does."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals import facts as facts_of
from approvals import services
from approvals.models import ApprovalRequest
from approvals.policies import evaluate
from registry import roles
from registry.models import User
from tests.api import call, make_token
from tests.approvals import desk as steps
from tests.approvals.desk import Desk
from tests.approvals.pages.browsing import look, signed_in
from tests.benchmarks import bare, many
from tests.benchmarks.measured import goal, seconds
from tests.people import MakePrompt, make_person

pytestmark = pytest.mark.django_db(transaction=True)

REVIEWERS = (1, 8, 32)
#: changes in review that each reviewer has to themselves; decisions that each takes while the clock
#: runs, and before it starts
OWN, EACH, WARM = 8, 32, 32
#: of the bare transaction with the same rows and the same lock
LEAST = 0.25
OPEN = (10, 100, 1000)

_said: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def _closing() -> Any:
    """Say the goals at the very end, in one place."""
    yield
    print("\n" + "\n".join(_said), flush=True)


def test_evaluate__pure__is_counted(desk: Desk) -> None:
    facts = facts_of.gather(steps.in_review(desk))
    at = timezone.now()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < 2:
        evaluate(facts, at + timedelta(seconds=count))
        count += 1
    print(f"\npure evaluations of Regulated: {count / (time.perf_counter() - began):,.0f} a second")


def test_decide__by_1_8_and_32_reviewers__beside_a_bare_transaction(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    people = _reviewers(desk, max(REVIEWERS))
    changes = _changes(desk, make_prompt, len(people) * OWN)
    sample = bare.of_a_vote(partial(_vote, changes[0], people[0]))
    print(f"\na decision: {sample.queries} queries, {len(sample.writes)} of them write")
    with psycopg.connect(bare.url()) as probe:
        version = probe.info.server_version
    print(f"PostgreSQL {version}; decisions a second")
    print("reviewers    verb    bare, locked  ratio    bare, no lock  ratio")
    for reviewers in REVIEWERS:
        locked = bare.a_second(sample, reviewers, EACH * 4, lock=True)
        free = bare.a_second(sample, reviewers, EACH * 4, lock=False)
        # Two on one change would wait for each other, as they have to, and it is not what is
        # measured. The first decisions open and prepare what a process keeps open and prepared.
        works = [
            partial(_votes, changes[n * OWN : (n + 1) * OWN], person)
            for n, person in enumerate(people[:reviewers])
        ]
        verb = reviewers * EACH / seconds(works)
        print(
            f"{reviewers:9}  {verb:6.1f}  {locked:14.1f}  {verb / locked:5.2f}"
            f"  {free:15.1f}  {verb / free:5.2f}"
        )
        _said.append(
            goal(
                verb / locked >= LEAST,
                f"decisions with {reviewers} reviewer{'s' if reviewers > 1 else ''}, beside bare",
                f"{verb / locked:.2f}",
                f">= {LEAST}",
            )
        )
    _profile(partial(_vote, changes[1], people[0]))


def test_queue__of_1000_open_changes__takes_a_constant_number_of_queries(desk: Desk) -> None:
    first = steps.in_review(desk)
    _, secret = make_token(desk.governance_owner, "preview")
    client = signed_in(desk.safety_reviewer)
    look(client, "/")
    pages, lists = [], []
    for total in OPEN:
        many.copied(first, total - ApprovalRequest.objects.count(), total)
        request = ApprovalRequest.objects.order_by("-pk")[:1].get()
        pages.append(_cost(lambda: look(client, "/"), f"queue page of {total} open changes"))
        call(secret, f"/requests/{request.pk}/requirements")
        lists.append(
            _cost(
                partial(call, secret, f"/requests/{request.pk}/requirements"),
                f"requirements of one of {total}",
            )
        )
    for what, counts in (("queue page", pages), ("requirements", lists)):
        _said.append(
            goal(
                len(set(counts)) == 1,
                f"{what} of {', '.join(map(str, OPEN))} open changes",
                f"{', '.join(map(str, counts))} queries",
                "a constant number",
            )
        )


def _cost(read: Callable[[], Any], what: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        read()
    # Counted at once: the next request forgets what was captured.
    count = len(seen)
    assert count > 0
    began = time.perf_counter()
    answer = read()
    took = time.perf_counter() - began
    assert getattr(answer, "status", 200) == getattr(answer, "status_code", 200) == 200
    print(f"{what}: {count} queries, {took * 1000:.0f} ms")
    return count


def _reviewers(desk: Desk, count: int) -> list[User]:
    return [
        make_person(f"reviewer{n}", roles.SUPPORT, by=desk.governance_owner) for n in range(count)
    ]


def _changes(desk: Desk, make_prompt: MakePrompt, count: int) -> list[ApprovalRequest]:
    found = []
    for number in range(count):
        own: dict[str, Any] = {**desk.__dict__, "prompt": make_prompt(f"support/b{number}")}
        found.append(steps.in_review(Desk(**own), f"Text number {number} for everybody.\n"))
    return found


def _votes(changes: list[ApprovalRequest], reviewer: User, ready: Callable[[], object]) -> None:
    """The decisions of one reviewer, one after the other, on a connection of their own."""
    for number in range(WARM):
        _vote(changes[number % OWN], reviewer)
    ready()
    for number in range(EACH):
        _vote(changes[number % OWN], reviewer)


def _vote(change: ApprovalRequest, reviewer: User) -> None:
    services.review(
        change.pk,
        actor=reviewer,
        role="support",
        decision="approve",
        seen=change.revision_digest,
    )


def _profile(call: Callable[[], object]) -> None:
    profile = cProfile.Profile()
    profile.runcall(call)
    print("\nwhere the time of one decision goes:")
    pstats.Stats(profile).sort_stats("cumulative").print_stats(r"approvals|registry|audit", 25)
