"""Rollback, hold, review after the fact, suspend, resume, recall: what each allows and leaves."""

from __future__ import annotations

from typing import Any

import pytest

from approvals import services
from approvals.explain import requirements_of
from approvals.models import AfterReview, Hold, Policy
from registry.errors import Refusal
from registry.models import LabelPointer, OutboxMail, Release, Version
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, THIRD, Desk, fresh
from tests.approvals.documents_of import in_force, with_brand


def live(desk: Desk) -> Version | None:
    return LabelPointer.objects.get(prompt=desk.prompt, label=desk.production).version


def rollback(desk: Desk, who: str = "responder", **kwargs: Any) -> Release:
    given = {"reason": "Too warm.", **kwargs}
    return services.rollback(desk.prompt, desk.production, actor=desk.people[who], **given)


def two(desk: Desk) -> None:
    steps.released(desk, FIRST)
    steps.released(desk, SECOND)


def refused(call: Any) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


@pytest.mark.parametrize("who", ["responder", "release_manager"])
def test_rollback__by_who_may_undo__serves_the_version_before(desk: Desk, who: str) -> None:
    two(desk)
    rollback(desk, who)
    now = live(desk)
    assert now is not None
    assert now.number == 1
    assert OutboxMail.objects.filter(kind="rolled_back", recipient=desk.author).count() == 1


@pytest.mark.parametrize("who", ["author", "support_reviewer", "governance_owner", "superuser"])
def test_rollback__by_others__is_refused(desk: Desk, who: str) -> None:
    two(desk)
    assert refused(lambda: rollback(desk, who)) == "not_allowed"


def test_rollback__nothing_before__says_there_is_nothing(desk: Desk) -> None:
    steps.released(desk)
    assert refused(lambda: rollback(desk)) == "never_live"


def test_rollback__page_is_old__is_stale(desk: Desk) -> None:
    two(desk)
    assert refused(lambda: rollback(desk, expected_generation=1)) == "stale"


def test_rollback__to_a_version_rolled_back_from__is_a_new_proposal(desk: Desk) -> None:
    two(desk)
    second = live(desk)
    rollback(desk)
    assert services.rollback_target(desk.prompt, desk.production) is None
    assert refused(lambda: rollback(desk, to=second)) == "never_live"


def test_rollback__twice_in_a_row__goes_further_back(desk: Desk) -> None:
    two(desk)
    steps.released(desk, THIRD)
    rollback(desk)
    rollback(desk)
    now = live(desk)
    assert now is not None
    assert now.number == 1
    assert Hold.objects.filter(prompt=desk.prompt, lifted_at=None).count() == 1


def test_rollback__version_recalled__is_passed_over(desk: Desk) -> None:
    two(desk)
    steps.released(desk, THIRD)
    services.recall(desk.prompt.versions.get(number=2), actor=desk.responder, reason="Harmful.")
    rollback(desk)
    now = live(desk)
    assert now is not None
    assert now.number == 1


def test_rollback__done__holds_the_prompt_until_the_hold_is_lifted(desk: Desk) -> None:
    two(desk)
    rollback(desk)
    request = steps.approve(desk, steps.in_review(desk, THIRD))
    assert request.state == "review"
    unmet = {rule.code for rule in requirements_of(request) if rule.blocks}
    assert "hold" in unmet
    hold = Hold.objects.get()
    assert (
        refused(lambda: services.lift_hold(hold.pk, actor=desk.author, reason="Please."))
        == "not_allowed"
    )
    assert (
        refused(lambda: services.lift_hold(hold.pk, actor=desk.responder, reason=" "))
        == "comment_needed"
    )
    services.lift_hold(hold.pk, actor=desk.responder, reason="Mended.")
    services.reassess(request.pk)
    assert fresh(request).state == "approved"


def test_rollback__same_policy_as_then__opens_no_review_after_the_fact(desk: Desk) -> None:
    two(desk)
    rollback(desk)
    assert not AfterReview.objects.exists()


def test_rollback__policy_asks_for_more_today__opens_a_review_that_another_closes(
    desk: Desk,
) -> None:
    two(desk)
    in_force(
        Policy.objects.get(name="Regulated"),
        with_brand(),
        by=desk.governance_owner,
    )
    rollback(desk, "release_manager")
    row = AfterReview.objects.get()
    assert [item["code"] for item in row.shortfalls] == ["sign_off:brand"]

    def close(who: str, comment: str = "Looked at it.") -> Any:
        return services.close_review_after(row.pk, actor=desk.people[who], comment=comment)

    assert refused(lambda: close("release_manager")) in {"not_allowed", "same_person"}
    assert refused(lambda: close("outsider")) == "not_allowed"
    assert refused(lambda: close("support_reviewer", "")) == "comment_needed"
    close("support_reviewer")
    assert refused(lambda: close("support_reviewer")) == "already_done"


def test_release__forward_again_after_a_rollback__needs_everything_anew(desk: Desk) -> None:
    two(desk)
    rollback(desk)
    request = steps.in_review(desk, SECOND)
    assert request.state == "review"
    signs = [r for r in requirements_of(request) if r.code.startswith("sign_off:")]
    assert all(rule.blocks for rule in signs)


def test_suspend__then_resume__keeps_the_version(desk: Desk) -> None:
    steps.released(desk)
    where = (desk.prompt, desk.production)
    services.suspend(*where, actor=desk.responder, reason="Wrong answers.")
    pointer = LabelPointer.objects.get(prompt=desk.prompt, label=desk.production)
    assert pointer.suspended
    assert (
        refused(lambda: services.suspend(*where, actor=desk.responder, reason="Again."))
        == "wrong_state"
    )
    services.resume(*where, actor=desk.responder, reason="Mended.")
    pointer.refresh_from_db()
    assert (pointer.suspended, pointer.generation) == (False, 3)


def test_resume__version_recalled_meanwhile__is_refused(desk: Desk) -> None:
    steps.released(desk)
    where = (desk.prompt, desk.production)
    services.suspend(*where, actor=desk.responder, reason="Wrong answers.")
    services.recall(desk.prompt.versions.get(), actor=desk.responder, reason="Harmful.")
    assert (
        refused(lambda: services.resume(*where, actor=desk.responder, reason="Mended."))
        == "recalled"
    )


def test_recall__version_in_an_open_change__blocks_its_release(desk: Desk) -> None:
    request = steps.approved(desk)
    assert request.version is not None
    services.recall(request.version, actor=desk.responder, reason="Harmful.")
    assert refused(lambda: services.release(request.pk, actor=desk.author)) == "requirements_unmet"


def test_place__on_a_protected_label__names_the_rule_and_the_list(desk: Desk) -> None:
    request = steps.in_review(desk)
    assert request.version is not None
    with pytest.raises(Refusal) as refusal:
        services.place(desk.prompt, request.version, desk.production, actor=desk.author)
    assert refusal.value.code == "label_protected"
    assert {r.code for r in refusal.value.requirements} >= {"sign_off:safety", "scan"}


def test_place__version_never_scanned__is_refused(desk: Desk) -> None:
    request = steps.propose(desk)
    assert request.version is not None
    version = request.version
    assert (
        refused(lambda: services.place(desk.prompt, version, desk.staging, actor=desk.author))
        == "scan_missing"
    )


def test_erase_content__live_somewhere__is_refused_until_it_moved(desk: Desk) -> None:
    two(desk)
    version = live(desk)
    assert version is not None
    assert (
        refused(
            lambda: services.ask_erasure(
                version, actor=desk.governance_owner, reason="A name.", ticket="T-1"
            )
        )
        == "wrong_state"
    )
