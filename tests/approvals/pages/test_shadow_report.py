"""The shadow report: what watched policies would have done, against what people decided."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest
from registry import permissions
from registry.services import grants, prompts
from tests.approvals import desk as steps
from tests.approvals.desk import Desk
from tests.approvals.documents_of import second_owner
from tests.approvals.pages.browsing import Page, Words, look, signed_in
from tests.approvals.shadowed import CALM, KIND, lenient, proposal, strict, vote
from tests.approvals.test_emergency import break_glass
from tests.approvals.test_fast_lane import QUOTE, pushed, sales
from tests.approvals.test_sampling import standard
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db
__all__ = ["sales"]
AT = "/shadow/"


@pytest.fixture
def watched(sales: Desk) -> Desk:
    """The desk of `sales/quote`, with Standard in force in shadow mode."""
    standard(sales, mode="shadow")
    return sales


def report(desk: Desk, query: str = "", who: str = "governance_owner") -> Page:
    return look(signed_in(desk.people[who]), AT + query)


def by_command(*flags: str) -> str:
    out = StringIO()
    call_command("shadow_report", *flags, stdout=out)
    return out.getvalue()


def numbers(version: str = "Standard 2") -> dict[str, Any]:
    """The line of one version, without its zeros."""
    lines = json.loads(by_command("--json"))["policies"]
    line = next(one for one in lines if f"{one['policy']} {one['version']}" == version)
    told = {key: _told(value) for key, value in line.items() if isinstance(value, dict)}
    return {key: value for key, value in told.items() if value}


def _told(tally: dict[str, int]) -> dict[str, int]:
    return {key: value for key, value in tally.items() if value}


def passed(**became: int) -> dict[str, Any]:
    return {"would_have_passed": {"total": 1, **became}}


# -- what people did ------------------------------------------------------------------------


def test_report__people_approved__counts_as_agreement(watched: Desk) -> None:
    vote(watched, pushed(watched, KIND))
    assert numbers() == passed(approved=1)
    assert "people refused or rolled back nothing" in report(watched).text


@pytest.mark.parametrize(
    ("decision", "became"), [("reject", "rejected"), ("request_changes", "changes")]
)
def test_report__people_refused__is_a_disagreement(
    watched: Desk, decision: str, became: str
) -> None:
    request = pushed(watched, KIND)
    vote(watched, request, decision)
    assert numbers() == passed(**{became: 1})
    assert report(watched).has("a", href=f"/requests/{request.pk}/")


def test_report__changes_asked_and_a_later_text_approved__stays_a_disagreement(
    watched: Desk,
) -> None:
    request = pushed(watched, KIND)
    vote(watched, request, "request_changes")
    again(watched, request, CALM)
    vote(watched, request)
    assert steps.fresh(request).state == "approved"
    assert numbers() == passed(changes=1)


def test_report__wish_for_changes_taken_back__is_none(watched: Desk) -> None:
    request = pushed(watched, KIND)
    vote(watched, request, "request_changes")
    services.submit(request.pk, actor=watched.author)
    steps.route(steps.scan(steps.fresh(request)))
    vote(watched, request)
    assert numbers() == passed(approved=1)


def test_report__withdrawn_or_open__is_no_disagreement(watched: Desk) -> None:
    request = pushed(watched, KIND)
    assert numbers() == passed(open=1)
    services.withdraw(request.pk, actor=watched.author)
    assert numbers() == passed(withdrawn=1)
    assert "people refused or rolled back nothing" in report(watched).text


def test_report__rolled_back_later__is_a_disagreement(watched: Desk) -> None:
    request = pushed(watched, KIND)
    vote(watched, request)
    services.release(request.pk, actor=watched.author)
    services.rollback(watched.prompt, watched.production, actor=watched.responder, reason="No.")
    assert numbers() == passed(approved=1, rolled_back=1)
    page = report(watched)
    assert "1 of these rolled back later" in page.text
    assert "approved by people, rolled back later" in page.text


def test_report__version_before_it_was_rolled_back__is_none(watched: Desk) -> None:
    first = pushed(watched, KIND)
    vote(watched, first)
    services.release(first.pk, actor=watched.author)
    second = pushed(watched, CALM)
    vote(watched, second)
    services.release(second.pk, actor=watched.author)
    services.rollback(watched.prompt, watched.production, actor=watched.responder, reason="No.")
    rows = json.loads(by_command("--json"))["disagreements"]
    assert [row["change"] for row in rows] == [second.pk]


def test_report__released_in_an_emergency__is_counted_apart(watched: Desk) -> None:
    request = pushed(watched, KIND)
    break_glass(watched, request)
    assert numbers() == passed(emergency=1)


def test_report__held_and_people_refused__is_told_and_no_disagreement(sales: Desk) -> None:
    standard(sales, mode="shadow", max_changed_words=0)
    vote(sales, pushed(sales, KIND), "reject")
    assert numbers() == {"would_have_been_held": {"total": 1, "rejected": 1}}
    assert "people refused or rolled back nothing" in report(sales).text


def test_report__proposal_would_hold_what_passes_today__says_who_let_it_pass(sales: Desk) -> None:
    change = proposal(sales, strict())
    pushed(sales, KIND)
    held = {"would_have_been_held": {"total": 1, "itself": 1}}
    assert numbers(str(change.proposed_policy)) == held
    assert "passed by the policy in force" in report(sales).text


def test_report__two_versions_watched__each_counts_for_itself(watched: Desk) -> None:
    change = proposal(watched, lenient(max_changed_words=0))
    vote(watched, pushed(watched, KIND), "reject")
    assert numbers() == passed(rejected=1)
    held = {"would_have_been_held": {"total": 1, "rejected": 1}}
    assert numbers(str(change.proposed_policy)) == held


# -- which ----------------------------------------------------------------------------------


def test_report__nothing_watched__says_what_to_do(sales: Desk) -> None:
    assert "No policy is watched" in report(sales).text
    assert "No policy is watched" in by_command()


def test_report__watched_and_nothing_came_in__shows_it_with_zeros(watched: Desk) -> None:
    change = proposal(watched, strict())
    text = report(watched).text
    assert f"{change.proposed_policy} proposed, not decided yet 0 changes judged" in text
    assert "Standard 2 in force, only takes notes 0 changes judged" in text


def test_report__proposal_rejected_since__still_tells_of_it(sales: Desk) -> None:
    change = proposal(sales, strict())
    pushed(sales, KIND)
    services.decide_policy(
        change.pk,
        actor=second_owner(sales.governance_owner),
        decision="reject",
        comment="Too strict.",
    )
    assert f"{change.proposed_policy} proposed, rejected 1 change judged" in report(sales).text


def test_report__days_before_it__counts_nothing_of_it(watched: Desk) -> None:
    pushed(watched, KIND)
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=True):
        assert "0 changes judged" in report(watched).text
        today = f"{timezone.localdate() - timedelta(days=31)}"
        assert "1 change judged" in report(watched, f"?from={today}&to={today}").text
        assert "1 would have passed" in by_command("--from", today, "--to", today)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?from=yesterday", "Write a day such as 2026-03-31."),
        ("?to=0001-01-01", "Write a day such as 2026-03-31."),
        ("?from=2026-05-02&to=2026-05-01", "The period ends before it begins."),
    ],
)
def test_report__days_that_are_none__are_refused_and_stay(
    watched: Desk, query: str, sentence: str
) -> None:
    page = report(watched, query)
    assert page.status == 422
    assert sentence in page.text
    typed = dict(pair.split("=") for pair in query[1:].split("&"))
    form = page.form_with("Show")
    assert {name: form.value(name) for name in typed} == typed


def test_report__one_policy__shows_no_other(watched: Desk) -> None:
    proposal(watched, lenient(max_changed_words=1), "Regulated")
    text = report(watched, "?policy=standard").text
    assert "Standard 2" in text
    assert "Regulated 2" not in text
    said = by_command("--policy", "standard")
    assert "Standard 2" in said
    assert "Regulated 2" not in said


def test_report__of_a_change_of_a_policy__is_linked_from_its_page(watched: Desk) -> None:
    change = proposal(watched, strict())
    version = change.proposed_policy
    assert version is not None
    text = report(watched, f"?version={version.pk}").text
    assert f"only {version}" in text
    assert "Standard 2 " not in text


@pytest.mark.parametrize("query", ["?policy=None", "?version=99999", "?version=x", "?policy=%00"])
def test_report__policy_that_is_none__is_not_found(watched: Desk, query: str) -> None:
    assert report(watched, query).status == 404


def test_command__of_the_docs__tells_one_or_a_month(watched: Desk) -> None:
    pushed(watched, KIND)
    assert "Standard 2 (in force, only takes notes): 1 change judged" in by_command(
        "--policy", "Standard"
    )
    told = json.loads(by_command("--from", "2026-03-01", "--to", "2026-03-31", "--json"))
    assert (told["from"], told["to"], told["time_zone"]) == ("2026-03-01", "2026-03-31", "UTC")
    assert [line["judged"] for line in told["policies"]] == [0]


def test_command__policy_that_is_none__names_those_there_are(watched: Desk) -> None:
    with pytest.raises(CommandError, match=r"no policy named Nope\. There are Regulated, "):
        by_command("--policy", "Nope")


# -- who ------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["governance_owner", "auditor"])
def test_report__governance_owner_or_auditor__finds_it_from_the_first_page(
    watched: Desk, who: str
) -> None:
    assert look(signed_in(watched.people[who]), "/").has("a", href=AT)
    assert report(watched, who=who).status == 200


@pytest.mark.parametrize("who", ["author", "support_reviewer", "superuser", "outsider"])
def test_report__anybody_else__is_refused_with_whom_to_ask(watched: Desk, who: str) -> None:
    page = report(watched, who=who)
    assert page.status == 403
    assert "A governance owner can put you into one of these roles." in page.text
    assert not look(signed_in(watched.people[who]), "/").has("a", href=AT)


def test_report__confidential_prompt__is_counted_and_named_to_who_sees_it(watched: Desk) -> None:
    request = pushed(watched, KIND)
    vote(watched, request, "reject")
    prompts.edit_prompt(watched.prompt, actor=watched.author, confidential=True)
    page = report(watched, who="auditor")
    assert "1 change more is on confidential prompts that are not named here." in page.text
    assert "sales/quote" not in page.html
    assert f"/requests/{request.pk}/" not in page.html
    said = by_command()
    assert "1 change more is on confidential prompts" in said
    assert "sales/quote" not in said + by_command("--json")
    grants.grant(watched.prompt, permissions.VIEW, watched.auditor, actor=watched.author)
    assert "sales/quote" in report(watched, who="auditor").text


# -- the page -------------------------------------------------------------------------------


def test_command__words_and_numbers__are_those_of_the_page(watched: Desk) -> None:
    proposal(watched, strict())
    vote(watched, pushed(watched, KIND), "reject")
    vote(watched, pushed(watched, CALM))
    page, said = report(watched, who="auditor"), by_command()
    cards = [part.split("</section>")[0] for part in page.html.split('<section class="card"')[1:]]
    on_the_page = [sorted(Words(f"<p{card}").text.split()) for card in cards]
    printed = re.findall(r"(?ms)^(Standard \d .*?)\n\n", said)
    assert on_the_page == [sorted(re.sub(r"[():]", "", card).split()) for card in printed]
    assert len(cards) == 2
    for words in (
        "Would have passed, but people refused it or rolled it back",
        "rejected by people",
    ):
        assert words in page.text
        assert words in said


@on_embedded
def test_report__many_changes__costs_as_many_queries_and_is_in_pages(watched: Desk) -> None:
    client = signed_in(watched.governance_owner)
    reject_many(watched, 2)
    with CaptureQueriesContext(connection) as few:
        look(client, AT)
    reject_many(watched, 25)
    with CaptureQueriesContext(connection) as many:
        page = look(client, AT)
    assert len(many) == len(few)
    assert "Page 1 of 2" in page.text
    second = look(client, f"{AT}?page=2")
    assert len([t for t, found in second.tags if found.get("class") == "t"]) == 2


def reject_many(desk: Desk, count: int) -> None:
    for number in range(count):
        text = QUOTE.replace("friendly", f"kind {count} {number}")
        vote(desk, pushed(desk, text), "reject")


def again(desk: Desk, request: ApprovalRequest, text: str) -> None:
    """A new revision of a change, up to where the reviewers are asked."""
    services.revise(
        request.pk, document=steps.text(text), rationale="Better so.", actor=desk.author
    )
    services.submit(request.pk, actor=desk.author)
    steps.route(steps.scan(steps.fresh(request)))
