"""What must hold of the evaluator whatever the policy, the people and their votes are."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.policies import (
    Facts,
    PolicyRules,
    Vote,
    evaluate,
    is_approvable,
    is_releasable,
    read,
)
from approvals.policies.document import LEVELS, REVIEW_ROLES
from tests.approvals.documents_of import ready, sign_off, stages
from tests.approvals.facts_of import AUTHOR, NOW, SCAN, facts, person, vote

# A push draws half of what it draws elsewhere: these lists take long to make.
MANY = settings(max_examples=settings().max_examples // 2)
ROLES = st.sampled_from(REVIEW_ROLES)
PEOPLE = st.integers(AUTHOR, 7)
BOUNDS = st.sampled_from([None, "moderate", "high"])


@st.composite
def sign_offs(draw: st.DrawFn, key: str, *, needed: bool) -> dict[str, Any]:
    roles = draw(st.lists(ROLES, min_size=1, max_size=3, unique=True))
    quorum = draw(st.integers(1 if needed else 0, 3))
    distinct = draw(st.integers(1, min(max(quorum, 1), len(roles))))
    level = None if needed else draw(BOUNDS)
    return sign_off(
        roles[0], key=key, roles=roles, quorum=quorum, distinct_roles=distinct, from_level=level
    )


@st.composite
def policies(draw: st.DrawFn) -> PolicyRules:
    first = [draw(sign_offs("first", needed=True))]
    if draw(st.booleans()):
        first.append(draw(sign_offs("beside", needed=False)))
    then = [[draw(sign_offs("later", needed=False))]] if draw(st.booleans()) else []
    more: dict[str, Any] = {
        "threads_resolved": draw(st.booleans()),
        "suggesters_may_sign": draw(st.booleans()),
        "signature": draw(st.sampled_from([None, {"minutes": 15}])),
        "automatic": draw(st.sampled_from([None, ready("Light")["automatic"]])),
    }
    document = ready("Standard", stages=stages(first, *then), **more)
    return read(json.dumps(document), name="Any 1")


@st.composite
def votes(draw: st.DrawFn, *decisions: str) -> tuple[Vote, ...]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        who = draw(PEOPLE)
        found.append(
            vote(
                who,
                f"P{who}",
                draw(ROLES),
                id=number + 1,
                decision=draw(st.sampled_from(decisions)),
                revision=draw(st.sampled_from([1, 1, 1, 0])),
                risk_level=draw(st.sampled_from(LEVELS)),
                auth_method=draw(st.sampled_from(["password", "signature:password"])),
                auth_at=NOW,
            )
        )
    return tuple(found)


@st.composite
def situations(draw: st.DrawFn, *decisions: str) -> Facts:
    rules = draw(policies())
    reviewers = tuple(
        person(pk, f"P{pk}", *draw(st.sets(ROLES, max_size=3))) for pk in range(AUTHOR, 7)
    )
    hands = {AUTHOR: "wrote it"}
    suggested = draw(st.sets(st.integers(2, 4), max_size=2))
    return facts(
        pinned=rules,
        current=draw(st.sampled_from([rules, draw(policies())])),
        state=draw(st.sampled_from(["scanning", "review", "approved"])),
        scan=replace(SCAN, level=draw(st.sampled_from(LEVELS)), score=draw(st.integers(0, 100))),
        reviewers=reviewers,
        contributors=hands | dict.fromkeys(suggested, "suggested part of it"),
        suggesters=frozenset(suggested),
        votes=draw(votes(*(decisions or ("approve", "request_changes", "take_back")))),
    )


def blocked(given_facts: Facts) -> set[str]:
    return {rule.code for rule in evaluate(given_facts, NOW) if rule.blocks}


@MANY
@given(situations("approve"), PEOPLE, ROLES)
def test_evaluate__one_more_approval__meets_no_less(before: Facts, who: int, role: str) -> None:
    # A person speaks once: the new vote of somebody who voted replaces theirs.
    mine = {v.person_id for v in before.votes}
    if who in mine:
        return
    more = vote(who, f"P{who}", role, id=99, risk_level="critical", auth_at=NOW)
    after = replace(before, votes=(*before.votes, more))
    assert blocked(after) <= blocked(before)


@MANY
@given(situations(), st.randoms(use_true_random=False))
def test_evaluate__votes_in_another_order__same_list(before: Facts, chance: random.Random) -> None:
    mixed = list(before.votes)
    chance.shuffle(mixed)
    assert evaluate(replace(before, votes=tuple(mixed)), NOW) == evaluate(before, NOW)


@MANY
@given(situations(), policies())
def test_evaluate__a_second_policy__meets_nothing_that_was_unmet(
    before: Facts, tighter: PolicyRules
) -> None:
    alone = replace(before, current=before.pinned)
    both = replace(before, current=tighter)
    assert blocked(alone) - _automatic(alone) <= blocked(both)
    assert is_approvable(evaluate(both, NOW)) <= is_approvable(evaluate(alone, NOW))


def _automatic(given_facts: Facts) -> set[str]:
    """Blockers of the automatic way: a policy without one asks for none of them by name."""
    return {r.code for r in evaluate(given_facts, NOW) if r.kind == "automatic"}


@MANY
@given(situations())
def test_evaluate__no_scan__never_approvable(before: Facts) -> None:
    requirements = evaluate(replace(before, scan=None), NOW)
    assert not is_approvable(requirements)
    assert not is_releasable(requirements)


@MANY
@given(situations(), st.sampled_from(["policy_problem", "pinned", "check"]))
def test_evaluate__something_in_error__never_approvable(before: Facts, what: str) -> None:
    if what == "policy_problem":
        broken = replace(before, policy_problem="The policy Standard 3 cannot be read.")
    elif what == "pinned":
        broken = replace(before, pinned=None, current=None)
    else:
        check = {"name": "evals", "title": "Evaluations", "source": "ci"}
        bound = {"thresholds": [{"metric": "accuracy", "at_least": "0.9"}]}
        rules = read(json.dumps(ready("Standard", checks=[{**check, **bound}])), name="Any 2")
        broken = replace(before, current=rules)
    requirements = evaluate(broken, NOW)
    assert not is_approvable(requirements)
    assert not is_releasable(requirements)


@MANY
@given(situations())
def test_evaluate__somebody_asks_for_changes__never_approvable(before: Facts) -> None:
    wish = vote(7, "P7", "safety", id=99, decision="request_changes")
    assert not is_approvable(evaluate(replace(before, votes=(*before.votes, wish)), NOW))


@MANY
@given(situations("approve"))
def test_evaluate__author_signs_too__changes_nothing(before: Facts) -> None:
    # Somebody else signs for certain, and one more is missing.
    two = read(json.dumps(ready("Standard", stages=stages([sign_off("support", quorum=2)]))))
    people = tuple(person(pk, f"P{pk}", *REVIEW_ROLES) for pk in (AUTHOR, 8))
    before = replace(before, pinned=two, current=two, reviewers=people)
    others = (vote(8, "P8", "support", id=80, risk_level="critical"),)
    signed = {"auth_method": "signature:password", "auth_at": NOW}
    own = (vote(AUTHOR, "P1", "support", id=90, risk_level="critical", **signed),)
    assert blocked(replace(before, votes=(*others, *own))) == blocked(replace(before, votes=others))
