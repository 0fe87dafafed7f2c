"""The steps of a request through the API: revise, submit, withdraw, vote, release."""

from __future__ import annotations

from typing import Any

import pytest

from approvals import services
from approvals.models import ApprovalRequest, Review
from audit.ledger import head
from registry import permissions
from registry.services import grants, prompts
from tests.api import body, call, code, make_token
from tests.approvals import sets_of as sets
from tests.approvals.desk import (
    FIRST,
    SECOND,
    THIRD,
    Desk,
    approve,
    approved,
    fresh,
    in_review,
    propose,
    route,
    scan,
    submit,
    text,
)
from tests.approvals.desk import released as released_by_people
from tests.approvals.steps_by_api import Person, Robot, content, released, seen

LEAK = "Call the model with the key AKIAIOSFODNN7RTZQ4KD today.\n"
STEPS = ("revise", "submit", "withdraw", "reviews", "release")
VOTE = {"role": "safety", "decision": "approve"}


def step(request: ApprovalRequest, name: str) -> str:
    return f"/requests/{request.pk}/{name}"


def posted(desk: Desk, request: ApprovalRequest, name: str, **fields: Any) -> dict[str, Any]:
    """A body that fits the step."""
    generation = released(desk, request)["expected_generation"]
    more: dict[str, dict[str, Any]] = {
        "revise": {
            "content": content(SECOND),
            "rationale": "Warmer.",
            "expected_generation": generation,
        },
        "reviews": VOTE,
        "release": {"expected_generation": generation},
    }
    return seen(request, **{**more.get(name, {}), **fields})


def by_robot(desk: Desk, robot: Robot, template: str = FIRST) -> ApprovalRequest:
    """A draft that the token's account proposed."""
    return propose(desk, template, actor=robot.token)


# -- each step ------------------------------------------------------------------------------


def test_token__own_change__from_draft_to_live(desk: Desk, robot: Robot) -> None:
    request = by_robot(desk, robot)
    revised = robot.post(step(request, "revise"), posted(desk, request, "revise"))
    assert (revised.status_code, body(revised)["revision"]) == (200, 2)
    assert body(revised)["content_digest"] != body(revised)["revision_digest"]
    sent = robot.post(step(request, "submit"), posted(desk, request, "submit"))
    assert body(sent)["state"] == "scanning"
    approve(desk, route(scan(fresh(request))))
    size = head().size
    response = robot.post(step(request, "release"), posted(desk, request, "release"))
    assert response.status_code == 200
    found = body(response)
    assert (found["state"], found["release"]["kind"]) == ("released", "release")
    assert found["release"]["generation"] == 1
    assert head().size == size + 1
    served = body(call(robot.secret, "/prompts/support/refunds"))
    assert (served["template"], served["release"]) == (SECOND, found["release"])


def test_token__own_change__can_be_withdrawn(desk: Desk, robot: Robot) -> None:
    request = by_robot(desk, robot)
    response = robot.post(step(request, "withdraw"), seen(request, comment="Not now."))
    assert (response.status_code, body(response)["state"]) == (200, "withdrawn")


def test_person__own_change__every_step_of_theirs(desk: Desk) -> None:
    author, request = Person(desk.author), propose(desk)
    for name in ("revise", "submit"):
        assert author.post(step(request, name), posted(desk, request, name)).status_code == 200
    route(scan(fresh(request)))
    assert author.post(step(request, "withdraw"), seen(request)).status_code == 200


def test_review__by_a_person__is_a_vote_on_what_was_seen(desk: Desk) -> None:
    request = in_review(desk)
    response = Person(desk.safety_reviewer).post(step(request, "reviews"), seen(request, **VOTE))
    assert response.status_code == 201
    vote = Review.objects.get()
    assert (vote.reviewer, vote.role) == (desk.safety_reviewer, "safety")
    assert (vote.auth_method, vote.auth_at) == (
        "password",
        type(vote.reviewer).objects.get(pk=vote.reviewer.pk).last_login,
    )
    found = body(response)
    assert found["state"] == "review"
    assert (found["vote"]["id"], found["vote"]["decision"]) == (str(vote.public_id), "approve")


def test_review__changes_asked_for__is_a_draft_again(desk: Desk) -> None:
    request = in_review(desk)
    person = Person(desk.safety_reviewer)
    vote = {"role": "safety", "decision": "request_changes"}
    response = person.post(step(request, "reviews"), seen(request, **vote))
    assert code(response) == (422, "comment_needed")
    response = person.post(step(request, "reviews"), seen(request, comment="Say why.", **vote))
    assert (response.status_code, body(response)["state"]) == (201, "draft")


def test_release__by_a_person_with_the_permission__is_live(desk: Desk) -> None:
    request = approved(desk)
    manager = Person(desk.release_manager)
    response = manager.post(step(request, "release"), released(desk, request))
    assert (response.status_code, body(response)["state"]) == (200, "released")


# -- tokens, and what they may not ----------------------------------------------------------


