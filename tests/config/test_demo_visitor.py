"""Who a visitor of the demo is, asked of its middleware alone."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from config.demo.context import demo
from config.demo.visitor import visitor


class Looked(Exception):
    """Somebody asked whose session it is."""


def looked() -> None:
    raise Looked


def answered(path: str) -> bytes:
    request = HttpRequest()
    request.path = path
    # As the sign-in's middleware sets it: worked out when somebody looks.
    request.user = SimpleLazyObject(looked)  # type: ignore[assignment]  # never a user here
    return visitor(lambda _: HttpResponse("read"))(request).content


@pytest.mark.parametrize("path", ["/api/v1/prompts/support/refunds", "/healthz", "/static/a.css"])
def test_visitor__address_with_a_sign_in_of_its_own__never_looks_at_the_session(path: str) -> None:
    assert answered(path) == b"read"


def test_visitor__page__looks_who_it_is() -> None:
    with pytest.raises(Looked):
        answered("/")


@pytest.mark.django_db
def test_context__refused_before_anybody_knows_who_asks__is_a_visitor() -> None:
    assert demo(HttpRequest())["demo"]["title"] == "visitor"
