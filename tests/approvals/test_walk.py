"""A walk through all verbs by all people, and an own account of what may be live after each step.

The model is in `earned`. Whatever is done, by whomever and in whatever order, a protected label
ends on a version that had all of it, on one that was live before, or on one whose review after the
fact names what was passed over. A failure prints the seed and the last steps.
"""

from __future__ import annotations

import pytest
from django.core.management import call_command

from registry.models import Release
from tests.approvals.desk import Desk
from tests.approvals.walk import Walk
from tests.approvals.walk_verbs import VERBS
from tests.people import MakePrompt
from tests.processes import on_embedded

STEPS = 500

pytestmark = [pytest.mark.django_db, on_embedded]


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(2, 22))]
)
def test_verbs__in_any_order_by_anybody__leave_live_only_what_earned_it(
    desk: Desk, make_prompt: MakePrompt, seed: int
) -> None:
    walk = Walk(desk, make_prompt("support/other"), seed, VERBS)
    for _ in range(STEPS):
        walk.step()
    assert walk.wrong() == [], f"seed {seed}:\n" + "\n".join(walk.path[-40:])
    # A walk on which nothing happens shows nothing.
    moves = Release.objects.filter(label=desk.production)
    assert moves.filter(kind="release").exists(), walk.done
    assert walk.done.total() > STEPS // 4, walk.done
    assert walk.refused.total() > STEPS // 10, walk.refused
    call_command("audit_verify", verbosity=0)
