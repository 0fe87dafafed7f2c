"""What a token reads of a request: its content before it is live, and what it still needs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import scanning, services
from registry import documents, permissions
from registry.models import Prompt
from registry.services import grants
from tests.api import body, call, code, make_token
from tests.approvals.ci import Ci, preview
from tests.approvals.desk import (
    FIRST,
    SECOND,
    Desk,
    approved,
    at_state,
    in_review,
    propose,
    route,
    scan,
    submit,
    text,
)

LEAK = "Call the model with the key AKIAIOSFODNN7RTZQ4KD today.\n"


# -- previews -------------------------------------------------------------------------------


def test_preview__in_review__is_the_body_of_a_read_without_a_release(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    response = preview(ci.secret, request)
    assert response.status_code == 200
    assert body(response) == {
        "name": "support/refunds",
        "type": "text",
        "version": 1,
        "label": None,
        "content_digest": request.version.content_digest if request.version else "",
        "template": FIRST,
        "template_format": "mustache",
        "variables": ["customer"],
        "model_settings": {},
        "tools": [],
        "response_format": None,
        "release": None,
        "request": {
            "id": request.pk,
            "state": "review",
            "revision": 1,
            "label": "production",
            "revision_digest": request.revision_digest,
        },
    }


def test_preview__two_open_requests__do_not_fight(desk: Desk, ci: Ci) -> None:
    first, second = in_review(desk, FIRST), in_review(desk, SECOND)
    assert body(preview(ci.secret, first))["template"] == FIRST
    assert body(preview(ci.secret, second))["template"] == SECOND


def test_preview__bytes_it_has__are_304(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    tag = preview(ci.secret, request)["ETag"]
    response = call(ci.secret, f"/requests/{request.pk}/content", If_None_Match=tag)
    assert response.status_code == 304


def test_preview__never_submitted__is_answered_as_unknown(desk: Desk, ci: Ci) -> None:
    unknown = call(ci.secret, "/requests/999999/content")
    assert code(unknown) == (404, "not_found")
    for part in ("content", "requirements"):
        assert preview(ci.secret, propose(desk), part).content == unknown.content


def test_preview__revised__is_hidden_until_it_is_submitted_again(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    services.revise(
        request.pk,
        document=text(SECOND),
        rationale="Warmer.",
        actor=desk.author,
    )
    assert code(preview(ci.secret, request)) == (404, "not_found")


def test_preview__scan_not_finished__is_422(desk: Desk, ci: Ci) -> None:
    request = submit(desk)
    assert code(preview(ci.secret, request)) == (422, "scan_missing")
    scan(request)
    assert preview(ci.secret, request).status_code == 200


def test_preview__critical_finding__is_422_and_then_hidden(desk: Desk, ci: Ci) -> None:
    request = submit(desk)
    # The submit stops a secret that its rules know; this one only the later scan knows.
    report = scanning.scan_document(documents.load(text(LEAK).text))
    assert report.level == "critical"
    services.begin_scan(request.pk)
    services.record_scan(request.pk, revision=1, report=report)
    response = preview(ci.secret, request)
    assert code(response) == (422, "risk_critical")
    assert FIRST[:10] not in response.content.decode()
    route(request)
    assert code(preview(ci.secret, request)) == (404, "not_found")


@pytest.mark.parametrize("state", ["released", "rejected", "withdrawn"])
@pytest.mark.parametrize("part", ["content", "requirements"])
def test_preview__closed__is_409(desk: Desk, ci: Ci, state: str, part: str) -> None:
    request = at_state(desk, state)
    expected = (404, "not_found") if request.submitted_at is None else (409, "wrong_state")
    assert code(preview(ci.secret, request, part)) == expected


def test_preview__recalled__is_410(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    assert request.version is not None
    services.recall(request.version, actor=desk.release_manager, reason="It is wrong.")
    assert code(preview(ci.secret, request)) == (410, "recalled")


@pytest.mark.parametrize(
    ("scopes", "reach"),
    [
        (["read", "place"], {}),
        (["preview"], {"names": ["sales/*"]}),
        (["preview"], {"labels": ["staging"]}),
    ],
)
@pytest.mark.parametrize("part", ["content", "requirements"])
def test_preview__beyond_the_token__is_answered_as_unknown(
    desk: Desk, ci: Ci, scopes: list[str], reach: dict[str, Any], part: str
) -> None:
    request = in_review(desk)
    unknown = call(ci.secret, "/requests/999999/content")
    secret = make_token(desk.governance_owner, *scopes, **reach)[1]
    assert preview(secret, request, part).content == unknown.content


def test_preview__confidential__needs_view(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    Prompt.objects.filter(pk=desk.prompt.pk).update(confidential=True)
    assert code(preview(ci.secret, request)) == (404, "not_found")
    desk.prompt.refresh_from_db()
    grants.grant(desk.prompt, permissions.VIEW, ci.token.account, actor=desk.author)
    assert preview(ci.secret, request).status_code == 200


def test_preview__number_of_no_request__is_422(ci: Ci) -> None:
    for number in ("0", "-1", "x", "1.5", str(2**63), "9" * 400, "%00"):
        for part in ("content", "requirements"):
            response = call(ci.secret, f"/requests/{number}/{part}")
            assert code(response) == (422, "invalid_request"), number


def test_preview__no_token__is_401(desk: Desk) -> None:
    assert code(call(None, f"/requests/{in_review(desk).pk}/content")) == (401, "unauthorized")


def test_preview__one_request__takes_at_most_five_queries(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    preview(ci.secret, request)
    with CaptureQueriesContext(connection) as queries:
        assert preview(ci.secret, request).status_code == 200
    assert len(queries) <= 5
    assert all(query["sql"].startswith("SELECT") for query in queries)


# -- what it needs --------------------------------------------------------------------------


def test_requirements__in_review__are_the_list_of_the_page(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    found = body(preview(ci.secret, request, "requirements"))
    assert (found["ready"], found["request"]["id"]) == (False, request.pk)
    missing = {one["code"]: one for one in found["requirements"] if one["word"] == "Not yet met"}
    safety = missing["sign_off:safety"]
    assert safety["who"] == [desk.safety_reviewer.display_name]
    assert safety["sentence"]


def test_requirements__approved__are_ready(desk: Desk, ci: Ci) -> None:
    assert body(preview(ci.secret, approved(desk), "requirements"))["ready"] is True


def test_requirements__more_people_and_votes__take_as_many_queries(desk: Desk, ci: Ci) -> None:
    request = in_review(desk)
    preview(ci.secret, request, "requirements")
    with CaptureQueriesContext(connection) as few:
        preview(ci.secret, request, "requirements")
    for number in range(3):
        in_review(desk, f"{SECOND}{number}")
    services.review(
        request.pk,
        actor=desk.engineer,
        role="engineering",
        decision="approve",
        seen=request.revision_digest,
    )
    with CaptureQueriesContext(connection) as more:
        preview(ci.secret, request, "requirements")
    assert len(more) == len(few)
    assert all(query["sql"].lstrip("(").startswith(("SELECT", "EXECUTE")) for query in more)
