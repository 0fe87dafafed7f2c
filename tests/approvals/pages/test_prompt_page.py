"""The page of a prompt and the list of prompts: what is live, and what one person may do."""

from __future__ import annotations

import pytest
from django.urls import reverse

from approvals import services
from approvals.models import AfterReview, Hold
from registry.models import LabelPointer, Prompt, Recall
from registry.services import people as people_verbs
from registry.services import prompts as prompt_verbs
from tests.approvals.desk import FIRST, SECOND, Desk, in_review, propose, released, submit, text
from tests.approvals.pages.browsing import Form, Page, Words, look, press, signed_in
from tests.people import MakePrompt

pytestmark = pytest.mark.django_db


def address(prompt: Prompt) -> str:
    return reverse("approvals:prompt", kwargs={"name": prompt.name})


def live(desk: Desk) -> LabelPointer:
    return LabelPointer.objects.get(prompt=desk.prompt, label=desk.production)


def live_number(desk: Desk) -> int:
    version = live(desk).version
    assert version is not None
    return version.number


def versions_in(page: Page) -> list[str]:
    """The words of each line of the list of versions."""
    part = page.html.split('id="versions-title"')[1].split("</section>")[0]
    return [Words(line).text for line in part.split("<li>")[1:]]


# -- what is there --------------------------------------------------------------------------


def test_prompt_page__nothing_yet__says_so_and_offers_the_first_step(desk: Desk) -> None:
    page = look(signed_in(desk.author), address(desk.prompt))
    assert "Nothing is live yet." in page.text
    assert page.has("a", href=f"/prompts/{desk.prompt.name}/-/propose")


