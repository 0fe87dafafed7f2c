"""What people say about a change through the API: threads, questions, answers, suggested edits."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext

from approvals import services
from approvals.models import ApprovalRequest, Remark, Thread
from audit.ledger import head
from registry import permissions
from registry.models import User
from registry.services import grants, prompts
from tests.api import body, call, code, make_token
from tests.approvals import talking
from tests.approvals.desk import SECOND, THIRD, Desk, fresh, in_review, submit, text
from tests.approvals.desk import released as released_by_people
from tests.approvals.steps_by_api import Person, Robot, seen

VERBS = ("open", "reply", "resolve", "reopen", "apply")


def threads_at(request: ApprovalRequest) -> str:
    return f"/requests/{request.pk}/threads"


def applied(remark: Remark) -> str:
    return f"/requests/{remark.thread.request_id}/remarks/{remark.public_id}/apply"


def said(request: ApprovalRequest, **fields: Any) -> dict[str, Any]:
    """A body that opens a thread on the first line, or what `fields` say."""
    line = {"path": "template", "line": 1, "text": "Is this too warm?"}
    return seen(request, **{**line, **fields})


def verb(desk: Desk, name: str) -> tuple[User, str, dict[str, Any]]:
    """Who may take a step on a thread that waits for it, where, and with which body."""
    request = in_review(desk, SECOND)
    if name == "open":
        return desk.safety_reviewer, threads_at(request), said(request)
    remark = talking.suggest(desk, request)
    thread = remark.thread
    if name == "apply":
        return (
            desk.author,
            f"/requests/{request.pk}/remarks/{remark.public_id}/apply",
            seen(request),
        )
    if name == "reopen":
        services.resolve_thread(thread.pk, actor=desk.safety_reviewer)
    part, data = ("replies", {"text": "It is not."}) if name == "reply" else (name, {})
    return desk.safety_reviewer, f"{threads_at(request)}/{thread.public_id}/{part}", data


def step(desk: Desk, name: str) -> HttpResponse:
    who, path, data = verb(desk, name)
    return Person(who).post(path, data)


# -- each verb ------------------------------------------------------------------------------


def test_open_thread__on_a_line__is_there_with_where_it_stands(desk: Desk) -> None:
    request = in_review(desk, SECOND)
    response = Person(desk.safety_reviewer).post(threads_at(request), said(request))
    assert response.status_code == 201
    found, thread = body(response), Thread.objects.get()
    assert found["id"] == str(thread.public_id)
    assert (found["path"], found["line"], found["now"]) == (
        "template",
        1,
        {"path": "template", "line": 1},
    )
    assert found["quote"] == "Greet {{customer}} warmly by name."
    assert (found["question"], found["waits"], found["resolved_by"]) == (False, False, None)
    assert [one["text"] for one in found["remarks"]] == ["Is this too warm?"]
    assert found["opened_by"] == str(desk.safety_reviewer)


def test_open_thread__on_the_whole_change__needs_no_line(desk: Desk) -> None:
    request = in_review(desk, SECOND)
    data = seen(request, text="Who asked for this?")
    found = body(Person(desk.safety_reviewer).post(threads_at(request), data))
    assert (found["where"], found["line"], found["quote"]) == ("The whole change", 0, None)


def test_open_thread__question__waits_until_the_author_answers(desk: Desk) -> None:
    request = in_review(desk, SECOND)
    asked = Person(desk.safety_reviewer).post(threads_at(request), said(request, question=True))
    assert body(asked)["waits"] is True
    assert fresh(request).waiting_since is not None
    path = f"{threads_at(request)}/{body(asked)['id']}/replies"
    answered = Person(desk.author).post(path, {"text": "It is not."})
    assert (answered.status_code, body(answered)["waits"]) == (201, False)
    assert [one["by"] for one in body(answered)["remarks"]] == [
        str(desk.safety_reviewer),
        str(desk.author),
    ]
    assert fresh(request).waiting_since is None


def test_open_thread__question_of_the_author_to_herself__is_403(desk: Desk) -> None:
    request = in_review(desk, SECOND)
    response = Person(desk.author).post(threads_at(request), said(request, question=True))
    assert code(response) == (403, "own_change")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"line": 9}, "bad_input"),
        ({"path": "nowhere"}, "bad_input"),
        ({"text": " "}, "comment_needed"),
        ({"text": "a\0b"}, "invalid_text"),
        ({"suggestion": "a\ud800"}, "invalid_text"),
        ({"suggestion": "Greet {{customer}} warmly by name."}, "bad_input"),
        ({"text": "Use AKIAIOSFODNN7RTZQ4KD for it."}, "secret_found"),
        ({"line": -1}, "invalid_request"),
        ({"line": True}, "invalid_request"),
        ({"colour": "red"}, "invalid_request"),
    ],
)
def test_open_thread__words_or_a_place_that_cannot_be__is_422_and_keeps_nothing(
    desk: Desk, fields: dict[str, Any], expected: str
) -> None:
    request = in_review(desk, SECOND)
    response = Person(desk.safety_reviewer).post(threads_at(request), said(request, **fields))
    assert code(response) == (422, expected)
    assert not Thread.objects.exists()


def test_resolve_and_reopen__by_whoever_opened_it__turn_the_thread(desk: Desk) -> None:
    thread = talking.with_thread(desk)
    path, sam = f"{threads_at(thread.request)}/{thread.public_id}", Person(desk.safety_reviewer)
    resolved = body(sam.post(f"{path}/resolve", {}))
    assert (resolved["resolved_by"], resolved["resolved_at"] is None) == (
        str(desk.safety_reviewer),
        False,
    )
    assert code(sam.post(f"{path}/resolve", {})) == (409, "already_done")
    reopened = body(sam.post(f"{path}/reopen", {}))
    assert (reopened["resolved_by"], reopened["resolved_at"]) == (None, None)
    assert code(sam.post(f"{path}/reopen", {})) == (409, "already_done")


def test_resolve__by_somebody_who_only_reads_along__is_403(desk: Desk) -> None:
    thread = talking.with_thread(desk)
    path = f"{threads_at(thread.request)}/{thread.public_id}/resolve"
    assert code(Person(desk.engineer).post(path, {})) == (403, "not_allowed")


def test_apply_suggestion__by_the_author__is_the_next_revision(desk: Desk) -> None:
    response = step(desk, "apply")
    assert response.status_code == 200
    found = body(response)
    assert (found["state"], found["revision"]) == ("draft", 2)
    request = ApprovalRequest.objects.get(pk=found["id"])
    assert request.version is not None
    assert request.version.body["template"].startswith(talking.KINDER)
    assert Thread.objects.get().resolved_by == desk.author


def test_apply_suggestion__line_was_changed_since__is_409(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    request = remark.thread.request
    services.revise(request.pk, document=text(THIRD), rationale="Kinder.", actor=desk.author)
    assert code(Person(desk.author).post(applied(remark), seen(request))) == (409, "outdated_line")


def test_apply_suggestion__remark_that_suggests_nothing__is_422(desk: Desk) -> None:
    remark = talking.with_thread(desk).remarks.get()
    request = remark.thread.request
    assert code(Person(desk.author).post(applied(remark), seen(request))) == (422, "bad_input")


# -- who may --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VERBS)
def test_talk__by_a_token__needs_a_person_and_tells_nothing_more(
    desk: Desk, robot: Robot, name: str
) -> None:
    _, path, data = verb(desk, name)
    size = head().size
    response = robot.post(path, data)
    assert code(response) == (403, "person_needed")
    unknown = path.replace(path.split("/")[2], "999999", 1)
    assert robot.post(unknown, {}).content == response.content
    assert head().size == size


@pytest.mark.parametrize("name", VERBS)
def test_talk__without_the_csrf_token__is_403_and_does_nothing(desk: Desk, name: str) -> None:
    who, path, data = verb(desk, name)
    size = head().size
    assert code(Person(who).post(path, data, csrf=False)) == (403, "csrf_failed")
    assert head().size == size


@pytest.mark.parametrize("name", VERBS)
def test_talk__by_somebody_without_permission__is_403(desk: Desk, name: str) -> None:
    _, path, data = verb(desk, name)
    assert code(Person(desk.outsider).post(path, data)) == (403, "not_allowed")


@pytest.mark.parametrize("name", VERBS)
def test_talk__confidential_prompt__is_answered_as_unknown(desk: Desk, name: str) -> None:
    _, path, data = verb(desk, name)
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    otto = Person(desk.outsider)
    response = otto.post(path, data)
    assert code(response) == (404, "not_found")
    unknown = path.replace(path.split("/")[2], "999999", 1)
    assert otto.post(unknown, data).content == response.content


def test_talk__thread_or_remark_of_another_change__is_404(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    other = in_review(desk, THIRD)
    sam = Person(desk.safety_reviewer)
    path = f"{threads_at(other)}/{remark.thread.public_id}/replies"
    assert code(sam.post(path, {"text": "Hello."})) == (404, "not_found")
    path = f"/requests/{other.pk}/remarks/{remark.public_id}/apply"
    assert code(sam.post(path, seen(other))) == (404, "not_found")
    assert Remark.objects.count() == 1


# -- what moved, and once -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["open", "apply"])
def test_talk__change_was_edited_since__is_409_with_the_new_diff(desk: Desk, name: str) -> None:
    released_by_people(desk)
    who, path, data = verb(desk, name)
    request = fresh(ApprovalRequest.objects.latest("pk"))
    services.revise(request.pk, document=text(THIRD), rationale="Kinder.", actor=desk.author)
    response = Person(who).post(path, data)
    assert code(response) == (409, "stale")
    found = body(response)
    assert found["revision_digest"] == fresh(request).revision_digest
    if name == "apply":
        lines = found["diff"]["sections"][0]["lines"]
        assert "+Greet {{customer}} kindly by name." in lines


@pytest.mark.parametrize("name", VERBS)
def test_talk__repeated_with_its_key__does_its_work_once(desk: Desk, name: str) -> None:
    who, path, data = verb(desk, name)
    person, size = Person(who), head().size
    first = person.post(path, data, key="k1")
    assert first.status_code < 300
    again = person.post(path, data, key="k1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert head().size == size + 1


@pytest.mark.parametrize("name", ["resolve", "reopen"])
def test_talk__step_without_fields__takes_no_body_and_no_other_one(desk: Desk, name: str) -> None:
    who, path, _ = verb(desk, name)
    person = Person(who)
    assert code(person.post(path, {"force": True})) == (422, "invalid_request")
    sent = {"X-CSRFToken": person.client.cookies["csrftoken"].value}
    response = person.client.generic("POST", f"/api/v1{path}", "", headers=sent)
    assert response.status_code == 200


# -- the list -------------------------------------------------------------------------------


def test_list_threads__by_a_person_and_by_a_token__is_the_same(desk: Desk, robot: Robot) -> None:
    thread = talking.with_answer(desk)
    path = threads_at(thread.request)
    response = Person(desk.outsider).get(path)
    found = body(response)
    assert [one["id"] for one in found["items"]] == [str(thread.public_id)]
    assert found["request"]["revision_digest"] == fresh(thread.request).revision_digest
    assert body(call(robot.secret, path)) == found
    assert response["Vary"] == "Authorization, Accept, Cookie"
    assert robot.post(path, {}).status_code == 403


def test_list_threads__line_that_was_changed_since__says_so_and_quotes_it(desk: Desk) -> None:
    request = talking.with_thread(desk).request
    services.revise(request.pk, document=text(THIRD), rationale="Kinder.", actor=desk.author)
    found = body(Person(desk.author).get(threads_at(request)))["items"][0]
    assert (found["now"], found["quote"]) == (None, "Greet {{customer}} warmly by name.")
    assert found["where"] == "Template, line 1 in v1"


def test_list_threads__text_that_is_not_scanned_yet__is_quoted_to_nobody_else(desk: Desk) -> None:
    request = submit(desk, SECOND)
    talking.say(desk, request, actor=desk.author)
    assert body(Person(desk.author).get(threads_at(request)))["items"][0]["quote"]
    response = Person(desk.safety_reviewer).get(threads_at(request))
    assert "warmly" not in response.content.decode()


def test_list_threads__page_by_page__each_thread_once_in_its_order(desk: Desk) -> None:
    request = in_review(desk, SECOND)
    made = [talking.say(desk, request, text=f"Number {n}.") for n in range(3)]
    otto, path = Person(desk.outsider), threads_at(request)
    first = body(otto.get(f"{path}?limit=2"))
    second = body(otto.get(f"{path}?limit=2&cursor={first['next_cursor']}"))
    assert second["next_cursor"] is None
    listed = [one["id"] for one in first["items"] + second["items"]]
    assert listed == [str(thread.public_id) for thread in made]
    assert code(otto.get(f"{path}?cursor=zzz")) == (422, "invalid_cursor")
    assert code(otto.get(f"{path}?page=2")) == (422, "unknown_parameter")


def test_list_threads__more_of_them__takes_as_many_queries(desk: Desk) -> None:
    request, otto = in_review(desk, SECOND), Person(desk.outsider)
    talking.say(desk, request)
    with CaptureQueriesContext(connection) as few:
        otto.get(threads_at(request))
    for number in range(4):
        talking.say(desk, request, text=f"Number {number}.", line=2)
    with CaptureQueriesContext(connection) as more:
        assert len(body(otto.get(threads_at(request)))["items"]) == 5
    assert len(more) == len(few)


@pytest.mark.parametrize("scopes", [["read", "propose"], ["preview"]])
def test_list_threads__beyond_the_token__is_answered_as_unknown(
    desk: Desk, scopes: list[str]
) -> None:
    request = talking.with_thread(desk).request
    secret = make_token(desk.governance_owner, *scopes, names=["sales/*"])[1]
    response = call(secret, threads_at(request))
    assert code(response) == (404, "not_found")
    assert response.content == call(secret, "/requests/999999/threads").content


def test_list_threads__confidential__needs_view(desk: Desk) -> None:
    request, otto = talking.with_thread(desk).request, Person(desk.outsider)
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    assert code(otto.get(threads_at(request))) == (404, "not_found")
    grants.grant(desk.prompt, permissions.VIEW, desk.outsider, actor=desk.author)
    assert otto.get(threads_at(request)).status_code == 200
