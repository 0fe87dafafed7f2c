"""Facts for tests of the pure evaluator: one change that has everything, to take things from."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from approvals.policies import (
    ChangeFacts,
    Facts,
    Person,
    PolicyRules,
    Requirement,
    ScanFacts,
    StagingFacts,
    Vote,
    evaluate,
    read,
    ready_policies,
)

NOW = datetime(2026, 3, 3, 14, 3, tzinfo=UTC)
AUTHOR, TOM, SAM, ENG, EVE, GWEN = 1, 2, 3, 4, 5, 6


def policy(title: str, **changes: Any) -> PolicyRules:
    document = next(d for d in ready_policies(sign_offs_only=True) if d["title"] == title)
    return read(json.dumps({**document, **changes}), name=f"{title} 1")


def person(pk: int, name: str, *roles: str) -> Person:
    return Person(pk, name, frozenset(roles), "group:reviewers")


SUPPORT = person(TOM, "Tom", "support")
SAFETY = person(SAM, "Sam", "safety")
ENGINEER = person(ENG, "Eng", "engineering")
SCAN = ScanFacts("5" * 64, "low", 0, 0, 0, frozenset(), NOW - timedelta(hours=2))


def vote(pk: int, name: str, role: str, **changes: Any) -> Vote:
    given = Vote(
        id=changes.pop("id", pk),
        person_id=pk,
        person=name,
        role=role,
        decision="approve",
        revision=1,
        content_digest="c" * 64,
        base_digest="b" * 64,
        provenance_digest="d" * 64,
        risk_level="low",
        at=NOW - timedelta(hours=1),
    )
    return replace(given, **changes)


def facts(title: str = "Standard", **changes: Any) -> Facts:
    """A scanned, staged change of ten words on a live prompt, with nobody's vote yet."""
    rules = policy(title)
    whole = Facts(
        state="review",
        revision=1,
        version_number=2,
        content_digest="c" * 64,
        provenance_digest="d" * 64,
        recalled=False,
        erased=False,
        archived=False,
        prompt="sales/quote",
        label="production",
        data_class="internal",
        base_number=1,
        base_digest="b" * 64,
        live_number=1,
        live_digest="b" * 64,
        suspended=False,
        pinned=rules,
        current=rules,
        policy_problem="",
        scan=SCAN,
        scan_failed=False,
        change=ChangeFacts(
            "WORDING", 30, first_release=False, imported_unreviewed=False, rolled_back_at=None
        ),
        staging=StagingFacts("staging", NOW - timedelta(hours=1)),
        reviewers=(SUPPORT, SAFETY, ENGINEER),
        contributors={AUTHOR: "wrote it"},
        managers=((EVE, "Eve"),),
        governance_here=((GWEN, "Gwen"),),
        governance=((GWEN, "Gwen"),),
        people=(SUPPORT, SAFETY, ENGINEER),
    )
    return replace(whole, **changes)


def rules_of(given: Facts) -> dict[str, Requirement]:
    return {rule.code: rule for rule in evaluate(given, NOW)}
