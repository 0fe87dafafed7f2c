"""The pure evaluator: what is missing, why a vote no longer counts, and what passes alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from approvals.policies import (
    GRANT,
    ROLE,
    HoldFacts,
    StagingFacts,
    Status,
    UnreadablePolicy,
    evaluate,
    is_approvable,
    is_automatic,
    is_releasable,
    read,
    unmet,
)
from tests.approvals.documents_of import ready
from tests.approvals.facts_of import (
    AUTHOR,
    ENG,
    ENGINEER,
    EVE,
    NOW,
    SAFETY,
    SAM,
    SCAN,
    SUPPORT,
    TOM,
    facts,
    person,
    policy,
    rules_of,
    vote,
)

ALL_THREE = (
    vote(TOM, "Tom", "support"),
    vote(SAM, "Sam", "safety"),
    vote(ENG, "Eng", "engineering"),
)


def test_evaluate__nobody_signed__names_who_can_and_blocks() -> None:
    rule = rules_of(facts())["sign_off:reviewer"]
    assert rule.status == Status.UNSATISFIED
    assert [who.name for who in rule.who] == ["Tom", "Sam", "Eng"]
    assert not is_approvable(evaluate(facts(), NOW))


def test_evaluate__one_reviewer_signed__standard_is_releasable() -> None:
    assert is_releasable(evaluate(facts(votes=ALL_THREE[:1]), NOW))


def test_evaluate__two_of_three_roles__regulated_lacks_the_third() -> None:
    missing = unmet(evaluate(facts("Regulated", votes=ALL_THREE[:2]), NOW))
    assert [rule.code for rule in missing] == ["sign_off:engineering"]
    assert [who.name for who in missing[0].who] == ["Eng"]


def test_evaluate__three_roles__regulated_is_releasable() -> None:
    assert is_releasable(evaluate(facts("Regulated", votes=ALL_THREE), NOW))


def test_evaluate__contributor_holds_review__is_named_with_the_reason() -> None:
    author = person(AUTHOR, "Mara", "support")
    rule = rules_of(facts(reviewers=(author, person(TOM, "Tom", "support"))))["sign_off:reviewer"]
    assert [(who.name, who.why_not) for who in rule.not_who] == [("Mara", "wrote it")]
    assert "Mara" not in [who.name for who in rule.who]


def test_evaluate__contributor_voted__does_not_count() -> None:
    author = person(AUTHOR, "Mara", "support")
    given = facts(reviewers=(author,), votes=(vote(AUTHOR, "Mara", "support"),))
    assert rules_of(given)["sign_off:reviewer"].status == Status.UNSATISFIED


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"revision": 2}, "newer revision"),
        ({"content_digest": "e" * 64}, "newer revision"),
        ({"base_digest": "e" * 64}, "compared with something else"),
        ({"provenance_digest": "e" * 64}, "where the content comes from"),
    ],
)
def test_evaluate__vote_saw_something_else__no_longer_counts_and_says_why(
    changes: dict[str, Any], why: str
) -> None:
    rule = rules_of(facts(votes=(vote(TOM, "Tom", "support", **changes),)))["sign_off:reviewer"]
    assert rule.status == Status.UNSATISFIED
    assert why in rule.notes[0]


def test_evaluate__risk_rose_after_the_vote__no_longer_counts() -> None:
    given = facts(votes=ALL_THREE[:1], scan=replace(SCAN, level="moderate", score=30))
    assert "risk rose from low to moderate" in rules_of(given)["sign_off:reviewer"].notes[0]


def test_evaluate__voter_left_the_role__no_longer_counts() -> None:
    given = facts("Regulated", votes=ALL_THREE, reviewers=(person(TOM, "Tom", "brand"),))
    assert rules_of(given)["sign_off:support"].status == Status.UNSATISFIED


def test_evaluate__high_risk__standard_wants_two_roles() -> None:
    high = replace(SCAN, level="high", score=60)
    saw = {"risk_level": "high"}
    one = facts(scan=high, votes=(vote(TOM, "Tom", "support", **saw),))
    assert rules_of(one)["sign_off:two-roles"].status == Status.UNSATISFIED
    assert rules_of(one)["sign_off:reviewer"].status == Status.NOT_APPLICABLE
    two = replace(one, votes=(*one.votes, vote(SAM, "Sam", "safety", **saw)))
    assert rules_of(two)["sign_off:two-roles"].status == Status.SATISFIED


def test_evaluate__high_risk_two_people_in_one_role__wants_another_role() -> None:
    high = replace(SCAN, level="high", score=60)
    people = (person(TOM, "Tom", "support"), person(EVE, "Eve", "support"), SAFETY)
    saw = {"risk_level": "high"}
    votes = (vote(TOM, "Tom", "support", **saw), vote(EVE, "Eve", "support", **saw))
    rule = rules_of(facts(scan=high, reviewers=people, votes=votes))["sign_off:two-roles"]
    assert rule.status == Status.UNSATISFIED
    assert [who.name for who in rule.who] == ["Sam"]


def test_evaluate__same_person_in_two_roles__speaks_once() -> None:
    high = replace(SCAN, level="high", score=60)
    both = person(TOM, "Tom", "support", "safety")
    votes = (
        vote(TOM, "Tom", "support", risk_level="high", id=1),
        vote(TOM, "Tom", "safety", risk_level="high", id=2),
    )
    given = facts(scan=high, votes=votes, reviewers=(both, person(SAM, "Sam", "safety")))
    assert rules_of(given)["sign_off:two-roles"].status == Status.UNSATISFIED


def test_evaluate__changes_requested_on_an_older_revision__still_stands() -> None:
    wish = vote(SAM, "Sam", "safety", decision="request_changes", revision=0)
    given = facts(votes=(*ALL_THREE[:1], wish))
    assert rules_of(given)["changes_requested"].status == Status.UNSATISFIED
    again = facts(votes=(*ALL_THREE[:1], wish, vote(SAM, "Sam", "safety", id=9)))
    assert rules_of(again)["changes_requested"].status == Status.SATISFIED


def test_evaluate__who_asked_for_changes_left_the_role__the_wish_still_stands() -> None:
    wish = vote(SAM, "Sam", "safety", decision="request_changes")
    given = facts(votes=(*ALL_THREE[:1], wish), reviewers=(person(TOM, "Tom", "support"),))
    assert rules_of(given)["changes_requested"].status == Status.UNSATISFIED


def test_evaluate__people_were_asked_and_it_would_pass_now__still_needs_them() -> None:
    given = facts()
    small = replace(given, change=replace(given.change, changed_words=1))
    assert is_automatic(evaluate(small, NOW))
    assert not is_approvable(evaluate(small, NOW))


def test_evaluate__label_is_suspended__blocks_and_names_who_can_resume() -> None:
    given = facts(votes=ALL_THREE, suspended=True, undoers=((EVE, "Eve"),))
    rule = rules_of(given)["suspended"]
    assert rule.status == Status.UNSATISFIED
    assert [who.name for who in rule.who] == ["Eve"]


def test_evaluate__served_on_staging_since_before_a_newer_scan__counts_as_tried() -> None:
    given = facts(votes=ALL_THREE)
    early = StagingFacts("staging", SCAN.finished_at - timedelta(minutes=1), serving=True)
    assert rules_of(replace(given, staging=early))["staging"].status == Status.SATISFIED


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"scan": None}, "scan", Status.UNSATISFIED),
        ({"scan": None, "scan_failed": True, "state": "scanning"}, "scan", Status.ERROR),
        ({"scan": replace(SCAN, level="critical")}, "risk", Status.UNSATISFIED),
        ({"policy_problem": "No policy covers it."}, "policy", Status.ERROR),
        ({"pinned": None, "current": None}, "policy", Status.ERROR),
        ({"live_digest": "f" * 64, "live_number": 7}, "base", Status.UNSATISFIED),
        ({"recalled": True}, "content", Status.UNSATISFIED),
        ({"erased": True}, "content", Status.UNSATISFIED),
        ({"archived": True}, "content", Status.UNSATISFIED),
        ({"hold": HoldFacts(NOW, "Rea")}, "hold", Status.UNSATISFIED),
    ],
)
def test_evaluate__one_thing_is_wrong__that_rule_blocks_a_signed_change(
    changes: dict[str, Any], code: str, status: Status
) -> None:
    requirements = evaluate(facts(votes=ALL_THREE, **changes), NOW)
    assert next(r for r in requirements if r.code == code).status == status
    assert not is_releasable(requirements)


def test_evaluate__not_tried_since_its_scan__staging_is_unmet() -> None:
    given = facts(votes=ALL_THREE)
    assert given.staging is not None
    early = replace(given.staging, placed_at=SCAN.finished_at - timedelta(minutes=1))
    assert rules_of(replace(given, staging=early))["staging"].status == Status.UNSATISFIED


def test_evaluate__low_small_change__passes_without_people() -> None:
    given = facts(state="scanning")
    small = replace(given, change=replace(given.change, changed_words=1))
    requirements = evaluate(small, NOW)
    assert is_automatic(requirements)
    assert is_approvable(requirements)
    assert rules_of(small)["sign_off:reviewer"].status == Status.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("changes", "change", "code"),
    [
        ({"scan": replace(SCAN, categories=frozenset({"pii"}))}, {}, "auto:pii"),
        ({"data_class": "customer"}, {}, "auto:pii"),
        ({"scan": replace(SCAN, level="moderate")}, {}, "auto:level"),
        ({}, {"first_release": True}, "auto:first"),
        ({}, {"kind": "INTERFACE_CHANGE"}, "auto:interface"),
        ({}, {"kind": "MODEL_CHANGE"}, "auto:model"),
        ({}, {"imported_unreviewed": True}, "auto:imported"),
        ({}, {"rolled_back_at": NOW - timedelta(days=6)}, "auto:rolled_back"),
        ({}, {"changed_words": 21}, "auto:words"),
    ],
)
def test_evaluate__one_default_blocker__people_are_asked(
    changes: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    given = facts(**{"state": "scanning", **changes})
    given = replace(given, change=replace(given.change, **{"changed_words": 1, **change}))
    requirements = evaluate(given, NOW)
    assert [r.code for r in requirements if r.kind == "automatic" and r.blocks] == [code]
    assert not is_approvable(requirements)


def test_evaluate__regulated__never_passes_without_people() -> None:
    given = facts("Regulated")
    small = replace(given, change=replace(given.change, changed_words=1))
    assert not is_automatic(evaluate(small, NOW))


def test_evaluate__policy_tightened_since_submission__both_have_to_be_met() -> None:
    given = facts(votes=ALL_THREE[:1], current=policy("Regulated"))
    codes = {rule.code for rule in unmet(evaluate(given, NOW))}
    assert codes == {"sign_off:safety", "sign_off:engineering"}


def test_evaluate__policy_loosened_since_submission__does_not_help() -> None:
    given = facts("Regulated", votes=ALL_THREE[:1], current=policy("Standard"))
    assert not is_approvable(evaluate(given, NOW))


def test_evaluate__nobody_could_sign__says_who_can_grant() -> None:
    rule = rules_of(facts("Regulated", reviewers=()))["sign_off:safety"]
    assert "Somebody who manages the prompt can grant review to a person in safety" in rule.sentence
    assert ([who.name for who in rule.who], rule.remedy) == (["Eve"], GRANT)


def test_evaluate__nobody_could_sign_and_nobody_manages__names_a_governance_owner() -> None:
    rule = rules_of(facts("Regulated", reviewers=(), managers=()))["sign_off:safety"]
    assert "A governance owner can grant review to a person in safety" in rule.sentence
    assert ([who.name for who in rule.who], rule.remedy) == (["Gwen"], GRANT)


def test_evaluate__manager_is_the_only_one_left_in_the_role__does_not_name_them() -> None:
    """Nobody grants themselves anything."""
    given = facts("Regulated", reviewers=(), managers=((SAM, "Sam"), (EVE, "Eve")))
    assert [who.name for who in rules_of(given)["sign_off:safety"].who] == ["Eve"]
    given = replace(given, managers=((SAM, "Sam"),))
    assert [who.name for who in rules_of(given)["sign_off:safety"].who] == ["Gwen"]


@pytest.mark.parametrize(
    "changes",
    [
        {"people": (SUPPORT, ENGINEER)},
        {"contributors": {AUTHOR: "wrote it", SAM: "wrote it"}},
        {"reviewers": (SUPPORT, ENGINEER, replace(SAFETY, roles=frozenset({"brand"})))},
        {"managers": (), "governance_here": ((SAM, "Sam"),)},
    ],
    ids=["nobody_else_in_it", "wrote_it", "may_review_already", "only_themselves"],
)
def test_evaluate__no_permission_would_help__a_governance_owner_puts_somebody_into_the_role(
    changes: dict[str, Any],
) -> None:
    rule = rules_of(facts("Regulated", **{"reviewers": (), **changes}))["sign_off:safety"]
    assert "A governance owner can put another person into safety" in rule.sentence
    assert ([who.name for who in rule.who], rule.remedy) == (["Gwen"], ROLE)


def test_evaluate__granting_would_not_bring_a_second_role__names_who_can_put_somebody_in() -> None:
    given = facts(scan=replace(SCAN, level="high"), reviewers=(SUPPORT,))
    for other, remedy in ((person(9, "Tim", "support"), ROLE), (SAFETY, GRANT)):
        rules = rules_of(replace(given, people=(SUPPORT, other)))
        assert rules["sign_off:two-roles"].remedy == remedy


def test_evaluate__release_manager_asked_for__blocks_the_release_only() -> None:
    rules = policy("Standard", release_manager=True)
    given = facts(
        votes=ALL_THREE[:1], pinned=rules, current=rules, release_managers=((EVE, "Eve"),)
    )
    requirements = evaluate(given, NOW)
    assert is_approvable(requirements)
    assert not is_releasable(requirements)
    assert is_releasable(evaluate(replace(given, released_by=EVE), NOW))


def test_evaluate__order_of_votes__does_not_matter() -> None:
    one = evaluate(facts("Regulated", votes=ALL_THREE), NOW)
    other = evaluate(facts("Regulated", votes=ALL_THREE[::-1]), NOW)
    assert one == other


def test_predicates__empty_list__never_ready() -> None:
    assert [f([]) for f in (is_approvable, is_releasable, is_automatic)] == [False] * 3


def one_sign_off(**changes: Any) -> list[dict[str, Any]]:
    stage = ready("Regulated")["stages"][0]
    return [{**stage, "sign_offs": [{**stage["sign_offs"][0], **changes}]}]


@pytest.mark.parametrize("title", ["Regulated", "Standard", "Light"])
def test_read__ready_policy__has_its_title(title: str) -> None:
    assert policy(title).title == title


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schema": 3}, "schema"),
        ({"scope": {"labels": []}}, "labels"),
        ({"stages": []}, "stages"),
        ({"stages": one_sign_off(roles=["cooks"])}, r"sign_offs\[0\].roles"),
        ({"stages": one_sign_off(distinct_roles=2)}, "distinct_roles"),
        ({"stages": one_sign_off(from_level="high")}, "low risk needs"),
        ({"stages": one_sign_off(quorum=0)}, "low risk needs"),
        ({"nobody": 1}, "no such field"),
        ({"automatic": {"max_level": "critical"}}, "max_level"),
        ({"due_hours": 0}, "due_hours"),
        ({"staging": "yes"}, "staging"),
    ],
)
def test_read__something_wrong__names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(UnreadablePolicy, match=field):
        read(json.dumps({**ready("Regulated"), **changes}))


def test_covers__glob_and_label__first_match_is_by_both() -> None:
    rules = policy("Regulated")
    assert rules.covers(label="production", prompt="Support/Reply")
    assert not rules.covers(label="production", prompt="sales/support/x")
    assert not rules.covers(label="staging", prompt="support/reply")
