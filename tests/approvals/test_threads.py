"""Threads and questions: who may speak, whose turn it is, and what becomes of the clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F

from approvals import services
from approvals.models import ApprovalRequest, Thread
from registry import permissions
from registry.services import grants, prompts
from tests.approvals import desk as steps
from tests.approvals import talking
from tests.approvals.ci import Ci
from tests.approvals.desk import SECOND, Desk, fresh, text
from tests.approvals.mail_owed import letter
from tests.approvals.talking import code_of, mails

pytestmark = pytest.mark.django_db


# -- opening --------------------------------------------------------------------------------


def test_open_thread__on_a_line__keeps_where_and_what_was_said(desk: Desk) -> None:
    request = steps.in_review(desk, SECOND)
    thread = talking.say(desk, request, line=2)
    assert (thread.version, thread.path, thread.line) == (request.version, "template", 2)
    remark = thread.remarks.get()
    assert remark.text is not None
    assert (remark.text.value, remark.suggestion) == ("Is this too warm?", None)
    assert fresh(request).waiting_since is None


@pytest.mark.parametrize(
    ("path", "line"), [("template", 3), ("template", 0), ("tools", 1), ("", 1), ("x" * 80, 1)]
)
def test_open_thread__line_that_is_not_there__is_refused(desk: Desk, path: str, line: int) -> None:
    request = steps.in_review(desk, SECOND)
    assert code_of(talking.say, desk, request, path=path, line=line) == "bad_input"


def test_open_thread__older_page__is_stale(desk: Desk) -> None:
    request = steps.in_review(desk, SECOND)
    assert code_of(talking.say, desk, request, seen="another digest") == "stale"


def test_open_thread__without_a_word__is_refused(desk: Desk) -> None:
    request = steps.in_review(desk, SECOND)
    assert code_of(talking.say, desk, request, text=" \n") == "comment_needed"


def test_open_thread__suggestion_without_words__says_enough(desk: Desk) -> None:
    remark = talking.suggest(desk, steps.in_review(desk, SECOND), text="")
    assert remark.text is None
    assert remark.suggestion is not None
    assert remark.suggestion.value == talking.KINDER


@pytest.mark.parametrize(
    "given",
    [
        {"path": "", "line": 0, "suggestion": "Whole."},
        {"suggestion": SECOND.splitlines()[0]},
        {"path": "model_settings", "line": 2, "suggestion": '"temperature": 1'},
    ],
)
def test_open_thread__suggestion_that_changes_no_line_of_text__is_refused(
    desk: Desk, given: dict[str, Any]
) -> None:
    document = text(SECOND, model_settings={"temperature": 0})
    made = services.propose(
        desk.prompt, label=desk.production, document=document, rationale="Why", actor=desk.author
    )
    services.submit(made.pk, actor=desk.author)
    request = steps.route(steps.scan(made))
    assert code_of(talking.say, desk, request, **given) == "bad_input"


def test_open_thread__by_a_token__needs_a_person(desk: Desk, ci: Ci) -> None:
    request = steps.in_review(desk, SECOND)
    assert code_of(talking.say, desk, request, actor=ci.token) == "person_needed"


def test_open_thread__text_not_scanned_yet__only_those_who_wrote_it_name_its_lines(
    desk: Desk,
) -> None:
    request = steps.submit(desk, SECOND)
    assert code_of(talking.say, desk, request) == "not_allowed"
    assert talking.say(desk, request, actor=desk.author).line == 1
    assert talking.say(desk, request, path="", line=0).line == 0


def test_open_thread__confidential_prompt_without_view__is_not_found(desk: Desk) -> None:
    thread = talking.with_thread(desk)
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    stranger = desk.outsider
    assert code_of(talking.say, desk, thread.request, actor=stranger) == "not_found"
    for verb in (services.resolve_thread, services.reopen_thread):
        assert code_of(verb, thread.pk, actor=stranger) == "not_found"
    assert code_of(services.reply, thread.pk, actor=stranger, text="Let me.") == "not_found"


def test_open_thread__somebody_granted_manage__may_speak(desk: Desk) -> None:
    request = steps.in_review(desk, SECOND)
    assert code_of(talking.say, desk, request, actor=desk.outsider) == "not_allowed"
    grants.grant(desk.prompt, permissions.MANAGE, desk.outsider, actor=desk.governance_owner)
    assert talking.say(desk, request, actor=desk.outsider).opened_by == desk.outsider


# -- questions ------------------------------------------------------------------------------


def hours_pass(request: ApprovalRequest, hours: int) -> None:
    """Move every time of the clock into the past."""
    back = timedelta(hours=hours)
    rows = ApprovalRequest.objects.filter(pk=request.pk)
    rows.update(due_at=F("due_at") - back, waiting_since=F("waiting_since") - back)


def test_open_thread__question__stops_the_clock_and_mails_the_author(desk: Desk) -> None:
    thread = talking.with_question(desk)
    request = fresh(thread.request)
    assert request.waiting_since == thread.opened_at
    assert request.state == "review"
    assert mails("question_asked") == {desk.author}
    said = letter("question_asked")
    assert said.words is not None
    assert said.words.text == "Is this too warm?"


def test_open_thread__question_of_the_author__is_refused(desk: Desk) -> None:
    request = steps.in_review(desk, SECOND)
    assert code_of(talking.ask, desk, request, actor=desk.author) == "own_change"


def test_reply__answer_after_five_hours__gives_the_reviewers_these_hours_back(desk: Desk) -> None:
    thread = talking.with_question(desk)
    due = fresh(thread.request).due_at
    assert due is not None
    hours_pass(thread.request, 5)
    services.reply(thread.pk, actor=desk.author, text="It is not.")
    request = fresh(thread.request)
    assert request.waiting_since is None
    assert request.due_at is not None
    assert timedelta(0) <= request.due_at - due < timedelta(minutes=5)
    assert Thread.objects.get(pk=thread.pk).answered_at is not None
    assert mails("question_answered") == {desk.safety_reviewer}
    said = letter("question_answered").words
    assert said is not None
    assert said.text == "It is not."


def test_reply__by_another_reviewer__answers_nothing(desk: Desk) -> None:
    thread = talking.with_question(desk)
    services.reply(thread.pk, actor=desk.engineer, text="I wonder too.")
    assert Thread.objects.get(pk=thread.pk).answered_at is None
    assert fresh(thread.request).waiting_since == thread.opened_at
    assert mails("question_answered") == set()


def test_reply__second_question_left__the_clock_stands_on(desk: Desk) -> None:
    first = talking.with_question(desk)
    second = talking.ask(desk, first.request, actor=desk.engineer, text="And this?")
    services.reply(first.pk, actor=desk.author, text="It is not.")
    assert fresh(first.request).waiting_since == first.opened_at
    services.reply(second.pk, actor=desk.author, text="Neither.")
    assert fresh(first.request).waiting_since is None


def test_resolve_thread__question_without_an_answer__waits_no_longer_until_reopened(
    desk: Desk,
) -> None:
    thread = talking.with_question(desk)
    services.resolve_thread(thread.pk, actor=desk.safety_reviewer)
    assert fresh(thread.request).waiting_since is None
    services.reopen_thread(thread.pk, actor=desk.safety_reviewer)
    assert fresh(thread.request).waiting_since is not None


def test_route__question_from_before_still_waits__the_new_clock_stands_from_its_start(
    desk: Desk,
) -> None:
    thread = talking.with_question(desk)
    services.revise(thread.request_id, document=text("X\n"), rationale="W", actor=desk.author)
    assert fresh(thread.request).waiting_since is None
    request = talking.again_in_review(desk, fresh(thread.request))
    assert request.waiting_since is not None
    assert request.waiting_since > thread.opened_at
    services.reply(thread.pk, actor=desk.author, text="It is not.")
    assert fresh(request).waiting_since is None
    call_command("audit_verify")


# -- resolving ------------------------------------------------------------------------------


def test_resolve_thread__each_person__may_as_they_have_a_part_in_it(desk: Desk) -> None:
    thread = talking.with_thread(desk)
    services.reply(thread.pk, actor=desk.engineer, text="I think so.")
    assert code_of(services.resolve_thread, thread.pk, actor=desk.engineer) == "not_allowed"
    other = talking.say(desk, thread.request, actor=desk.engineer)
    assert code_of(services.resolve_thread, other.pk, actor=desk.safety_reviewer) == "not_allowed"
    services.resolve_thread(other.pk, actor=desk.engineer)
    resolved = services.resolve_thread(thread.pk, actor=desk.safety_reviewer)
    assert resolved.resolved_by == desk.safety_reviewer
    assert code_of(services.resolve_thread, thread.pk, actor=desk.safety_reviewer) == "already_done"


def test_resolve_thread__contributor__may_once_they_replied(desk: Desk) -> None:
    thread = talking.with_thread(desk)
    grants.revoke(desk.prompt, permissions.MANAGE, desk.author, actor=desk.governance_owner)
    assert code_of(services.resolve_thread, thread.pk, actor=desk.author) == "not_allowed"
    services.reply(thread.pk, actor=desk.author, text="Mended.")
    services.resolve_thread(thread.pk, actor=desk.author)


def test_reply__resolved_thread__has_to_be_reopened_first(desk: Desk) -> None:
    thread = talking.with_resolved(desk)
    assert code_of(services.reply, thread.pk, actor=desk.author, text="But") == "wrong_state"
    services.reopen_thread(thread.pk, actor=desk.author)
    assert code_of(services.reopen_thread, thread.pk, actor=desk.author) == "already_done"
    services.reply(thread.pk, actor=desk.author, text="But")


@pytest.mark.parametrize("verb", ["reply", "resolve_thread", "reopen_thread"])
def test_thread_verbs__change_has_ended__are_refused(desk: Desk, verb: str) -> None:
    thread = talking.with_thread(desk)
    services.withdraw(thread.request_id, actor=desk.author)
    words = {"text": "Late."} if verb == "reply" else {}
    called = getattr(services, verb)
    assert code_of(called, thread.pk, actor=desk.author, **words) == "wrong_state"
    assert code_of(called, 0, actor=desk.author, **words) == "not_found"
