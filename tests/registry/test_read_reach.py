"""What a token reaches: beyond it, nothing is told from what is not there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry import permissions
from registry.models import Prompt, ServiceToken
from registry.services import grants, people, tokens
from tests.api import call, code, make_token
from tests.registry.shop import Shop


def test_read__no_token__is_401_and_says_how(shop: Shop) -> None:
    response = call(None, shop.path)
    assert code(response) == (401, "unauthorized")
    assert response["WWW-Authenticate"] == 'Bearer realm="Countersign"'


def spoil_expired(shop: Shop) -> None:
    ServiceToken.objects.filter(pk=shop.token.pk).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )


def spoil_revoked(shop: Shop) -> None:
    tokens.revoke_token(shop.token, actor=shop.owner)


def spoil_deactivated(shop: Shop) -> None:
    people.deactivate(shop.token.account, actor=shop.owner)


@pytest.mark.parametrize("spoil", [spoil_expired, spoil_revoked, spoil_deactivated])
def test_read__token_no_longer_live__is_answered_as_an_unknown_one(
    shop: Shop, spoil: Callable[[Shop], None]
) -> None:
    unknown = call("cs_00000000_nothing", shop.path)
    spoil(shop)
    response = call(shop.secret, shop.path)
    assert code(response) == (401, "unauthorized")
    assert (response.content, response.headers) == (unknown.content, unknown.headers)


def test_read__token_of_any_form__is_401(shop: Shop) -> None:
    for secret in ("", " ", "ä", "x" * 5000, "a b", "'"):
        assert code(call(secret, shop.path)) == (401, "unauthorized"), secret


def test_read__authorization_of_another_kind__is_401(shop: Shop) -> None:
    for header in ("", "Bearer", "Basic Y3M6eA==", "Token x", "\x7f"):
        response = call(None, shop.path, Authorization=header)
        assert code(response) == (401, "unauthorized"), header


def only(**fields: Any) -> Callable[[Shop], str]:
    def make(shop: Shop) -> str:
        return make_token(shop.owner, *fields.pop("scopes", ["read"]), **fields)[1]

    return make


@pytest.mark.parametrize(
    "make",
    [
        only(scopes=["place", "preview"]),
        only(names=["sales/*", "support/refund"]),
        only(labels=["staging", "prod"]),
    ],
    ids=["scope", "name", "label"],
)
def test_read__beyond_the_token__is_answered_as_unknown(
    shop: Shop, make: Callable[[Shop], str]
) -> None:
    unknown = call(shop.secret, "/prompts/support/nothing")
    response = call(make(shop), shop.path)
    assert code(response) == (404, "not_found")
    assert (response.content, response.headers) == (unknown.content, unknown.headers)


def test_read__label_beyond_the_token_that_is_not_there__is_no_different(shop: Shop) -> None:
    secret = make_token(shop.owner, labels=["staging"])[1]
    there = call(secret, f"{shop.path}?label=production")
    assert there.content == call(secret, f"{shop.path}?label=nothing").content


def test_read__version_released_on_a_label_beyond_the_token__is_404(shop: Shop) -> None:
    secret = make_token(shop.owner, labels=["staging"])[1]
    assert code(call(secret, f"{shop.path}?version=2")) == (404, "unknown_version")


def test_read__name_glob_that_covers__is_served(shop: Shop) -> None:
    for glob in ("support/*", "SUPPORT/Ref*", "*", "support/refunds"):
        secret = make_token(shop.owner, names=[glob], labels=["prod*"])[1]
        assert call(secret, shop.path).status_code == 200, glob


def test_read__confidential__is_answered_as_unknown(shop: Shop) -> None:
    unknown = call(shop.secret, "/prompts/support/nothing")
    Prompt.objects.filter(pk=shop.prompt.pk).update(confidential=True)
    assert call(shop.secret, shop.path).content == unknown.content


def test_read__confidential_with_view__is_served(shop: Shop) -> None:
    Prompt.objects.filter(pk=shop.prompt.pk).update(confidential=True)
    shop.prompt.refresh_from_db()
    grants.grant(shop.prompt, permissions.VIEW, shop.token.account, actor=shop.author)
    assert call(shop.secret, shop.path).status_code == 200
