"""Test evidence: who may post it, whose word it is, and what it moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from approvals import queue, services
from approvals.explain import requirements_of
from approvals.models import Check, Policy
from audit.ledger import head
from audit.models import AuditEvent
from registry import permissions
from registry.errors import Refusal
from registry.services import grants, people, prompts, tokens
from tests.approvals.desk import FIRST, SECOND, Desk, approve, approved, fresh, in_review, propose
from tests.approvals.desk import text as document
from tests.approvals.documents_of import in_force, ready
from tests.approvals.steps_by_api import Robot

DIGEST = document(FIRST).digest


def record(desk: Desk, actor: Any, **fields: Any) -> Check:
    given: dict[str, Any] = {
        "content_digest": DIGEST,
        "name": "evaluation",
        "status": "passed",
        "metrics": {"accuracy": "0.93"},
        "link": "https://ci.example.org/runs/41",
        **fields,
    }
    return services.record_check(desk.prompt, actor=actor, **given)


def refused(desk: Desk, actor: Any, **fields: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        record(desk, actor, **fields)
    return refusal.value.code


def asks_for(desk: Desk, source: str) -> None:
    """The policy asks for an evaluation from this source."""
    bound = {"metric": "accuracy", "at_least": "0.9"}
    rule = {"name": "evaluation", "title": "Evaluated", "source": source, "thresholds": [bound]}
    in_force(
        Policy.objects.get(name="Regulated"),
        ready("Regulated", checks=[rule]),
        by=desk.governance_owner,
    )


def needed(request: Any) -> str:
    return str({r.code: r.status for r in requirements_of(fresh(request))}["check:evaluation"])


def test_record_check__by_the_pinned_source__meets_the_requirement(
    desk: Desk, robot: Robot
) -> None:
    asks_for(desk, robot.token.account.username)
    request = in_review(desk)
    assert needed(request) == "UNSATISFIED"
    record(desk, robot.token, metrics={"accuracy": "0.89"})
    assert needed(request) == "UNSATISFIED"
    record(desk, robot.token)
    assert needed(request) == "SATISFIED"


def test_record_check__by_a_person__is_never_the_word_of_the_service_account(
    desk: Desk, robot: Robot
) -> None:
    asks_for(desk, robot.token.account.username)
    request = in_review(desk)
    check = record(desk, desk.author)
    assert (check.source, check.posted_by) == (desk.author.username, desk.author)
    assert needed(request) == "UNSATISFIED"
    with pytest.raises(Refusal) as taken:
        people.create_person(
            robot.token.account.username.upper(),
            email="x@example.org",
            display_name="X",
            actor=desk.governance_owner,
        )
    assert taken.value.code == "bad_input"


def test_record_check__any__leaves_one_event_without_the_source_and_a_whole_ledger(
    desk: Desk, robot: Robot
) -> None:
    propose(desk)
    before = head().size
    services.submit(desk.prompt.requests.get().pk, actor=desk.author)
    before = head().size
    check = record(desk, robot.token)
    assert head().size == before + 1
    event = json.loads(AuditEvent.objects.latest("seq").payload)
    assert (event["action"], event["actor"]) == ("approvals.check.recorded", robot.token.ref)
    assert event["data"]["check"]["id"] == str(check.public_id)
    assert event["data"]["check"]["posted_by"] == robot.token.account.ref
    assert robot.token.account.username not in json.dumps(event)
    call_command("audit_verify")


def test_record_check__posted_again_with_its_key__is_one_row(desk: Desk) -> None:
    propose(desk)
    first, size = record(desk, desk.author, key="k1"), head().size
    assert record(desk, desk.author, key="k1") == first
    assert head().size == size
    assert refused(desk, desk.author, key="k1", status="failed") == "stale"
    assert record(desk, desk.author, status="failed") != first


def test_record_check__last_thing_missing__has_the_change_looked_at_again(
    desk: Desk,
    robot: Robot,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    asks_for(desk, robot.token.account.username)
    request = approve(desk, in_review(desk))
    other = in_review(desk, SECOND)
    assert request.state == "review"
    sent: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr(queue, "send", lambda task, *ids: sent.append((task, ids)))
    with django_capture_on_commit_callbacks(execute=True):
        record(desk, robot.token)
    assert (queue.REASSESS, (request.pk,)) in sent
    assert (queue.REASSESS, (other.pk,)) not in sent
    services.reassess(request.pk)
    assert fresh(request).state == "approved"


def test_record_check__fails_after_the_approval__takes_the_change_back(
    desk: Desk, robot: Robot
) -> None:
    asks_for(desk, robot.token.account.username)
    in_review(desk, SECOND)
    record(desk, robot.token, content_digest=document(SECOND).digest)
    request = approved(desk, SECOND)
    assert request.state == "approved"
    record(desk, robot.token, content_digest=document(SECOND).digest, status="failed")
    services.reassess(request.pk)
    assert fresh(request).state == "review"


# -- who ------------------------------------------------------------------------------------


def test_record_check__by_whoever_holds_nothing_here__is_refused(desk: Desk) -> None:
    in_review(desk)
    assert refused(desk, desk.outsider) == "not_allowed"
    assert refused(desk, desk.release_manager) == "not_allowed"
    for person in (desk.author, desk.support_reviewer):
        assert record(desk, person).posted_by == person


@pytest.mark.parametrize(
    ("scopes", "names"), [(["propose", "release"], ["*"]), (["check"], ["sales/*"])]
)
def test_record_check__by_a_token_beyond_its_reach__is_refused(
    desk: Desk, robot: Robot, scopes: list[str], names: list[str]
) -> None:
    in_review(desk)
    token, _ = tokens.create_token(
        robot.token.account, name="t", scopes=scopes, names=names, actor=desk.governance_owner
    )
    assert refused(desk, token) == "not_allowed"
    ended = tokens.revoke_token(robot.token, actor=desk.governance_owner)
    assert refused(desk, ended) == "not_allowed"


def test_record_check__confidential_prompt__is_unknown_without_view(
    desk: Desk, robot: Robot
) -> None:
    in_review(desk)
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    assert refused(desk, robot.token) == "not_found"
    grants.grant(desk.prompt, permissions.VIEW, robot.token.account, actor=desk.author)
    assert record(desk, robot.token).status == "passed"


def test_record_check__draft_of_somebody_else__is_unknown(desk: Desk, robot: Robot) -> None:
    propose(desk)
    assert refused(desk, robot.token) == "not_found"
    assert refused(desk, desk.support_reviewer) == "not_found"
    assert refused(desk, desk.author, content_digest="0" * 64) == "not_found"


# -- what -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Evaluation"},
        {"name": ""},
        {"name": "e" * 41},
        {"status": "fine"},
        {"metrics": {f"m{n}": "1" for n in range(51)}},
        {"metrics": {"": "1"}},
        {"metrics": {"m" * 61: "1"}},
        {"metrics": {"a\nb": "1"}},
        {"metrics": {"accuracy": 0.93}},
        {"metrics": {"accuracy": "NaN"}},
        {"metrics": {"accuracy": "1e9"}},
        {"metrics": {"accuracy": "٣"}},
        {"metrics": {"accuracy": "1" * 21}},
        {"link": "javascript:alert(1)"},
        {"link": "//ci.example.org"},
        {"link": "https://"},
        {"link": "https://[x"},
        {"link": "https://ci.example.org/a b"},
        {"link": f"https://ci.example.org/{'x' * 300}"},
    ],
)
def test_record_check__value_that_does_not_fit__is_refused(
    desk: Desk, fields: dict[str, Any]
) -> None:
    propose(desk)
    assert refused(desk, desk.author, **fields) == "bad_input"
    assert not Check.objects.exists()


def test_record_check__no_metrics_and_no_link__is_enough(desk: Desk) -> None:
    propose(desk)
    check = record(desk, desk.author, metrics={}, link="")
    assert (check.metrics, check.link) == ({}, "")
