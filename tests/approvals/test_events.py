"""Every verb that changes something leaves exactly one event; a repeated post leaves none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from approvals import scanning, services
from approvals.models import ApprovalRequest, Hold, Policy, PolicyException, Review
from audit.ledger import head
from audit.models import AuditEvent
from registry import permissions
from registry.errors import Refusal
from registry.services import grants
from tests.approvals import desk as steps
from tests.approvals import sets_of, talking
from tests.approvals.bases import live_digest, overtaken
from tests.approvals.desk import FIRST, SECOND, THIRD, Desk, text
from tests.approvals.documents_of import in_force, proposed, ready, second_owner, with_brand
from tests.approvals.timing_of import later, regulated
from tests.people import make_person

Step = Callable[[Desk], Any]
PLANNED = timezone.now() + timedelta(days=2)


def _two_released(desk: Desk) -> ApprovalRequest:
    steps.released(desk, FIRST)
    return steps.released(desk, SECOND)


def _rolled_back(desk: Desk) -> None:
    _two_released(desk)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Too warm.")


def _hold(desk: Desk) -> Hold:
    return Hold.objects.get(prompt=desk.prompt)


def _on(desk: Desk) -> tuple[Any, Any]:
    return desk.prompt, desk.production


def _only(desk: Desk) -> ApprovalRequest:
    found: ApprovalRequest = ApprovalRequest.objects.with_parts().latest("pk")
    return found


def _suspended(desk: Desk) -> None:
    steps.released(desk)
    services.suspend(*_on(desk), actor=desk.responder, reason="Wrong answers.")


def _failed_scan(desk: Desk) -> None:
    request = steps.submit(desk)
    for _ in range(3):
        services.begin_scan(request.pk)
        services.note_scan_failure(request.pk, error="time_limit")


def _begun(desk: Desk) -> None:
    services.begin_scan(steps.submit(desk).pk)


def _report(desk: Desk) -> scanning.Report:
    version = _only(desk).version
    assert version is not None
    return scanning.scan_document(version.body)


def _tightened(desk: Desk) -> None:
    steps.released(desk)
    in_force(Policy.objects.get(name="Regulated"), with_brand(), by=desk.governance_owner)


def _excepted(desk: Desk) -> None:
    _tightened(desk)
    services.except_live(
        *_on(desk),
        owner=desk.author,
        until=PLANNED,
        reason="The brand team is on holiday.",
        actor=desk.governance_owner,
    )


def _first(desk: Desk) -> Any:
    return desk.prompt.versions.get(number=1)


def _vote(decision: str, *, several: bool = False) -> Step:
    return lambda desk: services.review(
        _only(desk).pk,
        actor=desk.safety_reviewer,
        role="safety",
        decision=decision,
        comment="A sentence.",
        seen=_only(desk).revision_digest,
        several=several,
        key="k1",
    )


def _planned(desk: Desk, key: str = "") -> ApprovalRequest:
    return services.plan_release(
        _only(desk).pk, actor=desk.author, at=PLANNED, seen=_only(desk).revision_digest, key=key
    )


def _due(desk: Desk) -> None:
    """A plan whose time has come, on a change that nobody approved."""
    steps.in_review(desk)
    _planned(desk)


def _old(desk: Desk) -> None:
    regulated(desk, expires_days=1)
    steps.in_review(desk)


def _asked(desk: Desk) -> None:
    _two_released(desk)
    services.ask_erasure(
        _first(desk), actor=desk.governance_owner, reason="A name is in it.", ticket="T-1"
    )


def _rebase(desk: Desk, change: ApprovalRequest) -> ApprovalRequest:
    return services.rebase(
        change.pk,
        actor=desk.author,
        seen=change.revision_digest,
        seen_live=live_digest(change),
        key="k1",
    )


def _check(desk: Desk) -> Any:
    return services.record_check(
        desk.prompt,
        content_digest=text(FIRST).digest,
        name="evaluation",
        status="passed",
        metrics={"accuracy": "0.93"},
        actor=desk.author,
        key="k1",
    )


def _otto_releases(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.RELEASE, desk.outsider, actor=desk.author)


VERBS: dict[str, tuple[Step, Step]] = {
    "grant": (
        lambda desk: None,
        lambda desk: services.grant(
            desk.prompt, permissions.RELEASE, desk.outsider, actor=desk.author, key="k1"
        ),
    ),
    "revoke": (
        _otto_releases,
        lambda desk: services.revoke(
            desk.prompt, permissions.RELEASE, desk.outsider, actor=desk.author, key="k1"
        ),
    ),
    "create_prompt": (
        lambda desk: None,
        lambda desk: services.create_prompt("support/greeting", actor=desk.author, key="k1"),
    ),
    "record_check": (steps.propose, _check),
    "propose": (
        lambda desk: None,
        lambda desk: steps.propose(desk, key="k1"),
    ),
    "revise": (
        steps.in_review,
        lambda desk: services.revise(
            _only(desk).pk, document=text(SECOND), rationale="Again.", actor=desk.author, key="k1"
        ),
    ),
    "rebase": (
        overtaken,
        lambda desk: _rebase(desk, ApprovalRequest.objects.filter(state="review").latest("pk")),
    ),
    "route, with approvals kept": (
        lambda desk: steps.scan(_rebase(desk, overtaken(desk))),
        lambda desk: services.route(
            ApprovalRequest.objects.filter(prompt=desk.prompt, revision=2).latest("pk").pk
        ),
    ),
    "submit": (
        steps.propose,
        lambda desk: services.submit(_only(desk).pk, actor=desk.author, key="k1"),
    ),
    "withdraw": (
        steps.in_review,
        lambda desk: services.withdraw(
            _only(desk).pk, actor=desk.author, comment="Later.", key="k1"
        ),
    ),
    "begin_scan": (steps.submit, lambda desk: services.begin_scan(_only(desk).pk)),
    "note_scan_failure": (
        _begun,
        lambda desk: services.note_scan_failure(_only(desk).pk, error="time_limit"),
    ),
    "rescan": (
        _failed_scan,
        lambda desk: services.rescan(_only(desk).pk, actor=desk.author, key="k1"),
    ),
    "record_scan": (
        steps.submit,
        lambda desk: services.record_scan(_only(desk).pk, revision=1, report=_report(desk)),
    ),
    "try_on_staging": (
        lambda desk: steps.scan(steps.submit(desk)),
        lambda desk: services.try_on_staging(_only(desk).pk),
    ),
    "route": (
        lambda desk: steps.scan(steps.submit(desk)),
        lambda desk: services.route(_only(desk).pk),
    ),
    "review, one of three": (steps.in_review, _vote("approve")),
    "review, the last": (
        lambda desk: steps.approve(desk, steps.in_review(desk), "support_reviewer", "engineer"),
        _vote("approve"),
    ),
    "review, one of several": (steps.in_review, _vote("approve", several=True)),
    "review, changes": (steps.in_review, _vote("request_changes")),
    "review, reject": (steps.in_review, _vote("reject")),
    "release": (
        steps.approved,
        lambda desk: services.release(_only(desk).pk, actor=desk.release_manager, key="k1"),
    ),
    "plan_release": (steps.approved, lambda desk: _planned(desk, "k1")),
    "unplan_release": (
        lambda desk: (steps.approved(desk), _planned(desk)),
        lambda desk: services.unplan_release(_only(desk).pk, actor=desk.author, key="k1"),
    ),
    "fail_plan": (_due, lambda desk: later(PLANNED, lambda: services.fail_plan(_only(desk).pk))),
    "expire": (
        _old,
        lambda desk: later(PLANNED, lambda: services.expire(_only(desk).pk)),
    ),
    "break_glass": (
        steps.in_review,
        lambda desk: services.break_glass(
            _only(desk).pk,
            actor=desk.responder,
            reason="Wrong answers.",
            ticket="T-1",
            auth_method="signature:password",
            auth_at=timezone.now(),
            seen=_only(desk).revision_digest,
            expected_generation=0,
            key="k1",
        ),
    ),
    "rollback": (
        _two_released,
        lambda desk: services.rollback(
            *_on(desk), actor=desk.responder, reason="Too warm.", key="k1"
        ),
    ),
    "lift_hold": (
        _rolled_back,
        lambda desk: services.lift_hold(
            _hold(desk).pk, actor=desk.release_manager, reason="Mended.", key="k1"
        ),
    ),
    "suspend": (
        steps.released,
        lambda desk: services.suspend(
            *_on(desk), actor=desk.responder, reason="Wrong answers.", key="k1"
        ),
    ),
    "resume": (
        _suspended,
        lambda desk: services.resume(*_on(desk), actor=desk.responder, reason="Mended.", key="k1"),
    ),
    "recall": (
        _two_released,
        lambda desk: services.recall(
            _first(desk), actor=desk.responder, reason="Harmful.", key="k1"
        ),
    ),
    "place": (
        _two_released,
        lambda desk: services.place(
            desk.prompt, _first(desk), desk.staging, actor=desk.author, key="k1"
        ),
    ),
    "ask_erasure": (
        lambda desk: _two_released(desk),
        lambda desk: services.ask_erasure(
            _first(desk),
            actor=desk.governance_owner,
            reason="A name is in it.",
            ticket="T-1",
            key="k1",
        ),
    ),
}

VERBS |= {
    "open_thread": (steps.in_review, lambda desk: talking.say(desk, _only(desk), key="k1")),
    "open_thread, a question": (
        steps.in_review,
        lambda desk: talking.ask(desk, _only(desk), key="k1"),
    ),
    "reply": (
        talking.with_thread,
        lambda desk: services.reply(
            talking.newest().pk, actor=desk.author, text="It is not.", suggestion="X", key="k1"
        ),
    ),
    "reply, an answer": (
        talking.with_question,
        lambda desk: services.reply(
            talking.newest().pk, actor=desk.author, text="It is not.", key="k1"
        ),
    ),
    "resolve_thread": (
        talking.with_question,
        lambda desk: services.resolve_thread(
            talking.newest().pk, actor=desk.safety_reviewer, key="k1"
        ),
    ),
    "reopen_thread": (
        talking.with_resolved,
        lambda desk: services.reopen_thread(talking.newest().pk, actor=desk.author, key="k1"),
    ),
    "apply_suggestion": (
        talking.with_suggestion,
        lambda desk: services.apply_suggestion(
            talking.newest().remarks.get().pk, actor=desk.author, seen=None, key="k1"
        ),
    ),
    "take_back, one of three": (
        lambda desk: steps.approve(desk, steps.in_review(desk), "safety_reviewer"),
        lambda desk: services.take_back(
            _only(desk).pk, actor=desk.safety_reviewer, seen=None, key="k1"
        ),
    ),
    "take_back, of an approved change": (
        steps.approved,
        lambda desk: services.take_back(
            _only(desk).pk, actor=desk.safety_reviewer, seen=None, key="k1"
        ),
    ),
    "ask_again": (
        talking.asked_long_ago,
        lambda desk: services.ask_again(_only(desk).pk, actor=desk.author, key="k1"),
    ),
    "lift_refusal": (
        talking.refused,
        lambda desk: services.lift_refusal(
            Review.objects.latest("pk").pk,
            actor=desk.governance_owner,
            reason="It was settled by phone.",
            key="k1",
        ),
    ),
}

VERBS |= {
    "except_live": (
        _tightened,
        lambda desk: services.except_live(
            *_on(desk),
            owner=desk.author,
            until=PLANNED,
            reason="The brand team is on holiday.",
            actor=desk.governance_owner,
            key="k1",
        ),
    ),
    "open_campaign": (
        _tightened,
        lambda desk: services.open_campaign(
            reason="Brand looks now.", a_day=5, days=7, actor=desk.governance_owner, key="k1"
        ),
    ),
    "end_exception": (
        _excepted,
        lambda desk: services.end_exception(
            PolicyException.objects.get().pk, actor=desk.author, key="k1"
        ),
    ),
}

#: task-side verbs have no key; run again they find nothing to do. A second `rebase` here would see
#: another revision, so that it is posted twice in `test_rebase`.
KEYED = [name for name in VERBS if name not in {"note_scan_failure", "rebase"}]


@pytest.mark.parametrize("name", VERBS)
def test_verb__changes_something__leaves_one_event_and_a_whole_ledger(
    desk: Desk, name: str
) -> None:
    prepare, verb = VERBS[name]
    prepare(desk)
    before = head().size
    verb(desk)
    assert head().size == before + 1
    call_command("audit_verify")


@pytest.mark.parametrize("name", KEYED)
def test_verb__posted_twice__the_second_leaves_no_event(desk: Desk, name: str) -> None:
    prepare, verb = VERBS[name]
    prepare(desk)
    verb(desk)
    before = head().size
    verb(desk)
    assert head().size == before


def _sent(desk: Desk, **more: Any) -> dict[str, Any]:
    return {"document": text(SECOND), "rationale": "Warmer.", "actor": desk.author, **more}


AT_ONCE: dict[str, tuple[Step, Step, list[str]]] = {
    "begin_prompt": (
        lambda desk: None,
        lambda desk: services.begin_prompt(
            "support/greeting", **_sent(desk, label=desk.production, and_submit=True, key="k1")
        ),
        ["registry.prompt.created", "approvals.request.proposed", "approvals.request.submitted"],
    ),
    "propose_and_submit": (
        lambda desk: None,
        lambda desk: services.propose_and_submit(
            desk.prompt, **_sent(desk, label=desk.production, key="k1")
        ),
        ["approvals.request.proposed", "approvals.request.submitted"],
    ),
    "revise_and_submit": (
        steps.in_review,
        lambda desk: services.revise_and_submit(_only(desk).pk, **_sent(desk, key="k1")),
        ["approvals.request.revised", "approvals.request.submitted"],
    ),
    **sets_of.AT_ONCE,
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_verb__does_several_at_once__leaves_one_event_of_each_and_posted_twice_none(
    desk: Desk, name: str
) -> None:
    prepare, verb, events = AT_ONCE[name]
    prepare(desk)
    before = head().size
    verb(desk)
    verb(desk)
    found = AuditEvent.objects.filter(seq__gte=before).order_by("seq")
    assert [event.action for event in found] == events
    call_command("audit_verify")


def test_reassess__an_approved_change_lost_its_base__goes_back_with_one_event(desk: Desk) -> None:
    first = steps.approved(desk, SECOND)
    steps.released(desk, THIRD)
    before = head().size
    services.reassess(first.pk)
    assert steps.fresh(first).state == "review"
    assert head().size == before + 1
    services.reassess(first.pk)
    assert head().size == before + 1


def test_erase_content__by_a_second_governance_owner__one_event_and_the_ledger_stays_whole(
    desk: Desk,
) -> None:
    _asked(desk)
    erasure = _first(desk).erasures.get()
    with pytest.raises(Refusal) as refused:
        services.erase_content(erasure.pk, actor=desk.governance_owner)
    assert refused.value.code == "same_person"
    second = _second_owner(desk)
    before = head().size
    version = services.erase_content(erasure.pk, actor=second, key="k1")
    assert head().size == before + 1
    assert version.document is None
    services.erase_content(erasure.pk, actor=second, key="k1")
    assert head().size == before + 1
    call_command("audit_verify")


def _second_owner(desk: Desk) -> Any:
    return make_person("greta", "governance-owners", by=desk.governance_owner)


@pytest.mark.parametrize(
    "verb",
    [
        lambda pk, owner, second: services.decide_policy(
            pk, actor=second, decision="approve", key="k1"
        ),
        lambda pk, owner, second: services.decide_policy(
            pk, actor=second, decision="reject", comment="Too late at night.", key="k1"
        ),
        lambda pk, owner, second: services.withdraw_policy(pk, actor=owner, key="k1"),
    ],
    ids=["approve", "reject", "withdraw"],
)
def test_policy_verbs__once_and_again_with_their_key__one_event_each(desk: Desk, verb: Any) -> None:
    owner, second = desk.governance_owner, second_owner(desk.governance_owner)
    steps.in_review(desk)
    before = head().size
    policy = Policy.objects.get(name="Standard")
    document = ready("Standard", due_hours=12)
    request = proposed(policy, document, by=owner, key="k0")
    assert proposed(policy, document, by=owner, key="k0").pk == request.pk
    at = head().size
    # The roles that the policy asks for got people, each with events of their own.
    actions = AuditEvent.objects.filter(seq__gte=before).values_list("action", flat=True)
    assert [a for a in actions if a.startswith("approvals.")] == [
        "approvals.request.policy_proposed"
    ]
    verb(request.pk, owner, second)
    verb(request.pk, owner, second)
    assert head().size == at + 1
    call_command("audit_verify")