def test_prompt_page__after_releases__shows_labels_text_versions_and_moves(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    page = look(signed_in(desk.auditor), address(desk.prompt))
    assert "production protected v2" in page.text
    assert "staging for trying v2" in page.text
    assert "Greet {{customer}} warmly by name." in page.text
    assert "production Released v2 (was v1)" in page.text
    lines = versions_in(page)
    assert lines[0].startswith("v2 live in production on staging")
    assert lines[1].startswith("v1 was live before")


def test_prompt_page__each_person__finds_the_steps_that_person_may_take(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    offered = {
        name: look(signed_in(person), address(desk.prompt)).buttons
        for name, person in desk.people.items()
    }
    undo = {"Roll back to v1", "Suspend"}
    recall = {"Recall v1", "Recall v2"}
    assert {name: found for name, found in offered.items() if found} == {
        "author": {"Put v1 on staging", *recall},
        "release_manager": {*undo, *recall},
        "responder": {*undo, *recall},
    }


def test_prompt_page__draft_of_another__hides_its_version(desk: Desk) -> None:
    released(desk, FIRST)
    propose(desk, SECOND, rationale="A quiet draft")
    theirs = look(signed_in(desk.safety_reviewer), address(desk.prompt))
    assert "A quiet draft" not in theirs.text
    assert [line[:2] for line in versions_in(theirs)] == ["v1"]
    assert [
        line[:2] for line in versions_in(look(signed_in(desk.author), address(desk.prompt)))
    ] == [
        "v2",
        "v1",
    ]


def test_version_page__draft_of_another__is_404(desk: Desk) -> None:
    propose(desk, FIRST)
    path = f"{address(desk.prompt)}-/versions/1/"
    assert look(signed_in(desk.author), path).status == 200
    assert look(signed_in(desk.safety_reviewer), path).status == 404


def test_version_page__hidden_characters__are_named_and_line_ends_are_not(desk: Desk) -> None:
    submit(desk, "One\u202e\r\nTwo\r\n")
    page = look(signed_in(desk.author), f"{address(desk.prompt)}-/versions/1/")
    assert "One⟨U+202E⟩ Two" in page.text
    assert "U+000D" not in page.text


def test_prompt_page__another_case__is_the_same_prompt(desk: Desk) -> None:
    assert look(signed_in(desk.author), "/prompts/SUPPORT/Refunds/").status == 200


@pytest.mark.parametrize("path", ["no/such/", "support/refunds%00/", "-/", "support/refunds/-/x/"])
def test_prompt_page__no_such_name__is_404(desk: Desk, path: str) -> None:
    assert look(signed_in(desk.author), f"/prompts/{path}").status == 404


def test_prompt_page__odd_name__has_addresses_that_work(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    odd = make_prompt("support/100 %?#&+ “ö”/日本")
    page = look(signed_in(desk.author), address(odd))
    assert page.status == 200
    hrefs = [found["href"] for tag, found in page.tags if tag == "a" and "propose" in found["href"]]
    assert look(signed_in(desk.author), hrefs[0]).status == 200


# -- one person, one click ------------------------------------------------------------------


def test_rollback__one_click__serves_the_version_that_the_button_names(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    client = signed_in(desk.responder)
    page = look(client, address(desk.prompt))
    done = press(client, page, "Roll back to v1", address(desk.prompt))
    assert "Rolled back: production serves v1 again." in done.text
    assert "production is on hold" in done.text
    assert live_number(desk) == 1
    assert any(line.startswith("v2 on staging rolled back") for line in versions_in(done))


def test_rollback__moved_meanwhile__is_409_and_moves_nothing(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    client = signed_in(desk.responder)
    page = look(client, address(desk.prompt))
    services.suspend(desk.prompt, desk.production, actor=desk.release_manager, reason="Wait")
    done = press(client, page, "Roll back to v1", address(desk.prompt))
    assert done.status == 409
    assert live_number(desk) == 2


def test_rollback__sent_twice__is_done_once(desk: Desk) -> None:
    for words in (FIRST, SECOND, "A third text for {{customer}}.\n"):
        released(desk, words)
    client = signed_in(desk.responder)
    page = look(client, address(desk.prompt))
    press(client, page, "Roll back to v2", address(desk.prompt))
    press(client, page, "Roll back to v2", address(desk.prompt))
    assert live(desk).generation == 4


def test_rollback__without_the_permission__is_403(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    theirs = look(signed_in(desk.responder), address(desk.prompt))
    form = theirs.form_with("Roll back to v1")
    client = signed_in(desk.author)
    own = look(client, address(desk.prompt)).form_with("Recall v1")
    form.fields = [*own.fields, *form.fields[1:]]
    done = press(client, theirs, "Roll back to v1", address(desk.prompt), form=form)
    assert (done.status, live_number(desk)) == (403, 2)


def test_suspend_and_resume__with_reasons__stop_and_go_on(desk: Desk) -> None:
    released(desk, FIRST)
    client = signed_in(desk.responder)
    page = look(client, address(desk.prompt))
    form = _form_of(page, "suspend:production")
    page = press(client, page, "Suspend", address(desk.prompt), form=form, reason="Wrong prices")
    assert "suspended: serves nothing" in page.text
    assert "Wrong prices" in page.text
    assert live(desk).suspended is True
    page = press(client, page, "Resume", address(desk.prompt), reason="Prices mended")
    assert "production serves v1 again" in page.text
    assert live(desk).suspended is False


def _form_of(page: Page, do: str) -> Form:
    return next(form for form in page.forms if ("do", do) in form.buttons.values())


def test_suspend__without_a_reason__is_refused_with_its_form_open(desk: Desk) -> None:
    released(desk, FIRST)
    client = signed_in(desk.responder)
    page = look(client, address(desk.prompt))
    form = _form_of(page, "suspend:production")
    page = press(client, page, "Suspend", address(desk.prompt), form=form, reason=" ")
    assert page.status == 422
    assert "comment_needed" in page.text
    assert page.has("textarea", id="reason-suspendproduction", aria_invalid="true")
    assert page.has("details", open="")


def test_lift_hold__stale_reason_kept__then_lifted(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Too warm")
    client = signed_in(desk.release_manager)
    page = look(client, address(desk.prompt))
    page = press(client, page, "Lift the hold", address(desk.prompt), reason="Checked with legal")
    assert "The hold is lifted" in page.text
    assert Hold.objects.filter(lift_reason__value="Checked with legal").count() == 1


def test_close_review__by_a_reviewer__is_closed_and_the_one_who_rolled_back_is_not_offered_it(
    desk: Desk,
) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    people_verbs.deactivate(desk.engineer, actor=desk.governance_owner)
    services.rollback(desk.prompt, desk.production, actor=desk.responder)
    assert "Close the review" not in look(signed_in(desk.responder), address(desk.prompt)).buttons
    client = signed_in(desk.safety_reviewer)
    page = look(client, address(desk.prompt))
    page = press(client, page, "Close the review", address(desk.prompt), reason="v1 is fine.")
    assert "The review after the fact is closed." in page.text
    assert AfterReview.objects.get().closed_by == desk.safety_reviewer


def test_recall__with_a_reason__is_told_on_both_pages(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    page = press(client, page, "Recall v1", address(desk.prompt), reason="Promises a date")
    assert Recall.objects.get().version.number == 1
    assert any(line.startswith("v1 recalled") for line in versions_in(page))
    version = look(client, f"{address(desk.prompt)}-/versions/1/")
    assert "Promises a date" in version.text


def test_place__older_version__goes_to_staging(desk: Desk) -> None:
    released(desk, FIRST)
    released(desk, SECOND)
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    page = press(client, page, "Put v1 on staging", address(desk.prompt))
    assert "staging serves v1 now." in page.text


def test_post__on_a_version_of_another_prompt__is_refused(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    released(desk, FIRST)
    client = signed_in(desk.author)
    page = look(client, address(desk.prompt))
    form = _form_of(page, "recall:1")
    form.buttons["X"] = ("do", "recall:77")
    page = press(client, page, "X", address(desk.prompt), form=form, reason="Because")
    assert page.status == 422
    assert not Recall.objects.exists()


# -- the list, and who may not know ---------------------------------------------------------


def test_prompts__search__finds_names_and_descriptions_in_any_case(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    make_prompt("support/Tone", description="Warm greetings")
    client = signed_in(desk.outsider)
    assert "support/Tone" in look(client, "/prompts/?q=tONE").text
    assert "support/Tone" in look(client, "/prompts/?q=warm").text
    page = look(client, "/prompts/?q=100%25")
    assert "No prompt that you can see has “100%”" in page.text
    assert look(client, "/prompts/?q=%00&page=x").status == 200


def test_prompts__confidential__is_nowhere_for_those_without_view(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    hidden = make_prompt("support/merger", confidential=True)
    services.propose(
        hidden, label=desk.production, document=text(FIRST), rationale="Hush", actor=desk.author
    )
    mine, theirs = signed_in(desk.author), signed_in(desk.outsider)
    for path in ("", "-/propose", "-/versions/1/"):
        assert mine.get(f"{address(hidden)}{path}").status_code == 200
        answer = theirs.get(f"{address(hidden)}{path}")
        assert answer.status_code == 404
        assert b"merger" not in answer.content
    assert "merger" in look(mine, "/prompts/?q=merger").text
    assert "support/merger" not in look(theirs, "/prompts/?q=merger").text
    assert "support/merger" not in look(theirs, "/prompts/").text


def test_prompts__archived__offers_no_proposal(desk: Desk) -> None:
    prompt_verbs.archive_prompt(desk.prompt, actor=desk.author)
    page = look(signed_in(desk.author), address(desk.prompt))
    assert "archived: takes no proposals" in page.text
    assert not page.has("a", href=f"/prompts/{desk.prompt.name}/-/propose")


def test_prompt_page__open_change__is_listed(desk: Desk) -> None:
    change = in_review(desk)
    page = look(signed_in(desk.outsider), address(desk.prompt))
    part = page.html.split('id="open-title"')[1].split("</section>")[0]
    assert f'href="/requests/{change.pk}/"' in part
