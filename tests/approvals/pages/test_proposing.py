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
from tests.approvals.timing_of import regulated
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


# -- refused --------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no reason": ({"rationale": " "}, 422, "comment_needed"),
    "does not parse": ({"template": "Hello {{name\nBye"}, 422, "template_does_not_parse"),
    "null character": ({"template": "Hello \0 you"}, 422, "invalid_text"),
    "null in the reason": ({"rationale": "Why \0 not"}, 422, "invalid_text"),
    "empty": ({"template": ""}, 422, "invalid_document"),
    "unknown format": ({"template_format": "erb"}, 422, ""),
    "settings not JSON": ({"model_settings": "{temperature: 1}"}, 422, "invalid_document"),
    "a name twice": ({"model_settings": '{"a": 1, "a": 2}'}, 422, "invalid_document"),
    "settings with a lone surrogate": ({"model_settings": r'{"a": "\ud800"}'}, 422, "invalid_text"),
    "settings not an object": ({"model_settings": "[1]"}, 422, "invalid_document"),
    "a number too large": ({"model_settings": '{"a": 9007199254740993}'}, 422, "invalid_document"),
    "a number far too long": ({"tools": f"[{'9' * 5000}]"}, 422, "invalid_document"),
    "nested too deeply": ({"tools": "[" * 5000 + "]" * 5000}, 422, "invalid_document"),
    "unknown label": ({"label": "nowhere"}, 404, "unknown_label"),
    "unprotected label": ({"label": "staging"}, 404, "unknown_label"),
    "nothing changed": ({"template": FIRST}, 422, "nothing_changed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_propose__refused__names_the_rule_and_keeps_every_field(desk: Desk, case: str) -> None:
    released(desk, FIRST)
    typed, status, code = REFUSED[case]
    fields = {"template": SECOND, "rationale": "Warmer", "tools": '[{"name": "a"}]', **typed}
    if case == "nothing changed":
        fields["tools"] = ""
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(client, page, "Save and submit", form_address(desk.prompt), **fields)
    assert (page.status, code in page.text) == (status, True)
    assert page.has("section", id="refusal", role="alert")
    form = page.form_with("Save and submit")
    for name in fields.keys() - {"template_format", "label"}:
        assert form.value(name) == fields[name], name
    assert ApprovalRequest.objects.count() == 1


def test_propose__secret_in_the_reason__marks_the_reason_and_saves_nothing(desk: Desk) -> None:
    client = signed_in(desk.author)
    before = counted()
    page = look(client, form_address(desk.prompt))
    fields: dict[str, Any] = {"template": FIRST, "rationale": f"It needs {SECRET}."}
    page = press(client, page, "Save as draft", form_address(desk.prompt), **fields)
    assert (page.status, "secret_found" in page.text, counted()) == (422, True, before)
    assert "In the rationale: This has the form of a live AWS access key" in page.text
    assert page.has("textarea", name="rationale", aria_invalid="true")
    assert page.form_with("Save as draft").value("rationale") == fields["rationale"]


def test_propose__parse_error__names_line_and_column(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(
        client,
        page,
        "Save as draft",
        form_address(desk.prompt),
        template="Fine\nHello {% if %}",
        template_format="jinja2",
        rationale="Why",
    )
    assert page.status == 422
    assert "ine 2, column" in page.text
    assert page.has("textarea", name="template", aria_invalid="true")


def test_propose__ten_megabytes__is_413_with_limit_and_size_and_gives_the_text_back(
    desk: Desk,
) -> None:
    long = "ä" * (5 * 1024 * 1024)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    page = press(
        client, page, "Save and submit", form_address(desk.prompt), template=long, rationale="Long"
    )
    assert page.status == 413
    assert "10,485,760 bytes" in page.text
    assert "1,048,576" in page.text
    assert typed_text(page) == long


def test_propose__live_moved_meanwhile__is_409_with_the_new_diff_and_then_goes(desk: Desk) -> None:
    released(desk, FIRST)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    released(desk, SECOND)
    mine = FIRST.replace("name", "title")
    page = press(
        client, page, "Save as draft", form_address(desk.prompt), template=mine, rationale="Titles"
    )
    assert page.status == 409
    assert "stale" in page.text
    assert typed_text(page) == mine
    assert {"title", "warmly"} <= {*page.words_in("ins"), *page.words_in("del")}
    done = press(client, page, "Save as draft", form_address(desk.prompt))
    assert done.status == 200
    assert newest().base_version == Version.objects.get(number=2)


def test_propose__without_the_permission__is_403_in_words(desk: Desk) -> None:
    page = look(signed_in(desk.outsider), form_address(desk.prompt))
    assert page.status == 403
    assert f"{desk.author} can grant it" in page.text


def test_propose__permission_taken_while_typing__keeps_the_text(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    form = page.form_with("Save as draft")
    theirs = signed_in(desk.outsider)
    token = look(theirs, "/prompts/").forms[0].value("csrfmiddlewaretoken")
    form.fields = [
        (name, token if name == "csrfmiddlewaretoken" else value) for name, value in form.fields
    ]
    done = press(
        theirs,
        page,
        "Save as draft",
        form_address(desk.prompt),
        form=form,
        template="Mine",
        rationale="Why",
    )
    assert done.status == 403
    assert typed_text(done) == "Mine"


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


# -- ticket ---------------------------------------------------------------------------------

TICKET = {"pattern": "CR-[0-9]+"}


def ticket_of(change: ApprovalRequest) -> str | None:
    version = fresh(change).version
    assert version is not None
    found: str | None = version.provenance.get("change_ticket")
    return found


def test_form__no_policy_asks_and_none_is_set__has_no_field_for_a_ticket(desk: Desk) -> None:
    page = look(signed_in(desk.author), form_address(desk.prompt))
    assert not page.has("input", name="ticket")


def test_propose__policy_asks_for_a_ticket__keeps_what_was_typed(desk: Desk) -> None:
    regulated(desk, ticket=TICKET)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    assert page.has("input", name="ticket")
    assert "CR-[0-9]+" in page.text
    fields: dict[str, Any] = {"template": FIRST, "rationale": "Why", "ticket": " CR-7 "}
    press(client, page, "Save as draft", form_address(desk.prompt), **fields)
    assert ticket_of(newest()) == "CR-7"
    assert look(client, "/prompts/-/new").has("input", name="ticket")


def test_revise__ticket_set_by_a_program__is_shown_and_stays(desk: Desk) -> None:
    provenance = {"change_ticket": "CR-7", "source_commit": "c0ffee"}
    change = in_review(desk, provenance=provenance)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    page = look(client, address)
    assert page.form_with("Save as draft").value("ticket") == "CR-7"
    press(client, page, "Save as draft", address, template=SECOND)
    # The text is no longer what that commit has.
    version = fresh(change).version
    assert version is not None
    assert version.provenance == {"change_ticket": "CR-7"}


def test_revise__only_the_ticket_edited__is_a_revision_with_the_rest_as_it_was(desk: Desk) -> None:
    provenance = {"change_ticket": "CR-7", "source_commit": "c0ffee"}
    change = in_review(desk, provenance=provenance, imported=True)
    client = signed_in(desk.author)
    address = f"/requests/{change.pk}/revise"
    press(client, look(client, address), "Save as draft", address, ticket="CR-8")
    version = fresh(change).version
    assert version is not None
    assert version.provenance == {"change_ticket": "CR-8", "source_commit": "c0ffee"}
    assert version.imported
    press(client, look(client, address), "Save as draft", address, ticket="")
    assert ticket_of(change) is None
    assert fresh(change).revision == 3


def test_propose__ticket_that_is_no_word__is_refused_and_kept(desk: Desk) -> None:
    regulated(desk, ticket=TICKET)
    client = signed_in(desk.author)
    page = look(client, form_address(desk.prompt))
    fields: dict[str, Any] = {"template": FIRST, "rationale": "Why", "ticket": "C" * 300}
    page = press(client, page, "Save as draft", form_address(desk.prompt), **fields)
    assert (page.status, page.form_with("Save as draft").value("ticket")) == (422, "C" * 300)
    assert page.has("input", name="ticket", aria_invalid="true")


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
