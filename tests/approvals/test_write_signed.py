"""Votes that are signed and answer a checklist, through the API; and where a password never is."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.cache import caches
from django.core.serializers import serialize
from django.http import HttpResponse

from approvals.models import ApprovalRequest, IdempotencyKey, Review
from audit.models import AuditBlob, AuditEvent
from tests.api import body, code
from tests.approvals.desk import Desk, in_review
from tests.approvals.pages.browsing import look, press, signed_in
from tests.approvals.steps_by_api import Person, Robot, seen
from tests.approvals.timing_of import regulated

PASSWORD = "horse battery staple"
LIST = {
    "role": "safety",
    "title": "Safety and policy",
    "questions": [
        {"key": "refuses", "text": "Does it still refuse what it must?"},
        {"key": "scope", "text": "Does it stay within its task?"},
    ],
}
VOTE = {
    "role": "safety",
    "decision": "approve",
    "answers": {"refuses": "yes", "scope": "na"},
    "password": PASSWORD,
}


@pytest.fixture(autouse=True)
def _no_tries(db: None) -> None:
    caches["tries"].clear()


@pytest.fixture
def sam(desk: Desk) -> Person:
    """The safety reviewer, under a policy that asks for a signature and for answers."""
    regulated(desk, signature={"minutes": 15}, checklists=[LIST])
    desk.safety_reviewer.set_password(PASSWORD)
    desk.safety_reviewer.save(update_fields=["password"])
    return Person(desk.safety_reviewer)


def vote(person: Person, request: ApprovalRequest, key: str = "", **fields: Any) -> HttpResponse:
    data = seen(request, **{**VOTE, **fields})
    return person.post(f"/requests/{request.pk}/reviews", data, key=key)


def votes(request: ApprovalRequest) -> list[Review]:
    return list(Review.objects.filter(request=request))


def test_review__signed_and_answered__is_kept_with_both_and_says_what_it_means(
    desk: Desk, sam: Person
) -> None:
    request = in_review(desk)
    response = vote(sam, request)
    assert response.status_code == 201
    (given,) = votes(request)
    assert (given.auth_method, given.answers) == (
        "signature:password",
        {"refuses": "yes", "scope": "na"},
    )
    assert given.auth_at is not None
    assert given.created_at >= given.auth_at
    told = body(response)["vote"]
    assert (told["signed"], told["meaning"]) == (True, given.meaning)


def test_review__no_password__is_422_and_says_what_to_do(desk: Desk, sam: Person) -> None:
    request = in_review(desk)
    response = vote(sam, request, password="")
    assert code(response) == (422, "signature_needed")
    assert "type your password again with your vote" in body(response)["detail"]
    assert votes(request) == []


@pytest.mark.parametrize("guess", ["guess-one", "\ud800", PASSWORD.upper(), f"{PASSWORD} "])
def test_review__wrong_password__is_422_and_never_sent_back(
    desk: Desk, sam: Person, guess: str
) -> None:
    request = in_review(desk)
    response = vote(sam, request, password=guess)
    assert code(response) == (422, "wrong_password")
    assert body(response)["field"] == "password"
    assert guess.encode("utf-8", "backslashreplace") not in response.content
    assert votes(request) == []


def test_review__question_left_open__is_422_and_names_it(desk: Desk, sam: Person) -> None:
    request = in_review(desk)
    response = vote(sam, request, answers={"refuses": "yes"})
    assert code(response) == (422, "checklist_needed")
    assert body(response)["field"] == "answer:scope"


def test_review__password_of_another_kind_or_size__is_422_without_a_word_of_it(
    desk: Desk, sam: Person
) -> None:
    request = in_review(desk)
    for odd in (["hunter2hunter2"], 20261126, {"is": "hunter2hunter2"}, "hunter2" * 700):
        response = vote(sam, request, password=odd)
        assert code(response) == (422, "invalid_request")
        assert b"hunter2hunter2" not in response.content
        assert b"20261126" not in response.content


def test_review__five_wrong_passwords__shut_out_the_right_one_on_the_page_too(
    desk: Desk, sam: Person
) -> None:
    request = in_review(desk)
    for number in range(5):
        assert code(vote(sam, request, password=f"guess-{number}")) == (422, "wrong_password")
    assert code(vote(sam, request)) == (429, "too_many_tries")
    client, at = signed_in(desk.safety_reviewer), f"/requests/{request.pk}/"
    typed: dict[str, Any] = {
        "answer:safety:refuses": "yes",
        "answer:safety:scope": "na",
        "password": PASSWORD,
    }
    page = press(client, look(client, at), "Approve for safety", at, **typed)
    assert page.status == 429
    caches["tries"].clear()
    assert vote(sam, request).status_code == 201


def test_review__wrong_passwords_of_somebody_else__shut_out_nobody(desk: Desk, sam: Person) -> None:
    request, eve = in_review(desk), Person(desk.engineer)
    for _ in range(6):
        vote(eve, request, role="engineering", password="guess")
    assert vote(sam, request).status_code == 201


def test_review__signed__leaves_no_password_in_any_row_or_log(
    desk: Desk, sam: Person, caplog: pytest.LogCaptureFixture
) -> None:
    request = in_review(desk)
    with caplog.at_level(logging.DEBUG):
        vote(sam, request, password="guess-nobody-makes")
        assert vote(sam, request, key="k1").status_code == 201
    kept = "".join(
        serialize("json", model._default_manager.all())
        for model in (IdempotencyKey, AuditEvent, AuditBlob, Review)
    )
    assert IdempotencyKey.objects.filter(key="k1").exists()
    for secret in (PASSWORD, "guess-nobody-makes"):
        assert secret not in kept
        assert secret not in caplog.text


def test_review__signed_and_repeated_with_its_key__is_one_vote(desk: Desk, sam: Person) -> None:
    request = in_review(desk)
    first = vote(sam, request, key="k1")
    again = vote(sam, request, key="k1")
    assert (again.status_code, again.content) == (201, first.content)
    assert len(votes(request)) == 1


def test_review__token_with_somebodys_password__needs_a_person_still(
    desk: Desk, sam: Person, robot: Robot
) -> None:
    request = in_review(desk)
    response = robot.post(f"/requests/{request.pk}/reviews", seen(request, **VOTE))
    assert code(response) == (403, "person_needed")
    assert votes(request) == []
