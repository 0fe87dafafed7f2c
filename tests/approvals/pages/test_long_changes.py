"""A change too long for its page: the page says so, leads to all of it, and takes the vote."""

from __future__ import annotations

import time

import pytest

from approvals import services
from approvals.models import Review
from registry.models import Version
from tests.approvals.desk import FIRST, Desk, in_review, released, submit, text
from tests.approvals.pages.browsing import look, press, signed_in
from tests.people import MakePrompt, make_person
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db

LONG = "".join(f"Line {n} is new.\n" for n in range(4000))


@on_embedded
def test_request_page__a_million_lines__is_there_soon_and_takes_a_vote(desk: Desk) -> None:
    change = in_review(desk, "a\n" * (1_048_576 // 2))
    client = signed_in(desk.safety_reviewer)
    started = time.thread_time()
    page = look(client, f"/requests/{change.pk}/")
    # It takes 0.3 s; twenty times that without its bounds.
    assert time.thread_time() - started < 2
    assert "more changed lines are not on this page" in page.text
    assert "+524288" in page.text
    done = press(client, page, "Approve for safety", f"/requests/{change.pk}/")
    assert "You approved this change for safety." in done.text
    assert Review.objects.count() == 1


def test_request_page__more_lines_than_it_shows__says_how_many_and_leads_to_all(desk: Desk) -> None:
    change = in_review(desk, LONG)
    client = signed_in(desk.safety_reviewer)
    page = look(client, f"/requests/{change.pk}/")
    shown = page.html.count("<ins>")
    assert 0 < shown < 4000
    assert f"{4000 - shown:,} more changed lines are not on this page" in page.text
    address = f"/requests/{change.pk}/diff"
    assert page.has("a", href=address)
    answer = client.get(address)
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    told = answer.content.decode()
    assert told.startswith("support/refunds: v1 against nothing, for production\n")
    assert told.count("\n+ Line ") == 4000


def test_request_page__change_that_fits__says_nothing_of_the_kind(desk: Desk) -> None:
    change = in_review(desk, FIRST)
    page = look(signed_in(desk.safety_reviewer), f"/requests/{change.pk}/")
    assert "not on this page" not in page.text


def test_preview__more_lines_than_it_shows__says_how_many(desk: Desk) -> None:
    client = signed_in(desk.author)
    address = "/prompts/support/refunds/-/propose"
    page = press(client, look(client, address), "Preview", address, template=LONG)
    assert "more changed lines are not on this page" in page.text
    assert "the page of the change leads to all of it" in page.text


def test_diff__not_scanned_yet__is_told_to_its_author_only(desk: Desk) -> None:
    change = submit(desk, FIRST)
    address = f"/requests/{change.pk}/diff"
    assert "+ Greet" in signed_in(desk.author).get(address).content.decode()
    refused = look(signed_in(desk.safety_reviewer), address)
    assert refused.status == 422
    assert "Greet" not in refused.html


def test_diff__confidential__is_404(desk: Desk, make_prompt: MakePrompt) -> None:
    hidden = make_prompt("support/merger", confidential=True)
    change = services.propose(
        hidden, label=desk.production, document=text(FIRST), rationale="Hush", actor=desk.author
    )
    services.submit(change.pk, actor=desk.author)
    assert signed_in(desk.outsider).get(f"/requests/{change.pk}/diff").status_code == 404


def test_diff__erased__is_410(desk: Desk) -> None:
    old = released(desk, FIRST)
    released(desk, "Another text.\n")
    version = Version.objects.get(number=1)
    asked = services.ask_erasure(
        version, actor=desk.governance_owner, reason="Personal data", ticket="T-1"
    )
    second = make_person("gus", "governance-owners", by=desk.governance_owner)
    services.erase_content(asked.pk, actor=second)
    page = look(signed_in(desk.auditor), f"/requests/{old.pk}/diff")
    assert page.status == 410
    assert "was erased" in page.text