def test_review__by_a_token__needs_a_person_and_tells_nothing_more(
    desk: Desk, robot: Robot
) -> None:
    grants.grant(desk.prompt, permissions.REVIEW, robot.token.account, actor=desk.author)
    request = in_review(desk)
    response = robot.post(step(request, "reviews"), seen(request, **VOTE))
    assert code(response) == (403, "person_needed")
    assert robot.post("/requests/999999/reviews", {}).content == response.content
    assert not Review.objects.exists()


def test_review__by_whoever_stands_behind_the_token__is_refused(desk: Desk, robot: Robot) -> None:
    request = by_robot(desk, robot)
    services.submit(request.pk, actor=robot.token)
    route(scan(fresh(request)))
    response = Person(desk.governance_owner).post(step(request, "reviews"), seen(request, **VOTE))
    assert code(response) == (403, "own_change")


@pytest.mark.parametrize("name", ["revise", "submit", "withdraw"])
def test_token__change_of_another_account__is_403(desk: Desk, robot: Robot, name: str) -> None:
    request = in_review(desk)
    response = robot.post(step(request, name), posted(desk, request, name))
    assert code(response) == (403, "not_allowed")
    assert fresh(request).revision_digest == request.revision_digest
    assert fresh(request).state == "review"


def test_token__draft_of_another_account__is_answered_as_unknown(desk: Desk, robot: Robot) -> None:
    request = propose(desk)
    unknown = robot.post("/requests/999999/submit", posted(desk, request, "submit"))
    response = robot.post(step(request, "submit"), posted(desk, request, "submit"))
    assert code(response) == (404, "not_found")
    assert response.content == unknown.content


@pytest.mark.parametrize("name", ["revise", "submit", "withdraw", "release"])
@pytest.mark.parametrize("reach", [{}, {"names": ["sales/*"]}, {"labels": ["staging"]}])
def test_step__beyond_the_token__is_answered_as_unknown(
    desk: Desk, robot: Robot, name: str, reach: dict[str, Any]
) -> None:
    request, account = by_robot(desk, robot), robot.token.account
    scopes = ["propose", "release"] if reach else ["read", "preview", "place", "check"]
    secret = make_token(desk.governance_owner, *scopes, account=account, **reach)[1]
    response = robot.post(step(request, name), posted(desk, request, name), secret=secret)
    assert code(response) == (404, "not_found")
    assert fresh(request).state == "draft"


def test_release__by_a_token_that_neither_wrote_it_nor_may_release__is_403(
    desk: Desk, robot: Robot
) -> None:
    request = approved(desk)
    response = robot.post(step(request, "release"), released(desk, request))
    assert code(response) == (403, "not_allowed")
    grants.grant(desk.prompt, permissions.RELEASE, robot.token.account, actor=desk.author)
    response = robot.post(step(request, "release"), released(desk, request))
    assert response.status_code == 200


def test_submit__token_without_release__may_not_ask_for_it_when_ready(
    desk: Desk, robot: Robot
) -> None:
    request, account = by_robot(desk, robot), robot.token.account
    secret = make_token(desk.governance_owner, "propose", account=account)[1]
    data = seen(request, release_when_ready=True)
    response = robot.post(step(request, "submit"), data, secret=secret)
    assert code(response) == (403, "not_allowed")
    assert fresh(request).state == "draft"
    assert body(robot.post(step(request, "submit"), data))["release_when_ready"] is True


# -- who calls ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STEPS)
def test_step__without_the_csrf_token__is_403_and_does_nothing(desk: Desk, name: str) -> None:
    request, size = propose(desk), head().size
    person = Person(desk.author)
    response = person.post(step(request, name), posted(desk, request, name), csrf=False)
    assert code(response) == (403, "csrf_failed")
    assert head().size == size


@pytest.mark.parametrize("name", STEPS)
def test_step__by_nobody__is_401(desk: Desk, name: str) -> None:
    request = propose(desk)
    response = call(None, step(request, name), "POST", data=posted(desk, request, name))
    assert code(response) == (401, "unauthorized")


@pytest.mark.parametrize("name", STEPS)
def test_step__confidential_prompt__is_404_without_view(
    desk: Desk, robot: Robot, name: str
) -> None:
    request = approved(desk)
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    outsider = Person(desk.outsider)
    unknown = outsider.post(f"/requests/999999/{name}", posted(desk, request, name))
    response = outsider.post(step(request, name), posted(desk, request, name))
    assert code(response) == (404, "not_found")
    assert response.content == unknown.content
    if name != "reviews":
        response = robot.post(step(request, name), posted(desk, request, name))
        assert code(response) == (404, "not_found")


# -- what moved, and what is missing --------------------------------------------------------


