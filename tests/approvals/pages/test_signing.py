"""Votes that are signed and answer a checklist, on the page of a change; and wrong passwords."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from approvals.models import ApprovalRequest, Review
from registry.models import User
from tests.approvals.desk import Desk, in_review
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.approvals.timing_of import regulated

pytestmark = pytest.mark.django_db
PASSWORD = "horse battery staple"
LIST = {
    "role": "safety",
    "title": "Safety and policy",
    "questions": [
        {"key": "refuses", "text": "Does it still refuse what it must?"},
        {"key": "scope", "text": "Does it stay within its task?"},
    ],
}


@pytest.fixture(autouse=True)
def _no_tries() -> None:
    caches["tries"].clear()


def votes() -> QuerySet[Review]:
    """Votes on changes of prompts; the policy had to be decided, too."""
    return Review.objects.filter(request__kind=ApprovalRequest.Kind.PROMPT_RELEASE)


def address(change: ApprovalRequest) -> str:
    return reverse("approvals:request", kwargs={"pk": change.pk})


def with_password(person: User) -> Client:
    person.set_password(PASSWORD)
    person.save(update_fields=["password"])
    return signed_in(person)


def asked(desk: Desk) -> tuple[Client, ApprovalRequest]:
    regulated(desk, signature={"minutes": 15}, checklists=[LIST])
    return with_password(desk.safety_reviewer), in_review(desk)


def vote(client: Client, change: ApprovalRequest, **typed: Any) -> Page:
    at = address(change)
    return press(client, look(client, at), "Approve for safety", at, **typed)


ALL = {"answer:safety:refuses": "yes", "answer:safety:scope": "na", "password": PASSWORD}


def test_vote__signed_and_answered__is_kept_with_both(desk: Desk) -> None:
    client, change = asked(desk)
    page = vote(client, change, **ALL)
    assert "You approved this change for safety." in page.text
    given = votes().get()
    assert given.auth_method == "signature:password"
    assert given.answers == {"refuses": "yes", "scope": "na"}


def test_request_page__policy_asks_for_both__shows_questions_and_password_to_who_may_sign(
    desk: Desk,
) -> None:
    client, change = asked(desk)
    page = look(client, address(change))
    assert page.words_in("legend") == ["Safety and policy Needed to approve for safety."]
    assert page.has("input", type="radio", name="answer:safety:refuses", value="no")
    assert page.has("input", type="password", name="password", autocomplete="current-password")
    assert "Does it stay within its task?" in page.text
    others = look(signed_in(desk.engineer), address(change))
    assert others.words_in("legend") == []
    assert others.has("input", type="password")
    assert not look(signed_in(desk.author), address(change)).has("input", type="password")


def test_request_page__policy_asks_for_neither__shows_neither(desk: Desk) -> None:
    page = look(signed_in(desk.safety_reviewer), address(in_review(desk)))
    assert not page.has("input", type="password")
    assert page.words_in("fieldset") == []


def test_vote__no_password__is_refused_and_answers_stay(desk: Desk) -> None:
    client, change = asked(desk)
    page = vote(client, change, **{**ALL, "password": ""})
    assert page.status == 422
    assert "This vote has to be signed" in page.text
    assert page.has("input", name="answer:safety:refuses", value="yes", checked="")
    assert page.has("input", name="password", aria_invalid="true")
    assert not votes().exists()


def test_vote__question_left_open__is_refused_and_names_it(desk: Desk) -> None:
    client, change = asked(desk)
    page = vote(client, change, **{"answer:safety:refuses": "yes", "password": PASSWORD})
    assert page.status == 422
    assert "this one is open: Does it stay within its task?" in page.text
    assert page.has("div", role="radiogroup", aria_invalid="true")


def test_vote__wrong_password__is_refused_and_never_sent_back(desk: Desk) -> None:
    client, change = asked(desk)
    page = vote(client, change, **{**ALL, "password": "guess-one"})
    assert page.status == 422
    assert "This is not your password" in page.text
    assert "guess-one" not in page.html
    assert not votes().exists()


def test_vote__five_wrong_passwords__shut_out_the_right_one_for_a_while(desk: Desk) -> None:
    client, change = asked(desk)
    for number in range(5):
        assert vote(client, change, **{**ALL, "password": f"guess-{number}"}).status == 422
    page = vote(client, change, **ALL)
    assert page.status == 429
    assert "Too many wrong passwords" in page.text
    caches["tries"].clear()
    assert vote(client, change, **ALL).status == 200


def test_vote__right_password__forgets_the_wrong_ones(desk: Desk) -> None:
    client, change = asked(desk)
    for _ in range(2):
        for _ in range(4):
            vote(client, change, **{**ALL, "password": "guess"})
        assert vote(client, change, **{**ALL, "answer:safety:scope": None}).status == 422
    assert vote(client, change, **ALL).status == 200


def test_vote__asking_for_changes__needs_neither(desk: Desk) -> None:
    client, change = asked(desk)
    at = address(change)
    page = press(client, look(client, at), "Ask for changes", at, comment="Not like this.")
    assert page.status == 200
    assert votes().get().decision == "request_changes"
