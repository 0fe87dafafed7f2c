"""A label that lost its protection: what becomes of the changes that were under way for it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from approvals import queue, services
from approvals.explain import requirements_of
from approvals.models import ApprovalRequest
from approvals.policies import Requirement, unmet
from approvals.presenters.queue import queue_of
from registry.errors import Refusal
from registry.models import Label, OutboxMail
from registry.services import labels
from tests.approvals import desk as steps
from tests.approvals.desk import SECOND, THIRD, Desk, fresh
from tests.approvals.documents_of import in_force, ready
from tests.approvals.pages.browsing import look, signed_in
from tests.approvals.unprotecting_of import code, unprotected

pytestmark = pytest.mark.django_db


def lacks(request: ApprovalRequest) -> list[str]:
    return [rule.code for rule in unmet(requirements_of(fresh(request)))]


def protected_rule(request: ApprovalRequest) -> Requirement:
    return next(r for r in requirements_of(fresh(request)) if r.code == "protected")


def test_requirements__label_is_protected__say_nothing_of_it(desk: Desk) -> None:
    rules = requirements_of(steps.in_review(desk))
    assert [r for r in rules if r.code == "protected"] == []


def test_requirements__label_lost_its_protection__say_what_to_do(desk: Desk) -> None:
    change = steps.in_review(desk)
    unprotected(desk)
    assert protected_rule(change).sentence == (
        "production is not protected any more, so no change is released there: place the version "
        "by hand, and withdraw this."
    )


def test_requirements__change_that_ended_before__say_nothing_of_it(desk: Desk) -> None:
    change = steps.released(desk)
    unprotected(desk)
    assert [r for r in requirements_of(fresh(change)) if r.code == "protected"] == []


def test_release__label_lost_its_protection__is_refused_by_name(desk: Desk) -> None:
    change = steps.approved(desk)
    unprotected(desk)
    with pytest.raises(Refusal) as no:
        services.release(change.pk, actor=desk.author)
    assert no.value.code == "requirements_unmet"
    assert [rule.code for rule in unmet(no.value.requirements)] == ["protected"]
    call_command("audit_verify")


def test_page__label_lost_its_protection__offers_neither_release_nor_plan(desk: Desk) -> None:
    change = steps.approved(desk)
    client, address = signed_in(desk.author), f"/requests/{change.pk}/"
    before = look(client, address)
    assert "Release to production" in before.buttons
    assert f"{address}plan" in before.html
    unprotected(desk)
    after = look(client, address)
    assert "Release to production" not in after.buttons
    assert f"{address}plan" not in after.html
    assert "Withdraw" in after.buttons


def test_break_glass__label_lost_its_protection__is_refused_too(desk: Desk) -> None:
    change = steps.in_review(desk)
    unprotected(desk)
    with pytest.raises(Refusal) as no:
        services.break_glass(
            change.pk,
            actor=desk.responder,
            reason="Wrong answers.",
            ticket="T-1",
            auth_method="signature:password",
            auth_at=timezone.now(),
            seen=change.revision_digest,
            expected_generation=None,
        )
    assert "protected" in [rule.code for rule in no.value.requirements]


def test_reassess__approved_one__goes_back_and_tells_its_author_alone(desk: Desk) -> None:
    change = steps.approved(desk)
    unprotected(desk)
    services.reassess(change.pk)
    assert fresh(change).state == "review"
    told = OutboxMail.objects.filter(kind="back_in_review")
    assert [mail.recipient for mail in told] == [desk.author]


def test_decide_unprotect__approved__sends_what_people_see_to_be_judged_anew(
    desk: Desk, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, _ = steps.approved(desk), steps.propose(desk, THIRD)
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr(queue, "send", lambda task, *ids: sent.append((task, ids)))
    with django_capture_on_commit_callbacks(execute=True):
        unprotected(desk)
    assert [ids for task, ids in sent if task == queue.REASSESS] == [(change.pk,)]


def test_submit__draft_of_before__still_gets_its_scan_and_asks_nobody(desk: Desk) -> None:
    draft = steps.propose(desk)
    unprotected(desk)
    services.submit(draft.pk, actor=desk.author)
    change = steps.route(steps.scan(fresh(draft)))
    assert change.state == "review"
    assert "protected" in lacks(change)
    assert not OutboxMail.objects.filter(kind="review_asked").exists()


def test_place__by_hand_after_it__moves_what_people_had_not_signed(desk: Desk) -> None:
    change = steps.in_review(desk)
    assert change.version is not None
    label = unprotected(desk)
    services.place(desk.prompt, change.version, label, actor=desk.author)
    assert label.pointers.get(prompt=desk.prompt).version == change.version
    services.withdraw(change.pk, actor=desk.author)
    call_command("audit_verify")


def test_live__after_it__stays_what_it_was(desk: Desk) -> None:
    steps.released(desk)
    before = desk.production.pointers.get(prompt=desk.prompt)
    label = unprotected(desk)
    after = label.pointers.get(prompt=desk.prompt)
    assert (after.version, after.generation) == (before.version, before.generation)


def test_propose__after_it__says_to_place_by_hand(desk: Desk) -> None:
    unprotected(desk)
    assert code(lambda: steps.propose(desk, SECOND)) == "not_protected"


def test_queue__change_for_it__waits_for_no_reviewer(desk: Desk) -> None:
    change = steps.in_review(desk)
    unprotected(desk)
    found = queue_of(desk.safety_reviewer, timezone.now())
    assert found.for_me == ()
    assert [item.change for item in found.for_others] == [change.pk]


@pytest.mark.parametrize("state", ["draft", "scanning", "review", "approved", "released"])
def test_pages__of_a_change_for_it__answer_and_say_it(desk: Desk, state: str) -> None:
    change = steps.at_state(desk, state)
    unprotected(desk)
    author = signed_in(desk.author)
    page = look(author, f"/requests/{change.pk}/")
    assert page.status == 200
    assert ("Production is not protected any more" in page.text) == (state != "released")
    for address in ("/", "/prompts/support/refunds/", "/prompts/support/refunds/-/propose"):
        assert look(author, address).status == 200, address
    for address in ("/conformance/", "/shadow/", "/audit/", "/requests/several/"):
        assert look(signed_in(desk.governance_owner), address).status == 200, address


def test_resume__stopped_before_it__is_still_offered_on_the_page(desk: Desk) -> None:
    steps.released(desk)
    services.suspend(desk.prompt, desk.production, actor=desk.responder, reason="Wrong answers.")
    label = unprotected(desk)
    page = look(signed_in(desk.responder), "/prompts/support/refunds/")
    assert any("Resume" in words for words in page.buttons)
    services.resume(desk.prompt, label, actor=desk.responder, reason="Right again.")
    call_command("audit_verify")


def test_try_on_staging__of_a_label_it_feeds__begins_with_its_protection_gone(desk: Desk) -> None:
    owner = desk.governance_owner
    live = labels.create_label("live", protected=True, promotes_from=desk.production, actor=owner)
    everywhere = ready("Standard", title="Live", labels=["live"])
    in_force(None, everywhere, by=owner, position=5)
    change = services.propose(
        desk.prompt,
        label=live,
        document=steps.text(SECOND),
        rationale="Warmer.",
        actor=desk.author,
    )
    services.submit(change.pk, actor=desk.author)
    steps.scan(fresh(change))
    assert services.try_on_staging(change.pk) is None
    unprotected(desk)
    assert services.try_on_staging(change.pk) is not None
    assert Label.objects.get(pk=live.pk).protected


def test_explain__request_to_unprotect__says_what_it_is_about(desk: Desk) -> None:
    unprotected(desk)
    request = ApprovalRequest.objects.of_labels().get()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("explain", str(request.pk), stdout=out)
    assert "un-protect production · Released" in out.getvalue()
