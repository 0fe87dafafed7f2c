"""Thirty-two people at one moment: one release wins, no vote is lost, and nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command

from approvals import services
from approvals.models import ApprovalRequest, Review
from approvals.presenters.diffs import diff_of
from registry import roles
from registry.errors import Stale
from registry.models import LabelPointer, Release
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, Desk, fresh
from tests.approvals.test_races import together
from tests.people import make_person
from tests.processes import is_embedded

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(is_embedded(), reason="a crowd is what PostgreSQL is for"),
]
CROWD, CHANGES = 32, 8


def production(desk: Desk) -> LabelPointer:
    return LabelPointer.objects.get(prompt=desk.prompt, label=desk.production)


def test_release__32_at_once_of_8_changes__one_wins_and_the_rest_see_what_is_live(
    desk: Desk,
) -> None:
    steps.released(desk)
    changes = [steps.approved(desk, f"{FIRST}Line {n}.\n") for n in range(CHANGES)]
    refused: list[Stale] = []

    def release(change: ApprovalRequest) -> Callable[[], Any]:
        def call() -> None:
            try:
                services.release(change.pk, actor=desk.release_manager, expected_generation=1)
            except Stale as stale:
                refused.append(stale)
                raise

        return call

    said = Counter(together(*(release(changes[n % CHANGES]) for n in range(CROWD))))

    won = [change for change in map(fresh, changes) if change.state == "released"]
    assert len(won) == said["ok"] == 1
    # The others who pressed for the winner find it released; all the rest lost to it.
    each = CROWD // CHANGES
    assert said == {"ok": 1, "wrong_state": each - 1, "stale": CROWD - each}
    moves = Release.objects.filter(prompt=desk.prompt, label=desk.production)
    assert sorted(moves.values_list("generation", flat=True)) == [1, 2]
    assert production(desk).version == won[0].version
    for stale in refused:
        lost, live = stale.extra["request"], stale.extra["live"]
        assert live == won[0].version
        assert diff_of(live.body, lost.version.body).changed
    call_command("audit_verify")


def test_review__32_at_once_on_one_change__no_vote_is_lost(desk: Desk) -> None:
    change = steps.in_review(desk)
    people = [
        make_person(f"reviewer{n}", roles.SUPPORT, by=desk.governance_owner) for n in range(CROWD)
    ]

    def vote(actor: Any) -> Callable[[], Any]:
        return lambda: services.review(
            change.pk,
            actor=actor,
            role="support",
            decision="approve",
            seen=change.revision_digest,
        )

    assert together(*map(vote, people)) == ["ok"] * CROWD
    voted = Review.objects.filter(request=change).values_list("reviewer", flat=True)
    assert sorted(voted) == [person.pk for person in people]
    call_command("audit_verify")
