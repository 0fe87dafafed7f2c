"""Un-protecting a label: asked for by one governance owner, decided by another."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from approvals import services
from approvals.explain import requirements_of
from approvals.models import ApprovalRequest
from approvals.policies import Requirement
from audit.ledger import head
from audit.models import AuditEvent
from registry import roles
from registry.services import labels, memberships, people
from tests.approvals import desk as steps
from tests.approvals.desk import SECOND, Desk, fresh
from tests.approvals.unprotecting_of import asked, code, decide, greta, now, unprotected
from tests.people import make_person


def sign_off(request: ApprovalRequest) -> Requirement:
    """The line that says who decides."""
    return next(r for r in requirements_of(request) if r.code == "sign_off:governance")


# -- propose ---------------------------------------------------------------------------------


def test_propose_unprotect__waits__label_stays_protected(desk: Desk) -> None:
    request = asked(desk)
    assert (request.state, request.label) == ("review", desk.production)
    assert now(desk.production).protected
    call_command("audit_verify")


def test_propose_unprotect__without_a_reason__is_refused(desk: Desk) -> None:
    assert code(lambda: asked(desk, rationale="  ")) == "comment_needed"


@pytest.mark.parametrize("who", ["superuser", "auditor", "release_manager", "author"])
def test_propose_unprotect__no_governance_owner__is_refused(desk: Desk, who: str) -> None:
    assert code(lambda: asked(desk, actor=desk.people[who])) == "not_allowed"


def test_propose_unprotect__of_a_label_that_is_not_protected__is_refused(desk: Desk) -> None:
    call = lambda: services.propose_unprotect(  # noqa: E731
        desk.staging, rationale="Well.", actor=desk.governance_owner
    )
    assert code(call) == "not_protected"


def test_propose_unprotect__asked_for_already__says_under_which_number(desk: Desk) -> None:
    request = asked(desk)
    assert code(lambda: asked(desk, actor=greta(desk))) == "wrong_state"
    services.withdraw_unprotect(request.pk, actor=desk.governance_owner)
    assert asked(desk, actor=greta(desk)).state == "review"


# -- decide ----------------------------------------------------------------------------------


def test_decide_unprotect__another_owner_approves__label_is_not_protected(desk: Desk) -> None:
    request = decide(asked(desk), greta(desk))
    assert request.state == "released"
    assert not now(desk.production).protected
    call_command("audit_verify")


def test_decide_unprotect__its_author__is_refused(desk: Desk) -> None:
    request = asked(desk)
    assert code(lambda: decide(request, desk.governance_owner)) == "own_change"
    assert now(desk.production).protected


@pytest.mark.parametrize("who", ["superuser", "auditor", "release_manager", "author"])
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_decide_unprotect__no_governance_owner__is_refused(
    desk: Desk, who: str, decision: str
) -> None:
    request = asked(desk)
    person = desk.people[who]
    assert code(lambda: decide(request, person, decision, comment="Well.")) == "not_allowed"
    assert now(desk.production).protected


def test_decide_unprotect__hand_in_an_open_change_towards_it__is_refused(desk: Desk) -> None:
    second = greta(desk)
    memberships.join(second, roles.AUTHORS, actor=desk.governance_owner)
    change = steps.in_review(desk, actor=second)
    request = asked(desk)
    assert code(lambda: decide(request, second)) == "unblocks_own"
    why = [(who.name, who.why_not) for who in sign_off(request).not_who]
    assert (str(second), f"would let a change of theirs pass (number {change.pk})") in why
    services.withdraw(change.pk, actor=second)
    decide(request, second)
    assert not now(desk.production).protected


def test_decide_unprotect__draft_of_the_decider__bars_them_and_has_no_number(desk: Desk) -> None:
    second = greta(desk)
    memberships.join(second, roles.AUTHORS, actor=desk.governance_owner)
    steps.propose(desk, actor=second)
    request = asked(desk)
    assert code(lambda: decide(request, second)) == "unblocks_own"
    why = [who.why_not for who in sign_off(request).not_who]
    assert "would let a change of theirs pass" in why


def test_decide_unprotect__rejected__needs_a_comment_and_changes_nothing(desk: Desk) -> None:
    request, second = asked(desk), greta(desk)
    assert code(lambda: decide(request, second, "reject")) == "comment_needed"
    assert decide(request, second, "reject", comment="Not now.").state == "rejected"
    assert now(desk.production).protected
    call_command("audit_verify")


def test_decide_unprotect__anything_but_approve_and_reject__is_refused(desk: Desk) -> None:
    request = asked(desk)
    assert code(lambda: decide(request, greta(desk), "request_changes")) == "bad_input"


def test_decide_unprotect__something_else_was_seen__is_stale(desk: Desk) -> None:
    request = asked(desk)
    assert code(lambda: decide(request, greta(desk), seen="0" * 64)) == "stale"


def test_decide_unprotect__decided_already__is_refused(desk: Desk) -> None:
    request = decide(asked(desk), greta(desk))
    assert code(lambda: decide(request, greta(desk))) == "wrong_state"


def test_decide_unprotect__number_of_something_else__is_not_found(desk: Desk) -> None:
    change = steps.propose(desk)
    assert code(lambda: decide(change, greta(desk))) == "not_found"
    request = asked(desk)
    policy = lambda: services.decide_policy(  # noqa: E731
        request.pk, actor=greta(desk), decision="approve"
    )
    assert code(policy) == "not_found"
    assert code(lambda: services.withdraw(request.pk, actor=desk.governance_owner)) == "not_found"


def test_decide_unprotect__old_approval__does_not_serve_a_second_time(desk: Desk) -> None:
    unprotected(desk)
    labels.protect_label(desk.production, actor=desk.governance_owner)
    assert now(desk.production).protected
    again = asked(desk, rationale="Once more.")
    assert code(lambda: decide(again, desk.governance_owner)) == "own_change"
    decide(again, greta(desk))
    assert now(desk.production).unprotections == 2
    call_command("audit_verify")


def test_decide_unprotect__single_owner_mode__its_author_may_and_the_entry_says_so(
    desk: Desk, settings: Any
) -> None:
    settings.SINGLE_OWNER, settings.AUDIT_MODE = True, "single_owner"
    decide(asked(desk), desk.governance_owner)
    assert not now(desk.production).protected
    event = AuditEvent.objects.latest("seq")
    assert '"mode":"single_owner"' in event.payload
    call_command("audit_verify")


def test_decide_unprotect__single_owner_mode_with_a_hand_in_a_change__is_refused(
    desk: Desk, settings: Any
) -> None:
    settings.SINGLE_OWNER, settings.AUDIT_MODE = True, "single_owner"
    memberships.join(greta(desk), roles.AUTHORS, actor=desk.governance_owner)
    steps.propose(desk, actor=greta(desk))
    people.leave(desk.governance_owner, roles.GOVERNANCE_OWNERS, actor=greta(desk))
    request = asked(desk, actor=greta(desk))
    assert code(lambda: decide(request, greta(desk))) == "unblocks_own"


def test_explain__one_governance_owner__says_whom_to_appoint(desk: Desk) -> None:
    rule = sign_off(asked(desk))
    assert rule.impossible
    assert "Appoint one more governance owner" in rule.sentence


# -- withdraw --------------------------------------------------------------------------------


def test_withdraw_unprotect__its_author__ends_it(desk: Desk) -> None:
    request = asked(desk)
    services.withdraw_unprotect(request.pk, actor=desk.governance_owner)
    assert fresh(request).state == "withdrawn"
    assert code(lambda: decide(request, greta(desk))) == "wrong_state"
    call_command("audit_verify")


def test_withdraw_unprotect__somebody_else__is_told_to_reject(desk: Desk) -> None:
    request = asked(desk)
    call = lambda: services.withdraw_unprotect(request.pk, actor=greta(desk))  # noqa: E731
    assert code(call) == "not_allowed"


# -- events and history ----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["approve", "reject", "withdraw"])
def test_verbs__once_and_again_with_their_key__one_event_each(desk: Desk, end: str) -> None:
    second = greta(desk)
    before = head().size
    request = asked(desk, key="k0")
    assert asked(desk, key="k0").pk == request.pk
    assert head().size == before + 1
    for _ in range(2):
        if end == "withdraw":
            services.withdraw_unprotect(request.pk, actor=desk.governance_owner, key="k1")
        else:
            decide(request, second, end, comment="Agreed.", key="k1")
    assert head().size == before + 2
    call_command("audit_verify")


def test_history__of_the_label_and_the_request__names_the_verb_and_who(desk: Desk) -> None:
    label = unprotected(desk)
    kept = label.history.latest()
    assert (kept.history_change_reason, kept.history_user) == ("decide_unprotect", greta(desk))
    request = ApprovalRequest.objects.of_labels().get()
    reasons = request.history.order_by("history_id").values_list("history_change_reason", flat=True)
    assert [*reasons] == ["propose_unprotect", "decide_unprotect"]


def test_protect_label__after_it_was_un_protected__works_as_before(desk: Desk) -> None:
    change = steps.approved(desk, SECOND)
    unprotected(desk)
    labels.protect_label(desk.production, actor=desk.governance_owner)
    services.reassess(change.pk)
    services.release(change.pk, actor=desk.author)
    assert fresh(change).state == "released"
    call_command("audit_verify")


def test_unprotect__third_owner_decides_what_two_have_a_hand_in(desk: Desk) -> None:
    memberships.join(greta(desk), roles.AUTHORS, actor=desk.governance_owner)
    steps.propose(desk, actor=greta(desk))
    request = asked(desk)
    gil = make_person("gil", roles.GOVERNANCE_OWNERS, by=desk.governance_owner)
    assert [who.name for who in sign_off(request).who] == [str(gil)]
    decide(request, gil)
    assert not now(desk.production).protected
