"""review, several at once: of low risk only, each a vote and an entry of its own."""

from __future__ import annotations

from typing import Any

import pytest

from approvals import services
from approvals.models import ApprovalRequest
from approvals.words import Entry, tell
from audit.ledger import head
from registry.errors import Refusal
from tests.approvals.desk import SECOND, Desk, fresh, in_review, scan, submit, text
from tests.approvals.several_of import RISKY, approve, last_vote

pytestmark = pytest.mark.django_db


def refusal(desk: Desk, change: ApprovalRequest, **changes: Any) -> Refusal:
    before = head().size
    with pytest.raises(Refusal) as refused:
        approve(desk, change, **changes)
    assert head().size == before
    return refused.value


def test_review__one_of_several_of_low_risk__counts_and_its_entry_says_so(desk: Desk) -> None:
    vote = approve(desk, in_review(desk))
    assert (vote.decision, vote.role, vote.risk_level) == ("approve", "safety", "low")
    assert last_vote()["several"] is True
    assert last_vote()["vote"] == vote.digest


def test_review__by_itself__has_an_entry_without_a_word_of_others(desk: Desk) -> None:
    approve(desk, in_review(desk), several=False)
    assert "several" not in last_vote()


def test_sentence__of_one_of_several__says_together_with_others() -> None:
    data = {"decision": "approve", "role": "safety", "several": True}
    told = tell(Entry("approvals.request.reviewed", data=data, who="Sam"))
    assert told.words == "approved it for safety, together with others"


def test_review__several_above_low_risk__is_refused_by_name(desk: Desk) -> None:
    change = in_review(desk, RISKY)
    found = refusal(desk, change)
    assert found.code == "not_low_risk"
    assert "Its risk is moderate" in found.sentence
    assert approve(desk, change, several=False).risk_level == "moderate"


def test_review__several_while_it_is_being_scanned__is_refused_by_name(desk: Desk) -> None:
    found = refusal(desk, submit(desk))
    assert found.code == "not_low_risk"
    assert "Its risk scan has not finished" in found.sentence


def test_review__several_and_edited_since__is_stale_whatever_its_state(desk: Desk) -> None:
    seen = in_review(desk).revision_digest
    change = ApprovalRequest.objects.get(prompt=desk.prompt)
    services.revise_and_submit(
        change.pk, document=text(SECOND), rationale="Warmer.", actor=desk.author
    )
    assert refusal(desk, change, seen=seen).code == "stale"
    scan(change)
    assert refusal(desk, change, seen=seen).code == "stale"


@pytest.mark.parametrize("decision", ["request_changes", "reject"])
def test_review__several_that_do_not_approve__are_refused(desk: Desk, decision: str) -> None:
    change = in_review(desk)
    found = refusal(desk, change, decision=decision, comment="Not this way.")
    assert found.code == "bad_input"
    assert fresh(change).state == "review"


def test_review__several_of_their_own__is_refused_as_ever(desk: Desk) -> None:
    change = in_review(desk, RISKY)
    assert refusal(desk, change, actor=desk.author).code == "own_change"


def test_review__key_of_one_given_alone__is_another_post(desk: Desk) -> None:
    change = in_review(desk)
    approve(desk, change, several=False, key="k1")
    assert refusal(desk, change, key="k1").code == "stale"
