"""The schema tells the truth: whatever is sent, the real application answers as it says."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from approvals import services
from config.wsgi import application
from registry import permissions, roles
from registry.models import User
from registry.services import grants
from tests.approvals import talking
from tests.approvals.ci import pointer
from tests.approvals.desk import FIRST, SECOND, THIRD, Desk, approved, in_review, propose, released
from tests.approvals.steps_by_api import Person, Robot, content, proposal, seen
from tests.approvals.steps_of_people import STEPS, step_of, with_password
from tests.people import make_person

# Not `positive_data_acceptance`: a change that is not ready is refused however well it is asked.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    ignored_auth,
    negative_data_rejection,
]


def there(desk: Desk, robot: Robot, operation: str) -> dict[str, Any]:
    """What an address can answer well from: the parts of its address, and a `body` that fits."""
    new = f"{FIRST}Say {operation}.\n"
    found: dict[str, Any] = {
        "name": "support/refunds",
        "label": "staging",
        "request_id": 1,
        "thread_id": NOWHERE,
        "remark_id": NOWHERE,
        "vote_id": NOWHERE,
    }
    if operation == "create_prompt":
        found["body"] = {"name": "support/greeting"}
    elif operation == "propose":
        found["body"] = proposal(desk, new)
    elif operation == "place_version":
        found["body"] = {"version": 1, "expected_generation": pointer(desk).generation}
    elif operation in ("rollback", "suspend", "resume"):
        _prepare_label(desk, operation)
        generation = pointer(desk, "production").generation
        found["label"] = "production"
        found["body"] = {"expected_generation": generation, "reason": "A sentence."}
    else:
        if pointer(desk, "production").suspended:
            services.resume(desk.prompt, desk.production, actor=desk.responder, reason="Mended.")
        if operation in STEPS:
            return {**found, **_step(desk, new, operation)}
        if operation in TALK:
            return {**found, **_talk(desk, new, operation)}
        if operation in ("revise", "submit", "withdraw"):
            request = propose(desk, new, actor=robot.token)
        else:
            request = (approved if operation == "release" else in_review)(desk, new)
        found["request_id"] = request.pk
        found["body"] = seen(request, **_fields(desk, operation))
    return found


def _step(desk: Desk, new: str, operation: str) -> dict[str, Any]:
    """A step that is ready for the person of `session`."""
    step = step_of(desk, operation, User.objects.get(username="rex"), new)
    ids = dict(zip(("request_id", "vote_id"), step.path.split("/")[2::2], strict=False))
    return {**ids, "body": step.data}


def _talk(desk: Desk, new: str, operation: str) -> dict[str, Any]:
    """A thread on which the person of `session` can take the step."""
    rex = User.objects.get(username="rex")
    request = in_review(desk, new, actor=rex)
    # An edit is suggested by somebody else; whoever opened a thread resolves it.
    opener = desk.safety_reviewer if operation == "apply_suggestion" else rex
    remark = talking.suggest(desk, request, actor=opener, suggestion="Say something else.")
    thread = remark.thread
    if operation == "reopen_thread":
        services.resolve_thread(thread.pk, actor=rex)
    bodies = {
        "open_thread": seen(request, text="Why?"),
        "reply": {"text": "Because."},
        "apply_suggestion": seen(request),
    }
    return {
        "request_id": request.pk,
        "thread_id": str(thread.public_id),
        "remark_id": str(remark.public_id),
        "body": bodies.get(operation, {}),
    }


def _prepare_label(desk: Desk, verb: str) -> None:
    if verb == "rollback":
        released(desk, SECOND)
    if verb == "resume" and not pointer(desk, "production").suspended:
        services.suspend(desk.prompt, desk.production, actor=desk.responder, reason="Wrong.")


def _fields(desk: Desk, operation: str) -> dict[str, Any]:
    generation = pointer(desk, "production").generation
    fields: dict[str, dict[str, Any]] = {
        "revise": {"content": content(THIRD), "rationale": "Kinder."},
        "review": {"role": "support", "decision": "approve"},
        "release": {},
    }
    if operation in ("revise", "release"):
        fields[operation]["expected_generation"] = generation
    return fields.get(operation, {})


TALK = ("open_thread", "reply", "resolve_thread", "reopen_thread", "apply_suggestion")
#: a name that nothing has
NOWHERE = "00000000-0000-4000-8000-000000000000"

#: headers and cookies of a call, by these names
Sent: TypeAlias = dict[str, dict[str, str]]


@pytest.fixture
def session(desk: Desk) -> Sent:
    """What the program of a person sends who may do everything."""
    person = with_password(make_person("rex", *roles.ALL_ROLES, by=desk.governance_owner))
    cookies = Person(person).client.cookies
    return {
        "headers": {"X-CSRFToken": cookies["csrftoken"].value},
        "cookies": {name: cookie.value for name, cookie in cookies.items()},
    }


def for_people(operation: Any) -> bool:
    """Whether only a session reaches the address."""
    return operation.definition.raw["security"] == [{"Session": []}]


def spoils_the_session(case: Any) -> bool:
    """Whether what is wrong with a call is its cookie: ours must not stand in for it then."""
    info = case.meta.components.get(ParameterLocation.COOKIE)
    return info is not None and info.mode is GenerationMode.NEGATIVE


def statuses_of(sources: list[Any], sent: Sent, *, most: int) -> set[int]:
    """The statuses of so many calls, each of which is answered as the schema says."""
    found: set[int] = set()

    @given(case=st.one_of(sources))
    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        own = {"headers": sent["headers"]} if spoils_the_session(case) else sent
        response = case.call(**own)
        found.add(response.status_code)
        case.validate_response(response, checks=CHECKS, headers=sent["headers"])

    check()
    return found


# Of the kind that the nightly run looks deeper into.
@pytest.mark.hypothesis
@pytest.mark.django_db(transaction=True)
def test_api__anything_sent__is_answered_as_the_schema_says(
    desk: Desk, robot: Robot, session: Sent
) -> None:
    released(desk, FIRST)
    grants.grant(desk.prompt, permissions.RELEASE, robot.token.account, actor=desk.author)
    token: Sent = {"headers": {"Authorization": f"Bearer {robot.secret}"}}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    answered: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        # Half of the calls are for what is there.
        known = there(desk, robot, operation.definition.raw["operationId"])
        wanted = {p.name: known[p.name] for p in operation.path_parameters}
        sources = [
            operation.as_strategy(mode, path_parameters=path)
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            for path in (None, wanted)
        ]
        good: dict[str, Any] = {"path_parameters": wanted}
        if operation.body:
            good |= {"body": known["body"], "query": {}}
        asked = operation.as_strategy(GenerationMode.POSITIVE, **good)
        sent = session if for_people(operation) else token
        # What there is for it to do may be done by any call: a good one comes first.
        first = statuses_of([asked], sent, most=2)
        answered[operation.label] = first | statuses_of(
            [*sources, asked], sent, most=settings().max_examples // 5
        )
    assert [label for label, found in answered.items() if not found & {200, 201}] == []
    assert len(answered) == 38


# -- the schema itself ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The schema as anybody gets it."""
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    return dict(json.loads(response.content))


def operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for methods in schema["paths"].values() for one in methods.values()]


def test_schema__every_address__needs_a_bearer_token_or_a_session(
    described: dict[str, Any],
) -> None:
    schemes = described["components"]["securitySchemes"]
    assert schemes["BearerToken"]["scheme"] == "bearer"
    assert (schemes["Session"]["in"], schemes["Session"]["name"]) == ("cookie", "sessionid")
    token: dict[str, list[str]] = {"BearerToken": []}
    session: dict[str, list[str]] = {"Session": []}
    found = {one["operationId"]: one["security"] for one in operations(described)}
    people = ("create_prompt", "review", "rollback", "suspend", "resume", *TALK, *STEPS)
    both = ("propose", "revise", "submit", "withdraw", "release", "place_version")
    assert [found.pop(name) for name in people] == [[session]] * len(people)
    assert [found.pop(name) for name in both] == [[token, session]] * len(both)
    read_by_both = ("read_requirements", "list_threads", "list_votes")
    for name in [f"{one}{head}" for one in read_by_both for head in ("", "_head")]:
        assert found.pop(name) == [token, session]
    assert all(security == [token] for security in found.values())


def test_schema__every_operation__has_an_id_of_its_own(described: dict[str, Any]) -> None:
    ids = [one["operationId"] for one in operations(described)]
    assert sorted(ids) == sorted(set(ids))


def test_schema__every_error__is_a_problem_with_its_codes(described: dict[str, Any]) -> None:
    codes = set()
    for one in operations(described):
        for status, response in one["responses"].items():
            if int(status) >= 400 and "content" in response:
                assert list(response["content"]) == ["application/problem+json"]
                codes |= set(response["content"]["application/problem+json"]["examples"])
    assert set(described["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == codes
    assert {"unauthorized", "suspended", "recalled", "label_protected", "stale"} <= codes


def test_schema__every_example__fits_its_own_schema(described: dict[str, Any]) -> None:
    checked = 0
    for one in operations(described):
        for response in one["responses"].values():
            for told in response.get("content", {}).values():
                examples = [e["value"] for e in told.get("examples", {}).values()]
                examples += [told["example"]] if "example" in told else []
                assert examples, one["operationId"]
                wanted = {**told["schema"], "components": described["components"]}
                for example in examples:
                    validate(wanted, example)
                    checked += 1
    assert checked > 40


def test_schema__every_object__closes_over_what_it_names(described: dict[str, Any]) -> None:
    text = json.dumps(described)
    named = {part.split('"', 1)[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= described["components"]["schemas"].keys()
