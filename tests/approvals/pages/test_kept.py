"""Nothing typed is lost when a session ends or a form grows old; and nothing is sent by itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from approvals import services
from approvals.models import ApprovalRequest, Review
from registry.models import LabelPointer, Prompt, User, Version
from registry.services import people as people_verbs
from tests.approvals.desk import FIRST, SECOND, Desk, fresh, in_review, propose, released, text
from tests.approvals.pages.browsing import Form, Page, look, press, signed_in
from tests.people import MakePrompt

pytestmark = pytest.mark.django_db

PASSWORD = "paper lantern, 41 windows"
GO = "Sign in and go on"
PROPOSE = "/prompts/support/refunds/-/propose"
PROMPT = "/prompts/support/refunds/"
HOSTILE = "\n\n</textarea><script>alert(1)</script>\"'& \n"


def with_password(username: str) -> None:
    """Let somebody sign in by themselves."""
    person = User.objects.get(username=username)
    person.set_password(PASSWORD)
    person.save()


def end_session(client: Client) -> None:
    """Time does it, or a sign-out in another window: the page that is open knows nothing of it."""
    client.session.flush()


def lose(client: Client, page: Page, button: str, at: str, **typed: Any) -> Page:
    """Press a button when the session has just ended."""
    end_session(client)
    return press(client, page, button, at, **typed)


def sign_in(client: Client, page: Page, username: str, password: str = PASSWORD) -> Page:
    with_password(username)
    at = page.form_with(GO).action
    return press(client, page, GO, at, username=username, password=password)


def with_token(form: Form, token: str) -> Form:
    form.fields = [(n, token if n == "csrfmiddlewaretoken" else v) for n, v in form.fields]
    return form


# -- the forms of a change ------------------------------------------------------------------

TYPED: dict[str, Any] = {
    "template": f"Hello {{{{name}}}}{HOSTILE}",
    "rationale": HOSTILE,
    "model_settings": '{"temperature": 0.5}',
    "tools": "not JSON",
    "template_format": "mustache",
}


def test_propose__session_ended__comes_back_filled_in_after_the_sign_in(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, PROPOSE)
    kept = lose(client, page, "Save and submit", PROPOSE, release_when_ready=None, **TYPED)
    assert kept.status == 403
    assert kept.words_in("h1") == ["Your session ended"]
    assert kept.form_with(GO).action == PROPOSE
    back = sign_in(client, kept, "ada")
    assert back.status == 200
    assert "Nothing was sent yet" in back.text
    form = back.form_with("Save and submit")
    assert {name: form.value(name) for name in TYPED} == TYPED
    assert "release_when_ready" not in dict(form.fields)
    assert form.value("seen_live") == page.form_with("Save and submit").value("seen_live")
    assert not ApprovalRequest.objects.exists()


def test_propose__sent_again_after_the_sign_in__is_saved_as_typed(desk: Desk) -> None:
    released(desk, FIRST)
    client = signed_in(desk.author)
    kept = lose(
        client, look(client, PROPOSE), "Save and submit", PROPOSE, template=SECOND, rationale="Why"
    )
    back = sign_in(client, kept, "ada")
    done = press(client, back, "Save and submit", PROPOSE)
    assert "Submitted." in done.text
    version = Version.objects.get(number=2)
    assert (version.author, version.body["template"]) == (desk.author, SECOND)


def test_propose__chat__comes_back_message_by_message(desk: Desk, make_prompt: MakePrompt) -> None:
    make_prompt("support/chat", type="chat")
    client = signed_in(desk.author)
    address = "/prompts/support/chat/-/propose"
    messages = {
        "role": ["system", "user", "assistant", "user"],
        "origin": ["", "", "", ""],
        "content": ["Be kind.", "", "\nHi", "Bye\n"],
    }
    kept = lose(client, look(client, address), "Save as draft", address, **messages)
    form = sign_in(client, kept, "ada").form_with("Save as draft")
    assert {name: form.values(name) for name in messages} == messages


def test_new_prompt__session_ended__comes_back_filled_in_and_makes_nothing(desk: Desk) -> None:
    client = signed_in(desk.author)
    fields = {"name": "support/new", "template": "Hi", "description": "One\ntwo", "rationale": "Y"}
    kept = lose(
        client, look(client, "/prompts/-/new"), "Save and submit", "/prompts/-/new", **fields
    )
    form = sign_in(client, kept, "ada").form_with("Save and submit")
    assert {name: form.value(name) for name in fields} == fields
    assert not Prompt.objects.filter(name="support/new").exists()


def test_revise__session_ended_and_edited_meanwhile__comes_back_and_is_then_stale(
    desk: Desk,
) -> None:
    change = in_review(desk)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    page = look(client, address)
    services.revise(change.pk, document=text("Theirs"), rationale="x", actor=desk.author)
    kept = lose(client, page, "Save as draft", address, template="Mine")
    back = sign_in(client, kept, "ada")
    assert back.form_with("Save as draft").value("template") == "Mine"
    done = press(client, back, "Save as draft", address)
    assert (done.status, "stale" in done.text) == (409, True)
    assert done.form_with("Save as draft").value("template") == "Mine"


def test_revise__change_ended_meanwhile__still_gives_the_text_back(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    page = look(client, address)
    services.withdraw(change.pk, actor=desk.author)
    kept = lose(client, page, "Save as draft", address, template="Mine")
    back = sign_in(client, kept, "ada")
    assert back.form_with("Save as draft").value("template") == "Mine"


def test_preview_by_script__session_ended__is_a_short_403(desk: Desk) -> None:
    client = signed_in(desk.author)
    form = look(client, PROPOSE).form_with("Preview")
    end_session(client)
    data = {**dict(form.fields), "template": "Mine"}
    answer = client.post(PROPOSE, data, headers={"X-Fragment": "diff"})
    assert (answer.status_code, answer.content) == (403, b"")


# -- votes and other verbs ------------------------------------------------------------------


def test_vote__session_ended__leads_back_with_the_comment_and_has_not_voted(desk: Desk) -> None:
    change = in_review(desk)
    address = reverse("approvals:request", kwargs={"pk": change.pk})
    client = signed_in(desk.safety_reviewer)
    kept = lose(client, look(client, address), "Reject", address, comment=HOSTILE)
    assert kept.form_with(GO).action == address
    back = sign_in(client, kept, "sam")
    assert back.form_with("Reject").value("comment") == HOSTILE
    assert "Nothing was sent yet" in back.text
    assert not Review.objects.exists()
    assert fresh(change).state == "review"
    press(client, back, "Ask for changes", address)
    assert Review.objects.get().decision == "request_changes"


def test_vote__page_reloaded_after_the_sign_in__still_has_not_voted(desk: Desk) -> None:
    """A reload sends the form of the kept page again, by somebody who is signed in now."""
    change = in_review(desk)
    address = f"/requests/{change.pk}/"
    client = signed_in(desk.safety_reviewer)
    kept = lose(client, look(client, address), "Approve for safety", address, comment="Fine")
    sign_in(client, kept, "sam")
    token = look(client, address).form_with("Approve for safety").value("csrfmiddlewaretoken")
    form = with_token(kept.form_with(GO), token)
    again = press(client, kept, GO, address, form=form, username="sam", password=PASSWORD)
    assert again.form_with("Approve for safety").value("comment") == "Fine"
    assert not Review.objects.exists()


def test_withdraw__session_ended__leads_back_with_the_comment(desk: Desk) -> None:
    change = in_review(desk)
    address = f"/requests/{change.pk}/"
    client = signed_in(desk.author)
    kept = lose(client, look(client, address), "Withdraw", address, comment="Not now.")
    back = sign_in(client, kept, "ada")
    assert back.form_with("Withdraw").value("comment") == "Not now."
    assert fresh(change).state == "review"


def test_withdraw__ended_meanwhile__still_shows_the_comment(desk: Desk) -> None:
    change = in_review(desk)
    address = f"/requests/{change.pk}/"
    client = signed_in(desk.author)
    page = look(client, address)
    services.withdraw(change.pk, actor=desk.author)
    back = sign_in(client, lose(client, page, "Withdraw", address, comment="Not now."), "ada")
    assert back.has("form", **{"class": "decide"})
    assert not back.has("form", **{"class": "decide", "hidden": ""})
    assert "Not now." in back.html


def test_submit__box_unticked_when_the_session_ended__comes_back_unticked(desk: Desk) -> None:
    change = propose(desk)
    address = f"/requests/{change.pk}/"
    client = signed_in(desk.author)
    kept = lose(client, look(client, address), "Submit", address, release_when_ready=None)
    back = sign_in(client, kept, "ada")
    assert "release_when_ready" not in dict(back.form_with("Submit").fields)
    assert fresh(change).state == "draft"


def test_suspend__session_ended__opens_its_form_with_the_reason_and_stops_nothing(
    desk: Desk,
) -> None:
    released(desk, FIRST)
    client = signed_in(desk.responder)
    page = look(client, PROMPT)
    form = next(f for f in page.forms if ("do", "suspend:production") in f.buttons.values())
    end_session(client)
    kept = press(client, page, "Suspend", PROMPT, form=form, reason="It promises too much.")
    back = sign_in(client, kept, "ron")
    assert back.has("details", open="")
    form = next(f for f in back.forms if ("do", "suspend:production") in f.buttons.values())
    assert form.value("reason") == "It promises too much."
    assert not back.has("textarea", name="reason", aria_invalid="true")
    assert not LabelPointer.objects.filter(suspended=True).exists()


def test_rollback__session_ended__rolls_nothing_back_by_itself(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    client = signed_in(desk.responder)
    kept = lose(client, look(client, PROMPT), "Roll back to v1", PROMPT)
    back = sign_in(client, kept, "ron")
    assert "Roll back to v1" in back.buttons
    pointer = LabelPointer.objects.select_related("version").get(label=desk.production)
    assert pointer.version == Version.objects.get(number=2)


# -- signing in -----------------------------------------------------------------------------


def test_sign_in__wrong_password__keeps_the_text_and_never_the_password(desk: Desk) -> None:
    client = signed_in(desk.author)
    kept = lose(client, look(client, PROPOSE), "Save as draft", PROPOSE, template="Mine")
    again = sign_in(client, kept, "ada", "not this one, surely")
    assert "That did not work" in again.text
    assert "not this one" not in again.html
    assert again.form_with(GO).value("username") == "ada"
    assert not any("value" in f for _, f in again.tags if f.get("type") == "password")
    back = sign_in(client, again, "ada")
    assert back.form_with("Save as draft").value("template") == "Mine"


def test_sign_in__right_password__is_echoed_nowhere(desk: Desk) -> None:
    client = signed_in(desk.author)
    kept = lose(client, look(client, PROPOSE), "Save as draft", PROPOSE, template="Mine")
    assert PASSWORD not in sign_in(client, kept, "ada").html


def test_sign_in__closed_account__stays_on_the_page_that_keeps_the_text(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, PROPOSE)
    people_verbs.deactivate(desk.author, actor=desk.governance_owner)
    kept = press(client, page, "Save as draft", PROPOSE, template="Mine")
    assert kept.form_with(GO).value("template") == "Mine"
    assert "That did not work" in sign_in(client, kept, "ada").text


def test_sign_in__without_the_mark__signs_nobody_in(desk: Desk) -> None:
    """The names of its fields alone do not make a form of another page a sign-in."""
    with_password("ada")
    client = Client()
    answer = client.post(PROPOSE, {"username": "ada", "password": PASSWORD, "do": "submit"})
    assert answer.status_code == 403
    assert "sessionid" not in client.cookies
    assert PASSWORD not in answer.content.decode()


def test_sign_in__without_the_forms_token__is_refused(desk: Desk) -> None:
    with_password("ada")
    client = Client(enforce_csrf_checks=True)
    sent = {"username": "ada", "password": PASSWORD, "kept": "1", "template": "Mine"}
    page = Page(client.post(PROPOSE, sent))
    assert page.status == 403
    assert "sessionid" not in client.cookies
    assert page.form_with(GO).value("template") == "Mine"
    assert PASSWORD not in page.html


def test_sign_in__as_somebody_else__sends_nothing_in_anybodys_name(desk: Desk) -> None:
    client = signed_in(desk.author)
    kept = lose(client, look(client, PROPOSE), "Save and submit", PROPOSE, template="Mine")
    back = sign_in(client, kept, "otto")
    assert back.form_with("Save and submit").value("template") == "Mine"
    assert not ApprovalRequest.objects.exists()
    done = press(client, back, "Save and submit", PROPOSE, rationale="Why")
    assert (done.status, "not_allowed" in done.text) == (403, True)


def test_sign_in__as_somebody_who_may_not_know_the_page__shows_the_text_on_the_404(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    make_prompt("support/merger", confidential=True)
    address = "/prompts/support/merger/-/propose"
    client = signed_in(desk.author)
    kept = lose(client, look(client, address), "Save as draft", address, template="Mine")
    page = sign_in(client, kept, "otto")
    assert page.status == 404
    assert "What you typed" in page.text
    assert ">\nMine</textarea>" in page.html


def test_kept_page__target_named_in_the_form__is_not_followed(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, PROPOSE)
    end_session(client)
    kept = press(client, page, "Save as draft", PROPOSE, next="https://evil.example/")
    assert kept.form_with(GO).action == PROPOSE
    back = sign_in(client, kept, "ada")
    assert back.form_with("Save as draft").action == PROPOSE


def test_kept_page__address_with_two_slashes__stays_on_this_site(desk: Desk) -> None:
    answer = Client().post("/prompts//evil.example/-/propose", {"template": "Mine"})
    assert Page(answer).form_with(GO).action == "/prompts//evil.example/-/propose"


def test_post__signed_out_and_too_large_to_read__is_413(desk: Desk, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2048
    client = signed_in(desk.author)
    page = lose(client, look(client, PROPOSE), "Save as draft", PROPOSE, template="x" * 4096)
    assert page.status == 413
    assert "reads at most 2.0 KB" in page.text


def test_kept_page__text_longer_than_may_be_stored__is_kept_as_the_form_keeps_it(
    desk: Desk,
) -> None:
    long = "ä" * 1024 * 1024
    client = signed_in(desk.author)
    kept = lose(client, look(client, PROPOSE), "Save as draft", PROPOSE, template=long)
    assert kept.form_with(GO).value("template") == long


# -- a form that has grown old --------------------------------------------------------------


GO_ON = "Go on with what you typed"


def test_propose__signed_in_again_elsewhere__keeps_the_text_and_goes_on(desk: Desk) -> None:
    """A sign-in in another window makes a new token; the page that is open has the old one."""
    client = signed_in(desk.author)
    page = look(client, PROPOSE)
    client.cookies.pop("csrftoken")
    look(client, PROPOSE)
    kept = press(client, page, "Save and submit", PROPOSE, template=SECOND, rationale="Why")
    assert kept.status == 403
    assert "This form cannot be trusted any more" in kept.text
    back = press(client, kept, GO_ON, PROPOSE)
    assert back.form_with("Save and submit").value("template") == SECOND
    assert not ApprovalRequest.objects.exists()
    assert "Submitted." in press(client, back, "Save and submit", PROPOSE).text


def test_vote__old_token__comes_back_with_the_comment_and_has_not_voted(desk: Desk) -> None:
    change = in_review(desk)
    address = f"/requests/{change.pk}/"
    client = signed_in(desk.safety_reviewer)
    page = look(client, address)
    client.cookies.pop("csrftoken")
    kept = press(client, page, "Reject", address, comment="No.")
    back = press(client, kept, GO_ON, address)
    assert back.form_with("Reject").value("comment") == "No."
    assert not Review.objects.exists()


def test_propose__signed_out_and_old_token__asks_for_both_at_once(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, PROPOSE)
    client.cookies.clear()
    kept = press(client, page, "Save as draft", PROPOSE, template="Mine")
    back = sign_in(client, kept, "ada")
    assert back.form_with("Save as draft").value("template") == "Mine"


@pytest.mark.parametrize("signed", [True, False])
def test_post__from_another_site__is_refused_and_not_given_back(desk: Desk, signed: bool) -> None:
    """What a stranger's page fills in must not stand in a form of ours, one click from sent."""
    client = signed_in(desk.author) if signed else Client(enforce_csrf_checks=True)
    sent = {"template": "Theirs", "do": "submit", "kept": "1"}
    answer = client.post(PROPOSE, sent, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert b"Theirs" not in answer.content


def test_sign_in_page__old_token__echoes_no_password(desk: Desk) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    assert answer.status_code == 403
    assert PASSWORD not in answer.content.decode()


# -- no page to show it on -------------------------------------------------------------------


def test_vote__page_gone_while_typing__shows_the_comment_on_the_404(desk: Desk) -> None:
    change = in_review(desk)
    address = f"/requests/{change.pk}/"
    client = signed_in(desk.safety_reviewer)
    page = look(client, address)
    form = page.form_with("Reject")
    form.action = "/requests/999999/"
    done = press(client, page, "Reject", address, form=form, comment="Because.")
    assert done.status == 404
    assert "What you typed" in done.text
    assert ">\nBecause.</textarea>" in done.html


def test_own_password__session_ended__no_password_is_in_the_page(author: User) -> None:
    typed = {"old_password": "old-Word-91", "new_password": "new-Word-91", "again": "new-Word-91"}
    page = Client().post("/accounts/password/", typed)
    assert page.status_code == 403
    assert "-Word-91" not in page.content.decode()
