"""The front page: who finds which change in which group, at what cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals import services
from approvals.models import AfterReview
from registry.services import people as people_verbs
from tests.approvals.desk import FIRST, SECOND, Desk, in_review, propose, released, text
from tests.approvals.pages.browsing import Page, look, signed_in
from tests.people import MakePrompt
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db

GROUPS = ("me-title", "others-title", "mine-title")


def groups(page: Page) -> dict[str, str]:
    """The words of each of the three groups, by the id of its heading."""
    parts = page.html.split('class="group"')[1:]
    found = {}
    for part in parts:
        name = next(name for name in GROUPS if f'id="{name}"' in part)
        found[name.removesuffix("-title")] = part
    return found


def test_reviews__not_signed_in__asks_for_sign_in_and_comes_back(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/"


def test_reviews__nothing_open__says_so_in_words(desk: Desk) -> None:
    page = look(signed_in(desk.outsider), "/")
    assert "Nothing waits for you" in page.text
    assert "No change needs your sign-off now." in page.text
    assert "You have no open change." in page.text


@pytest.mark.parametrize(
    ("who", "group"),
    [
        ("safety_reviewer", "me"),
        ("support_reviewer", "me"),
        ("author", "mine"),
        ("release_manager", "others"),
        ("outsider", "others"),
        ("superuser", "others"),
    ],
)
def test_reviews__change_in_review__stands_in_the_group_of_the_person(
    desk: Desk, who: str, group: str
) -> None:
    in_review(desk)
    found = groups(look(signed_in(desk.people[who]), "/"))
    title = "Customers read the opening as cold."
    assert [name for name, html in found.items() if title in html] == [group]


def test_reviews__own_sign_off_missing__names_the_role(desk: Desk) -> None:
    in_review(desk)
    page = look(signed_in(desk.safety_reviewer), "/")
    assert "your sign-off for safety" in page.text
    assert "One change waits for you" in page.text


def test_reviews__draft__is_seen_by_its_author_only(desk: Desk) -> None:
    propose(desk, rationale="A secret draft")
    assert "A secret draft" in groups(look(signed_in(desk.author), "/"))["mine"]
    for name in ("safety_reviewer", "governance_owner", "superuser"):
        assert "A secret draft" not in look(signed_in(desk.people[name]), "/").text


def test_reviews__confidential_prompt__shows_nothing_to_others(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    hidden = make_prompt("support/merger", confidential=True)
    change = services.propose(
        hidden,
        label=desk.production,
        document=text(FIRST),
        rationale="Hush",
        actor=desk.author,
    )
    services.submit(change.pk, actor=desk.author)
    assert "support/merger" in look(signed_in(desk.author), "/").text
    page = look(signed_in(desk.outsider), "/")
    assert "merger" not in page.text
    assert "Hush" not in page.text


def test_reviews__rollback_with_shortfalls__waits_for_a_reviewer_who_did_not_roll_back(
    desk: Desk,
) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    people_verbs.deactivate(desk.engineer, actor=desk.governance_owner)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Too warm")
    assert AfterReview.objects.count() == 1
    assert "review after the fact" in groups(look(signed_in(desk.safety_reviewer), "/"))["me"]
    assert "review after the fact" in groups(look(signed_in(desk.responder), "/"))["others"]


@on_embedded
def test_reviews__fifteen_changes__costs_as_many_queries_as_five(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    client = signed_in(desk.safety_reviewer)
    look(client, "/")
    _open_changes(desk, make_prompt, 5)
    with CaptureQueriesContext(connection) as five:
        look(client, "/")
    _open_changes(desk, make_prompt, 10)
    with CaptureQueriesContext(connection) as fifteen:
        page = look(client, "/")
    assert len(fifteen) == len(five) <= 21
    assert page.text.count("your sign-off for safety") == 15


def _open_changes(desk: Desk, make_prompt: MakePrompt, count: int) -> None:
    for number in range(count):
        own: dict[str, Any] = {**desk.__dict__, "prompt": make_prompt(f"support/p{count}-{number}")}
        in_review(Desk(**own), f"Text number {number} for everybody.\n")
