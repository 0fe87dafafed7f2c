"""The page of a change: what each kind of person reads and may press, and what a refusal keeps."""

from __future__ import annotations

import pytest
from django.urls import reverse

from approvals import services
from approvals.models import ApprovalRequest, Review
from registry.models import Version
from registry.services import memberships
from tests.approvals.desk import (
    FIRST,
    SECOND,
    THIRD,
    Desk,
    approve,
    approved,
    at_state,
    fresh,
    in_review,
    propose,
    released,
    route,
    scan,
    submit,
    text,
)
from tests.approvals.pages.browsing import look, press, signed_in
from tests.people import MakePrompt, make_person

pytestmark = pytest.mark.django_db


def address(change: ApprovalRequest) -> str:
    return reverse("approvals:request", kwargs={"pk": change.pk})


# -- what is there --------------------------------------------------------------------------

ASK = {"Reject", "Ask for changes"}
VOTED = {*ASK, "Take your vote back"}
#: offered to whoever may speak; `test_threads` has them
TALK = {"Open a thread", "Ask the author"}
BUTTONS = {
    "draft": {"author": {"Withdraw", "Submit"}},
    "scanning": {"author": {"Withdraw"}},
    "review": {
        "author": {"Withdraw"},
        "support_reviewer": {*ASK, "Approve for support"},
        "safety_reviewer": {*ASK, "Approve for safety"},
        "engineer": {*ASK, "Approve for engineering"},
    },
    "approved": {
        "author": {"Withdraw", "Release to production"},
        "support_reviewer": VOTED,
        "safety_reviewer": VOTED,
        "engineer": VOTED,
        "release_manager": {"Release to production"},
    },
    "released": {},
    "rejected": {},
    "withdrawn": {},
}


@pytest.mark.parametrize("state", BUTTONS)
def test_request_page__any_person_at_a_state__offers_that_persons_buttons(
    desk: Desk, state: str
) -> None:
    change = at_state(desk, state)
    hidden = change.submitted_at is None
    offered = {}
    for name, person in desk.people.items():
        page = look(signed_in(person), address(change))
        assert page.status == (404 if hidden and name != "author" else 200), name
        if page.buttons - TALK:
            offered[name] = page.buttons - TALK
    assert offered == BUTTONS[state]


def test_request_page__in_review__shows_head_rationale_diff_list_and_timeline(desk: Desk) -> None:
    released(desk, FIRST)
    change = in_review(desk, SECOND)
    page = look(signed_in(desk.safety_reviewer), address(change))
    assert "support/refunds · v2 → production (live: v1)" in page.text
    assert "Customers read the opening as cold." in page.words_in("h1")
    assert page.words_in("ins") == ["warmly"]
    assert page.words_in("del") == []
    assert "0 of 1 safety reviewer Not yet met" in page.text
    assert "You can sign." in page.text
    assert f"{desk.author} proposed the change as v2" in page.text
    assert "The reviewers were asked" in page.text


def test_request_page__own_change__says_not_you(desk: Desk) -> None:
    memberships.join(desk.author, "safety", actor=desk.governance_owner)
    change = in_review(desk)
    page = look(signed_in(desk.author), address(change))
    assert "Not you: you wrote it." in page.text
    assert "Approve for safety" not in page.buttons


def test_request_page__unchanged_lines__are_folded_away(desk: Desk) -> None:
    long = "".join(f"Line {n} stays.\n" for n in range(40))
    released(desk, FIRST + long)
    change = in_review(desk, SECOND + long)
    page = look(signed_in(desk.safety_reviewer), address(change))
    assert "38 unchanged lines" in page.words_in("summary")


def test_request_page__finding__is_marked_in_the_text_with_what_to_do(desk: Desk) -> None:
    change = in_review(desk, "Write to jane.doe@acme-corp.com at once.\n")
    page = look(signed_in(desk.safety_reviewer), address(change))
    assert page.words_in("mark") == ["jane.doe@acme-corp.com"]
    assert "1 new finding" in page.text
    assert "· new ·" in page.text


def test_request_page__finding_that_stood_before__is_told_as_standing(desk: Desk) -> None:
    released(desk, "Write to jane.doe@acme-corp.com at once.\n")
    change = in_review(desk, "Write to jane.doe@acme-corp.com soon.\n")
    page = look(signed_in(desk.safety_reviewer), address(change))
    assert "0 new findings · 1 standing" in page.text
    assert "Standing finding" in page.text


