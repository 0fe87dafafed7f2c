"""The form of a change: what is typed is what is stored, and a refusal gives everything back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from approvals import services
from approvals.models import ApprovalRequest
from registry.documents import build
from registry.models import Label, Prompt, Version
from registry.permissions import BOOTSTRAP
from registry.services import labels as labels_verbs
from registry.services import people as people_verbs
from tests.approvals.desk import (
    FIRST,
    SECOND,
    Desk,
    approve,
    fresh,
    in_review,
    propose,
    released,
    route,
    scan,
    text,
)
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.approvals.pages.proposals import (
    counted,
    edit,
    form_address,
    newest,
    stored,
    typed_text,
)
from tests.people import MakePrompt
from tests.registry.steps import move

pytestmark = pytest.mark.django_db

#: has the form of an access key and opens nothing
SECRET = "AKIA" + "QWERTYUIOPASDFGH"


# -- what is stored -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "live",
    [
        "Greet the customer.\nBe kind.\n",
        "Greet the customer.\r\nBe kind.\r\n",
        "Greet the customer.\rBe kind.\r",
        "Greet the customer.\r\nBe kind.\nBe short.\r\n",
        "\n\nGreet the customer.\n",
        "\r\nGreet the customer.",
        "  Greet the customer. \t\n\n\n",
        "Greet the customer. \u00a0\u2028 e\u0301 & &amp; <b>\"'",
    ],
    ids=["lf", "crlf", "cr", "mixed", "leading-lf", "leading-crlf", "blanks", "odd"],
)
def test_propose__one_word_edited__differs_by_that_word_only(desk: Desk, live: str) -> None:
    released(desk, live)
    edit(signed_in(desk.author), desk.prompt, "customer", "client")
    change = newest()
    assert stored()["template"] == live.replace("customer", "client")
    page = look(signed_in(desk.author), f"/requests/{change.pk}/")
    assert page.words_in("ins") == ["client"]
    assert page.words_in("del") == ["customer"]


def test_propose__chat_of_mixed_conventions__keeps_each_messages_line_ends(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    prompt = make_prompt("support/chat", type="chat")
    body = [
        {"role": "system", "content": "One\r\nTwo\r\n"},
        {"role": "user", "content": "Three\nFour\n"},
    ]
    released_chat(desk, prompt, body)
    client = signed_in(desk.author)
    page = look(client, form_address(prompt))
    page = press(client, page, "Remove message 1", form_address(prompt))
    page = press(client, page, "Add a message", form_address(prompt))
    contents = page.form_with("Save as draft").values("content")
    assert contents == ["Three\nFour\n", ""]
    press(
        client,
        page,
        "Save as draft",
        form_address(prompt),
        content=["Three\nFive\n", "Six\nSeven"],
        rationale="Shorter",
    )
    assert stored()["template"] == [
        {"role": "user", "content": "Three\nFive\n"},
        {"role": "assistant", "content": "Six\r\nSeven"},
    ]


def released_chat(desk: Desk, prompt: Prompt, body: list[dict[str, str]], **more: Any) -> None:
    other = Desk(prompt, desk.staging, desk.production, desk.people)
    document = build(type="chat", template=body, template_format="mustache", **more)
    change = services.propose(
        prompt, label=desk.production, document=document, rationale="First", actor=desk.author
    )
    services.submit(change.pk, actor=desk.author)
    approve(other, route(scan(fresh(change))))
    services.release(change.pk, actor=desk.author)


def test_propose__settings_untouched__stay_as_they_are(desk: Desk, make_prompt: MakePrompt) -> None:
    prompt = make_prompt("support/chat", type="chat")
    more: dict[str, Any] = {
        "model_settings": {"temperature": 0.25, "top_p": 1, "stop": ["é\n"]},
        "tools": [{"name": "look_up"}],
        "response_format": {},
    }
    released_chat(desk, prompt, [{"role": "user", "content": "Hello"}], **more)
    client = signed_in(desk.author)
    page = look(client, form_address(prompt))
    press(
        client, page, "Save as draft", form_address(prompt), content="Hello there", rationale="Why"
    )
    assert {key: stored()[key] for key in more} == more


def test_propose__from_an_older_version__begins_with_its_text(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    client = signed_in(desk.author)
    page = look(client, f"{form_address(desk.prompt)}?from=1")
    assert typed_text(page) == FIRST
    done = press(client, page, "Save as draft", form_address(desk.prompt), rationale="Back")
    assert done.status == 200
    assert stored()["template"] == FIRST


# -- save and submit ------------------------------------------------------------------------


def test_save_and_submit__complete__is_on_its_way(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(
        client,
        page,
        "Save and submit",
        form_address(desk.prompt),
        template="Hello {{name}}",
        template_format="mustache",
        rationale="First text\r\nwith a second line",
    )
    assert "Submitted." in page.text
    change = newest()
    assert (change.state, change.release_when_ready) == ("scanning", True)
    assert change.rationale.value == "First text\nwith a second line"


def test_save_and_submit__sent_twice__makes_one_change(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    for _ in range(2):
        again = press(
            client,
            page,
            "Save and submit",
            form_address(desk.prompt),
            template="Hello",
            rationale="Why",
        )
        assert again.status == 200
    assert ApprovalRequest.objects.count() == 1


def test_save__edited_after_going_back__is_not_lost(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    for words in ("Hello", "Hello again"):
        press(
            client,
            page,
            "Save as draft",
            form_address(desk.prompt),
            template=words,
            rationale="Why",
        )
    assert stored()["template"] == "Hello again"


def test_save_and_submit__secret_in_the_text__saves_nothing_and_keeps_the_form(desk: Desk) -> None:
    client = signed_in(desk.author)
    before = counted()
    page = look(client, form_address(desk.prompt))
    page = press(
        client,
        page,
        "Save and submit",
        form_address(desk.prompt),
        template=f"Use {SECRET} for it.",
        rationale="Needs access",
        release_when_ready=None,
    )
    assert (page.status, "secret_found" in page.text) == (422, True)
    assert ("Nothing was changed." in page.text, counted()) == (True, before)
    form = page.form_with("Save and submit")
    assert form.action == form_address(desk.prompt)
    assert form.value("template") == f"Use {SECRET} for it."
    assert form.value("rationale") == "Needs access"
    assert "release_when_ready" not in dict(form.fields)
    done = press(client, page, "Save and submit", form.action, template="Use the vault.")
    assert "Submitted." in done.text
    assert ApprovalRequest.objects.count() == 1


def test_save_and_submit__nobody_could_sign__saves_nothing_and_offers_the_draft(desk: Desk) -> None:
    people_verbs.deactivate(desk.safety_reviewer, actor=desk.governance_owner)
    client = signed_in(desk.author)
    before = counted()
    page = look(client, form_address(desk.prompt))
    page = press(
        client,
        page,
        "Save and submit",
        form_address(desk.prompt),
        template="Hello",
        rationale="Why",
    )
    assert (page.status, "no_eligible_reviewer" in page.text) == (422, True)
    assert ("Nothing was changed." in page.text, counted()) == (True, before)
    assert "Save as draft keeps it until then" in page.text
    saved = press(client, page, "Save as draft", form_address(desk.prompt))
    assert "Saved as a draft." in saved.text
    people_verbs.reactivate(desk.safety_reviewer, actor=desk.governance_owner)
    done = press(client, page, "Save and submit", form_address(desk.prompt))
    assert "Submitted." in done.text
    assert ApprovalRequest.objects.get().revision == 1


def test_save_and_submit__of_a_revision_refused__leaves_state_votes_and_text(desk: Desk) -> None:
    change = approve(desk, in_review(desk), "support_reviewer")
    people_verbs.deactivate(desk.safety_reviewer, actor=desk.governance_owner)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    before = counted()
    page = press(client, look(client, address), "Save and submit", address, template=SECOND)
    assert (page.status, "no_eligible_reviewer" in page.text) == (422, True)
    assert ("Nothing was changed." in page.text, counted()) == (True, before)
    assert (fresh(change).state, fresh(change).revision) == ("review", 1)
    assert typed_text(page) == SECOND
    people_verbs.reactivate(desk.safety_reviewer, actor=desk.governance_owner)
    done = press(client, page, "Save and submit", address)
    assert "Submitted." in done.text
    assert (fresh(change).state, fresh(change).revision) == ("scanning", 2)
    call_command("audit_verify")


def test_save_and_submit__a_draft_not_edited__makes_no_new_revision(desk: Desk) -> None:
    change = propose(desk)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    done = press(client, look(client, address), "Save and submit", address)
    assert "Submitted." in done.text
    assert (fresh(change).state, fresh(change).revision) == ("scanning", 1)


def test_save_and_submit__pressed_again_after_another_revision__is_stale(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    typed: dict[str, Any] = {"template": "Hello", "rationale": "Why"}
    press(client, page, "Save as draft", form_address(desk.prompt), **typed)
    services.revise(newest().pk, document=text(SECOND), rationale="Longer", actor=desk.author)
    again = press(client, page, "Save and submit", form_address(desk.prompt), **typed)
    assert (again.status, newest().state) == (409, "draft")
    assert typed_text(again) == "Hello"


def with_other_label(desk: Desk) -> None:
    """A second protected label, which serves nothing yet and stands below in the form."""
    labels_verbs.create_label("live-eu", protected=True, order=5, actor=BOOTSTRAP)


def test_propose__for_another_label_than_the_form_opened_with__goes_without_a_preview(
    desk: Desk,
) -> None:
    released(desk, FIRST)
    with_other_label(desk)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    assert page.form_with("Save as draft").value("label") == "production"
    fields: dict[str, Any] = {"template": SECOND, "rationale": "Europe", "label": "live-eu"}
    done = press(client, page, "Save as draft", form_address(desk.prompt), **fields)
    assert "Saved as a draft." in done.text
    change = newest()
    assert (str(change.label), change.base_version) == ("live-eu", None)


def test_propose__for_another_label_where_something_else_went_live__is_stale_once(
    desk: Desk,
) -> None:
    released(desk, FIRST)
    with_other_label(desk)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    eu = Label.objects.get(name="live-eu")
    move(desk.prompt, eu, Version.objects.get(number=1), actor=desk.author)
    fields: dict[str, Any] = {"template": SECOND, "rationale": "Europe", "label": "live-eu"}
    page = press(client, page, "Save as draft", form_address(desk.prompt), **fields)
    assert (page.status, "stale" in page.text) == (409, True)
    assert page.words_in("ins") == ["warmly"]
    assert "against v1, live in live-eu" in page.text
    form = page.form_with("Save as draft")
    assert {name: form.value(name) for name in fields} == fields
    done = press(client, page, "Save as draft", form_address(desk.prompt))
    assert "Saved as a draft." in done.text


def test_preview__of_another_label_as_a_fragment__says_what_it_is_against(desk: Desk) -> None:
    released(desk, FIRST)
    with_other_label(desk)
    client = signed_in(desk.author)
    form = look(client, form_address(desk.prompt)).form_with("Preview")
    for label, words in (
        ("production", "against v1, live in production"),
        ("live-eu", "nothing is live in live-eu yet, so all of it is new"),
    ):
        data = {**dict(form.fields), "template": SECOND, "label": label}
        answer = client.post(form_address(desk.prompt), data, headers={"X-Fragment": "diff"})
        assert words in Page(answer).text


# -- revise ---------------------------------------------------------------------------------


def test_revise__in_review__goes_back_to_draft_as_a_new_revision(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    page = look(client, address)
    assert typed_text(page) == FIRST
    page = press(client, page, "Save as draft", address, template=SECOND)
    assert page.status == 200
    assert (fresh(change).state, fresh(change).revision) == ("draft", 2)


def test_revise__by_two_at_once__second_gets_409_and_keeps_the_text(desk: Desk) -> None:
    change = in_review(desk)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    page = look(client, address)
    services.revise(change.pk, document=text(SECOND), rationale="Warmer", actor=desk.author)
    page = press(client, page, "Save as draft", address, template="Mine")
    assert page.status == 409
    assert typed_text(page) == "Mine"
    assert press(client, page, "Save as draft", address).status == 200


def test_revise__draft_of_another__is_404(desk: Desk) -> None:
    change = propose(desk)
    assert look(signed_in(desk.safety_reviewer), f"/requests/{change.pk}/revise").status == 404


def test_revise__ended__leads_to_the_change(desk: Desk) -> None:
    change = released(desk)
    answer = signed_in(desk.author).get(f"/requests/{change.pk}/revise")
    assert (answer.status_code, answer["Location"]) == (302, f"/requests/{change.pk}/")


# -- preview --------------------------------------------------------------------------------


def test_preview__without_scripts__shows_the_change_and_saves_nothing(desk: Desk) -> None:
    released(desk, FIRST)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(client, page, "Preview", form_address(desk.prompt), template=SECOND)
    assert page.status == 200
    assert page.words_in("ins") == ["warmly"]
    assert typed_text(page) == SECOND
    assert ApprovalRequest.objects.count() == 1


def test_preview__as_a_fragment__shows_the_change_and_what_does_not_parse(desk: Desk) -> None:
    released(desk, FIRST)
    client = signed_in(desk.author)
    form = look(client, form_address(desk.prompt)).form_with("Preview")
    data = {**dict(form.fields), "template": SECOND + "{{#open"}
    answer = client.post(form_address(desk.prompt), data, headers={"X-Fragment": "diff"})
    page = Page(answer)
    assert answer.status_code == 200
    assert "Not ready yet:" in page.text
    assert "<html" not in page.html
    assert "warmly" in page.words_in("ins")
