"""Lists of prompts and versions, reading only what changed, and what a read costs."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import Prompt
from tests.api import body, call, code, make_token, names
from tests.people import MakePrompt
from tests.registry.shop import Shop, erase, recall, stop
from tests.registry.steps import add_version, move


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


# -- lists ----------------------------------------------------------------------------------


def test_list__some_prompts__is_what_serves_each(shop: Shop, make_prompt: MakePrompt) -> None:
    make_prompt("support/Empty")
    move(shop.prompt, shop.staging, shop.first, actor=shop.author, kind="placed")
    assert body(call(shop.secret, "/prompts")) == {
        "items": [
            {"name": "support/Empty", "type": "text", "labels": []},
            {
                "name": "support/refunds",
                "type": "text",
                "labels": [
                    {"label": "staging", "version": 1},
                    {"label": "production", "version": 2},
                ],
            },
        ],
        "next_cursor": None,
    }


def test_list__stopped_or_recalled__is_served_by_no_label(shop: Shop) -> None:
    move(shop.prompt, shop.staging, shop.second, actor=shop.author, kind="placed")
    stop(shop, shop.staging)
    recall(shop, shop.second)
    assert body(call(shop.secret, "/prompts"))["items"][0]["labels"] == []


@pytest.mark.parametrize("globs", [["*"], ["support/p*", "support/Refunds"]])
def test_list__pages__are_every_prompt_once_in_order(
    shop: Shop, make_prompt: MakePrompt, globs: list[str]
) -> None:
    made = [make_prompt(f"support/p{number}").name for number in range(5)]
    secret = make_token(shop.owner, names=globs)[1]
    found, cursor = [], ""
    for _ in range(3):
        page = body(call(secret, f"/prompts?limit=2{cursor}"))
        found += names(page["items"])
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [*made, "support/refunds"]
    assert page["next_cursor"] is None


def test_list__beyond_the_token__is_left_out(shop: Shop, make_prompt: MakePrompt) -> None:
    make_prompt("support/other")
    move(shop.prompt, shop.staging, shop.first, actor=shop.author, kind="placed")
    secret = make_token(shop.owner, names=["support/r*"], labels=["staging"])[1]
    assert body(call(secret, "/prompts"))["items"] == [
        {
            "name": "support/refunds",
            "type": "text",
            "labels": [{"label": "staging", "version": 1}],
        }
    ]


def test_list__confidential__is_left_out(shop: Shop) -> None:
    Prompt.objects.filter(pk=shop.prompt.pk).update(confidential=True)
    assert body(call(shop.secret, "/prompts"))["items"] == []


def test_list__limit_out_of_bounds__is_422(shop: Shop) -> None:
    for limit in ("0", "101", "x", "-1"):
        response = call(shop.secret, f"/prompts?limit={limit}")
        assert code(response) == (422, "invalid_request"), limit


NO_CURSORS = ["!", "a", "AA", "_w", "AAAA", "x=", "ä", "%00"]


def test_list__cursor_of_no_page__is_422(shop: Shop) -> None:
    for cursor in NO_CURSORS:
        response = call(shop.secret, f"/prompts?cursor={cursor}")
        assert code(response) == (422, "invalid_cursor"), cursor


def test_versions__cursor_of_no_page__is_422(shop: Shop) -> None:
    other_pages = [_cursor(text) for text in ("support/refunds", "-1", "99999999999", "²")]
    for cursor in [*NO_CURSORS, *other_pages]:
        response = call(shop.secret, f"{shop.path}/-/versions?cursor={cursor}")
        assert code(response) == (422, "invalid_cursor"), cursor


def test_versions__some_once_live__are_listed_newest_first(shop: Shop) -> None:
    add_version(shop.prompt, "never live", author=shop.author)
    recall(shop, shop.first)
    first, second = body(call(shop.secret, f"{shop.path}/-/versions"))["items"]
    assert (first["version"], first["status"], first["label"]) == (2, "available", "production")
    assert first["release"]["id"] == str(shop.release.public_id)
    assert (second["version"], second["status"]) == (1, "recalled")
    assert second["content_digest"] == shop.first.content_digest


def test_versions__erased__says_so(shop: Shop) -> None:
    erase(shop, shop.first)
    items = body(call(shop.secret, f"{shop.path}/-/versions"))["items"]
    assert [item["status"] for item in items] == ["available", "erased"]


def test_versions__pages__are_every_version_once(shop: Shop) -> None:
    first = body(call(shop.secret, f"{shop.path}/-/versions?limit=1"))
    cursor = first["next_cursor"]
    second = body(call(shop.secret, f"{shop.path}/-/versions?limit=1&cursor={cursor}"))
    assert [item["version"] for item in first["items"] + second["items"]] == [2, 1]
    assert second["next_cursor"] is None


def test_versions__labels_beyond_the_token__are_left_out(shop: Shop) -> None:
    secret = make_token(shop.owner, labels=["staging"])[1]
    assert body(call(secret, f"{shop.path}/-/versions"))["items"] == []


def test_versions__prompt_beyond_the_token__is_404(shop: Shop) -> None:
    secret = make_token(shop.owner, names=["sales/*"])[1]
    assert code(call(secret, f"{shop.path}/-/versions")) == (404, "not_found")


# -- reading only what changed --------------------------------------------------------------


def test_read__answer__is_tagged_with_the_digest_of_its_bytes(shop: Shop) -> None:
    response = call(shop.secret, shop.path)
    assert response["ETag"] == f'"{hashlib.sha256(response.content).hexdigest()}"'
    assert response["Cache-Control"] == "private, no-cache"
    assert response["Vary"] == "Authorization, Accept"
    assert response["Content-Type"] == "application/json"


def test_read__bytes_it_has__are_304(shop: Shop) -> None:
    first = call(shop.secret, shop.path)
    for form in ("{}", "W/{}", '"x", {}', "*"):
        response = call(shop.secret, shop.path, If_None_Match=form.format(first["ETag"]))
        assert (response.status_code, response.content) == (304, b""), form
        head = call(shop.secret, shop.path, "HEAD", If_None_Match=form.format(first["ETag"]))
        assert (head.status_code, head.headers) == (304, response.headers), form
        assert [response[name] for name in ("ETag", "Cache-Control", "Vary")] == [
            first[name] for name in ("ETag", "Cache-Control", "Vary")
        ]


def test_read__after_a_move__is_not_304(shop: Shop) -> None:
    tag = call(shop.secret, shop.path)["ETag"]
    move(shop.prompt, shop.production, shop.first, actor=shop.author, kind="rollback")
    response = call(shop.secret, shop.path, If_None_Match=tag)
    assert (response.status_code, body(response)["version"]) == (200, 1)


def test_read__tag_of_any_form__is_200(shop: Shop) -> None:
    for header in ('"', "x", '"a", ', "W/", "\x7f"):
        assert call(shop.secret, shop.path, If_None_Match=header).status_code == 200, header


def test_read__suspended_with_its_tag__is_404(shop: Shop) -> None:
    tag = call(shop.secret, shop.path)["ETag"]
    stop(shop, shop.production)
    assert call(shop.secret, shop.path, If_None_Match=tag).status_code == 404


def test_head__served__has_the_headers_of_get_and_no_body(shop: Shop) -> None:
    get, head = call(shop.secret, shop.path), call(shop.secret, shop.path, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


def test_read__accept_of_any_kind__is_json(shop: Shop) -> None:
    response = call(shop.secret, shop.path, Accept="text/html")
    assert response["Content-Type"] == "application/json"


# -- what a read costs ----------------------------------------------------------------------

READS = [
    "/prompts/support/refunds",
    "/prompts/support/refunds?version=1",
    "/prompts/support/refunds/-/versions",
    "/prompts",
]


@pytest.mark.parametrize("path", READS)
def test_read__any_amount_of_rows__takes_at_most_five_queries_and_writes_nothing(
    shop: Shop, make_prompt: MakePrompt, path: str
) -> None:
    for number in range(3):
        move(shop.prompt, shop.production, shop.first, actor=shop.author, kind="rollback")
        move(shop.prompt, shop.production, shop.second, actor=shop.author)
        prompt = make_prompt(f"support/more{number}")
        version = add_version(prompt, "x", author=shop.author)
        move(prompt, shop.production, version, actor=shop.author)
    assert call(shop.secret, path).status_code == 200  # notes the use of the token
    with CaptureQueriesContext(connection) as queries:
        assert call(shop.secret, path).status_code == 200
    assert len(queries) <= 5
    # Not even a transaction begins: on SQLite each takes the one lock for writing.
    assert all(query["sql"].startswith("SELECT") for query in queries)


def test_read__within_a_minute__notes_the_use_once(shop: Shop) -> None:
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        call(shop.secret, shop.path)
        clock.shift(timedelta(seconds=59))
        call(shop.secret, shop.path)
        shop.token.refresh_from_db()
        assert shop.token.last_used_at == start
        clock.shift(timedelta(seconds=1))
        call(shop.secret, shop.path)
    shop.token.refresh_from_db()
    assert shop.token.last_used_at == start + timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
def test_read__database_that_takes_no_write__is_served(shop: Shop) -> None:
    def read_only(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, *rest)

    with connection.execute_wrapper(read_only):
        assert call(shop.secret, shop.path).status_code == 200


def test_read__bad_token__is_not_noted_as_used(shop: Shop) -> None:
    with patch("registry.api.tokens.touch") as touched:
        call(f"{shop.secret}x", shop.path)
    assert touched.call_count == 0