def test_request_page__variable_added__says_what_callers_do(desk: Desk) -> None:
    released(desk, FIRST)
    change = in_review(desk, "Greet {{customer}} from {{country}}.\n")
    page = look(signed_in(desk.safety_reviewer), address(change))
    assert "Applications that read this prompt have to change" in page.text
    assert "Pass country: the new text asks for it." in page.text


def test_request_page__times__are_in_the_persons_zone(desk: Desk) -> None:
    change = in_review(desk)
    desk.safety_reviewer.time_zone = "Asia/Kathmandu"
    desk.safety_reviewer.save()
    page = look(signed_in(desk.safety_reviewer), address(change))
    assert "+0545" in page.html


def test_request_page__content_erased__stands_with_votes_and_without_text(desk: Desk) -> None:
    old = released(desk, FIRST)
    released(desk, SECOND)
    version = Version.objects.get(number=1)
    asked = services.ask_erasure(
        version, actor=desk.governance_owner, reason="Personal data", ticket="T-1"
    )
    second = make_person("gus", "governance-owners", by=desk.governance_owner)
    services.erase_content(asked.pk, actor=second)
    page = look(signed_in(desk.auditor), address(old))
    assert page.status == 200
    assert "The content of this version was erased." in page.text
    assert "approved it for safety" in page.text


# -- verbs ----------------------------------------------------------------------------------


def test_approve__pressed__counts_and_comes_back_with_words(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = press(
        client,
        look(client, address(change)),
        "Approve for safety",
        address(change),
        comment="Read it twice.",
    )
    assert page.status == 200
    assert "You approved this change for safety." in page.text
    assert "1 of 1 safety reviewer Met" in page.text
    assert "Read it twice." in page.text
    found = Review.objects.values_list("role", "decision", "comment__value")
    assert [*found] == [("safety", "approve", "Read it twice.")]


def test_approve__sent_twice_with_one_key__is_one_vote(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(change))
    press(client, page, "Approve for safety", address(change))
    again = press(client, page, "Approve for safety", address(change))
    assert again.status == 200
    assert Review.objects.count() == 1


def test_reject__after_approving_on_a_kept_page__is_another_post(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(change))
    press(client, page, "Approve for safety", address(change))
    press(client, page, "Reject", address(change), comment="On second thoughts, no.")
    assert fresh(change).state == "rejected"


@pytest.mark.parametrize("button", ["Ask for changes", "Reject"])
def test_vote_without_a_sentence__is_refused_by_name_and_changes_nothing(
    desk: Desk, button: str
) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = press(client, look(client, address(change)), button, address(change), comment="  ")
    assert page.status == 422
    assert "comment_needed" in page.text
    assert page.has("section", id="refusal", role="alert")
    assert page.has("textarea", name="comment", aria_invalid="true")
    assert not Review.objects.exists()


def test_ask_for_changes__with_a_sentence__goes_back_to_the_author(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = press(
        client,
        look(client, address(change)),
        "Ask for changes",
        address(change),
        comment="Please keep\nthe old greeting.",
    )
    assert page.status == 200
    assert fresh(change).state == "draft"
    assert Review.objects.filter(comment__value="Please keep\nthe old greeting.").count() == 1


def test_approve__edited_meanwhile__answers_409_with_the_new_diff_and_the_comment(
    desk: Desk,
) -> None:
    released(desk, FIRST)
    change = in_review(desk, SECOND)
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(change))
    services.revise(change.pk, document=text(THIRD), rationale="Kinder", actor=desk.author)
    services.submit(change.pk, actor=desk.author)
    route(scan(fresh(change)))
    answer = press(
        client, page, "Approve for safety", address(change), comment="Looks good\n<b>to me</b>"
    )
    assert answer.status == 409
    assert "Something changed since you opened this" in answer.text
    assert answer.words_in("ins") == ["kindly"]
    form = answer.form_with("Approve for safety")
    assert form.value("comment") == "Looks good\n<b>to me</b>"
    assert form.value("seen") == fresh(change).revision_digest
    assert not Review.objects.filter(request=change).exists()


def test_release__something_else_live_meanwhile__answers_409(desk: Desk) -> None:
    first = approved(desk, FIRST)
    second = approved(desk, SECOND)
    client = signed_in(desk.release_manager)
    page = look(client, address(second))
    services.release(first.pk, actor=desk.author)
    answer = press(client, page, "Release to production", address(second))
    assert answer.status == 409
    assert "stale" in answer.text


def test_release__pressed__is_live_and_offers_the_way_back(desk: Desk) -> None:
    released(desk, FIRST)
    change = approved(desk, SECOND)
    client = signed_in(desk.release_manager)
    page = press(client, look(client, address(change)), "Release to production", address(change))
    assert "Released to production." in page.text
    assert "Released and live" in page.text
    assert page.buttons == {"Roll back to v1"}
    back = press(client, page, "Roll back to v1", address(change))
    assert "Rolled back: production serves v1 again." in back.text


def test_submit__draft__goes_to_the_scan_and_keeps_the_wish_to_release(desk: Desk) -> None:
    change = propose(desk)
    client = signed_in(desk.author)
    page = press(client, look(client, address(change)), "Submit", address(change))
    assert "Submitted." in page.text
    assert fresh(change).state == "scanning"
    assert fresh(change).release_when_ready is True


def test_withdraw__pressed__ends_it_and_keeps_the_sentence(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.author)
    page = press(
        client, look(client, address(change)), "Withdraw", address(change), comment="Not now."
    )
    assert fresh(change).state == "withdrawn"
    assert "withdrew it" in page.text
    assert "Not now." in page.text


def test_rescan__after_three_failures__is_offered_and_starts_again(desk: Desk) -> None:
    change = submit(desk)
    for _ in range(3):
        services.begin_scan(change.pk)
        services.note_scan_failure(change.pk, error="time_limit")
    client = signed_in(desk.author)
    page = look(client, address(change))
    assert "Could not be checked" in page.text
    page = press(client, page, "Start the scan again", address(change))
    assert page.status == 200
    assert fresh(change).scan_attempts == 0


def test_post__vote_on_a_withdrawn_change__is_refused_by_name(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(change))
    services.withdraw(change.pk, actor=desk.author)
    answer = press(client, page, "Approve for safety", address(change), comment="Fine")
    assert answer.status == 409
    assert "wrong_state" in answer.text


def test_post__own_change__is_refused_by_name(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.author)
    form = look(client, address(change)).form_with("Withdraw")
    form.buttons["Approve"] = ("do", "approve:safety")
    answer = press(client, look(client, address(change)), "Approve", address(change), form=form)
    assert answer.status == 403
    assert "own_change" in answer.text


@pytest.mark.parametrize("do", ["", "nonsense", "approve", "approve:nobody"])
def test_post__button_that_is_not_there__is_refused_and_changes_nothing(
    desk: Desk, do: str
) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(change))
    form = page.form_with("Approve for safety")
    form.buttons["X"] = ("do", do)
    answer = press(client, page, "X", address(change), form=form)
    assert answer.status in (403, 422)
    assert not Review.objects.exists()


