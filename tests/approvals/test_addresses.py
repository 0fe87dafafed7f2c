"""Addresses that nobody means: U+0000, numbers beyond every column, filters that no page offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, transaction
from django.test import Client

from audit.models import AuditEvent
from registry.models import Release, User
from tests.api import call, make_token
from tests.registry.desk_of_admin import listed, signed_in

pytestmark = pytest.mark.django_db
HUGE = "9" * 20


def fails(client: Client, url: str) -> bool:
    """Whether a page answers with an error of ours; a query that fails spoils no other page."""
    client.raise_request_exception = False
    try:
        with transaction.atomic():
            return client.get(url).status_code >= 500
    except DatabaseError:
        return True


def hostile(model_admin: Any) -> Iterator[str]:
    """Addresses around a list, to which no link leads."""
    url = listed(model_admin.model)
    for value in ("%00", HUGE):
        yield f"{url}?q={value}&p={value}&o={value}"
        yield f"{url}{value}/change/"
        for item in model_admin.list_filter:
            yield f"{url}?{item if isinstance(item, str) else item.parameter_name}={value}"


def test_admin__each_list_each_filter_and_each_id__never_fails(governance_owner: User) -> None:
    client = signed_in(governance_owner)
    urls = [url for model_admin in admin.site._registry.values() for url in hostile(model_admin)]
    assert len(urls) > 100
    assert [url for url in urls if fails(client, url)] == []


@pytest.mark.parametrize(
    "query",
    [
        *("ts__year=99999999999", "ts__year=9999", f"ts__year=2026&ts__month={HUGE}"),
        *("ts__year__lt=99999999999", "action__regex=[", "prev=00", "payload=%00", f"seq={HUGE}"),
        "actor=a&action=%00",
    ],
)
def test_audit_log__filter_that_its_page_does_not_offer__is_not_understood(
    admin_client: Client, query: str
) -> None:
    response = admin_client.get(f"{listed(AuditEvent)}?{query}")
    assert response.status_code == 400
    assert "cannot be filtered by. Open the list again" in response.content.decode()


def test_list__filters_that_its_page_offers__are_taken(admin_client: Client) -> None:
    for query in ("", "?ts__year=2026&ts__month=11&ts__day=30", "?action=a&actor__isnull=True"):
        assert admin_client.get(f"{listed(AuditEvent)}{query}").status_code == 200
    assert admin_client.get(f"{listed(Release)}?label__id__exact=1").status_code == 200


def test_list__filter_with_a_value_of_another_kind__is_not_understood(admin_client: Client) -> None:
    assert admin_client.get(f"{listed(User)}?is_active__exact=1").status_code == 200
    assert admin_client.get(f"{listed(User)}?is_active__exact={HUGE}").status_code == 400


def test_pages_and_api__u0000_or_a_huge_number__never_fail(governance_owner: User) -> None:
    client = signed_in(governance_owner)
    _, secret = make_token(governance_owner, "read", "preview")
    for value in ("%00", HUGE):
        pages = [
            *(f"/prompts/?q={value}&page={value}", f"/prompts/{value}/", f"/requests/{value}/"),
            *(f"/prompts/a/{value}/-/versions/{value}/", f"/prompts/-/new?from={value}"),
            *(f"/accounts/password/{value}/{value}/", f"/accounts/login/?next={value}"),
        ]
        assert [url for url in pages if fails(client, url)] == []
        paths = [
            *(f"/prompts?cursor={value}", f"/prompts?limit={value}", f"/prompts/{value}"),
            *(f"/prompts/a?version={value}", f"/prompts/a?label={value}", f"/prompts?{value}=1"),
            *(f"/prompts/a/-/versions?cursor={value}", f"/requests/{value}/content"),
            f"/requests/{value}/requirements",
        ]
        assert [path for path in paths if call(secret, path).status_code >= 500] == []
