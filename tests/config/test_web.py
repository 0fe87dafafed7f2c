"""What every answer carries, and what a proxy may say."""

import json
from html import unescape
from io import BytesIO
from typing import Any, cast

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings
from typing_extensions import override

from registry.models import User


@pytest.mark.django_db
def test_healthz__database_answers__is_ok(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, json.loads(response.content)["status"]) == (200, "ok")


@pytest.mark.django_db
def test_healthz__database_does_not_answer__is_503(client: Client) -> None:
    def unreachable(*_: object) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(unreachable):
        response = client.get("/healthz")
    assert (response.status_code, json.loads(response.content)["status"]) == (503, "unavailable")


@pytest.mark.django_db
def test_policy__page__allows_own_files_only(client: Client) -> None:
    policy = client.get("/healthz").headers["Content-Security-Policy"]
    assert set(policy.split("; ")) == {
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    }


@pytest.mark.django_db
def test_policy__admin__lets_the_theme_evaluate(client: Client) -> None:
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("peer", "expected"),
    [("10.0.0.5", 200), ("10.0.0.6", 301)],
)
def test_proxy__says_https__is_believed_only_from_its_address(
    settings: Settings, peer: str, expected: int
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.TRUSTED_PROXY = ["10.0.0.5"]
    response = Client().get("/admin/login/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_PROTO="https")
    assert response.status_code == expected


@pytest.mark.django_db
def test_login__page__is_at_its_address(client: Client) -> None:
    assert client.get("/accounts/login/").status_code == 200


MEGABYTE = 1024 * 1024
PROPOSE = "/prompts/support/refunds/-/propose"


class Unread(BytesIO):
    """A body that counts what is read of it."""

    taken = 0

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


def posted(client: Client, path: str, megabytes: int) -> tuple[HttpResponse, int]:
    """The answer to a form of this length, and how much of it was read."""
    body = Unread(b"username=" + b"a" * (megabytes * MEGABYTE))
    environ: dict[str, Any] = {
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body.getvalue())),
        "wsgi.input": body,
    }
    answer = client.generic("POST", path, **environ)
    return cast(HttpResponse, answer), body.taken


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/accounts/login/", "1.0 MB"),
        ("/admin/login/", "1.0 MB"),
        ("/prompts/support/refunds/", "1.0 MB"),
        (PROPOSE, "7.0 MB"),
    ],
)
def test_body__of_nobody_in_particular__is_refused_unread_with_limit_and_size(
    path: str, limit: str
) -> None:
    answer, taken = posted(Client(enforce_csrf_checks=True), path, 8)
    assert (answer.status_code, taken) == (413, 0)
    page = " ".join(unescape(answer.content.decode()).replace("\xa0", " ").split())
    assert f"has 8.0 MB, and this page reads at most {limit}" in page


@pytest.mark.django_db
def test_body__of_who_is_signed_in__is_read_where_a_form_gives_it_back(author: User) -> None:
    client = Client()
    client.force_login(author)
    assert posted(client, PROPOSE, 8)[1] > 8 * MEGABYTE
    answer, taken = posted(client, "/accounts/password/", 8)
    assert (answer.status_code, taken) == (413, 0)


@pytest.mark.django_db
def test_form__in_many_parts_and_long__is_refused_unread(client: Client, author: User) -> None:
    client.force_login(author)
    body = Unread(b"a" * (2 * MEGABYTE))
    environ: dict[str, Any] = {
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(2 * MEGABYTE),
        "wsgi.input": body,
    }
    answer = client.generic("POST", PROPOSE, **environ)
    assert (answer.status_code, body.taken) == (413, 0)
