"""Placing by a token: an unprotected label really moves, a protected one says what it needs."""

from __future__ import annotations

from typing import Any

import pytest

from approvals import services
from audit.models import AuditEvent
from registry.models import Release
from registry.services import prompts, tokens
from tests.api import body, call, code, make_token
from tests.approvals.ci import Ci, pointer, preview
from tests.approvals.desk import (
    FIRST,
    SECOND,
    Desk,
    fresh,
    in_review,
    released,
    submit,
)


def test_place__unprotected__really_moves_it_with_one_event(desk: Desk, ci: Ci) -> None:
    released(desk, FIRST)
    request = in_review(desk, SECOND)  # staging serves v2 now
    before = pointer(desk)
    events = AuditEvent.objects.count()
    response = ci.place(version=1, expected_generation=before.generation)
    assert response.status_code == 200
    row = Release.objects.latest("pk")
    assert body(response) == {
        "prompt": "support/refunds",
        "label": "staging",
        "version": 1,
        "content_digest": row.version.content_digest,
        "generation": before.generation + 1,
        "release": {
            "id": str(row.public_id),
            "kind": "placed",
            "generation": before.generation + 1,
            "at": row.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }
    assert AuditEvent.objects.count() == events + 1
    assert (row.actor, row.account) == (ci.token.ref, ci.token.account)
    served = body(call(ci.secret, "/prompts/support/refunds?label=staging"))
    assert (served["version"], served["template"]) == (1, FIRST)
    assert fresh(request).state == "review"


def test_place__protected__is_422_with_the_requirements(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    response = ci.place("production", version=1, expected_generation=0)
    assert code(response) == (422, "label_protected")
    listed = body(response)["requirements"]
    assert listed == body(preview(ci.secret, request, "requirements"))["requirements"]
    assert pointer(desk, "production").version is None


def test_place__by_digest__takes_the_version_of_it(desk: Desk, ci: Ci) -> None:
    released(desk, FIRST)
    in_review(desk, SECOND)
    digest = Release.objects.filter(version__number=1).latest("pk").version.content_digest
    at = pointer(desk).generation
    response = ci.place(version=None, content_digest=digest, expected_generation=at)
    assert body(response)["version"] == 1


def test_place__digest_of_another_version__is_409(desk: Desk, ci: Ci) -> None:
    in_review(desk)
    response = ci.place(version=1, content_digest="0" * 64, expected_generation=1)
    assert code(response) == (409, "stale")


def test_place__moved_meanwhile__is_409_with_the_generation(desk: Desk, ci: Ci) -> None:
    released(desk, FIRST)
    in_review(desk, SECOND)
    response = ci.place(version=1, expected_generation=0)
    assert code(response) == (409, "stale")
    assert body(response)["generation"] == pointer(desk).generation


def test_place__repeated_with_its_key__moves_once(desk: Desk, ci: Ci) -> None:
    released(desk, FIRST)
    in_review(desk, SECOND)
    at = pointer(desk).generation
    first = ci.place(version=1, expected_generation=at, key="build-41")
    again = ci.place(version=1, expected_generation=at, key="build-41")
    assert (first.status_code, again.content) == (200, first.content)
    assert pointer(desk).generation == at + 1


def test_place__post_with_a_tag__is_never_304(desk: Desk, ci: Ci) -> None:
    released(desk, FIRST)
    in_review(desk, SECOND)
    data = {"version": 1, "expected_generation": pointer(desk).generation}
    assert ci.post(data, If_None_Match="*").status_code == 200


def test_place__unscanned__is_422(desk: Desk, ci: Ci) -> None:
    submit(desk)
    assert code(ci.place(version=1, expected_generation=0)) == (422, "scan_missing")


def test_place__there_already__is_422(desk: Desk, ci: Ci) -> None:
    in_review(desk)
    response = ci.place(version=1, expected_generation=pointer(desk).generation)
    assert code(response) == (422, "nothing_changed")


def test_place__account_that_may_not_propose__is_403(desk: Desk, ci: Ci) -> None:
    in_review(desk)
    secret = make_token(desk.governance_owner, "place")[1]
    assert code(ci.place(secret=secret, version=1, expected_generation=1)) == (403, "not_allowed")


def test_place__archived__is_409(desk: Desk, ci: Ci) -> None:
    in_review(desk)
    prompts.archive_prompt(desk.prompt, actor=desk.author)
    assert code(ci.place(version=1, expected_generation=1)) == (409, "archived")


def test_place__recalled__is_410(desk: Desk, ci: Ci) -> None:
    released(desk, FIRST)
    in_review(desk, SECOND)
    version = Release.objects.filter(version__number=1).latest("pk").version
    services.recall(version, actor=desk.release_manager, reason="It is wrong.")
    at = pointer(desk).generation
    assert code(ci.place(version=1, expected_generation=at)) == (410, "recalled")


def test_place__unknown_version__is_404(desk: Desk, ci: Ci) -> None:
    assert code(ci.place(version=9, expected_generation=0)) == (404, "unknown_version")
    by_digest = ci.place(content_digest="0" * 64, expected_generation=0)
    assert code(by_digest) == (404, "unknown_version")


def test_place__unknown_label__is_404(desk: Desk, ci: Ci) -> None:
    assert code(ci.place("stagin", version=1, expected_generation=0)) == (404, "unknown_label")


@pytest.mark.parametrize(
    ("scopes", "reach"),
    [
        (["read", "preview"], {}),
        (["place"], {"names": ["sales/*"]}),
        (["place"], {"labels": ["production"]}),
    ],
)
def test_place__beyond_the_token__is_answered_as_unknown_and_moves_nothing(
    desk: Desk, ci: Ci, scopes: list[str], reach: dict[str, Any]
) -> None:
    released(desk, FIRST)
    in_review(desk, SECOND)
    at = pointer(desk).generation
    secret = make_token(desk.governance_owner, *scopes, account=ci.token.account, **reach)[1]
    response = ci.place(secret=secret, version=1, expected_generation=at)
    unknown = call(ci.secret, "/prompts/support/nothing")
    assert response.content == unknown.content
    assert pointer(desk).generation == at


def test_place__revoked_token__is_401_and_moves_nothing(desk: Desk, ci: Ci) -> None:
    in_review(desk)
    tokens.revoke_token(ci.token, actor=desk.governance_owner)
    assert code(ci.place(version=1, expected_generation=1)) == (401, "unauthorized")


BAD_BODIES: list[dict[str, Any]] = [
    {},
    {"version": 1},
    {"expected_generation": 0},
    {"version": None, "expected_generation": 0},
    {"version": "1", "expected_generation": 0},
    {"version": True, "expected_generation": 0},
    {"version": 0, "expected_generation": 0},
    {"version": 2**31, "expected_generation": 0},
    {"version": 1, "expected_generation": -1},
    {"version": 1, "expected_generation": 1.5},
    {"version": 1, "expected_generation": 0, "content_digest": "abc"},
    {"version": 1, "expected_generation": 0, "content_digest": "\ud800"},
    {"version": 1, "expected_generation": 0, "labels": "x"},
]
NO_JSON = ["{", "nope", '{"version": NaN', "[" * 100_000, "\x00", "9" * 5000]
NO_OBJECT = ["", "[]", "null", "1", '"x"', '{"version": NaN}']


def test_place__body_that_does_not_fit__is_422(ci: Ci) -> None:
    for fields in BAD_BODIES:
        assert code(ci.place(**fields)) == (422, "invalid_request"), fields


def test_place__key_of_no_possible_form__is_422(ci: Ci) -> None:
    for key in ("", "x" * 101, "a b", "ä"):
        response = ci.place(version=1, expected_generation=0, key=key)
        assert code(response) == (422, "invalid_request"), key


def test_place__body_that_is_not_json__is_400(ci: Ci) -> None:
    for data in NO_JSON:
        assert code(ci.post(data)) == (400, "malformed_json"), data[:50]


def test_place__body_that_is_no_object_of_ours__is_422(ci: Ci) -> None:
    for data in NO_OBJECT:
        assert code(ci.post(data)) == (422, "invalid_request"), data


def test_place__label_of_no_possible_form__is_422(ci: Ci) -> None:
    for label in ("a%00", "a%20b", "x" * 37, "%F0%9F%99%82"):
        response = ci.place(label, version=1, expected_generation=0)
        assert code(response) == (422, "invalid_request"), label
