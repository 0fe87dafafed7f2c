"""What else people do with a change through the API: think again, lift, plan, ask, bring up to
date, and go past the rules in an emergency."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from approvals import scanning, services
from approvals.models import AfterReview, ApprovalRequest, Review
from audit.ledger import head
from audit.models import AuditEvent
from registry import documents, roles
from registry.models import Release
from registry.services import prompts
from tests.api import body, call, code
from tests.approvals import desk as steps
from tests.approvals import talking
from tests.approvals.bases import BOTH, COOL, LIVE, WARM, overtaken
from tests.approvals.desk import Desk, approved, fresh, in_review
from tests.approvals.steps_by_api import Person, Robot, content, released, seen
from tests.approvals.steps_of_people import PASSWORD, STEPS, step_of
from tests.people import make_person

LEAK = "Call the model with the key AKIAIOSFODNN7RTZQ4KD today.\n"
NAMES = tuple(STEPS)
#: steps that say which revision was seen
SEEN = ("take_back", "plan_release", "unplan_release", "rebase", "break_glass")


@pytest.fixture(autouse=True)
def _no_tries() -> None:
    cache.clear()


# -- every one of them ----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_step_of_people__by_a_token__needs_a_person_and_does_nothing(
    desk: Desk, robot: Robot, name: str
) -> None:
    step, size = step_of(desk, name), head().size
    assert code(robot.post(step.path, step.data)) == (403, "person_needed")
    assert head().size == size


@pytest.mark.parametrize("name", NAMES)
def test_step_of_people__without_the_csrf_token__is_403_and_does_nothing(
    desk: Desk, name: str
) -> None:
    step, size = step_of(desk, name), head().size
    response = Person(step.who).post(step.path, step.data, csrf=False)
    assert code(response) == (403, "csrf_failed")
    assert head().size == size


@pytest.mark.parametrize("name", NAMES)
def test_step_of_people__by_somebody_who_may_not__is_refused_and_does_nothing(
    desk: Desk, name: str
) -> None:
    step = step_of(desk, name)
    size = head().size
    refused = {"take_back": (409, "wrong_state"), "break_glass": (422, "wrong_password")}
    assert code(step.take(desk.outsider)) == refused.get(name, (403, "not_allowed"))
    assert head().size == size


@pytest.mark.parametrize("name", NAMES)
def test_step_of_people__confidential_prompt__is_answered_as_unknown(desk: Desk, name: str) -> None:
    step, otto = step_of(desk, name), Person(desk.outsider)
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    data = {key: value for key, value in step.data.items() if key != "password"}
    data |= {"password": ""} if "password" in step.data else {}
    response = otto.post(step.path, data)
    assert code(response) == (404, "not_found")
    unknown = step.path.replace(f"/{step.request.pk}/", "/999999/", 1)
    assert otto.post(unknown, data).content == response.content


@pytest.mark.parametrize("name", NAMES)
def test_step_of_people__repeated_with_its_key__does_its_work_once(desk: Desk, name: str) -> None:
    step = step_of(desk, name)
    person, size = Person(step.who), head().size
    first = person.post(step.path, step.data, key="k1")
    assert first.status_code < 300, first.content
    assert head().size == size + 1
    again = person.post(step.path, step.data, key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert head().size == size + 1


@pytest.mark.parametrize("name", SEEN)
def test_step_of_people__another_revision_was_seen__is_409_with_the_one_of_now(
    desk: Desk, name: str
) -> None:
    step = step_of(desk, name)
    response = step.take(revision_digest="0" * 64)
    assert code(response) == (409, "stale")
    assert body(response)["revision_digest"] == step.request.revision_digest


@pytest.mark.parametrize("name", NAMES)
def test_step_of_people__field_that_it_does_not_know__is_422(desk: Desk, name: str) -> None:
    assert code(step_of(desk, name).take(force=True)) == (422, "invalid_request")


# -- thinking again -------------------------------------------------------------------------


def test_take_back__of_an_approved_change__sends_it_back_to_review(desk: Desk) -> None:
    request = approved(desk)
    sam = Person(desk.safety_reviewer)
    response = sam.post(f"/requests/{request.pk}/take-back", seen(request))
    assert (response.status_code, body(response)["state"]) == (201, "review")
    vote = body(response)["vote"]
    assert (vote["decision"], vote["role"], vote["signed"]) == ("take_back", "safety", False)


def test_lift_refusal__by_a_governance_owner__is_named_in_the_list_of_votes(desk: Desk) -> None:
    step = step_of(desk, "lift_refusal")
    assert step.take().status_code == 200
    (vote,) = body(Person(desk.outsider).get(f"/requests/{step.request.pk}/reviews"))["items"]
    assert (vote["decision"], vote["comment"]) == ("request_changes", "Mind the tone.")
    assert (vote["by"], vote["lifted_by"]) == (
        str(desk.safety_reviewer),
        str(desk.governance_owner),
    )
    assert code(step.take()) == (409, "already_done")


def test_lift_refusal__vote_on_another_change__is_404(desk: Desk) -> None:
    step, other = step_of(desk, "lift_refusal"), in_review(desk)
    path = step.path.replace(f"/{step.request.pk}/", f"/{other.pk}/", 1)
    assert code(Person(step.who).post(path, step.data)) == (404, "not_found")


def test_list_votes__by_a_person_and_by_a_token__is_the_same_page_by_page(
    desk: Desk, robot: Robot
) -> None:
    request = approved(desk)
    path, otto = f"/requests/{request.pk}/reviews", Person(desk.outsider)
    first = body(otto.get(f"{path}?limit=2"))
    assert body(call(robot.secret, f"{path}?limit=2")) == first
    second = body(otto.get(f"{path}?limit=2&cursor={first['next_cursor']}"))
    listed = [one["id"] for one in first["items"] + second["items"]]
    votes = Review.objects.filter(request=request).order_by("pk")
    assert listed == [str(vote.public_id) for vote in votes]
    assert second["next_cursor"] is None


# -- when it goes ---------------------------------------------------------------------------


def test_plan_release__by_the_author__says_when_it_goes_out(desk: Desk) -> None:
    step = step_of(desk, "plan_release")
    found = body(step.take())
    assert datetime.fromisoformat(found["release_at"]) == datetime.fromisoformat(step.data["at"])
    assert fresh(step.request).planned_by == desk.author
    unplanned = Person(desk.author).post(step.path.replace("plan", "unplan"), seen(step.request))
    assert body(unplanned)["release_at"] is None
    assert fresh(step.request).release_at is None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((timezone.now() - timedelta(minutes=1)).isoformat(), "bad_input"),
        ((timezone.now() + timedelta(days=400)).isoformat(), "bad_input"),
        ("9999-12-31T23:59:59-14:00", "bad_input"),
        ("0001-01-01T00:00:00+14:00", "bad_input"),
        ("2027-01-01T09:00:00", "invalid_request"),
        ("2027-01-01", "invalid_request"),
        ("1893456000", "invalid_request"),
        (1893456000, "invalid_request"),
        ("soon", "invalid_request"),
        (None, "invalid_request"),
    ],
    # Every worker has to call the cases alike, and two of them hold the time of today.
    ids=[
        "past",
        "too far",
        "year 9999",
        "year 1",
        "no zone",
        "day",
        "digits",
        "number",
        "word",
        "none",
    ],
)
def test_plan_release__time_that_cannot_be__is_422_and_plans_nothing(
    desk: Desk, at: Any, expected: str
) -> None:
    step = step_of(desk, "plan_release")
    assert code(step.take(at=at)) == (422, expected)
    assert fresh(step.request).release_at is None


def test_ask_again__not_long_after__is_409(desk: Desk) -> None:
    step = step_of(desk, "ask_again")
    assert step.take().status_code == 200
    assert talking.mails("asked_again")
    assert code(step.take()) == (409, "asked_recently")


def test_rescan__failed_three_times__is_scanned_again(desk: Desk) -> None:
    step = step_of(desk, "rescan")
    assert step.take().status_code == 200
    assert fresh(step.request).scan_attempts == 0
    assert code(step.take()) == (409, "wrong_state")


# -- up to date -----------------------------------------------------------------------------


def test_rebase__overtaken__is_merged_and_scanned_again(desk: Desk) -> None:
    step = step_of(desk, "rebase")
    found = body(step.take())
    assert (found["state"], found["revision"]) == ("scanning", 2)
    request = fresh(step.request)
    assert request.version is not None
    assert request.version.body["template"] == BOTH
    assert code(step.take(revision_digest=found["revision_digest"])) == (409, "wrong_state")


def test_rebase__label_moved_since__is_409(desk: Desk) -> None:
    step = step_of(desk, "rebase")
    response = step.take(expected_generation=1)
    assert code(response) == (409, "stale")
    assert body(response)["generation"] == step.data["expected_generation"]


def test_rebase__both_changed_a_line__is_409_with_both_and_takes_what_a_person_made(
    desk: Desk,
) -> None:
    request = overtaken(desk, by=COOL)
    ada, path = Person(desk.author), f"/requests/{request.pk}/rebase"
    response = ada.post(path, released(desk, request))
    assert code(response) == (409, "merge_conflict")
    (place,) = body(response)["conflicts"]
    assert (place["path"], place["line"]) == ("template", 1)
    assert place["mine"] == WARM.splitlines(keepends=True)[0]
    assert place["live"] == COOL.splitlines(keepends=True)[0]
    assert fresh(request).revision == 1
    both = COOL.replace("briefly", "briefly and warmly")
    found = body(ada.post(path, released(desk, request) | {"content": content(both)}))
    assert (found["state"], found["revision"]) == ("scanning", 2)


def test_rebase__text_that_its_scan_hides__tells_no_place_of_it_to_others(desk: Desk) -> None:
    steps.released(desk, LIVE)
    request = steps.submit(desk, WARM)
    services.begin_scan(request.pk)
    critical = scanning.scan_document(documents.load(steps.text(LEAK).text))
    services.record_scan(request.pk, revision=1, report=critical)
    steps.route(request)
    steps.released(desk, COOL)
    amy = make_person("amy", roles.AUTHORS, by=desk.governance_owner)
    path, data = f"/requests/{request.pk}/rebase", released(desk, request)
    response = Person(amy).post(path, data)
    assert code(response) == (409, "merge_conflict")
    assert "warmly" not in response.content.decode()
    assert "warmly" in Person(desk.author).post(path, data).content.decode()


# -- an emergency ---------------------------------------------------------------------------


def test_break_glass__by_a_responder__is_live_and_looked_at_afterwards(desk: Desk) -> None:
    step = step_of(desk, "break_glass")
    found = body(step.take())
    assert (found["state"], found["release"]["kind"]) == ("released", "emergency")
    row = Release.objects.get(kind=Release.Kind.EMERGENCY)
    assert (row.account, row.reason.value if row.reason else "") == (
        desk.responder,
        "INC-7: Refunds are promised to everybody.",
    )
    assert AfterReview.objects.get().opened_by == desk.responder
    assert not AuditEvent.objects.filter(payload__contains=PASSWORD).exists()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"password": ""}, (422, "signature_needed")),
        ({"password": "guess"}, (422, "wrong_password")),
        ({"reason": " "}, (422, "comment_needed")),
        ({"ticket": ""}, (422, "ticket_needed")),
        ({"ticket": "a\0"}, (422, "invalid_text")),
    ],
)
def test_break_glass__something_is_missing__releases_nothing(
    desk: Desk, fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    step = step_of(desk, "break_glass")
    assert code(step.take(**fields)) == expected
    assert not Release.objects.filter(kind=Release.Kind.EMERGENCY).exists()


def test_break_glass__five_wrong_passwords__shut_out_the_right_one(desk: Desk) -> None:
    step = step_of(desk, "break_glass")
    for _ in range(5):
        step.take(password="guess")
    assert code(step.take()) == (429, "too_many_tries")
    assert ApprovalRequest.objects.get(pk=step.request.pk).state == "review"
