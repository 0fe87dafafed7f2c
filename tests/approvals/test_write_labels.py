"""Rolling back, suspending, resuming and placing through the API, by a person's session."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.models import Hold
from audit.ledger import head
from registry import permissions
from registry.services import grants, prompts
from tests.api import body, call, code
from tests.approvals.ci import pointer
from tests.approvals.desk import FIRST, SECOND, Desk, in_review, released
from tests.approvals.steps_by_api import Person, Robot

VERBS = ("rollback", "suspend", "resume")


def at(verb: str, label: str = "production") -> str:
    return f"/prompts/support/refunds/-/labels/{label}/{verb}"


def posted(desk: Desk, **fields: Any) -> dict[str, Any]:
    generation = pointer(desk, "production").generation
    return {"expected_generation": generation, "reason": "Wrong answers.", **fields}


def ready(desk: Desk, verb: str) -> Person:
    """A responder in front of what the verb can be done to."""
    released(desk, FIRST)
    released(desk, SECOND)
    person = Person(desk.responder)
    if verb == "resume":
        assert person.post(at("suspend"), posted(desk)).status_code == 200
    return person


@pytest.mark.parametrize(("verb", "version"), [("rollback", 1), ("suspend", 2), ("resume", 2)])
def test_label__by_a_responder__moves_with_one_event(desk: Desk, verb: str, version: int) -> None:
    person = ready(desk, verb)
    before, size = pointer(desk, "production"), head().size
    response = person.post(at(verb), posted(desk))
    assert response.status_code == 200
    found = body(response)
    assert (found["version"], found["suspended"]) == (version, verb == "suspend")
    assert (found["release"]["kind"], found["generation"]) == (verb, before.generation + 1)
    now = pointer(desk, "production")
    assert now.version is not None
    assert (now.version.number, now.suspended) == (version, verb == "suspend")
    assert head().size == size + 1
    assert Hold.objects.exists() == (verb == "rollback")


def test_rollback__to_a_version__returns_to_that_one(desk: Desk) -> None:
    person = ready(desk, "rollback")
    response = person.post(at("rollback"), posted(desk, to=1))
    assert (response.status_code, body(response)["version"]) == (200, 1)


def test_rollback__unknown_or_never_live__says_so(desk: Desk) -> None:
    person = ready(desk, "rollback")
    in_review(desk, f"{SECOND}Never live.\n")
    assert code(person.post(at("rollback"), posted(desk, to=9))) == (404, "unknown_version")
    assert code(person.post(at("rollback"), posted(desk, to=3))) == (409, "never_live")


@pytest.mark.parametrize("verb", VERBS)
def test_label__by_a_token__needs_a_person(desk: Desk, robot: Robot, verb: str) -> None:
    for codename in (permissions.RELEASE, permissions.RESPOND):
        grants.grant(desk.prompt, codename, robot.token.account, actor=desk.author)
    ready(desk, verb)
    before = pointer(desk, "production")
    assert code(robot.post(at(verb), posted(desk))) == (403, "person_needed")
    assert pointer(desk, "production").generation == before.generation


@pytest.mark.parametrize("verb", VERBS)
def test_label__moved_since__is_409_with_its_generation(desk: Desk, verb: str) -> None:
    person = ready(desk, verb)
    response = person.post(at(verb), posted(desk, expected_generation=0))
    assert code(response) == (409, "stale")
    found = body(response)
    assert found["generation"] == pointer(desk, "production").generation
    if verb == "rollback":
        assert found["diff"]["live"] == 2
        assert "+Greet {{customer}} by name." in found["diff"]["sections"][0]["lines"]


@pytest.mark.parametrize("verb", VERBS)
def test_label__repeated_with_its_key__moves_once(desk: Desk, verb: str) -> None:
    person = ready(desk, verb)
    data, size = posted(desk), head().size
    first = person.post(at(verb), data, key="k1")
    assert first.status_code == 200
    assert person.post(at(verb), data, key="k1").content == first.content
    assert head().size == size + 1


@pytest.mark.parametrize("verb", VERBS)
def test_label__without_the_csrf_token__is_403_and_moves_nothing(desk: Desk, verb: str) -> None:
    person, size = ready(desk, verb), head().size
    assert code(person.post(at(verb), posted(desk), csrf=False)) == (403, "csrf_failed")
    assert head().size == size
    assert code(call(None, at(verb), "POST", data=posted(desk))) == (401, "unauthorized")


@pytest.mark.parametrize("verb", VERBS)
def test_label__by_whoever_may_not__is_403_and_confidential_404(desk: Desk, verb: str) -> None:
    ready(desk, verb)
    outsider = Person(desk.outsider)
    assert code(outsider.post(at(verb), posted(desk))) == (403, "not_allowed")
    prompts.edit_prompt(desk.prompt, actor=desk.author, confidential=True)
    response = outsider.post(at(verb), posted(desk))
    unknown = outsider.post(at(verb).replace("refunds", "nothing"), posted(desk))
    assert code(response) == (404, "not_found")
    assert response.content == unknown.content


def test_label__wrong_state_no_reason_or_unknown_label__say_so(desk: Desk) -> None:
    person = ready(desk, "suspend")
    assert code(person.post(at("resume"), posted(desk))) == (409, "wrong_state")
    assert code(person.post(at("suspend"), posted(desk, reason=" "))) == (422, "comment_needed")
    assert code(person.post(at("suspend", "prod"), posted(desk))) == (404, "unknown_label")
    assert code(person.post(at("suspend"), {"reason": "x"})) == (422, "invalid_request")


# -- place ----------------------------------------------------------------------------------


def test_place__by_a_session__moves_as_by_a_token(desk: Desk) -> None:
    ready(desk, "rollback")
    data = {"version": 1, "expected_generation": pointer(desk).generation}
    person = Person(desk.author)
    assert code(person.post(at("place", "staging"), data, csrf=False)) == (403, "csrf_failed")
    response = person.post(at("place", "staging"), data)
    assert (response.status_code, body(response)["version"]) == (200, 1)
    outsider = Person(desk.outsider)
    assert code(outsider.post(at("place", "staging"), data)) == (403, "not_allowed")
