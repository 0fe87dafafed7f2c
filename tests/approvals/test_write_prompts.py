"""Making a prompt and proposing a change through the API, by a session and by a token."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from approvals import services
from approvals.models import ApprovalRequest
from audit.ledger import head
from registry import permissions
from registry.errors import Refusal
from registry.models import Prompt
from registry.services import grants, prompts
from tests.api import body, call, code, make_token
from tests.approvals.desk import (
    FIRST,
    SECOND,
    THIRD,
    Desk,
    in_review,
    released,
    text,
)
from tests.approvals.steps_by_api import Person, Robot, content, proposal

NEW = {"name": "support/greeting", "type": "chat", "tags": ["tone"], "description": "Hello."}
REQUESTS = "/prompts/support/refunds/-/requests"


# -- create_prompt --------------------------------------------------------------------------


def test_create__by_a_person__makes_it_with_one_event(desk: Desk) -> None:
    before = head().size
    response = Person(desk.author).post("/prompts", NEW)
    assert response.status_code == 201
    made = Prompt.objects.get(name="support/greeting")
    assert (made.owner, made.type, made.tags) == (desk.author, "chat", ["tone"])
    assert body(response) == {
        "name": "support/greeting",
        "type": "chat",
        "data_class": "internal",
        "confidential": False,
    }
    assert head().size == before + 1


def test_create__repeated_with_its_key__makes_it_once(desk: Desk) -> None:
    person, size = Person(desk.author), head().size
    first = person.post("/prompts", NEW, key="k1")
    assert person.post("/prompts", NEW, key="k1").content == first.content
    assert head().size == size + 1
    assert code(person.post("/prompts", NEW)) == (409, "name_taken")
    other = {**NEW, "name": "support/other"}
    assert code(person.post("/prompts", other, key="k1")) == (409, "stale")


def test_create__by_a_token__needs_a_person(desk: Desk, robot: Robot) -> None:
    assert code(robot.post("/prompts", NEW)) == (403, "person_needed")
    with pytest.raises(Refusal) as refused:
        services.create_prompt("support/greeting", actor=robot.token)
    assert refused.value.code == "person_needed"


def test_create__without_the_csrf_token__is_403_and_makes_nothing(desk: Desk) -> None:
    response = Person(desk.author).post("/prompts", NEW, csrf=False)
    assert code(response) == (403, "csrf_failed")
    assert not Prompt.objects.filter(name="support/greeting").exists()


def test_create__by_nobody__is_401(desk: Desk) -> None:
    assert code(call(None, "/prompts", "POST", data=NEW)) == (401, "unauthorized")
    assert code(call("cs_no_such", "/prompts", "POST", data=NEW)) == (401, "unauthorized")


def test_create__without_the_permission__is_403(desk: Desk) -> None:
    assert code(Person(desk.outsider).post("/prompts", NEW)) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "support//x"}, "invalid_name"),
        ({"type": "poem"}, "invalid_request"),
        ({"confidential": "yes"}, "invalid_request"),
        ({"owner": "otto"}, "invalid_request"),
        ({"tags": ["x" * 51]}, "bad_input"),
        ({"description": "\0"}, "invalid_text"),
    ],
)
def test_create__value_that_does_not_fit__is_422(
    desk: Desk, fields: dict[str, Any], expected: str
) -> None:
    assert code(Person(desk.author).post("/prompts", {**NEW, **fields})) == (422, expected)


def test_create__list_of_prompts__keeps_its_address(desk: Desk, robot: Robot) -> None:
    assert call(robot.secret, "/prompts").status_code == 200


# -- propose --------------------------------------------------------------------------------


def test_propose__by_a_token__is_a_draft_of_its_account_and_its_maker(
    desk: Desk, robot: Robot
) -> None:
    before = head().size
    response = robot.post(REQUESTS, proposal(desk, provenance={"change_ticket": "CR-7"}))
    assert response.status_code == 201
    request = ApprovalRequest.objects.with_parts().get(pk=body(response)["id"])
    assert body(response) == {
        "id": request.pk,
        "prompt": "support/refunds",
        "label": "production",
        "state": "draft",
        "revision": 1,
        "revision_digest": request.revision_digest,
        "version": 1,
        "content_digest": text(FIRST).digest,
        "base_version": None,
        "base_generation": 0,
        "release_when_ready": False,
    }
    assert request.author == robot.token.account
    assert request.version is not None
    assert request.version.provenance == {"change_ticket": "CR-7"}
    hands = set(request.contributors.values_list("account__username", "role"))
    assert hands == {(robot.token.account.username, "author"), ("gwen", "token")}
    assert head().size == before + 1


def test_propose__by_a_person__is_their_draft(desk: Desk) -> None:
    response = Person(desk.author).post(REQUESTS, proposal(desk))
    assert response.status_code == 201
    assert ApprovalRequest.objects.get().author == desk.author


def test_propose__repeated_with_its_key__proposes_once(desk: Desk, robot: Robot) -> None:
    data = proposal(desk)
    first = robot.post(REQUESTS, data, key="k1")
    assert robot.post(REQUESTS, data, key="k1").content == first.content
    assert ApprovalRequest.objects.count() == 1


def test_propose__label_moved_since__is_409_with_the_new_diff(desk: Desk, robot: Robot) -> None:
    data = proposal(desk, SECOND)
    released(desk, FIRST)
    response = robot.post(REQUESTS, data)
    assert code(response) == (409, "stale")
    found = body(response)
    assert (found["generation"], found["diff"]["live"]) == (1, 1)
    assert found["diff"]["sections"] == [
        {
            "path": "template",
            "title": "Template",
            "lines": [
                "-Greet {{customer}} by name.",
                "+Greet {{customer}} warmly by name.",
                " Refunds above 100 go to a person.",
            ],
        }
    ]


def test_propose__token_that_may_not_read__gets_no_diff(desk: Desk, robot: Robot) -> None:
    data = proposal(desk, SECOND)
    released(desk, FIRST)
    account = robot.token.account
    secret = make_token(desk.governance_owner, "propose", account=account)[1]
    response = robot.post(REQUESTS, data, secret=secret)
    assert code(response) == (409, "stale")
    assert "diff" not in body(response)
    assert "by name" not in response.content.decode()


@pytest.mark.parametrize(
    ("scopes", "reach"),
    [
        (["read", "preview", "place", "release", "check"], {}),
        (["propose"], {"names": ["sales/*"]}),
        (["propose"], {"labels": ["staging"]}),
    ],
)
def test_propose__beyond_the_token__is_answered_as_unknown(
    desk: Desk, robot: Robot, scopes: list[str], reach: dict[str, Any]
) -> None:
    account = robot.token.account
    secret = make_token(desk.governance_owner, *scopes, account=account, **reach)[1]
    response = robot.post(REQUESTS, proposal(desk), secret=secret)
    unknown = robot.post("/prompts/support/nothing/-/requests", proposal(desk))
    assert code(response) == (404, "not_found")
    assert response.content == unknown.content
    assert not ApprovalRequest.objects.exists()


def test_propose__account_that_may_not_propose__is_403(desk: Desk) -> None:
    secret = make_token(desk.governance_owner, "propose")[1]
    response = call(secret, REQUESTS, "POST", data=proposal(desk))
    assert code(response) == (403, "not_allowed")


def test_propose__confidential_prompt__is_404_without_view(desk: Desk, robot: Robot) -> None:
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    assert code(robot.post(REQUESTS, proposal(desk))) == (404, "not_found")
    assert code(Person(desk.outsider).post(REQUESTS, proposal(desk))) == (404, "not_found")
    grants.grant(desk.prompt, permissions.VIEW, robot.token.account, actor=desk.author)
    assert robot.post(REQUESTS, proposal(desk)).status_code == 201


def test_propose__without_the_csrf_token__is_403(desk: Desk) -> None:
    response = Person(desk.author).post(REQUESTS, proposal(desk), csrf=False)
    assert code(response) == (403, "csrf_failed")
    assert not ApprovalRequest.objects.exists()


def test_propose__token_sent_with_a_session__is_judged_alone(desk: Desk, robot: Robot) -> None:
    person = Person(desk.author)
    for secret, status in ((robot.secret, 201), ("cs_no_such", 401)):
        response = person.post(
            REQUESTS, proposal(desk), csrf=False, Authorization=f"Bearer {secret}"
        )
        assert response.status_code == status
    assert ApprovalRequest.objects.get().author == robot.token.account


def test_propose__one_byte_too_large__is_413(desk: Desk, robot: Robot) -> None:
    most = "x" * 1024 * 1024
    assert robot.post(REQUESTS, proposal(desk, most)).status_code == 201
    response = robot.post(REQUESTS, proposal(desk, most + "x"))
    assert code(response) == (413, "content_too_large")


def test_propose__content__is_kept_to_the_byte(desk: Desk, robot: Robot) -> None:
    exact = " Dear\r\n{{customer}} \n\tE\u0301 \U0001f642\n\n"
    made = body(robot.post(REQUESTS, proposal(desk, exact)))
    request = ApprovalRequest.objects.with_parts().get(pk=made["id"])
    assert request.version is not None
    assert request.version.body["template"] == exact


BAD: list[tuple[dict[str, Any], str]] = [
    ({"content": content("")}, "invalid_document"),
    ({"content": content("{{#open}}")}, "template_does_not_parse"),
    ({"content": content([{"role": "user", "content": "x"}])}, "invalid_document"),  # type: ignore[arg-type]
    ({"content": content("x", variables=["a"])}, "invalid_request"),
    ({"content": {"template": "x", "template_format": "perl"}}, "invalid_request"),
    ({"rationale": " "}, "comment_needed"),
    ({"rationale": "x" * 10_001}, "bad_input"),
    ({"label": "staging"}, "not_protected"),
    ({"expected_generation": None}, "invalid_request"),
    ({"expected_generation": "0"}, "invalid_request"),
    ({"provenance": {"import": "git"}}, "invalid_request"),
    ({"release_when_ready": True}, "invalid_request"),
]


@pytest.mark.parametrize(("fields", "expected"), BAD)
def test_propose__value_that_does_not_fit__is_422(
    desk: Desk, robot: Robot, fields: dict[str, Any], expected: str
) -> None:
    data = {**proposal(desk), **fields}
    if fields == {"label": "staging"}:
        data["expected_generation"] = 0
    assert code(robot.post(REQUESTS, data)) == (422, expected)


def test_propose__unknown_label_archived_and_what_is_live__say_so(desk: Desk, robot: Robot) -> None:
    assert code(robot.post(REQUESTS, proposal(desk, label="prod"))) == (404, "unknown_label")
    released(desk, FIRST)
    assert code(robot.post(REQUESTS, proposal(desk, FIRST))) == (422, "nothing_changed")
    in_review(desk, THIRD)
    prompts.archive_prompt(desk.prompt, actor=desk.author)
    assert code(robot.post(REQUESTS, proposal(desk, SECOND))) == (409, "archived")


# -- what is no text ------------------------------------------------------------------------

SURROGATES: dict[str, str] = {
    "rationale": r'{"label": "production", "rationale": "\ud800", "content": {"template": "A"}}',
    "text": r'{"label": "production", "rationale": "A", "content": {"template": "\udfff"}}',
    "settings": r'{"label": "production", "rationale": "A", "content": {"template": "A", '
    r'"model_settings": {"a": "\ud800"}}}',
    "a name in settings": r'{"label": "production", "rationale": "A", "content": {"template": "A", '
    r'"model_settings": {"\ud800": 1}}}',
    "a name of no field": r'{"label": "production", "rationale": "A", "content": {"template": "A"},'
    r' "\ud800": 1}',
}


@pytest.mark.parametrize("case", SURROGATES)
def test_propose__lone_surrogate__is_422(desk: Desk, robot: Robot, case: str) -> None:
    answer = call(robot.secret, REQUESTS, "POST", data=SURROGATES[case])
    assert answer.status_code == 422
    assert code(answer)[1] in {"invalid_text", "invalid_request"}
    assert not ApprovalRequest.objects.exists()


def test_propose__body_that_is_not_utf8__is_400(desk: Desk, robot: Robot) -> None:
    answer = Client(raise_request_exception=False).post(
        f"/api/v1{REQUESTS}",
        b'{"label": "production", "rationale": "\xff", "content": {"template": "A"}}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {robot.secret}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


def test_propose__the_same_name_twice_in_the_body__is_422(desk: Desk, robot: Robot) -> None:
    twice = (
        '{"label": "staging", "label": "production", "rationale": "A", "content": {"template":'
        ' "A"}}'
    )
    answer = call(robot.secret, REQUESTS, "POST", data=twice)
    assert code(answer) == (422, "repeated_parameter")
    assert "“label”" in body(answer)["detail"]
