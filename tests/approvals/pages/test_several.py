"""Low-risk changes approved together: what the page offers, and what a press of its button does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import services
from approvals.models import ApprovalRequest, Review
from audit.models import AuditEvent
from registry.services import memberships
from tests.approvals import talking
from tests.approvals.desk import FIRST, SECOND, Desk, fresh, in_review, released, route, scan, text
from tests.approvals.documents_of import second_owner
from tests.approvals.pages.browsing import look, press, signed_in
from tests.approvals.several_of import (
    AT,
    BUTTON,
    RISKY,
    approvals_by,
    codes,
    elsewhere,
    tick,
    ticked,
    waiting,
)
from tests.approvals.timing_of import regulated
from tests.people import MakePrompt
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db


def edited(desk: Desk, change: ApprovalRequest) -> None:
    """Ada edits a change, and it is in review again."""
    services.revise_and_submit(
        change.pk, document=text(SECOND), rationale="Warmer.", actor=desk.author
    )
    route(scan(fresh(change)))


# -- what is there --------------------------------------------------------------------------


def test_reviews__two_of_low_risk_wait__lead_to_where_they_are_approved_together(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    sam = signed_in(desk.safety_reviewer)
    waiting(desk, make_prompt, "a")
    in_review(desk, RISKY)
    in_review(desk, "One two three four five.\n" * 50)
    assert not look(sam, "/").has("a", href=AT)
    waiting(desk, make_prompt, "b")
    page = look(sam, "/")
    assert page.has("a", href=AT)
    assert "Approve changes of low risk together" in page.text
    assert not look(signed_in(desk.author), "/").has("a", href=AT)


def test_several__change_of_low_risk__shows_what_it_changes_and_is_not_ticked(
    desk: Desk,
) -> None:
    released(desk, FIRST)
    change = in_review(desk, SECOND, rationale="Warmer.\nCustomers asked for it.")
    page = look(signed_in(desk.safety_reviewer), AT)
    assert page.has("a", href=f"/requests/{change.pk}/")
    for words in ("support/refunds", "v2 → production (live: v1)", str(desk.author), "1 word"):
        assert words in page.text
    assert "Warmer." in page.words_in("h2")
    assert "Customers asked for it." in page.text
    assert page.words_in("ins") == ["warmly"]
    assert "Low 0" in page.text
    assert "Approve for safety" in page.text
    assert ticked(page) == set()


def test_several__nothing_of_low_risk__says_so_and_leads_back(desk: Desk) -> None:
    in_review(desk, RISKY)
    page = look(signed_in(desk.safety_reviewer), AT)
    assert page.status == 200
    assert "No change of low risk waits for your sign-off now." in page.text
    assert page.buttons == set()
    assert page.has("a", href="/")


@pytest.mark.parametrize("who", ["author", "outsider", "release_manager", "superuser"])
def test_several__person_who_signs_nothing__is_offered_nothing(desk: Desk, who: str) -> None:
    in_review(desk)
    page = look(signed_in(desk.people[who]), AT)
    assert BUTTON not in page.buttons
    assert "Customers read the opening as cold." not in page.text


def test_several__confidential_prompt__is_not_there_for_who_does_not_see_it(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    hidden = elsewhere(desk, make_prompt, "merger", confidential=True)
    in_review(hidden)
    assert "support/merger" in look(signed_in(desk.safety_reviewer), AT).text
    assert "merger" not in look(signed_in(desk.outsider), AT).text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"signature": {"minutes": 15}}, "It asks you to sign with your password."),
        (
            {
                "checklists": [
                    {
                        "role": "safety",
                        "title": "Safety",
                        "questions": [{"key": "refuses", "text": "Does it refuse what it must?"}],
                    }
                ]
            },
            "It asks you to answer a checklist.",
        ),
    ],
    ids=["signature", "checklist"],
)
def test_several__policy_asks_for_more_than_a_tick__is_listed_with_the_reason_and_a_link(
    desk: Desk, asked: dict[str, Any], words: str
) -> None:
    regulated(desk, **asked)
    change = in_review(desk)
    page = look(signed_in(desk.safety_reviewer), AT)
    assert words in page.text
    assert page.has("a", href=f"/requests/{change.pk}/")
    assert BUTTON not in page.buttons
    assert not look(signed_in(desk.safety_reviewer), "/").has("a", href=AT)


def test_several__more_words_than_are_read_in_passing__is_opened_on_its_own_page(
    desk: Desk,
) -> None:
    in_review(desk, "One two three four five.\n" * 50)
    page = look(signed_in(desk.safety_reviewer), AT)
    assert "250 words changed, too many to be read among others." in page.text
    assert BUTTON not in page.buttons


def test_several__more_lines_than_there_is_room_for__is_opened_on_its_own_page(
    desk: Desk,
) -> None:
    in_review(desk, "Word\n" * 100)
    page = look(signed_in(desk.safety_reviewer), AT)
    assert "It is too long to be shown whole among others." in page.text
    assert BUTTON not in page.buttons


def test_several__content_erased_meanwhile__is_not_to_be_ticked(desk: Desk) -> None:
    change = in_review(desk, FIRST)
    # Another one takes its place on staging, so that it is live nowhere.
    services.withdraw(in_review(desk, SECOND).pk, actor=desk.author)
    assert change.version is not None
    asked = services.ask_erasure(
        change.version, actor=desk.governance_owner, reason="Personal data", ticket="T-1"
    )
    services.erase_content(asked.pk, actor=second_owner(desk.governance_owner))
    page = look(signed_in(desk.safety_reviewer), AT)
    assert "The content of this version was erased." in page.text
    assert BUTTON not in page.buttons


def test_several__callers_have_to_change_something__says_so(desk: Desk) -> None:
    released(desk, FIRST)
    in_review(desk, "Greet {{customer}} from {{country}}.\n")
    page = look(signed_in(desk.safety_reviewer), AT)
    assert "Pass country: the new text asks for it." in page.text


def test_several__question_waits_for_the_author__is_said(desk: Desk) -> None:
    talking.ask(desk, in_review(desk))
    page = look(signed_in(desk.safety_reviewer), AT)
    assert "1 open thread · the author is asked something" in page.text


@on_embedded
def test_several__fifty_changes__cost_as_many_queries_as_two_and_more_are_counted(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    sam = signed_in(desk.safety_reviewer)
    waiting(desk, make_prompt, "a", "b")
    look(sam, AT)
    with CaptureQueriesContext(connection) as two:
        assert look(sam, AT).text.count("Approve for safety") == 2
    for number in range(48):
        in_review(desk, f"Text number {number}.\n", rationale="Another text.")
    with CaptureQueriesContext(connection) as fifty:
        page = look(sam, AT)
    assert page.text.count("Approve for safety") == 50
    assert len(fifty) == len(two) <= 25
    waiting(desk, make_prompt, "late")
    page = look(sam, AT)
    assert page.text.count("Approve for safety") == 50
    assert "1 more change of low risk waits for you" in page.text


# -- a press --------------------------------------------------------------------------------


def test_approve__some_ticked__each_is_a_vote_and_an_entry_and_the_rest_waits(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    a, b, c = waiting(desk, make_prompt, "a", "b", "c")
    before = AuditEvent.objects.count()
    page = tick(signed_in(desk.safety_reviewer), a, c, comment="Read both.")
    assert page.status == 200
    assert "You approved 2 changes." in page.text
    assert approvals_by(desk.safety_reviewer) == {a.pk, c.pk}
    entries = AuditEvent.objects.order_by("seq")[before:]
    assert [entry.action for entry in entries] == ["approvals.request.reviewed"] * 2
    assert [entry.change_id for entry in entries] == [a.public_id, c.public_id]
    comments = Review.objects.values_list("comment__value", flat=True)
    assert [*comments] == ["Read both.", "Read both."]
    assert f"/requests/{b.pk}/" in page.html
    assert f"/requests/{a.pk}/" not in page.html


def test_approve__without_a_comment__keeps_none(desk: Desk) -> None:
    tick(signed_in(desk.safety_reviewer), in_review(desk))
    assert Review.objects.get().comment is None


def test_approve__nothing_ticked__is_refused_and_the_comment_stays(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    waiting(desk, make_prompt, "a")
    page = tick(signed_in(desk.safety_reviewer), comment="Read it.")
    assert page.status == 422
    assert "Tick at least one change" in page.text
    assert page.form_with(BUTTON).value("comment") == "Read it."


def test_approve__one_edited_meanwhile__says_so_and_the_others_are_approved(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    a, b, c = waiting(desk, make_prompt, "a", "b", "c")
    sam = signed_in(desk.safety_reviewer)
    page = look(sam, AT)
    edited(desk, b)
    page = tick(sam, a, b, c, page=page)
    assert page.status == 409
    assert approvals_by(desk.safety_reviewer) == {a.pk, c.pk}
    assert "You approved 2 changes, and 1 not" in page.text
    assert "This change was edited since you opened it." in page.text
    assert codes(page) == ["stale"]
    assert page.has("a", href=f"/requests/{b.pk}/")
    assert "It was edited since you ticked it." in page.text
    assert ticked(page) == set()
    tick(sam, b, page=page)
    assert approvals_by(desk.safety_reviewer) == {a.pk, b.pk, c.pk}


def test_approve__comment_with_a_secret__refuses_each_and_keeps_what_was_ticked(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    a, b, _ = waiting(desk, make_prompt, "a", "b", "c")
    secret = "AKIA" + "IOSFODNN7RTZQ4KD"
    sam = signed_in(desk.safety_reviewer)
    page = tick(sam, a, b, comment=f"It works with {secret}.")
    assert page.status == 422
    assert codes(page) == ["secret_found", "secret_found"]
    assert "Nothing was approved" in page.text
    assert ticked(page) == {a.pk, b.pk}
    assert secret in page.form_with(BUTTON).value("comment")


def test_approve__pressed_again_with_the_same_key__votes_once(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    a, b = waiting(desk, make_prompt, "a", "b")
    sam = signed_in(desk.safety_reviewer)
    page = look(sam, AT)
    tick(sam, a, b, page=page)
    again = tick(sam, a, b, page=page)
    assert again.status == 200
    assert "You approved 2 changes." in again.text
    assert Review.objects.count() == 2


def test_approve__two_roles_to_choose_from__votes_in_the_chosen_one(desk: Desk) -> None:
    memberships.join(desk.safety_reviewer, "support", actor=desk.governance_owner)
    change = in_review(desk)
    sam = signed_in(desk.safety_reviewer)
    page = look(sam, AT)
    assert page.form_with(BUTTON).value(f"role:{change.pk}") in ("safety", "support")
    tick(sam, change, page=page, **{f"role:{change.pk}": "safety"})
    assert Review.objects.get().role == "safety"


def test_approve__for_one_of_two_roles__is_not_offered_again_for_the_other(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    memberships.join(desk.safety_reviewer, "support", actor=desk.governance_owner)
    a, b = waiting(desk, make_prompt, "a", "b")
    sam = signed_in(desk.safety_reviewer)
    page = tick(sam, a, b, **{f"seen:{b.pk}": "another", f"role:{a.pk}": "safety"})
    assert codes(page) == ["stale"]
    assert approvals_by(desk.safety_reviewer) == {a.pk}
    assert not page.has("input", type="checkbox", value=f"{a.pk}")
    assert page.has("input", type="checkbox", value=f"{b.pk}")


def test_approve__form_grown_old__keeps_ticks_and_comment(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    a, b, _ = waiting(desk, make_prompt, "a", "b", "c")
    sam = signed_in(desk.safety_reviewer)
    page = look(sam, AT)
    edited(desk, b)
    sam.cookies.pop("csrftoken")
    kept = tick(sam, a, b, page=page, comment="Read both.")
    assert kept.status == 403
    back = press(sam, kept, "Go on with what you typed", AT)
    assert "Nothing was sent yet" in back.text
    assert ticked(back) == {a.pk}
    assert "It was edited since you ticked it." in back.text
    assert back.form_with(BUTTON).value("comment") == "Read both."
    assert not Review.objects.exists()
