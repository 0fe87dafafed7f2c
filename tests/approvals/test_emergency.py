"""Emergency releases: who may, what they pass over and what they never do, and what they leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from approvals import scanning, services
from approvals.errors import RequirementsUnmet
from approvals.explain import requirements_of
from approvals.models import AfterReview, ApprovalRequest, Hold
from approvals.policies import NEVER_BYPASSED, Status, unmet
from registry import documents
from registry.actors import System
from registry.models import LabelPointer, Prompt, Release
from registry.services import memberships, prompts
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, THIRD, Desk, fresh, text
from tests.approvals.mail_owed import bodies, letter, owed
from tests.approvals.test_secrets import WITH_KEY
from tests.approvals.timing_of import DAY, HOUR, freeze, later, mailed, plan, refused, regulated

pytestmark = pytest.mark.django_db


def break_glass(
    desk: Desk, request: ApprovalRequest, who: str = "responder", **changes: Any
) -> ApprovalRequest:
    given = {
        "actor": desk.people[who],
        "reason": "Refunds are promised to everybody.",
        "ticket": "INC-7",
        "auth_method": "signature:password",
        "auth_at": timezone.now(),
        "seen": fresh(request).revision_digest,
        "expected_generation": None,
        **changes,
    }
    return services.break_glass(request.pk, **given)


def how(request: ApprovalRequest) -> dict[str, Status]:
    return {rule.code: rule.status for rule in requirements_of(fresh(request))}


# -- who ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["responder", "release_manager"])
def test_break_glass__by_who_may_respond__is_live_with_a_row_of_its_own_kind(
    desk: Desk, who: str
) -> None:
    request = steps.in_review(desk)
    break_glass(desk, request, who)
    assert fresh(request).state == "released"
    row = Release.objects.get(label=desk.production)
    assert (row.kind, row.account) == (Release.Kind.EMERGENCY, desk.people[who])
    assert row.reason is not None
    assert row.reason.value == "INC-7: Refunds are promised to everybody."


def test_break_glass__by_an_author_who_may_respond__is_looked_at_by_somebody_else(
    desk: Desk,
) -> None:
    request = steps.in_review(desk)
    memberships.join(desk.author, "responders", actor=desk.governance_owner)
    memberships.join(desk.author, "support", actor=desk.governance_owner)
    break_glass(desk, request, "author")
    row = AfterReview.objects.get()

    def close(who: str) -> Any:
        return services.close_review_after(row.pk, actor=desk.people[who], comment="Looked.")

    assert refused(lambda: close("author")) == "same_person"
    close("support_reviewer")


def test_break_glass__by_a_task__needs_a_person(desk: Desk) -> None:
    request = steps.in_review(desk)
    assert refused(lambda: break_glass(desk, request, actor=System("x"))) == "person_needed"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"auth_method": "password"}, "signature_needed"),
        ({"auth_at": None}, "signature_needed"),
        ({"auth_at": timezone.now() - timedelta(minutes=16)}, "signature_needed"),
        ({"auth_at": timezone.now() + timedelta(minutes=60)}, "signature_needed"),
        ({"reason": " "}, "comment_needed"),
        ({"ticket": " "}, "ticket_needed"),
        ({"ticket": "x" * 61}, "bad_input"),
        ({"seen": "0" * 64}, "stale"),
        ({"expected_generation": 5}, "stale"),
    ],
)
def test_break_glass__something_is_not_given__is_refused(
    desk: Desk, changes: dict[str, Any], code: str
) -> None:
    request = steps.in_review(desk)
    assert refused(lambda: break_glass(desk, request, **changes)) == code
    assert fresh(request).state == "review"


# -- what it passes over ---------------------------------------------------------------------


def test_break_glass__in_review__list_says_what_was_bypassed_and_mail_is_loud(desk: Desk) -> None:
    request = steps.in_review(desk)
    break_glass(desk, request)
    signs = {f"sign_off:{role}" for role in ("support", "safety", "engineering")}
    assert {code for code, status in how(request).items() if status == Status.BYPASSED} == signs
    assert unmet(requirements_of(fresh(request))) == ()
    assert mailed("emergency") == {"ada", "gwen", "rita"}
    text_body, _ = bodies(owed("emergency", desk.governance_owner))
    assert "It went past: 0 of 1 support reviewer" in text_body
    assert letter("emergency").subject.startswith("EMERGENCY RELEASE by Ron")
    call_command("audit_verify")


def test_break_glass__everything_that_may_be_passed__is_passed_by_name(desk: Desk) -> None:
    now = timezone.now()
    steps.released(desk, FIRST)
    steps.released(desk, SECOND)
    regulated(
        desk,
        freezes=[freeze(now - HOUR, now + DAY)],
        staging={"minutes": 60},
        checks=[{"name": "golden", "title": "Golden set", "source": "ci"}],
        ticket={"pattern": "T-[0-9]+"},
        release_manager=True,
        expires_days=30,
    )
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Too warm.")
    request = steps.in_review(desk, THIRD)
    plan(desk, request, "release_manager")
    services.suspend(desk.prompt, desk.production, actor=desk.responder, reason="Wrong answers.")
    break_glass(desk, request)
    passed = {code for code, status in how(request).items() if status == Status.BYPASSED}
    assert passed >= {
        *("freeze", "hold", "staging", "check:golden", "ticket", "schedule"),
        *("suspended", "release_manager", "sign_off:safety"),
    }
    pointer = LabelPointer.objects.get(prompt=desk.prompt, label=desk.production)
    assert (pointer.version, pointer.suspended) == (fresh(request).version, False)
    call_command("audit_verify")


def test_break_glass__done__opens_a_review_by_the_policys_time_and_no_hold(desk: Desk) -> None:
    regulated(desk, after_review_hours=3)
    request = steps.in_review(desk)
    break_glass(desk, request)
    row = AfterReview.objects.get()
    assert row.due_at - row.opened_at == timedelta(hours=3)
    assert {item["code"] for item in row.shortfalls} >= {"sign_off:safety"}
    assert not Hold.objects.exists()


def test_break_glass__being_scanned_with_the_scan_there__is_released(desk: Desk) -> None:
    request = steps.scan(steps.submit(desk))
    break_glass(desk, request)
    assert fresh(request).state == "released"


def test_break_glass__everything_is_met__is_released_in_the_ordinary_way(desk: Desk) -> None:
    request = steps.approved(desk)
    assert refused(lambda: break_glass(desk, request)) == "wrong_state"


def test_rollback__to_a_version_released_in_an_emergency__owes_what_was_bypassed(
    desk: Desk,
) -> None:
    break_glass(desk, steps.in_review(desk))
    steps.released(desk, SECOND)
    row = services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="No.")
    assert {item["code"] for item in row.after_reviews.get().shortfalls} >= {"sign_off:safety"}


# -- what it never passes over ---------------------------------------------------------------


def test_never_bypassed__is_stated_in_one_place() -> None:
    assert NEVER_BYPASSED == ("policy", "protected", "content", "scan", "risk", "base")


def test_break_glass__version_recalled__is_refused(desk: Desk) -> None:
    request = steps.in_review(desk)
    assert request.version is not None
    services.recall(request.version, actor=desk.responder, reason="Harmful.")
    assert refused(lambda: break_glass(desk, request)) == "requirements_unmet"


def test_break_glass__prompt_archived__is_refused(desk: Desk) -> None:
    request = steps.in_review(desk)
    prompts.archive_prompt(desk.prompt, actor=desk.author)
    assert Prompt.objects.get(pk=desk.prompt.pk).status == "archived"
    assert refused(lambda: break_glass(desk, request)) == "requirements_unmet"


def test_break_glass__not_scanned_yet__is_refused(desk: Desk) -> None:
    request = steps.submit(desk)
    assert refused(lambda: break_glass(desk, request)) == "requirements_unmet"


def test_break_glass__something_critical_was_found__is_refused(desk: Desk) -> None:
    # The submit stops a secret that its rules know; this one only the later scan knows.
    request = steps.submit(desk)
    services.begin_scan(request.pk)
    report = scanning.scan_document(documents.load(text(WITH_KEY).text))
    assert report.level == "critical"
    services.record_scan(request.pk, revision=1, report=report)
    with pytest.raises(RequirementsUnmet, match="Nothing critical found"):
        break_glass(desk, request)
    assert fresh(request).state == "scanning"


def test_break_glass__draft_of_another__is_not_found(desk: Desk) -> None:
    request = steps.propose(desk)
    assert refused(lambda: break_glass(desk, request)) == "not_found"


def test_break_glass__something_else_went_live__is_stale(desk: Desk) -> None:
    request = steps.in_review(desk, SECOND)
    steps.released(desk, THIRD)
    assert refused(lambda: break_glass(desk, request)) == "stale"


def test_break_glass__policy_at_submission_allows_none__is_refused(desk: Desk) -> None:
    regulated(desk, emergency=False)
    request = steps.in_review(desk)
    regulated(desk, emergency=True)
    assert refused(lambda: break_glass(desk, request)) == "emergency_not_allowed"


def test_break_glass__policy_today_allows_none__is_refused(desk: Desk) -> None:
    request = steps.in_review(desk)
    regulated(desk, emergency=False)
    assert refused(lambda: break_glass(desk, request)) == "emergency_not_allowed"


# -- debt ------------------------------------------------------------------------------------


def test_break_glass__own_review_is_overdue__is_refused_and_names_it(desk: Desk) -> None:
    regulated(desk, after_review_hours=2)
    break_glass(desk, steps.in_review(desk))
    second = steps.in_review(desk, SECOND)
    late = AfterReview.objects.get().due_at

    def again() -> str:
        return refused(lambda: break_glass(desk, second))

    assert later(late, again) == "review_overdue"
    with pytest.raises(Exception, match="support/refunds that you opened was due on"):
        later(late, lambda: break_glass(desk, second))


def test_break_glass__review_of_another_is_overdue__is_released(desk: Desk) -> None:
    regulated(desk, after_review_hours=2)
    break_glass(desk, steps.in_review(desk))
    second = steps.in_review(desk, SECOND)
    late = AfterReview.objects.get().due_at
    later(late, lambda: break_glass(desk, second, "release_manager"))
    assert fresh(second).state == "released"


def test_break_glass__own_review_was_closed__is_released(desk: Desk) -> None:
    regulated(desk, after_review_hours=2)
    break_glass(desk, steps.in_review(desk))
    row = AfterReview.objects.get()
    services.close_review_after(row.pk, actor=desk.safety_reviewer, comment="Right.")
    second = steps.in_review(desk, SECOND)
    later(row.due_at, lambda: break_glass(desk, second))
    assert fresh(second).state == "released"


def test_break_glass__posted_twice__releases_once(desk: Desk) -> None:
    request = steps.in_review(desk)
    seen = fresh(request).revision_digest
    break_glass(desk, request, seen=seen, key="k1")
    break_glass(desk, request, seen=seen, key="k1")
    assert Release.objects.filter(label=desk.production).count() == 1


def test_propose__after_an_emergency_release__starts_from_it(desk: Desk) -> None:
    break_glass(desk, steps.in_review(desk))
    request = services.propose(
        desk.prompt,
        label=desk.production,
        document=text(SECOND),
        rationale="Warmer.",
        actor=desk.author,
    )
    assert request.base_version is not None
    assert request.base_version.number == 1
