"""Threads, questions and second thoughts on the page of a change, without JavaScript."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from approvals import services
from approvals.models import ApprovalRequest, Remark, Thread
from registry.services import prompts
from tests.approvals import talking
from tests.approvals.desk import SECOND, Desk, approve, approved, fresh, in_review, submit, text
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.people import make_person

pytestmark = pytest.mark.django_db


def address(change: ApprovalRequest, query: str = "") -> str:
    return reverse("approvals:request", kwargs={"pk": change.pk}) + query


def on_line(change: ApprovalRequest, line: int = 1) -> str:
    return address(change, f"?path=template&line={line}")


def act(client: Client, change: ApprovalRequest, button: str, **typed: Any) -> Page:
    """Open the page of a change and press a button on it."""
    return press(client, look(client, address(change)), button, address(change), **typed)


# -- talking --------------------------------------------------------------------------------


def test_request_page__line_number__leads_to_a_form_about_that_line(desk: Desk) -> None:
    change = in_review(desk, SECOND)
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(change))
    assert page.has("a", href="?path=template&line=2#say")
    page = look(client, on_line(change, 2))
    form = page.form_with("Open a thread")
    assert form.value("suggestion") == SECOND.splitlines()[1]
    page = press(client, page, "Open a thread", address(change), text="Above what?")
    assert "Your thread is open." in page.text
    thread = Thread.objects.get()
    assert (thread.path, thread.line, thread.question) == ("template", 2, False)
    assert Remark.objects.get().suggestion is None
    assert page.has("a", href=f"#thread-{thread.pk}")
    assert "Template, line 2" in page.text
    assert page.text.count("Above what?") == 2  # in the thread and in what happened


def test_request_page__line_that_is_not_there__speaks_of_the_whole_change(desk: Desk) -> None:
    change = in_review(desk, SECOND)
    client = signed_in(desk.safety_reviewer)
    for query in ("?path=template&line=99", "?path=tools&line=1", "?line=x", "?path=%00&line=1"):
        page = look(client, address(change, query))
        assert (page.status, page.has("textarea", name="suggestion")) == (200, False), query


def test_request_page__ask_the_author__says_that_the_time_stands_still(desk: Desk) -> None:
    change = in_review(desk, SECOND)
    page = act(signed_in(desk.safety_reviewer), change, "Ask the author", text="Why so warm?")
    assert "waits for an answer of the author since" in page.text
    assert "Question, waits for the author" in page.text
    assert f"{desk.safety_reviewer} asked the author" in page.text
    author = signed_in(desk.author)
    page = act(author, change, "Reply", text="Customers like it.")
    assert "waits for an answer" not in page.text
    assert "Question, answered" in page.text
    assert f"{desk.author} answered a question" in page.text


def test_request_page__reply_to_be_resolved__asks_to_send_it_first_and_keeps_it(
    desk: Desk,
) -> None:
    change = talking.with_thread(desk).request
    client = signed_in(desk.safety_reviewer)
    page = act(client, change, "Resolve", text="By the way")
    assert page.status == 422
    page = act(client, change, "Resolve")
    assert f"Resolved by {desk.safety_reviewer}" in page.text
    assert Thread.objects.get().resolved_by == desk.safety_reviewer
    page = act(client, change, "Reopen")
    assert "1 open" in page.text


def test_request_page__refused_words__are_still_there(desk: Desk) -> None:
    change = in_review(desk, SECOND)
    client = signed_in(desk.safety_reviewer)
    page = look(client, on_line(change))
    services.revise(change.pk, document=text("X\n"), rationale="Other.", actor=desk.author)
    page = press(
        client, page, "Open a thread", address(change), text="Hm.", suggestion="Greet them."
    )
    assert page.status == 409
    form = page.form_with("Open a thread")
    assert form.value("text") == "Hm."


def test_request_page__suggested_edit__is_applied_by_the_author_with_one_click(
    desk: Desk,
) -> None:
    change = in_review(desk, SECOND)
    client = signed_in(desk.safety_reviewer)
    page = look(client, on_line(change))
    page = press(client, page, "Open a thread", address(change), text="", suggestion=talking.KINDER)
    assert talking.KINDER in page.words_in("ins")
    assert "Apply this edit" not in page.buttons
    page = act(signed_in(desk.author), change, "Apply this edit")
    assert "The edit is in a new revision" in page.text
    assert f"{desk.author} applied a suggested edit as v2" in page.text
    version = fresh(change).version
    assert version is not None
    assert version.body["template"].splitlines()[0] == talking.KINDER


def test_request_page__line_changed_since__says_so_and_offers_no_edit(desk: Desk) -> None:
    change = talking.with_suggestion(desk).thread.request
    changed = text(SECOND.replace("warmly", "gladly"))
    services.revise(change.pk, document=changed, rationale="G.", actor=desk.author)
    page = look(signed_in(desk.author), address(change))
    assert "The line was changed since" in page.text
    assert "Template, line 1 in v1" in page.text
    assert "Apply this edit" not in page.buttons


def test_request_page__line_moved__thread_stands_at_its_new_number(desk: Desk) -> None:
    change = talking.with_thread(desk).request
    services.revise(
        change.pk, document=text(f"Be brief.\n{SECOND}"), rationale="B.", actor=desk.author
    )
    page = look(signed_in(desk.author), address(change))
    assert "Template, line 2" in page.text
    assert "The line was changed since" not in page.text


def test_request_page__text_not_scanned_yet__quotes_no_line_of_it(desk: Desk) -> None:
    change = submit(desk, SECOND)
    talking.say(desk, change, actor=desk.author)
    page = look(signed_in(desk.safety_reviewer), on_line(change))
    assert "Is this too warm?" in page.text
    assert "warmly by name" not in page.html


def test_request_page__any_other_viewer__reads_threads_and_may_say_nothing(desk: Desk) -> None:
    change = talking.with_thread(desk).request
    for name in ("auditor", "outsider", "superuser", "release_manager"):
        page = look(signed_in(desk.people[name]), on_line(change))
        assert "Is this too warm?" in page.text
        assert not page.buttons & {"Reply", "Resolve", "Open a thread", "Ask the author"}, name


def test_request_page__confidential__hides_its_threads(desk: Desk) -> None:
    thread = talking.with_thread(desk)
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    client = signed_in(desk.outsider)
    for at in (address(thread.request), on_line(thread.request)):
        page = look(client, at)
        assert page.status == 404
        assert "warm" not in page.html
    assert client.get(address(thread.request) + "live").status_code == 404
    assert "Is this too warm?" in look(signed_in(desk.author), address(thread.request)).text


def test_request_page__thread_of_another_change__is_not_found_under_this_one(desk: Desk) -> None:
    thread = talking.with_thread(desk)
    other = in_review(desk, "Another text.\n")
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(thread.request))
    form = page.form_with("Reply")
    form.action = address(other)
    page = press(client, page, "Reply", address(other), form=form, text="Here?")
    assert page.status == 404


def test_request_page__ten_threads__take_as_many_queries_as_one(desk: Desk) -> None:
    change = talking.with_thread(desk).request
    client = signed_in(desk.safety_reviewer)
    look(client, address(change))
    with CaptureQueriesContext(connection) as one:
        look(client, address(change))
    for _ in range(9):
        talking.say(desk, change, line=2)
    with CaptureQueriesContext(connection) as ten:
        look(client, address(change))
    assert len(ten) == len(one)


# -- second thoughts ------------------------------------------------------------------------


def test_request_page__own_vote__can_be_taken_back(desk: Desk) -> None:
    change = approved(desk)
    page = act(signed_in(desk.safety_reviewer), change, "Take your vote back")
    assert "You took your vote back" in page.text
    assert f"{desk.safety_reviewer} took their vote back (safety)" in page.text
    assert fresh(change).state == "review"
    assert "Take your vote back" not in page.buttons
    assert "Approve for safety" in page.buttons


def test_request_page__reviewers_asked_long_ago__can_be_asked_again_once(desk: Desk) -> None:
    change = in_review(desk, SECOND)
    author = signed_in(desk.author)
    assert "Ask the reviewers again" not in look(author, address(change)).buttons
    talking.forget_asking()
    page = act(author, change, "Ask the reviewers again")
    assert f"{desk.author} asked 3 people for a review once more" in page.text
    assert "Ask the reviewers again" not in page.buttons


def test_request_page__standing_wish_for_changes__a_governance_owner_lifts(desk: Desk) -> None:
    make_person("sia", "safety", by=desk.governance_owner)
    change = talking.refused(desk).request
    client = signed_in(desk.governance_owner)
    assert "Lift it" not in look(signed_in(desk.engineer), address(change)).buttons
    page = act(client, change, "Lift it", text=" ")
    assert page.status == 422
    page = act(client, change, "Lift it", text="Settled by phone.")
    assert f"You lifted the wish of {desk.safety_reviewer} for changes." in page.text
    assert "Waived" in page.text
    assert "Settled by phone." in page.text
    assert "Lift it" not in page.buttons


def test_reviews__question_waits__the_time_of_the_reviewers_is_not_running(desk: Desk) -> None:
    talking.with_question(desk)
    page = look(signed_in(desk.engineer), "/")
    assert "your sign-off for engineering; the author is asked something" in page.text
    assert not page.has("span", **{"class": "due "})


def test_request_live__thread_of_somebody_else__comes_with_the_next_look(desk: Desk) -> None:
    change = approve(desk, in_review(desk, SECOND), "engineer")
    talking.say(desk, change)
    page = look(signed_in(desk.engineer), address(change) + "live")
    assert page.has("div", data_part="threads")
    assert "Is this too warm?" in page.text
