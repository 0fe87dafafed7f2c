"""The page of a change set: what is the same, who may do what, one vote for each change."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals import services
from approvals.models import ChangeSet, Review
from audit.models import AuditEvent
from registry.models import Prompt
from registry.services import prompts
from tests.approvals import desk as steps
from tests.approvals import sets_of as sets
from tests.approvals.desk import FIRST, SECOND, Desk, text
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.approvals.sets_of import NAMES, live, members, states
from tests.approvals.timing_of import regulated
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db


def at(made: ChangeSet) -> str:
    return f"/change-sets/{made.public_id}/"


def opened(desk: Desk, who: str, made: ChangeSet) -> tuple[Client, Page]:
    client = signed_in(desk.people[who])
    return client, look(client, at(made))


def pressed(desk: Desk, who: str, made: ChangeSet, button: str, **typed: Any) -> Page:
    client, page = opened(desk, who, made)
    return press(client, page, button, at(made), **typed)


# -- what is shown --------------------------------------------------------------------------


def test_page__same_change_in_all__is_shown_once(desk: Desk) -> None:
    sets.released(desk)
    made = sets.in_review(desk, template=SECOND)
    page = opened(desk, "safety_reviewer", made)[1]
    assert "One change in 3 prompts" in page.words_in("h1")
    assert "What changes: same change in all 3" in page.text
    assert page.html.count("<ins>warmly </ins>") == 1
    assert "The hotline has moved." in page.text


def test_page__one_differs__says_so_and_shows_it_apart(desk: Desk) -> None:
    found = sets.prompts_of(desk)
    items = [*sets.items(found[:2]), services.SetItem(found[2], text(SECOND))]
    made = services.propose_set(
        items, label=desk.production, rationale="Why.", actor=desk.author, whole=True
    )
    page = opened(desk, "author", made)[1]
    assert "same change in 2, 1 differs: look" in page.text
    assert f"In one prompt: {NAMES[2]}" in page.words_in("h2")


def test_page__each_prompt__leads_to_its_own_page(desk: Desk) -> None:
    made = sets.in_review(desk)
    page = opened(desk, "safety_reviewer", made)[1]
    for request in members(made):
        assert page.has("a", href=f"/requests/{request.pk}/")


def test_page__some_are_approved__counts_them_and_names_who_voted(desk: Desk) -> None:
    made = sets.in_review(desk)
    steps.approve(desk, members(made)[0])
    page = opened(desk, "release_manager", made)[1]
    assert "1 approved" in page.text
    assert "2 in review" in page.text
    assert "Sam safety (safety)" in page.text
    assert "2 changes are not ready" in page.text


def test_page__text_not_scanned__is_not_shown_to_others(desk: Desk) -> None:
    made = sets.proposed(desk, and_submit=True)
    page = opened(desk, "safety_reviewer", made)[1]
    assert "The text of 3 changes is not shown" in page.text
    assert "Greet" not in page.text


def test_page__confidential_member__is_counted_and_never_named(desk: Desk) -> None:
    made = sets.in_review(desk)
    prompts.edit_prompt(Prompt.objects.get(name=NAMES[1]), confidential=True, actor=desk.author)
    page = opened(desk, "outsider", made)[1]
    assert "1 more that you may not see" in page.text
    assert "One change in 3 prompts" in page.words_in("h1")
    assert NAMES[1] not in page.html


@pytest.mark.parametrize("state", ["draft", "review"])
def test_page__no_member_may_be_known_of__is_not_found(desk: Desk, state: str) -> None:
    made = sets.proposed(desk) if state == "draft" else sets.in_review(desk)
    if state == "review":
        for prompt in sets.prompts_of(desk):
            prompts.edit_prompt(prompt, confidential=True, actor=desk.author)
    assert opened(desk, "outsider", made)[1].status == 404
    assert look(signed_in(desk.outsider), f"/change-sets/{uuid.uuid4()}/").status == 404


@on_embedded
@pytest.mark.parametrize("who", ["author", "safety_reviewer"])
def test_page__queries__are_as_many_for_two_as_for_fifty(desk: Desk, who: str) -> None:
    counts = []
    for names in (NAMES[:2], [f"support/many-{number}" for number in range(50)]):
        made = sets.proposed(desk, *names, and_submit=True)
        client = signed_in(desk.people[who])
        client.get(at(made))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(at(made)).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_request_page__member__says_so_and_leads_to_the_set(desk: Desk) -> None:
    made = sets.in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = look(client, f"/requests/{members(made)[0].pk}/")
    assert page.has("a", href=at(made))
    assert "Part of a change set that goes out as a whole." in page.text
    assert look(client, "/").has("a", href=at(made))


def test_request_page__ready_member_of_a_whole_set__offers_no_release(desk: Desk) -> None:
    made = sets.approved(desk)
    page = look(signed_in(desk.release_manager), f"/requests/{members(made)[0].pk}/")
    assert not {words for words in page.buttons if words.startswith("Release")}
    assert "Plan the release" not in page.text
    assert "Goes out with the 2 others of its change set" in page.text


def test_request_page__draft_of_a_whole_set__offers_no_wish_to_go_out_at_once(desk: Desk) -> None:
    made = sets.proposed(desk)
    one = members(made)[0]
    client = signed_in(desk.author)
    for address in (f"/requests/{one.pk}/", f"/requests/{one.pk}/revise"):
        assert "as soon as everything is met" not in look(client, address).text
    press(client, look(client, f"/requests/{one.pk}/"), "Submit", f"/requests/{one.pk}/")
    assert steps.fresh(one).state == "scanning"


# -- votes ----------------------------------------------------------------------------------


def test_approve__one_press__is_one_vote_and_one_event_for_each_change(desk: Desk) -> None:
    made = sets.in_review(desk)
    before = AuditEvent.objects.count()
    page = pressed(desk, "safety_reviewer", made, "Approve what is ticked for safety")
    assert "You approved 3 changes for safety." in page.text
    votes = Review.objects.filter(request__change_set=made)
    assert {vote.request_id for vote in votes} == {request.pk for request in members(made)}
    assert len({vote.digest for vote in votes}) == 3
    assert AuditEvent.objects.count() == before + 3


def test_approve__one_unticked__has_no_vote(desk: Desk) -> None:
    made = sets.in_review(desk)
    ticked = [request.pk for request in members(made)[:2]]
    pressed(desk, "safety_reviewer", made, "Approve what is ticked for safety", pick=ticked)
    voted = Review.objects.filter(request__change_set=made).values_list("request", flat=True)
    assert sorted(voted) == ticked


def test_approve__one_was_edited_meanwhile__the_others_are_voted_on_and_it_is_named(
    desk: Desk,
) -> None:
    made = sets.in_review(desk)
    client, page = opened(desk, "safety_reviewer", made)
    one = members(made)[1]
    services.revise(one.pk, document=text(SECOND), rationale="Again.", actor=desk.author)
    page = press(client, page, "Approve what is ticked for safety", at(made))
    assert "You approved 2 changes for safety." in page.text
    assert "Not done with 1 change:" in page.text
    assert "votes are open in review" in page.text
    assert not Review.objects.filter(request=one).exists()


def test_approve__posted_twice__is_one_vote_each(desk: Desk) -> None:
    made = sets.in_review(desk)
    client, page = opened(desk, "safety_reviewer", made)
    for _ in range(2):
        press(client, page, "Approve what is ticked for safety", at(made))
    assert Review.objects.filter(request__change_set=made).count() == 3


def test_approve__asks_for_a_checklist__is_voted_on_its_own_page(desk: Desk) -> None:
    asked = [{"role": "safety", "title": "Safety", "questions": [{"key": "a", "text": "Safe?"}]}]
    regulated(desk, checklists=asked)
    made = sets.in_review(desk)
    page = opened(desk, "safety_reviewer", made)[1]
    assert "Vote on its own page: it asks you for a checklist." in page.text
    assert "Approve what is ticked for safety" not in page.buttons


def test_request_changes__without_a_comment__asks_for_one_and_keeps_the_ticks(desk: Desk) -> None:
    made = sets.in_review(desk)
    ticked = [members(made)[0].pk]
    page = pressed(desk, "safety_reviewer", made, "Ask for changes in what is ticked", pick=ticked)
    assert page.status == 422
    assert "comment_needed" in page.text
    assert page.form_with("Reject what is ticked").values("pick") == [str(ticked[0])]


def test_vote__change_of_another_set_ticked__is_refused(desk: Desk) -> None:
    made = sets.in_review(desk)
    other = steps.in_review(desk)
    page = pressed(
        desk, "safety_reviewer", made, "Approve what is ticked for safety", pick=[other.pk]
    )
    assert (page.status, "bad_input" in page.text) == (422, True)
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "do", ["approve:safety", "reject:safety", "release", "rollback", "withdraw", "submit", "x", ""]
)
@pytest.mark.parametrize("who", ["outsider", "superuser", "author"])
def test_crafted_post__by_who_may_not__changes_nothing(desk: Desk, do: str, who: str) -> None:
    made = sets.in_review(desk)
    client, page = opened(desk, who, made)
    if who == "author" and do == "withdraw":
        return
    token = page.forms[0].value("csrfmiddlewaretoken")
    before = AuditEvent.objects.count()
    marks = [f"{r.pk}.0.{r.revision_digest}" for r in members(made)]
    sent = {
        "csrfmiddlewaretoken": token,
        "do": do,
        "pick": [r.pk for r in members(made)],
        "member": [*marks, "nonsense", "9.9", "..", "x.y.z"],
    }
    answer = client.post(at(made), sent)
    assert answer.status_code in (200, 403, 409, 422)
    assert AuditEvent.objects.count() == before
    assert states(made) == ["review"] * 3


# -- together -------------------------------------------------------------------------------


def test_submit__drafts__all_are_submitted(desk: Desk) -> None:
    made = sets.proposed(desk)
    page = pressed(desk, "author", made, "Submit 3 drafts")
    assert "Submitted 3 changes." in page.text
    assert states(made) == ["scanning"] * 3


def test_release__all_are_approved__go_live_at_once(desk: Desk) -> None:
    made = sets.approved(desk)
    page = pressed(desk, "release_manager", made, "Release all 3 to production")
    assert "Released 3 changes to production." in page.text
    assert live(made) == [1, 1, 1]


def test_release__not_all_are_ready__is_not_offered_and_refused_line_by_line(desk: Desk) -> None:
    made = sets.in_review(desk)
    steps.approve(desk, members(made)[0])
    client, page = opened(desk, "release_manager", made)
    assert not page.buttons
    token = page.forms[0].value("csrfmiddlewaretoken")
    answer = Page(client.post(at(made), {"csrfmiddlewaretoken": token, "do": "release"}))
    assert answer.status == 422
    assert "set_not_ready" in answer.text


def test_release__in_waves__those_ticked_go_and_those_not_ready_are_named(desk: Desk) -> None:
    made = sets.approved(desk, whole=False)
    client, page = opened(desk, "release_manager", made)
    first = members(made)[0]
    services.take_back(first.pk, actor=desk.safety_reviewer, seen=None)
    page = press(client, page, "Release what is ticked to production", at(made))
    assert "Released 2 changes to production." in page.text
    assert "Not done with 1 change:" in page.text
    assert live(made) == [None, 1, 1]


def test_release__label_moved_since_the_page_was_read__is_refused(desk: Desk) -> None:
    made = sets.approved(desk)
    client, page = opened(desk, "release_manager", made)
    one = Desk(Prompt.objects.get(name=NAMES[0]), desk.staging, desk.production, desk.people)
    steps.released(one, SECOND)
    page = press(client, page, "Release all 3 to production", at(made))
    assert (page.status, "set_not_ready" in page.text) == (422, True)
    assert live(made) == [2, None, None]


def test_rollback__live_over_another__goes_back_together(desk: Desk) -> None:
    made = sets.released_twice(desk)
    page = pressed(desk, "responder", made, "Roll back 3 prompts together", comment="Too warm.")
    assert "Rolled back 3 changes." in page.text
    assert live(made) == [1, 1, 1]


def test_withdraw__by_the_author__all_are_withdrawn(desk: Desk) -> None:
    made = sets.in_review(desk)
    page = pressed(desk, "author", made, "Withdraw 3 changes")
    assert "Withdrew 3 changes." in page.text
    assert states(made) == ["withdrawn"] * 3


def test_buttons__by_who_may_do_nothing__are_none(desk: Desk) -> None:
    made = sets.in_review(desk)
    for who in ("outsider", "superuser", "auditor"):
        assert opened(desk, who, made)[1].buttons == set()


def test_page__session_ended_while_a_comment_was_typed__gives_it_back(desk: Desk) -> None:
    made = sets.in_review(desk)
    client, page = opened(desk, "safety_reviewer", made)
    client.session.flush()
    kept = press(client, page, "Reject what is ticked", at(made), comment="Not like this.")
    assert "Not like this." in kept.html
    assert not Review.objects.exists()


def test_page__text_too_long_to_show__is_voted_on_on_its_own_page(desk: Desk) -> None:
    long = text("".join(f"Line number {n} says hello to {{{{customer}}}}.\n" for n in range(260)))
    short, other = sets.prompts_of(desk, "support/billing", "support/claims")
    made = services.propose_set(
        [services.SetItem(short, text(SECOND)), services.SetItem(other, long)],
        label=desk.production,
        rationale="Both.",
        actor=desk.author,
        whole=True,
        and_submit=True,
    )
    for request in members(made):
        steps.route(steps.scan(request))
    client, page = opened(desk, "safety_reviewer", made)
    assert "Vote on its own page: its text is not shown here." in page.text
    press(client, page, "Approve what is ticked for safety", at(made))
    voted = Review.objects.values_list("request__prompt__name", flat=True)
    assert list(voted) == ["support/billing"]


def test_page__callers_have_to_do_something__says_what_beside_the_change(desk: Desk) -> None:
    sets.released(desk)
    made = sets.in_review(desk, template=f"{FIRST}Call {{{{phone}}}}.\n")
    page = opened(desk, "safety_reviewer", made)[1]
    assert page.text.count("Pass phone: the new text asks for it.") == 1


def test_vote__some_are_refused__keeps_the_comment(desk: Desk) -> None:
    made = sets.in_review(desk)
    client, page = opened(desk, "safety_reviewer", made)
    one = members(made)[0]
    services.revise(one.pk, document=text(SECOND), rationale="Better.", actor=desk.author)
    services.submit(one.pk, actor=desk.author)
    steps.route(steps.scan(one))
    page = press(
        client, page, "Approve what is ticked for safety", at(made), comment="My long words."
    )
    assert "was edited" in page.text
    assert ">\nMy long words.</textarea>" in page.html


def test_page__one_of_a_whole_set_was_rejected__says_that_it_goes_out_no_more(desk: Desk) -> None:
    made = sets.in_review(desk)
    steps.reject(desk, members(made)[0])
    page = opened(desk, "author", made)[1]
    assert "1 change was rejected or withdrawn. Withdraw the set and propose it anew" in page.text
