"""Ways around the rules that were tried once, each of which has to stay shut."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from approvals import queue, services, tasks
from approvals.errors import NotEligible
from approvals.facts import gather
from approvals.models import AfterReview, ApprovalRequest, Hold, Policy
from approvals.policies import evaluate, unmet
from registry import permissions
from registry.errors import BadInput, Refusal
from registry.models import LabelPointer, Prompt
from registry.services import grants, people, prompts, tokens
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, THIRD, Desk, fresh, text
from tests.approvals.documents_of import in_force, proposed, ready, with_brand
from tests.approvals.mail_owed import owed
from tests.people import make_person


def code(call: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


def pointer(desk: Desk, label: str = "production") -> LabelPointer:
    return LabelPointer.objects.select_related("version").get(prompt=desk.prompt, label__name=label)


def test_release__label_was_suspended__waits_for_whoever_may_resume(desk: Desk) -> None:
    steps.released(desk)
    request = steps.approved(desk, SECOND)
    services.suspend(desk.prompt, desk.production, actor=desk.responder, reason="Wrong.")
    assert code(lambda: services.release(request.pk, actor=desk.author)) == "requirements_unmet"
    assert pointer(desk).suspended


def test_try_on_staging__staging_is_suspended__leaves_it_so(desk: Desk) -> None:
    steps.in_review(desk)
    services.suspend(desk.prompt, desk.staging, actor=desk.responder, reason="Wrong.")
    second = steps.scan(steps.submit(desk, SECOND))
    assert services.try_on_staging(second.pk) is None
    version = second.version
    assert version is not None
    assert (
        code(lambda: services.place(desk.prompt, version, desk.staging, actor=desk.author))
        == "wrong_state"
    )
    assert pointer(desk, "staging").suspended


def test_reassess__data_class_lowered_in_review__still_needs_people(desk: Desk) -> None:
    in_force(
        Policy.objects.get(name="Regulated"),
        ready("Standard", title="Regulated", names=["support/*"]),
        by=desk.governance_owner,
    )
    prompts.edit_prompt(desk.prompt, actor=desk.author, data_class=Prompt.DataClass.HEALTH)
    first = steps.approve(desk, steps.in_review(desk), "support_reviewer")
    services.release(first.pk, actor=desk.author)
    request = steps.in_review(desk, SECOND)
    prompts.edit_prompt(desk.prompt, actor=desk.author, data_class=Prompt.DataClass.PUBLIC)
    services.reassess(request.pk)
    assert fresh(request).state == "review"


def test_revoke__review_of_who_asked_for_changes__does_not_lift_the_wish(desk: Desk) -> None:
    request = steps.in_review(desk)
    services.review(
        request.pk,
        actor=desk.safety_reviewer,
        role="safety",
        decision="request_changes",
        comment="Not so warm.",
        seen=request.revision_digest,
    )
    services.revise(request.pk, document=text(SECOND), rationale="Less.", actor=desk.author)
    services.submit(request.pk, actor=desk.author)
    request = steps.route(steps.scan(request))
    other = make_person("sid", "safety", by=desk.governance_owner)
    people.deactivate(desk.safety_reviewer, actor=desk.governance_owner)
    steps.approve(desk, request, "support_reviewer", "engineer")
    services.review(
        request.pk,
        actor=other,
        role="safety",
        decision="approve",
        seen=fresh(request).revision_digest,
    )
    assert fresh(request).state == "review"


def test_sweep__ready_in_review_and_nobody_said__is_looked_at_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = steps.in_review(desk)
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(queue, "send", lambda *args: sent.append(args))
    cache.clear()
    tasks.sweep()
    assert (queue.REASSESS, request.pk) in sent


def test_sweep__one_of_its_finds_cannot_be_helped__helps_the_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = steps.in_review(desk)
    sent: list[tuple[Any, ...]] = []

    def send(task: str, pk: int) -> None:
        if task == queue.MAIL:
            raise RuntimeError("no")
        sent.append((task, pk))

    monkeypatch.setattr(queue, "send", send)
    monkeypatch.setattr("approvals.mail.due", lambda at: [1, 2])
    cache.clear()
    tasks.sweep()
    assert (queue.REASSESS, request.pk) in sent


def test_review__others_are_still_to_follow__is_mailed_by_the_sweep_and_the_last_one_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    request = steps.in_review(desk)
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(queue, "send", lambda *args: sent.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        steps.approve(desk, request, "support_reviewer")
    row = owed("signed_off", desk.author)
    assert (queue.MAIL, row.pk) not in sent
    cache.clear()
    tasks.sweep()
    assert (queue.MAIL, row.pk) in sent
    with django_capture_on_commit_callbacks(execute=True):
        steps.approve(desk, request, "safety_reviewer", "engineer")
    assert (queue.MAIL, owed("approved", desk.author).pk) in sent


def test_close_review_after__by_who_wrote_what_is_live_again__is_refused(desk: Desk) -> None:
    both = make_person("bea", "authors", "support", by=desk.governance_owner)
    first = steps.in_review(desk, FIRST, actor=both)
    services.release(steps.approve(desk, first).pk, actor=desk.release_manager)
    steps.released(desk, SECOND)
    in_force(
        Policy.objects.get(name="Regulated"),
        with_brand(),
        by=desk.governance_owner,
    )
    services.rollback(desk.prompt, desk.production, actor=desk.responder)
    row = AfterReview.objects.get()
    assert (
        code(lambda: services.close_review_after(row.pk, actor=both, comment="Fine."))
        == "own_change"
    )


def test_place__same_key_for_another_version__is_another_post(desk: Desk) -> None:
    first, second = steps.in_review(desk, FIRST), steps.in_review(desk, SECOND)
    assert first.version is not None
    assert second.version is not None
    one, two = first.version, second.version
    services.place(desk.prompt, one, desk.staging, actor=desk.author, key="nightly")
    assert (
        code(
            lambda: services.place(desk.prompt, two, desk.staging, actor=desk.author, key="nightly")
        )
        == "stale"
    )


def test_propose__change_ticket_that_cannot_be_printed__is_refused(desk: Desk) -> None:
    with pytest.raises(BadInput, match="printable"):
        steps.propose(desk, provenance={"change_ticket": "CR-8\n"})


def test_review__in_no_role__says_in_which_this_person_can(desk: Desk) -> None:
    request = steps.in_review(desk)
    with pytest.raises(NotEligible, match="Say in which role you vote: engineering\\."):
        services.review(
            request.pk,
            actor=desk.engineer,
            role="",
            decision="approve",
            seen=request.revision_digest,
        )


def test_review__same_key_for_another_vote__is_another_post(desk: Desk) -> None:
    request = steps.in_review(desk)
    seen = request.revision_digest
    given: dict[str, Any] = {
        "actor": desk.engineer,
        "role": "engineering",
        "seen": seen,
        "key": "one",
    }
    services.review(request.pk, decision="approve", **given)
    assert (
        code(lambda: services.review(request.pk, decision="reject", comment="No.", **given))
        == "stale"
    )


def test_verbs__by_a_token_without_the_scope__are_refused_whatever_its_account_may_do(
    desk: Desk,
) -> None:
    account = people.create_service_account("robot", actor=desk.governance_owner)
    for codename in (permissions.PROPOSE, permissions.RELEASE):
        grants.grant(desk.prompt, codename, account, actor=desk.governance_owner)
    token, _ = tokens.create_token(
        account, name="robot", scopes=["place"], actor=desk.governance_owner
    )
    request = steps.approved(desk)
    assert code(lambda: services.release(request.pk, actor=token)) == "not_allowed"
    assert code(lambda: steps.propose(desk, SECOND, actor=token)) == "not_allowed"
    undo = {"actor": token, "reason": "Wrong."}
    for verb in (services.rollback, services.suspend, services.resume):
        assert code(lambda verb=verb: verb(desk.prompt, desk.production, **undo)) == "person_needed"
    version = request.version
    assert version is not None
    other = steps.in_review(desk, THIRD).version
    assert other is not None
    revoked = tokens.revoke_token(token, actor=desk.governance_owner)
    assert (
        code(lambda: services.place(desk.prompt, version, desk.staging, actor=revoked))
        == "not_allowed"
    )


def test_place__version_of_a_draft_of_somebody_else__is_not_found(desk: Desk) -> None:
    other = make_person("anna", "authors", by=desk.governance_owner)
    draft = steps.propose(desk)
    version = draft.version
    assert version is not None
    for label in (desk.staging, desk.production):
        assert (
            code(lambda label=label: services.place(desk.prompt, version, label, actor=other))
            == "not_found"
        )
    assert (
        code(lambda: services.recall(version, actor=desk.responder, reason="Curious."))
        == "not_found"
    )


def test_rollback_target__after_going_back_two__offers_no_step_forward(desk: Desk) -> None:
    for words in (FIRST, SECOND, THIRD):
        steps.released(desk, words)
    first = desk.prompt.versions.get(number=1)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, to=first)
    assert services.rollback_target(desk.prompt, desk.production) is None
    second = desk.prompt.versions.get(number=2)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, to=second)
    assert pointer(desk).version == second
    assert Hold.objects.count() == 1


def test_scan__content_erased_while_it_waits__is_no_failure_and_waits_for_a_revision(
    desk: Desk,
) -> None:
    request = steps.submit(desk)
    assert request.version is not None
    erasure = services.ask_erasure(
        request.version, actor=desk.governance_owner, reason="A name.", ticket="T-1"
    )
    second = make_person("greta", "governance-owners", by=desk.governance_owner)
    services.erase_content(erasure.pk, actor=second)
    tasks.scan(request.pk)
    now = fresh(request)
    assert (now.state, now.scan_attempts, now.scan_error) == ("scanning", 0, "")
    assert not ApprovalRequest.objects.awaiting_scan(timezone.now() + timedelta(days=1)).exists()
    rules = {rule.code: rule.sentence for rule in unmet(evaluate(gather(now), timezone.now()))}
    assert rules["content"] == "This content is erased. Propose another."
    services.revise(now.pk, document=text(SECOND), rationale="Without it.", actor=desk.author)
    assert steps.scan(services.submit(now.pk, actor=desk.author)).scan is not None


def test_submit__content_was_erased__asks_for_a_revision(desk: Desk) -> None:
    request = steps.propose(desk)
    version = request.version
    assert version is not None
    erasure = services.ask_erasure(
        version, actor=desk.governance_owner, reason="A name.", ticket="T-1"
    )
    second = make_person("greta", "governance-owners", by=desk.governance_owner)
    services.erase_content(erasure.pk, actor=second)
    assert code(lambda: services.submit(request.pk, actor=desk.author)) == "erased"


def _asked(desk: Desk, ticket: str) -> object:
    version = steps.propose(desk).version
    assert version is not None
    return services.ask_erasure(
        version, actor=desk.governance_owner, reason="A name.", ticket=ticket
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda desk: proposed(
            None, ready("Light", title="T"), by=desk.governance_owner, name="x" * 61
        ),
        lambda desk: proposed(
            None, ready("Light"), by=desk.governance_owner, name="New", position=99_999
        ),
        lambda desk: _asked(desk, "T\0"),
        lambda desk: steps.propose(desk, key="k" * 101),
    ],
    ids=["policy name", "position", "ticket", "key"],
)
def test_verb__value_that_no_column_holds__is_refused(desk: Desk, call: Any) -> None:
    assert code(lambda: call(desk)) == "bad_input"