@pytest.mark.parametrize("name", STEPS)
def test_step__change_was_edited_since__is_409_with_the_new_diff(desk: Desk, name: str) -> None:
    released_by_people(desk, FIRST)
    request = in_review(desk, SECOND) if name != "submit" else propose(desk, SECOND)
    old = posted(desk, request, name)
    services.revise(request.pk, document=text(THIRD), rationale="Kinder.", actor=desk.author)
    if name not in ("submit", "revise", "withdraw"):
        services.submit(request.pk, actor=desk.author)
        route(scan(fresh(request)))
    person = Person(desk.safety_reviewer if name == "reviews" else desk.author)
    response = person.post(step(request, name), old)
    assert code(response) == (409, "stale")
    found = body(response)
    assert found["revision_digest"] == fresh(request).revision_digest
    assert found["generation"] == 1
    lines = found["diff"]["sections"][0]["lines"]
    assert "+Greet {{customer}} kindly by name." in lines
    assert (found["diff"]["live"], found["diff"]["cut"]) == (1, False)


def test_release__label_moved_since__is_409_with_the_new_diff(desk: Desk, robot: Robot) -> None:
    request = approved(desk, SECOND)
    old = released(desk, request)
    grants.grant(desk.prompt, permissions.RELEASE, robot.token.account, actor=desk.author)
    released_by_people(desk, THIRD)
    for response in (
        Person(desk.release_manager).post(step(request, "release"), old),
        robot.post(step(request, "release"), old),
    ):
        assert code(response) == (409, "stale")
        assert (
            "-Greet {{customer}} kindly by name." in body(response)["diff"]["sections"][0]["lines"]
        )
        assert body(response)["generation"] == 1


def test_release__token_that_may_not_preview__gets_no_diff_of_what_others_wrote(
    desk: Desk, robot: Robot
) -> None:
    request, account = approved(desk, SECOND), robot.token.account
    old = {**released(desk, request), "expected_generation": 7}
    grants.grant(desk.prompt, permissions.RELEASE, account, actor=desk.author)
    secret = make_token(desk.governance_owner, "read", "release", account=account)[1]
    response = robot.post(step(request, "release"), old, secret=secret)
    assert code(response) == (409, "stale")
    assert "warmly" not in response.content.decode()


def test_stale__text_that_is_not_scanned_yet__is_told_to_nobody_else(desk: Desk) -> None:
    request = submit(desk, SECOND)
    old = {**released(desk, request), "revision_digest": "0" * 64}
    response = Person(desk.release_manager).post(step(request, "release"), old)
    assert code(response) == (409, "stale")
    assert "warmly" not in response.content.decode()
    response = Person(desk.author).post(step(request, "release"), old)
    assert "warmly" in response.content.decode()


def test_release__not_yet_met__is_422_with_the_requirements(desk: Desk, robot: Robot) -> None:
    request = in_review(desk)
    response = Person(desk.author).post(step(request, "release"), released(desk, request))
    assert code(response) == (422, "requirements_unmet")
    listed = body(response)["requirements"]
    assert listed == body(call(robot.secret, step(request, "requirements")))["requirements"]


def test_submit__nobody_could_sign__is_422_with_the_requirements(desk: Desk) -> None:
    request = propose(desk, committers=[desk.safety_reviewer])
    response = Person(desk.author).post(step(request, "submit"), seen(request))
    assert code(response) == (422, "no_eligible_reviewer")
    missing = {one["code"]: one for one in body(response)["requirements"]}["sign_off:safety"]
    assert "put another person into safety" in missing["sentence"]
    assert missing["can"] == f"{desk.governance_owner} can do this."


def test_submit__secret_in_the_text__is_422_and_stays_a_draft(desk: Desk, robot: Robot) -> None:
    request = by_robot(desk, robot, LEAK)
    response = robot.post(step(request, "submit"), seen(request))
    assert code(response) == (422, "secret_found")
    assert "AKIA" not in response.content.decode()
    assert fresh(request).state == "draft"


def test_submit__member_of_a_whole_set_that_wants_out_at_once__is_409(desk: Desk) -> None:
    member = sets.members(sets.proposed(desk))[0]
    data = seen(member, release_when_ready=True)
    response = Person(desk.author).post(step(member, "submit"), data)
    assert code(response) == (409, "goes_together")
    assert fresh(member).state == "draft"


# -- once -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STEPS)
def test_step__repeated_with_its_key__does_its_work_once(desk: Desk, name: str) -> None:
    makers = {"reviews": in_review, "release": approved}
    request = makers.get(name, propose)(desk)
    person = Person(desk.safety_reviewer if name == "reviews" else desk.author)
    data, size = posted(desk, request, name), head().size
    first = person.post(step(request, name), data, key="k1")
    assert first.status_code < 300
    assert head().size == size + 1
    again = person.post(step(request, name), data, key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert head().size == size + 1


@pytest.mark.parametrize("name", STEPS)
def test_step__fields_that_it_does_not_know_or_that_are_missing__is_422(
    desk: Desk, name: str
) -> None:
    request, person = propose(desk), Person(desk.author)
    whole = posted(desk, request, name)
    for data in ({**whole, "force": True}, {**whole, "revision_digest": "x"}, {}):
        assert code(person.post(step(request, name), data)) == (422, "invalid_request"), data
