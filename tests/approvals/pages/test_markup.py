"""What every page keeps to: strict policy, hostile content, and people who hear or tab the page."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from approvals import services
from tests.approvals import sets_of, talking
from tests.approvals.desk import FIRST, SECOND, Desk, in_review, propose, released, text
from tests.approvals.pages.browsing import Page, look, press, signed_in
from tests.approvals.several_of import AT, BUTTON, tick
from tests.people import MakePrompt, make_person
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db

#: a name, text or reason that would run if any page let it through
HOSTILE = "</textarea></pre></title><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{x}}"


_pages: dict[str, Page] = {}
#: the tests that look at every page run in one process, which makes them once
on_every_page = pytest.mark.xdist_group("markup")


@pytest.fixture
def every_page(request: pytest.FixtureRequest) -> dict[str, Page]:
    """Each page in a full state, as the person who sees most of it; for reading only."""
    if not _pages:
        _pages.update(made(request.getfixturevalue("desk"), request.getfixturevalue("make_prompt")))
    return _pages


def made(desk: Desk, make_prompt: MakePrompt) -> dict[str, Page]:
    released(desk, FIRST)
    released(desk, SECOND)
    behind = propose(desk, f"Hello {HOSTILE}\n".replace("{{x}}", ""))
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason=HOSTILE)
    review = in_review(desk, f"Hello {HOSTILE} jane.doe@acme-corp.com\n".replace("{{x}}", ""))
    talking.suggest(desk, review, text=HOSTILE, suggestion=HOSTILE)
    talking.ask(desk, review, path="", line=0, text=HOSTILE)
    low = in_review(desk, f"Greet {HOSTILE}\n".replace("{{x}}", ""), rationale=HOSTILE)
    draft = propose(desk, "Another text.\n", rationale=HOSTILE)
    make_prompt("support/<script>alert(1)<|script>", description=HOSTILE)
    plain = f"Hello {HOSTILE}\n".replace("{{x}}", "")
    live = sets_of.released(desk, "support/<i>1", "support/<i>2", template=plain)
    waits = sets_of.in_review(
        desk, "support/<i>1", "support/<i>2", template=f"{plain}Bye.\n", rationale=HOSTILE
    )
    author, safety, responder = (
        signed_in(desk.people[name]) for name in ("author", "safety_reviewer", "responder")
    )
    refused = press(
        safety,
        look(safety, f"/requests/{review.pk}/"),
        "Reject",
        f"/requests/{review.pk}/",
        comment=" ",
    )
    address = "/prompts/support/refunds/-/propose"
    ended, old = signed_in(desk.author), signed_in(desk.author)
    typed: dict[str, Any] = {"template": HOSTILE, "rationale": HOSTILE}
    form, other = look(ended, address), look(old, address)
    ended.session.flush()
    old.cookies.pop("csrftoken")
    return {
        "session ended": press(ended, form, "Save as draft", address, **typed),
        "old form": press(old, other, "Save as draft", address, **typed),
        "sign in": Page(Client().get("/accounts/login/")),
        "password": look(safety, "/accounts/password/"),
        "reviews": look(safety, "/"),
        "several": look(safety, AT),
        "several, refused": tick(safety, low, **{f"seen:{low.pk}": HOSTILE}),
        "request": look(safety, f"/requests/{review.pk}/"),
        "line": look(author, f"/requests/{review.pk}/?path=template&line=1"),
        "refused": refused,
        "draft": look(author, f"/requests/{draft.pk}/"),
        "prompts": look(author, "/prompts/"),
        "prompt": look(responder, "/prompts/support/refunds/"),
        "version": look(author, "/prompts/support/refunds/-/versions/3/"),
        "change set": look(safety, f"/change-sets/{waits.public_id}/"),
        "change set, live": look(responder, f"/change-sets/{live.public_id}/"),
        "new change set": look(author, "/change-sets/new/"),
        "change set, refused": press(
            safety,
            look(safety, f"/change-sets/{waits.public_id}/"),
            "Reject what is ticked",
            f"/change-sets/{waits.public_id}/",
            comment=" ",
        ),
        "new change set, preview": press(
            author,
            look(author, "/change-sets/new/"),
            "Preview",
            "/change-sets/new/",
            old="Hello",
            new=plain,
            rationale=HOSTILE,
        ),
        "propose": look(author, "/prompts/support/refunds/-/propose?from=3"),
        "revise": look(author, f"/requests/{draft.pk}/revise"),
        "rebase": look(author, f"/requests/{behind.pk}/rebase"),
        "new": look(author, "/prompts/-/new"),
        "access": press(
            author,
            look(author, "/prompts/support/refunds/-/access/"),
            "Give",
            "/prompts/support/refunds/-/access/",
            who=HOSTILE,
            may=["view"],
        ),
        "audit log": look(signed_in(desk.auditor), "/audit/"),
        "audit log, asked": look(
            signed_in(desk.auditor), f"/audit/?{urlencode({'about': HOSTILE})}"
        ),
        "access, read": look(safety, "/prompts/support/refunds/-/access/"),
        "shadow": look(signed_in(desk.governance_owner), "/shadow/?policy=Standard&page=x"),
        "shadow, refused": look(signed_in(desk.auditor), f"/shadow/?from={quote(HOSTILE)}&to=x"),
        "not found": look(author, "/nothing/"),
    }


@on_embedded
@on_every_page
def test_pages__markup__obeys_the_strict_policy_and_hides_from_robots(
    every_page: dict[str, Page],
) -> None:
    for name, page in every_page.items():
        for tag, found in page.tags:
            assert "style" not in found, name
            assert not [key for key in found if key.startswith("on")], name
            assert tag != "style", name
            assert tag != "script" or found["src"].startswith("/static/"), name
            for key in ("src", "href", "action"):
                assert not found.get(key, "").lower().startswith(("http", "//", "javascript")), name
        assert page.has("meta", name="robots", content="noindex, nofollow, noarchive"), name


@on_embedded
@on_every_page
def test_pages__hostile_names_and_texts__are_shown_and_never_run(
    every_page: dict[str, Page],
) -> None:
    for name, page in every_page.items():
        assert "<script>alert" not in page.html, name
        assert "<img" not in page.html, name
    assert "<script>alert(1)" in every_page["request"].text
    assert "<script>alert(1)" in every_page["draft"].text
    assert BUTTON in every_page["several"].buttons
    assert "<script>alert(1)" in every_page["several, refused"].text
    form = every_page["propose"].form_with("Save and submit")
    assert "</textarea></pre>" in form.value("template")


@on_embedded
@on_every_page
def test_pages__every_field__has_a_name_that_is_read_out(every_page: dict[str, Page]) -> None:
    for name, page in every_page.items():
        labelled = {found["for"] for tag, found in page.tags if tag == "label" and "for" in found}
        wrapped = re.findall(r"<label\b[^>]*>\s*<input\b[^>]*>", page.html)
        for tag, found in page.tags:
            if tag not in ("input", "select", "textarea") or found.get("type") == "hidden":
                continue
            inside = any(f'name="{found["name"]}"' in one for one in wrapped)
            assert inside or found.get("id") in labelled, (name, found)


@on_embedded
@on_every_page
def test_pages__structure__has_one_main_one_heading_and_ids_once(
    every_page: dict[str, Page],
) -> None:
    for name, page in every_page.items():
        tags = Counter(tag for tag, _ in page.tags)
        assert (tags["main"], tags["h1"], tags["title"]) == (1, 1, 1), name
        assert page.has("html", lang="en"), name
        assert page.has("a", **{"class": "skip", "href": "#main"}), name
        ids = Counter(found["id"] for _, found in page.tags if "id" in found)
        assert [one for one, times in ids.items() if times > 1] == [], name
        for _, found in page.tags:
            for key in ("aria-describedby", "aria-labelledby", "for"):
                assert {*found.get(key, "").split()} <= ids.keys(), (name, found)


def test_pages__answer__carries_the_strict_policy_and_is_kept_by_nobody(desk: Desk) -> None:
    answer = signed_in(desk.author).get("/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer["Cache-Control"] == "private, no-cache"


def test_page__person_with_a_hostile_name__is_shown_as_written(desk: Desk) -> None:
    person = make_person("eve2", "authors", by=desk.governance_owner)
    person.display_name = "<b onclick=alert(1)>Eve</b>"
    person.save()
    page = look(signed_in(person), "/")
    assert "<b onclick" not in page.html
    assert "<b onclick=alert(1)>Eve</b> · author" in page.text


def test_diff__settings_with_hostile_values__are_escaped(desk: Desk) -> None:
    document = text(FIRST, model_settings={"stop": [HOSTILE]})
    change = services.propose(
        desk.prompt, label=desk.production, document=document, rationale="Why", actor=desk.author
    )
    page = look(signed_in(desk.author), f"/requests/{change.pk}/")
    assert "<script>alert" not in page.html
    assert json.dumps(HOSTILE)[1:40] in page.text


def test_sign_out__needs_a_post_and_ends_the_session(desk: Desk) -> None:
    client = signed_in(desk.author)
    page = look(client, "/")
    done = press(client, page, "Sign out", "/", form=page.forms[0])
    assert "Sign in" in done.words_in("h1")
    assert client.get("/").status_code == 302


def test_sign_in__wrong_password__keeps_the_name_and_says_what_to_check(desk: Desk) -> None:
    client = Client()
    page = look(client, "/accounts/login/?next=/prompts/")
    page = press(
        client, page, "Sign in", "/accounts/login/", username="ada", password="wrong-wrong"
    )
    form = page.form_with("Sign in")
    assert "That did not work" in page.text
    assert (form.value("username"), form.value("next")) == ("ada", "/prompts/")