def test_post__comment_with_a_null_character__is_refused_and_kept(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(change))
    answer = press(client, page, "Reject", address(change), comment="bad \0 comment")
    assert answer.status == 422
    assert "bad" in answer.form_with("Reject").value("comment")


# -- who may not know -----------------------------------------------------------------------


def test_request_page__confidential__is_404_on_page_fragment_and_verb(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    hidden = make_prompt("support/merger", confidential=True)
    change = services.propose(
        hidden, label=desk.production, document=text(FIRST), rationale="Hush", actor=desk.author
    )
    services.submit(change.pk, actor=desk.author)
    client = signed_in(desk.outsider)
    for tail in ("", "live", "revise"):
        answer = client.get(f"{address(change)}{tail}")
        assert answer.status_code == 404
        assert b"merger" not in answer.content
        assert b"Hush" not in answer.content
    client.handler.enforce_csrf_checks = False
    for tail in ("", "revise"):
        answer = client.post(f"{address(change)}{tail}", {"do": "withdraw"})
        assert answer.status_code == 404
        assert b"merger" not in answer.content


def test_request_page__number_of_nothing__is_404(desk: Desk) -> None:
    client = signed_in(desk.author)
    for pk in ("999999", "9" * 30):
        assert client.get(f"/requests/{pk}/").status_code == 404


# -- while it is open -----------------------------------------------------------------------


def test_live__nothing_happened__is_304_for_the_pages_own_tag(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    first = client.get(f"{address(change)}live")
    again = client.get(f"{address(change)}live", headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert again.content == b""


def test_live__somebody_voted__brings_the_new_list_and_the_digest_seen(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    tag = client.get(f"{address(change)}live")["ETag"]
    approve(desk, change, "support_reviewer")
    answer = client.get(f"{address(change)}live", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert b"1 of 1 support reviewer" in answer.content
    assert answer["X-Seen"] == fresh(change).revision_digest


def test_live__every_part__stands_on_the_page_too(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.safety_reviewer)
    page, live = look(client, address(change)), look(client, f"{address(change)}live")
    parts = {found["data-part"] for _, found in live.tags if "data-part" in found}
    assert parts
    assert parts == {found["data-part"] for _, found in page.tags if "data-part" in found}
