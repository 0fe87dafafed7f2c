"""When an approval of an earlier revision is kept: pure rules, one reason at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policies import Facts, Vote, evaluate, why_not_kept
from approvals.policies.carrying import REASONS
from tests.approvals.facts_of import AUTHOR, ENG, NOW, SAM, SCAN, SUPPORT, TOM, facts, policy, vote

KINDS = ("NO_CHANGE", "TRIVIAL_REBASE", "METADATA_ONLY", "WORDING", "INTERFACE_CHANGE")
LEVELS = ("low", "moderate", "high", "critical")


def given_before(**changes: Any) -> Vote:
    """Tom's approval of revision 1, where the facts are of revision 2."""
    return vote(TOM, "Tom", "support", **changes)


def now(title: str = "Standard", **changes: Any) -> Facts:
    level = changes.pop("level", "low")
    return facts(title, revision=2, scan=replace(SCAN, level=level), **changes)


def rules(**changes: Any) -> Any:
    return policy("Standard", **changes)


SIGNING = rules(signature={"minutes": 15})
ASKING = rules(
    checklists=[
        {"role": "support", "title": "Accuracy", "questions": [{"key": "true", "text": "Is it?"}]}
    ]
)


@pytest.mark.parametrize("kind", ["NO_CHANGE", "TRIVIAL_REBASE", "METADATA_ONLY"])
def test_why_not_kept__a_kind_that_both_policies_list__keeps_it(kind: str) -> None:
    assert why_not_kept(now(), given_before(), kind) == ""


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("WORDING", "wording"),
        ("INTERFACE_CHANGE", "interface_change"),
        ("MODEL_CHANGE", "model_change"),
    ],
)
def test_why_not_kept__another_kind__never_keeps_it(kind: str, reason: str) -> None:
    assert why_not_kept(now(), given_before(), kind) == reason


@pytest.mark.parametrize("which", ["pinned", "current"])
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (None, "policy"),
        (rules(carry_over=["NO_CHANGE"]), "policy"),
        (SIGNING, "signature"),
        (ASKING, "checklist"),
    ],
)
def test_why_not_kept__one_of_the_two_policies_is_stricter__does_not_keep_it(
    which: str, other: Any, reason: str
) -> None:
    changed = now(**{which: other})
    assert why_not_kept(changed, given_before(), "TRIVIAL_REBASE") == reason


@pytest.mark.parametrize(("level", "seen"), [("high", "high"), ("critical", "critical")])
def test_why_not_kept__high_risk__never_keeps_it(level: str, seen: str) -> None:
    before = given_before(risk_level=seen)
    assert why_not_kept(now(level=level), before, "NO_CHANGE") == "high_risk"


def test_why_not_kept__no_scan__does_not_keep_it() -> None:
    assert why_not_kept(replace(now(), scan=None), given_before(), "NO_CHANGE") == "high_risk"


def test_why_not_kept__more_risk_than_was_seen__does_not_keep_it() -> None:
    risen = now(level="moderate")
    assert why_not_kept(risen, given_before(), "NO_CHANGE") == "risk_rose"
    assert why_not_kept(risen, given_before(risk_level="moderate"), "NO_CHANGE") == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"reviewers": ()},
        {"reviewers": (replace(SUPPORT, roles=frozenset({"safety"})),)},
        {"contributors": {AUTHOR: "wrote it", TOM: "wrote it"}},
    ],
    ids=["no permission", "another role", "contributed"],
)
def test_why_not_kept__a_voter_who_may_no_longer_sign__does_not_keep_it(changes: Any) -> None:
    assert why_not_kept(now(**changes), given_before(), "NO_CHANGE") == "not_eligible"


def test_why_not_kept__signed_in_time_long_ago__keeps_it() -> None:
    at = NOW - timedelta(days=9)
    before = given_before(
        at=at, auth_at=at - timedelta(minutes=5), auth_method="signature:password"
    )
    strict = now(pinned=SIGNING, current=SIGNING)
    assert why_not_kept(strict, before, "NO_CHANGE") == ""
    late = replace(before, auth_at=at - timedelta(minutes=16))
    assert why_not_kept(strict, late, "NO_CHANGE") == "signature"


@given(
    st.sampled_from(KINDS),
    st.sampled_from(LEVELS),
    st.sampled_from(LEVELS),
    st.sampled_from([TOM, SAM, ENG, AUTHOR]),
)
def test_why_not_kept__whatever_it_says__what_is_kept_counts_and_nothing_else_has_no_reason(
    kind: str, level: str, seen: str, who: int
) -> None:
    changed = now(level=level)
    before = vote(who, "Somebody", "support", risk_level=seen)
    why = why_not_kept(changed, before, kind)
    assert why == "" or why in REASONS
    copy = replace(before, revision=2, copied=True, kept_from=1)
    met = {r.code for r in evaluate(replace(changed, votes=(copy,)), NOW) if not r.blocks}
    if not why:
        assert "sign_off:reviewer" in met


def test_evaluate__a_kept_approval__says_from_which_revision() -> None:
    copy = given_before(revision=2, copied=True, kept_from=1)
    listed = {r.code: r for r in evaluate(now(votes=(copy,)), NOW)}
    assert listed["sign_off:reviewer"].sentence == "approval of Tom kept from revision 1."
