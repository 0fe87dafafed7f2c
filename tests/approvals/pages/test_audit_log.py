"""The page of the audit log: who reads it, what it shows, and what it keeps from whom."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.presenters.audit_log import KINDS, MOST
from audit.models import AuditEvent, AuditHead
from registry.models import User
from registry.services import labels, people, prompts
from tests.approvals.desk import SECOND, Desk, propose, released
from tests.approvals.pages.browsing import Page, look, signed_in
from tests.people import MakePrompt
from tests.processes import on_embedded
from tests.registry.desk_of_admin import everything

pytestmark = pytest.mark.django_db
LOG = "/audit/"


def numbers(page: Page) -> list[int]:
    """The numbers of the entries on a page, in its order."""
    return [int(words.removeprefix("#")) for words in page.words_in("th") if words.startswith("#")]


def audit(desk: Desk, query: str = "") -> Page:
    """The page as the auditor reads it."""
    return look(signed_in(desk.auditor), f"{LOG}{query}")


# -- who reads it ---------------------------------------------------------------------------


def test_audit_log__auditor_outside_the_admin__reads_newest_first(desk: Desk) -> None:
    assert not desk.auditor.is_staff
    page = audit(desk)
    shown = numbers(page)
    assert page.status == 200
    assert shown[0] == AuditEvent.objects.latest("seq").seq
    assert shown == sorted(shown, reverse=True)
    assert page.has("a", href=LOG, aria_current="page")


@pytest.mark.parametrize("who", ["governance_owner", "superuser"])
def test_audit_log__whoever_reads_it_in_the_admin__reads_it_here(desk: Desk, who: str) -> None:
    assert look(signed_in(desk.people[who]), LOG).status == 200


@pytest.mark.parametrize("who", ["outsider", "author", "safety_reviewer"])
def test_audit_log__anybody_else__is_told_who_can_let_them_in(desk: Desk, who: str) -> None:
    page = look(signed_in(desk.people[who]), LOG)
    assert page.status == 403
    assert "Gwen Owner can add you to the auditors." in page.text
    assert numbers(page) == []
    assert not page.has("a", href=LOG)


def test_audit_log__nobody_signed_in__is_asked_to_sign_in(client: Client) -> None:
    assert client.get(LOG)["Location"].startswith("/accounts/login/")


def test_audit_log__left_the_role__is_shut_out_at_once(desk: Desk) -> None:
    client = signed_in(desk.auditor)
    people.leave(desk.auditor, "auditors", actor=desk.governance_owner)
    assert look(client, LOG).status == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_audit_log__anything_but_reading__is_refused_and_changes_nothing(
    desk: Desk, method: str
) -> None:
    client = Client()
    client.force_login(desk.auditor)
    before = everything()
    assert getattr(client, method)(LOG).status_code == 405
    assert everything() == before


# -- what it shows --------------------------------------------------------------------------


def test_audit_log__entries__are_in_words_with_their_fingerprint_and_text(desk: Desk) -> None:
    change = released(desk)
    page = audit(desk)
    newest = AuditEvent.objects.latest("seq")
    assert "Ada authors released it to production" in page.text
    assert f"Change {change.pk} of support/refunds" in page.text
    assert page.has("a", href=f"/requests/{change.pk}/")
    assert bytes(newest.leaf).hex() in page.text
    assert newest.payload in page.text
    head = AuditHead.objects.get()
    assert f"It has {head.size} entries" in page.text
    assert bytes(head.last_leaf).hex() in page.text


def test_audit_log__more_than_a_page__goes_on_with_older_ones_and_back(desk: Desk) -> None:
    released(desk)
    released(desk, SECOND)
    first = audit(desk)
    shown = numbers(first)
    assert len(shown) == MOST
    assert first.has("a", href=f"?before={shown[-1]}")
    second = audit(desk, f"?before={shown[-1]}")
    assert numbers(second)[0] == shown[-1] - 1
    assert second.has("a", href="?")
    seen = [*shown, *numbers(second)]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("about", ["support/refunds", "SUPPORT/Refunds"])
def test_audit_log__about_a_prompt__has_its_changes_and_nothing_of_others(
    desk: Desk, make_prompt: MakePrompt, about: str
) -> None:
    released(desk)
    make_prompt("support/other")
    page = audit(desk, f"?about={about}")
    assert "released it to production" in page.text
    assert "made the prompt" in page.text
    assert "support/other" not in page.text


def test_audit_log__about_a_change_a_label_and_a_person__has_their_entries(desk: Desk) -> None:
    change = released(desk)
    labels.reorder_label(desk.staging, 5, actor=desk.governance_owner)
    assert "proposed the change as v1" in audit(desk, f"?about={change.pk}").text
    label = audit(desk, "?about=staging")
    assert "Gwen Owner changed the order of the label" in label.text
    assert "Made the label" in label.text
    assert len(numbers(label)) == 2
    own = audit(desk, "?about=ada")
    assert "Ada authors released it to production" in own.text
    assert "Gwen Owner changed the order" not in own.text


def test_audit_log__about_a_number_of_an_entry__has_the_entries_with_it(desk: Desk) -> None:
    change = released(desk)
    for number in (change.public_id, desk.prompt.public_id):
        found = audit(desk, f"?about={number}")
        assert numbers(found)
        assert str(number) in found.text


def test_audit_log__one_action__has_only_its_entries_and_stays_chosen(desk: Desk) -> None:
    released(desk)
    page = audit(desk, "?action=approvals.request.reviewed")
    assert len(numbers(page)) == 3
    assert page.has("option", selected="")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?about=nothing/here", "Nothing that you may know of is called “nothing/here”."),
        ("?about=999999999", "Nothing that you may know of is called “999999999”."),
        ("?about=%00", "entries"),
        ("?action=no.such.thing", "No entry fits."),
        ("?action=%00x", "No entry fits."),
        ("?before=0", "No entry fits."),
        ("?before=x", "#"),
        ("?about=99999999999999999999", "Nothing that you may know of"),
        ("?about=00000000-0000-4000-8000-000000000000", "No entry fits."),
    ],
)
def test_audit_log__odd_question__gets_a_plain_answer(desk: Desk, query: str, words: str) -> None:
    page = audit(desk, query)
    assert page.status == 200
    assert words in page.text


# -- what it keeps to itself ----------------------------------------------------------------


def test_audit_log__confidential_prompt__is_named_to_nobody_without_view(desk: Desk) -> None:
    change = released(desk)
    released(desk, SECOND)
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    page = audit(desk)
    assert numbers(page)
    assert "refunds" not in page.html
    assert "Customers read the opening" not in page.html
    assert "/requests/" not in page.html
    for about in ("support/refunds", str(change.pk)):
        assert "Nothing that you may know of" in audit(desk, f"?about={about}").text
    assert "refunds" not in audit(desk, f"?about={desk.prompt.public_id}").html.split("<table")[1]


def test_audit_log__confidential_prompt__is_named_to_an_auditor_who_sees_it(
    desk: Desk, governance_owner: User
) -> None:
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    people.join(desk.author, "auditors", actor=governance_owner)
    assert "support/refunds" in look(signed_in(desk.author), LOG).text


def test_audit_log__draft_of_somebody_else__has_no_name(desk: Desk) -> None:
    draft = propose(desk)
    page = audit(desk)
    assert str(draft.public_id) in page.text
    assert f"/requests/{draft.pk}/" not in page.html
    assert "Nothing that you may know of" in audit(desk, f"?about={draft.pk}").text


@on_embedded
def test_audit_log__longer_log_of_more_things__costs_as_many_queries(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    client = signed_in(desk.auditor)
    released(desk)
    look(client, LOG)
    with CaptureQueriesContext(connection) as few:
        look(client, LOG)
    released(desk, SECOND)
    for number in range(10):
        make_prompt(f"support/p{number}")
    with CaptureQueriesContext(connection) as more:
        look(client, LOG)
    assert len(more) <= len(few) <= 20


def test_kinds__everything_that_the_log_is_about__has_a_word(desk: Desk) -> None:
    released(desk)
    kinds = AuditEvent.objects.values_list("subject_type", flat=True).distinct()
    assert {*kinds} <= KINDS.keys()
