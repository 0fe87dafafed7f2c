"""The form of a change set: nothing is saved that was not looked at, and nothing typed is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from approvals import services
from approvals.models import ApprovalRequest, ChangeSet
from registry import permissions
from registry.models import Prompt
from registry.services import prompts
from tests.approvals import desk as steps
from tests.approvals import sets_of as sets
from tests.approvals.desk import FIRST, SECOND, THIRD, Desk
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.approvals.sets_of import NAMES, members, states

pytestmark = pytest.mark.django_db

NEW = "/change-sets/new/"
EDIT = {"names": "support/*", "old": "by name", "new": "by their first name"}


@pytest.fixture
def three(desk: Desk) -> Desk:
    """A desk with three prompts that are live with the same text."""
    sets.released(desk)
    return desk


def begun(desk: Desk, who: str = "author", **typed: Any) -> tuple[Client, Page]:
    """The preview of an edit."""
    client = signed_in(desk.people[who])
    given = {**EDIT, "rationale": "People asked for it.", **typed}
    return client, press(client, look(client, NEW), "Preview", NEW, **given)


def test_prompts__page__leads_to_the_form(desk: Desk) -> None:
    assert look(signed_in(desk.author), "/prompts/").has("a", href=NEW)


def test_preview__text_occurs_in_three__shows_the_same_change_once(three: Desk) -> None:
    page = begun(three)[1]
    assert "What changes: same change in all 3" in page.text
    assert page.html.count("<ins>their first </ins>") == 1
    assert len(page.form_with("Save and submit").values("offered")) == 3


def test_preview__one_has_another_line__is_shown_apart(three: Desk) -> None:
    one = Desk(Prompt.objects.get(name=NAMES[2]), three.staging, three.production, three.people)
    steps.released(one, SECOND)
    page = begun(three)[1]
    assert "same change in 2, 1 differs: look" in page.text
    assert f"In one prompt: {NAMES[2]}" in page.words_in("h2")


def test_preview__text_does_not_occur_in_one__lists_it(three: Desk) -> None:
    one = Desk(Prompt.objects.get(name=NAMES[1]), three.staging, three.production, three.people)
    steps.released(one, "Be kind.\n")
    page = begun(three)[1]
    assert "The text does not occur in 1 prompt" in page.text
    assert page.form_with("Save and submit").values("pick") == [
        str(Prompt.objects.get(name=name).pk) for name in (NAMES[0], NAMES[2])
    ]


def test_preview__nothing_is_live_in_one__lists_it(three: Desk) -> None:
    page = begun(three)[1]
    # The desk's own prompt, which never went live.
    assert "Nothing is live yet in 1 prompt" in page.text


def test_preview__edit_would_break_the_template__names_prompt_and_reason(three: Desk) -> None:
    page = begun(three, old="{{customer}}", new="{{customer")[1]
    assert "The edit would break 3 prompts" in page.text
    assert "Save and submit" not in page.buttons


def test_preview__text_occurs_nowhere__says_so_and_offers_no_save(three: Desk) -> None:
    page = begun(three, old="Nobody wrote this")[1]
    assert "The text occurs in no prompt that you chose" in page.text
    assert page.buttons == {"Preview again"}


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"old": ""}, "bad_input"),
        ({"new": "by name"}, "bad_input"),
        ({"label": "nowhere"}, "unknown_label"),
        ({"label": "staging"}, "unknown_label"),
    ],
)
def test_preview__something_is_missing__is_refused_and_keeps_what_was_typed(
    three: Desk, typed: dict[str, str], code: str
) -> None:
    page = begun(three, **typed)[1]
    assert code in page.text
    assert page.form_with("Preview").value("rationale") == "People asked for it."


def test_preview__by_who_may_propose_nowhere__finds_nothing(three: Desk) -> None:
    page = begun(three, "outsider")[1]
    assert "The text occurs in no prompt that you chose" in page.text
    assert NAMES[0] not in page.html


def test_preview__confidential_prompt_of_others__is_never_named(three: Desk) -> None:
    hidden = Prompt.objects.get(name=NAMES[0])
    for prompt in sets.prompts_of(three):
        services.grant(prompt, permissions.PROPOSE, three.outsider, actor=three.author)
    prompts.edit_prompt(hidden, confidential=True, actor=three.author)
    page = begun(three, "outsider")[1]
    assert "same change in all 2" in page.text
    assert NAMES[0] not in page.html


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (NAMES[0], 1),
        ("support/*\n!support/claims", 2),
        ("", 3),
        ("  SUPPORT/BILLING  \n\nsupport/claims", 2),
        ("sales/*", 0),
    ],
)
def test_preview__patterns_of_names__choose_the_prompts(
    three: Desk, names: str, found: int
) -> None:
    page = begun(three, names=names)[1]
    form = next(form for form in page.forms if "Preview again" in form.buttons)
    assert len(form.values("pick")) == found


def test_save__previewed__makes_drafts_and_opens_the_set(three: Desk) -> None:
    client, page = begun(three)
    page = press(client, page, "Save as drafts", NEW)
    made = ChangeSet.objects.latest("pk")
    assert states(made) == ["draft"] * 3
    assert made.whole
    assert "Saved as drafts." in page.text
    assert "One change in 3 prompts" in page.words_in("h1")


def test_submit__in_waves__submits_all_of_them(three: Desk) -> None:
    client, page = begun(three)
    press(client, page, "Save and submit", NEW, goes="waves")
    made = ChangeSet.objects.latest("pk")
    assert (states(made), made.whole) == (["scanning"] * 3, False)


def test_save__tick_taken_away__leaves_that_prompt(three: Desk) -> None:
    client, page = begun(three)
    ticked = page.form_with("Save as drafts").values("pick")[1:]
    page = press(client, page, "Preview again", NEW, pick=ticked)
    assert page.form_with("Save as drafts").values("pick") == ticked
    press(client, page, "Save as drafts", NEW)
    made = ChangeSet.objects.latest("pk")
    assert [str(request.prompt_id) for request in members(made)] == ticked


def test_save__edit_changed_since_the_preview__is_stale_and_shows_the_new_one(three: Desk) -> None:
    client, page = begun(three)
    page = press(client, page, "Save as drafts", NEW, new="by their last name")
    assert (page.status, "another one than you looked at" in page.text) == (409, True)
    assert "<ins>their last </ins>" in page.html
    press(client, page, "Save as drafts", NEW)
    assert states(ChangeSet.objects.latest("pk")) == ["draft"] * 3


def test_save__something_else_went_live_since_the_preview__is_stale_and_names_it(
    three: Desk,
) -> None:
    client, page = begun(three)
    one = Desk(Prompt.objects.get(name=NAMES[1]), three.staging, three.production, three.people)
    steps.released(one, THIRD)
    before = ApprovalRequest.objects.count()
    page = press(client, page, "Save as drafts", NEW)
    assert page.status == 409
    assert f"{NAMES[1]}: What is live moved" in page.text
    assert ApprovalRequest.objects.count() == before
    assert press(client, page, "Save as drafts", NEW).status == 200


def test_save__no_reason__asks_for_one_and_keeps_the_preview(three: Desk) -> None:
    client, page = begun(three)
    page = press(client, page, "Save as drafts", NEW, rationale=" ")
    assert "comment_needed" in page.text
    assert "Save as drafts" in page.buttons


def test_save__one_ticked_only__is_led_to_the_page_of_that_prompt(three: Desk) -> None:
    client, page = begun(three, names=NAMES[0])
    page = press(client, page, "Save as drafts", NEW)
    assert "two prompts or more" in page.text


def test_save__never_previewed__is_refused(three: Desk) -> None:
    client = signed_in(three.author)
    page = look(client, NEW)
    form = page.form_with("Preview")
    form.buttons["Save"] = ("do", "save")
    before = ChangeSet.objects.count()
    page = press(client, page, "Save", NEW, form=form, **EDIT)
    assert page.status == 409
    assert ChangeSet.objects.count() == before


def test_save__prompt_of_others_ticked_by_hand__is_not_changed(three: Desk) -> None:
    client, page = begun(three, "outsider")
    form = page.form_with("Preview again")
    form.buttons["Save"] = ("do", "save")
    pks = [prompt.pk for prompt in sets.prompts_of(three)]
    offered = [f"{pk}:" for pk in pks]
    before = ChangeSet.objects.count()
    page = press(client, page, "Save", NEW, form=form, pick=pks, offered=offered)
    assert page.status == 422
    assert ChangeSet.objects.count() == before


def test_save__posted_twice__is_one_set(three: Desk) -> None:
    client, page = begun(three)
    before = ChangeSet.objects.count()
    for _ in range(2):
        press(client, page, "Save as drafts", NEW)
    assert ChangeSet.objects.count() == before + 1


def test_save__chosen_in_windows_line_ends__replaces_in_the_line_ends_of_the_text(
    three: Desk,
) -> None:
    old, new = FIRST.rstrip("\n"), "One line."
    client, page = begun(three, old=old, new=new)
    press(client, page, "Save as drafts", NEW)
    one = members(ChangeSet.objects.latest("pk"))[0]
    assert one.version is not None
    assert one.version.body["template"] == "One line.\n"


def test_form__session_ended__gives_everything_back(three: Desk) -> None:
    client, page = begun(three)
    client.session.flush()
    kept = press(client, page, "Save as drafts", NEW, rationale="Written for an hour.")
    assert "Written for an hour." in kept.html
    assert "their first name" in kept.html
