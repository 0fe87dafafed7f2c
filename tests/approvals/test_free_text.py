"""Rationales and comments that cannot be stored get a clear refusal, and nothing is lost."""

from __future__ import annotations

import pytest

from audit.ledger import head
from registry.errors import BadInput, InvalidText
from tests.approvals import desk as steps
from tests.approvals.desk import Desk


@pytest.mark.parametrize("bad", ["nul \0 in it", "half \ud800 a pair"])
def test_propose__rationale_that_no_database_keeps__is_refused_by_name(
    desk: Desk, bad: str
) -> None:
    before = head().size
    with pytest.raises(InvalidText) as refused:
        steps.propose(desk, rationale=bad)
    assert refused.value.extra["field"] == "rationale"
    assert head().size == before


def test_propose__rationale_of_a_book__is_refused_with_the_limit(desk: Desk) -> None:
    with pytest.raises(BadInput, match="10,000"):
        steps.propose(desk, rationale="a" * 10_001)
