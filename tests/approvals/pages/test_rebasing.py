"""Bringing a change up to date on its page, without JavaScript: by one button, or by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse

from approvals import services
from approvals.merging import LIVE as MARK
from approvals.models import ApprovalRequest
from registry import permissions, roles
from registry.documents import build
from registry.services import grants
from tests.approvals.bases import COOL, WARM, letter, overtaken
from tests.approvals.desk import Desk, approve, fresh, in_review, propose, released, route, scan
from tests.approvals.pages.browsing import look, press, signed_in
from tests.people import MakePrompt, make_person

pytestmark = pytest.mark.django_db

BUTTON = "Bring it up to date"
GIVES_UP = "Bring it up to date and give up your vote"
CHOSEN = letter(top="Greet {{customer}} briefly and warmly.")


def address(change: ApprovalRequest) -> str:
    return reverse("approvals:request", kwargs={"pk": change.pk})


def by_hand(change: ApprovalRequest) -> str:
    return reverse("approvals:rebase", kwargs={"pk": change.pk})


def test_request_page__overtaken__offers_the_button_to_those_who_may_propose(desk: Desk) -> None:
    change = overtaken(desk)
    offered = {
        name
        for name in ("author", "safety_reviewer", "release_manager", "superuser")
        if BUTTON in look(signed_in(desk.people[name]), address(change)).buttons
    }
    assert offered == {"author"}
    page = look(signed_in(desk.safety_reviewer), address(change))
    assert "or anyone who may propose here, can bring it up to date" in page.text


def test_request_page__overtaken__tells_a_reviewer_that_their_vote_goes(desk: Desk) -> None:
    # Somebody else is left to sign for the role.
    make_person("emil", roles.ENGINEERING, by=desk.governance_owner)
    grants.grant(desk.prompt, permissions.PROPOSE, desk.engineer, actor=desk.author)
    change = overtaken(desk)
    engineer = signed_in(desk.engineer)
    page = look(engineer, address(change))
    assert BUTTON not in page.buttons
    assert GIVES_UP in page.buttons
    assert "has a hand in it, and cannot sign it off" in page.text
    assert "has a hand in it" not in look(signed_in(desk.author), address(change)).text
    page = press(engineer, page, GIVES_UP, address(change))
    route(scan(fresh(change)))
    assert "Approve for engineering" not in look(engineer, address(change)).buttons


def test_revise__by_a_reviewer__says_that_their_vote_goes(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.PROPOSE, desk.engineer, actor=desk.author)
    change = in_review(desk)
    told = "Whoever saves has a hand in this change, and cannot sign it off."
    assert told in look(signed_in(desk.engineer), f"/requests/{change.pk}/revise").text
    assert told not in look(signed_in(desk.author), f"/requests/{change.pk}/revise").text


def test_request_page__button_pressed__merges_and_then_says_what_was_kept(desk: Desk) -> None:
    change = overtaken(desk)
    author = signed_in(desk.author)
    page = press(author, look(author, address(change)), BUTTON, address(change))
    assert (page.status, fresh(change).state) == (200, "scanning")
    assert "Brought up to date. The risk scan comes first" in page.text
    assert BUTTON not in page.buttons
    route(scan(fresh(change)))
    page = look(signed_in(desk.engineer), address(change))
    assert "Approval of Sue support kept from revision 1." in page.text
    assert "The reviewers were asked: 2 approvals were kept" in page.text
    assert "Approve for engineering" in page.buttons


def test_request_page__a_draft_brought_up_to_date__stays_a_draft(desk: Desk) -> None:
    released(desk, letter())
    draft = propose(desk, WARM)
    released(desk, letter(bottom="Say thanks."))
    author = signed_in(desk.author)
    page = press(author, look(author, address(draft)), BUTTON, address(draft))
    assert "It is a draft; submit it when it is ready." in page.text


def test_request_page__live_moved_after_it_was_opened__says_so_and_does_nothing(
    desk: Desk,
) -> None:
    change = overtaken(desk)
    author = signed_in(desk.author)
    opened = look(author, address(change))
    released(desk, letter(bottom="Say thanks."))
    page = press(author, opened, BUTTON, address(change))
    assert (page.status, fresh(change).revision) == (409, 1)
    assert "What is live moved" in page.text


def test_rebase_page__both_changed_a_line__shows_all_sides_and_the_text_to_decide_in(
    desk: Desk,
) -> None:
    change = overtaken(desk, by=COOL)
    author = signed_in(desk.author)
    page = press(author, look(author, address(change)), BUTTON, address(change))
    assert "1 place that both changed" in page.text
    assert "Text, line 1" in page.text
    sides = page.words_in("pre")
    assert sides == [
        "Greet {{customer}} by name.",
        "Greet {{customer}} briefly.",
        "Greet {{customer}} warmly by name.",
    ]
    assert page.forms[-1].value("template").startswith(MARK)
    assert fresh(change).revision == 1


def test_rebase_page__a_mark_left__gives_everything_back(desk: Desk) -> None:
    change = overtaken(desk, by=COOL)
    author = signed_in(desk.author)
    opened = look(author, by_hand(change))
    page = press(author, opened, "Save and submit", by_hand(change))
    assert page.status == 409
    assert f"A line “{MARK}” still stands in the text." in page.text
    assert page.forms[-1].value("template") == opened.forms[-1].value("template")
    assert fresh(change).revision == 1


def test_rebase_page__decided_by_hand__previews_and_saves_what_was_written(desk: Desk) -> None:
    change = overtaken(desk, by=COOL)
    author = signed_in(desk.author)
    page = look(author, by_hand(change))
    page = press(author, page, "Preview", by_hand(change), template=CHOSEN)
    assert "What changes" in page.text
    assert fresh(change).revision == 1
    page = press(author, page, "Save and submit", by_hand(change))
    done = fresh(change)
    assert (page.status, done.state, done.revision) == (200, "scanning", 2)
    assert done.version is not None
    assert done.version.body["template"] == CHOSEN
    assert "deciding by hand where both sides had changed it" in page.text


def test_rebase_page__live_moved_again_while_deciding__keeps_what_was_written(desk: Desk) -> None:
    change = overtaken(desk, by=COOL)
    author = signed_in(desk.author)
    opened = look(author, by_hand(change))
    released(desk, letter(top="Greet {{customer}} at once."))
    page = press(author, opened, "Save and submit", by_hand(change), template=CHOSEN)
    assert page.status == 409
    assert page.forms[-1].value("template") == CHOSEN
    assert "Greet {{customer}} at once." in page.words_in("pre")
    page = press(author, page, "Save and submit", by_hand(change))
    assert fresh(change).state == "scanning"


def test_rebase_page__nothing_moved__leads_to_the_change(desk: Desk) -> None:
    released(desk, letter())
    change = in_review(desk, WARM)
    answer = signed_in(desk.author).get(by_hand(change))
    assert (answer.status_code, answer["Location"]) == (302, address(change))


def test_rebase_page__by_people_who_may_not__is_closed(desk: Desk) -> None:
    change = overtaken(desk, by=COOL)
    assert look(signed_in(desk.safety_reviewer), by_hand(change)).status == 403
    desk.prompt.confidential = True
    desk.prompt.save()
    assert look(signed_in(desk.outsider), by_hand(change)).status == 404


def test_rebase_page__of_a_chat__has_each_message_and_asks_about_the_one_both_changed(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    chat = replace(desk, prompt=make_prompt("support/chat", type="chat"))
    _release(chat, _propose(chat, "Be kind.", "Hello", "Good day"))
    change = _propose(chat, "Be very kind.", "Hello", "Good evening")
    _release(chat, _propose(chat, "Be kind and brief.", "Hi", "Good day"))
    author = signed_in(desk.author)
    page = look(author, by_hand(change))
    assert "Message 1, line 1" in page.text
    assert page.forms[-1].values("content")[1:] == ["Hi", "Good evening"]
    chosen = ["Be kind, very.", *page.forms[-1].values("content")[1:]]
    press(author, page, "Save", by_hand(change), content=chosen)
    done = fresh(change)
    assert done.version is not None
    assert [m["content"] for m in done.version.body["template"]] == chosen


def _propose(desk: Desk, *contents: str) -> ApprovalRequest:
    roles = ("system", "user", "assistant")
    template = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=True)]
    return services.propose(
        desk.prompt,
        label=desk.production,
        document=build(type="chat", template=template, template_format="none"),
        rationale="Kinder.",
        actor=desk.author,
    )


def _release(desk: Desk, change: ApprovalRequest) -> None:
    services.submit(change.pk, actor=desk.author)
    approve(desk, route(scan(fresh(change))))
    services.release(change.pk, actor=desk.author)
