"""What a signed-in person reads through the API: what their pages show, and nothing more."""

from __future__ import annotations

import pytest
from django.test import Client

from approvals import services
from registry import permissions
from registry.services import grants, prompts
from tests.api import body, call, code
from tests.approvals.ci import Ci, preview
from tests.approvals.desk import Desk, at_state, in_review, propose
from tests.approvals.steps_by_api import Person


def list_of(pk: int) -> str:
    return f"/requests/{pk}/requirements"


def test_requirements__signed_in__are_those_that_a_token_reads(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    response = Person(desk.outsider).get(list_of(request.pk))
    assert response.status_code == 200
    assert body(response) == body(preview(ci.secret, request, "requirements"))


@pytest.mark.parametrize("state", ["draft", "released", "rejected", "withdrawn"])
def test_requirements__signed_in__are_there_in_every_state_that_has_a_page(
    desk: Desk, state: str
) -> None:
    request = at_state(desk, state)
    found = body(Person(desk.author).get(list_of(request.pk)))
    assert (found["request"]["state"], found["ready"]) == (state, False)


def test_requirements__draft_of_somebody_else__is_answered_as_unknown(desk: Desk) -> None:
    request, sam = propose(desk), Person(desk.safety_reviewer)
    response = sam.get(list_of(request.pk))
    assert code(response) == (404, "not_found")
    assert response.content == sam.get(list_of(999_999)).content


def test_requirements__confidential__is_answered_as_unknown_without_view(desk: Desk) -> None:
    request, otto = in_review(desk), Person(desk.outsider)
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    response = otto.get(list_of(request.pk))
    assert code(response) == (404, "not_found")
    assert response.content == otto.get(list_of(999_999)).content
    grants.grant(desk.prompt, permissions.VIEW, desk.outsider, actor=desk.author)
    assert otto.get(list_of(request.pk)).status_code == 200


def test_requirements__signed_in__vary_by_cookie_and_are_kept_by_nobody_else(
    desk: Desk, ci: Ci
) -> None:
    request = in_review(desk)
    for response in (
        Person(desk.outsider).get(list_of(request.pk)),
        preview(ci.secret, request, "requirements"),
    ):
        assert response["Cache-Control"] == "private, no-cache"
        assert response["Vary"] == "Authorization, Accept, Cookie"


def test_requirements__bytes_that_a_person_has__are_304_until_somebody_votes(desk: Desk) -> None:
    request, otto = in_review(desk), Person(desk.outsider)
    tag = otto.get(list_of(request.pk))["ETag"]
    again = otto.get(list_of(request.pk), If_None_Match=tag)
    assert (again.status_code, again["Vary"]) == (304, "Authorization, Accept, Cookie")
    services.review(
        request.pk,
        actor=desk.engineer,
        role="engineering",
        decision="approve",
        seen=request.revision_digest,
    )
    assert otto.get(list_of(request.pk), If_None_Match=tag).status_code == 200


def test_requirements__session_beside_a_token_that_is_wrong__is_judged_by_the_token(
    desk: Desk,
) -> None:
    request, otto = in_review(desk), Person(desk.outsider)
    response = otto.get(list_of(request.pk), Authorization="Bearer cs_00000000_wrong")
    assert code(response) == (401, "unauthorized")


@pytest.mark.django_db
def test_requirements__nobody_signed_in__is_401_without_telling_whether_there_is_one(
    desk: Desk,
) -> None:
    request = in_review(desk)
    response = call(None, list_of(request.pk))
    assert code(response) == (401, "unauthorized")
    assert response.content == Client().get(f"/api/v1{list_of(999_999)}").content


def test_preview__signed_in__needs_a_token_still(desk: Desk) -> None:
    response = Person(desk.author).get(f"/requests/{in_review(desk).pk}/content")
    assert code(response) == (401, "unauthorized")
