"""Errors under /api/ that no address of the API makes: all in the API's own form."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse, UnreadablePostError
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from config.wsgi import application
from registry.models import User
from tests.api import body, call, code, make_token

PLACE = "/prompts/support/refunds/-/labels/staging/place"


@pytest.fixture
def secret(governance_owner: User) -> str:
    return make_token(governance_owner, "read", "preview", "place")[1]


@pytest.mark.parametrize("path", ["/", "/nothing", "/prompts/", "/requests/1", "/a\nb", "/%00"])
def test_address__unknown__is_404(path: str) -> None:
    response = call(None, path)
    assert code(response) == (404, "not_found")
    assert "openapi.json" in body(response)["detail"]


def test_address__outside_the_api__is_a_page(client: Client) -> None:
    response = client.get("/nothing-here")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_method__not_taken__is_405_and_says_which_are(method: str) -> None:
    response = call(None, "/prompts/support/refunds", method)
    assert code(response) == (405, "method_not_allowed")
    assert {word.strip() for word in response["Allow"].split(",")} == {"GET", "HEAD"}


def test_body__larger_than_is_read__is_413(secret: str, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = call(secret, PLACE, "POST", data="x" * 101)
    assert code(response) == (413, "content_too_large")
    assert (body(response)["limit"], body(response)["size"]) == (100, 101)


def test_body__ends_too_soon__is_400(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any) -> bytes:
        raise UnreadablePostError("the client left")

    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest.body", property(broken))
    assert code(call(secret, PLACE, "POST", data="{}")) == (400, "bad_request")


def test_query__more_parameters_than_are_read__is_400(secret: str) -> None:
    query = "&".join(f"a{number}" for number in range(100_001))
    assert code(call(secret, f"/prompts?{query}")) == (400, "bad_request")


def test_host__not_ours__is_400(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["prompts.example.org"]
    assert code(call(None, "/prompts", Host="evil.example.org")) == (400, "bad_request")


def gone(*_: object) -> None:
    raise OperationalError("the server closed the connection: 10.0.0.7 secret")


@pytest.mark.django_db
def test_error__of_ours__is_500_and_tells_nothing() -> None:
    with connection.execute_wrapper(gone):
        response = call("cs_00000000_x", "/prompts")
    assert code(response) == (500, "internal_error")
    assert b"10.0.0.7" not in response.content


@pytest.mark.django_db
def test_error__of_ours_while_debugging__shows_where(settings: Settings) -> None:
    settings.DEBUG = True
    with connection.execute_wrapper(gone):
        response = call("cs_00000000_x", "/prompts")
    assert response.status_code == 500
    assert b"Traceback" in response.content


def test_problem__any__says_how_long_it_is() -> None:
    for response in (call(None, "/prompts"), call(None, "/nothing")):
        assert response["Content-Length"] == str(len(response.content))


@pytest.mark.parametrize("path", ["prompts", "nothing", "openapi.json"])
def test_head__any__gives_the_server_no_body_to_drop(rf: RequestFactory, path: str) -> None:
    # The test client drops it, as servers do, so this asks the application itself.
    get = application.get_response(rf.get(f"/api/v1/{path}"))
    head = application.get_response(rf.head(f"/api/v1/{path}"))
    assert isinstance(get, HttpResponse)
    assert isinstance(head, HttpResponse)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head["Content-Length"] == str(len(get.content)) != "0"


def test_problem__any__is_kept_by_nobody_else() -> None:
    for response in (call(None, "/prompts"), call(None, "/nothing")):
        assert response["Cache-Control"] == "private, no-cache"
        assert response["Vary"] == "Authorization, Accept"


@pytest.mark.django_db
def test_session__of_a_person__opens_nothing(governance_owner: User) -> None:
    client = Client()
    client.force_login(governance_owner)
    response = client.get("/api/v1/prompts")
    assert (response.status_code, response.json()["code"]) == (401, "unauthorized")
