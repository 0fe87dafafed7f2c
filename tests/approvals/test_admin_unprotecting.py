"""Un-protecting a label in the admin: asked on its page, decided where such requests are listed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from approvals import services
from approvals.models import ApprovalRequest, UnprotectRequest
from approvals.presenters.opening import sentences
from approvals.protection import opened_by
from registry import roles
from registry.services import labels, memberships, prompts
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, Desk
from tests.approvals.unprotecting_of import WHY, asked, decide, greta, now
from tests.registry.desk_of_admin import (
    address,
    events,
    everything,
    listed,
    new_events,
    signed_in,
    staff,
    step,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def gwen(desk: Desk) -> Client:
    """The browser of the governance owner who asks."""
    return signed_in(desk.governance_owner)


@pytest.fixture
def second(desk: Desk) -> Client:
    """The browser of another governance owner."""
    return signed_in(staff(greta(desk), desk.governance_owner))


def waiting(desk: Desk) -> UnprotectRequest:
    """A request that waits, as the admin lists it."""
    return UnprotectRequest.objects.get(pk=asked(desk).pk)


def seen(request: ApprovalRequest) -> dict[str, str]:
    """What the form of a decision holds, hidden."""
    return {"seen": request.revision_digest}


def words(client: Client, url: str) -> str:
    """The text of a page in one line."""
    html = client.get(url, follow=True).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


# -- the way of two people --------------------------------------------------------------------


def test_ask__on_the_label__leads_to_the_request_and_changes_nothing_yet(
    desk: Desk, gwen: Client
) -> None:
    before = events()
    response = gwen.post(step(desk.production, "unprotect"), {"rationale": WHY})
    request = UnprotectRequest.objects.get()
    assert response.headers["Location"] == address(request)
    assert now(desk.production).protected
    assert new_events(before) == ["approvals.request.unprotect_proposed"]
    page = gwen.get(address(desk.production)).content.decode()
    assert "Gwen Owner asks to un-protect it" in page
    assert step(desk.production, "unprotect") not in page


@pytest.mark.parametrize(("name", "offered"), [("production", True), ("staging", False)])
def test_label__un_protect__is_offered_beside_protect_where_it_is_protected(
    desk: Desk, gwen: Client, name: str, offered: bool
) -> None:
    label = {"production": desk.production, "staging": desk.staging}[name]
    page = gwen.get(address(label)).content.decode()
    assert (step(label, "unprotect") in page) == offered
    assert (step(label, "protect") in page) != offered


def test_approve__another_owner__label_is_not_protected_and_the_list_says_so(
    desk: Desk, second: Client
) -> None:
    request, before = waiting(desk), events()
    shown = second.get(step(request, "approve")).context["form"].initial
    page = second.post(step(request, "approve"), {"comment": "Agreed.", **shown}, follow=True)
    assert "production is not protected any more." in page.content.decode()
    assert not now(desk.production).protected
    assert new_events(before) == ["approvals.request.unprotect_decided"]
    assert "Agreed, un-protected" in words(second, listed(UnprotectRequest))
    assert "It was decided." in words(second, address(request))


def test_reject__another_owner__label_stays_and_the_comment_is_kept(
    desk: Desk, second: Client
) -> None:
    request = waiting(desk)
    shown = seen(request)
    assert second.post(step(request, "reject"), {"comment": "", **shown}).status_code == 422
    second.post(step(request, "reject"), {"comment": "Not now.", **shown})
    request.refresh_from_db()
    assert (request.state, now(desk.production).protected) == ("rejected", True)


def test_withdraw__who_asked__ends_it(desk: Desk, gwen: Client) -> None:
    request = waiting(desk)
    gwen.post(step(request, "withdraw"))
    request.refresh_from_db()
    assert request.state == "withdrawn"


def test_menu__rules__lists_the_requests_where_changes_of_policies_are(
    desk: Desk, gwen: Client
) -> None:
    page = gwen.get(reverse("admin:index")).content.decode()
    rules = page.index("Changes of policies"), page.index("Un-protecting labels")
    assert rules[0] < rules[1] < page.index("Policy versions")


def test_request_page__before_it_is_decided__says_who_decides(desk: Desk, second: Client) -> None:
    page = words(second, address(waiting(desk)))
    assert "Another governance owner approves it" in page
    assert f"{greta(desk)} can" in page


# -- what it would open ------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["ask", "request", "approve"])
def test_pages__before_it_is_decided__say_what_it_would_open(
    desk: Desk, second: Client, where: str
) -> None:
    steps.released(desk, FIRST)
    change = steps.in_review(desk, SECOND)
    if where == "ask":
        page = words(second, step(desk.production, "unprotect"))
    else:
        request = waiting(desk)
        page = words(second, address(request) if where == "request" else step(request, "approve"))
    for said in (
        f"1 open change is for it: number {change.pk} of support/refunds by Ada authors.",
        "3 policies cover it",
        "It serves 1 prompt, and goes on doing so: support/refunds (v1).",
        "It is the only protected label",
    ):
        assert said in page


def test_opened__draft_of_somebody__is_counted_and_not_named(desk: Desk) -> None:
    steps.propose(desk)
    said = " ".join(sentences(opened_by(desk.production)))
    assert "1 open change is for it. It is not released there any more" in said
    assert "support/refunds" not in said


def test_opened__confidential_prompt__has_no_name(desk: Desk) -> None:
    steps.released(desk)
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    said = " ".join(sentences(opened_by(desk.production)))
    assert "a confidential prompt (v1)" in said
    assert "support/refunds" not in said


def test_opened__nothing_there__says_so(desk: Desk) -> None:
    owner = desk.governance_owner
    spare = labels.create_label("spare", protected=True, actor=owner)
    said = sentences(opened_by(spare))
    assert said[1:] == (
        "No open change is for it.",
        "No policy covers it.",
        "It serves nothing now.",
    )


def test_opened__hold_and_a_label_that_it_feeds__are_said(desk: Desk) -> None:
    steps.released(desk, FIRST)
    steps.released(desk, SECOND)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Too warm.")
    labels.create_label(
        "live", protected=True, promotes_from=desk.production, actor=desk.governance_owner
    )
    said = " ".join(sentences(opened_by(desk.production)))
    assert "1 prompt is on hold there." in said
    assert "Changes for live are then tried on production by themselves" in said
    assert "only protected label" not in said


# -- crafted posts -----------------------------------------------------------------------------


CRAFTED: dict[str, dict[str, Any]] = {
    "ask": {"rationale": WHY, "protected": "", "actor": "1", "author": "1"},
    "approve": {"comment": "", "seen": "", "actor": "1", "state": "released"},
    "reject": {"comment": "No.", "seen": "", "decision": "approve"},
    "withdraw": {"decision": "approve"},
}


@pytest.mark.parametrize("who", ["superuser", "author", "outsider"])
@pytest.mark.parametrize("do", CRAFTED)
def test_crafted_post__no_governance_owner__is_refused_and_changes_nothing(
    desk: Desk, who: str, do: str
) -> None:
    person = desk.people[who]
    if who != "superuser":
        staff(person, desk.governance_owner)
    url = step(desk.production, "unprotect") if do == "ask" else step(waiting(desk), do)
    client, before = signed_in(person), everything()
    assert client.post(url, CRAFTED[do]).status_code == 403
    assert everything() == before


def test_crafted_post__who_asked_approves_in_any_words__is_refused(
    desk: Desk, gwen: Client
) -> None:
    request = waiting(desk)
    before = everything()
    for shown, status in (({}, 409), (seen(request), 403)):
        data = {**CRAFTED["approve"], **shown}
        assert gwen.post(step(request, "approve"), data).status_code == status
    assert everything() == before


def test_crafted_post__reject_that_says_approve__rejects(desk: Desk, second: Client) -> None:
    request = waiting(desk)
    second.post(step(request, "reject"), {**CRAFTED["reject"], **seen(request)})
    request.refresh_from_db()
    assert (request.state, now(desk.production).protected) == ("rejected", True)


def test_crafted_post__something_else_was_seen__is_stale(desk: Desk, second: Client) -> None:
    data = {**CRAFTED["approve"], "seen": "0" * 64}
    assert second.post(step(waiting(desk), "approve"), data).status_code == 409
    assert now(desk.production).protected


def test_crafted_post__hand_in_an_open_change__is_refused_with_its_number(
    desk: Desk, second: Client
) -> None:
    memberships.join(greta(desk), roles.AUTHORS, actor=desk.governance_owner)
    change = steps.submit(desk, actor=greta(desk))
    request = waiting(desk)
    response = second.post(step(request, "approve"), {"comment": "", **seen(request)})
    assert response.status_code == 403
    assert f"a change of yours pass (number {change.pk})" in response.content.decode()


def test_crafted_post__request_of_another_kind_by_its_number__is_not_found(
    desk: Desk, second: Client
) -> None:
    request = waiting(desk)
    policy = reverse("admin:approvals_policychange_do", args=[request.pk, "approve"])
    assert second.post(policy, {"comment": "", "seen": ""}).status_code == 404
    change = steps.in_review(desk)
    label = reverse("admin:approvals_unprotectrequest_do", args=[change.pk, "approve"])
    assert second.post(label, {"comment": "", "seen": ""}).status_code == 404


def test_crafted_post__same_decision_twice__is_refused_the_second_time(
    desk: Desk, second: Client
) -> None:
    request = waiting(desk)
    decide(request, greta(desk))
    before = everything()
    assert second.post(step(request, "approve"), {"comment": "", "seen": ""}).status_code == 409
    assert everything() == before


def test_history__of_a_decided_request__names_both(desk: Desk, gwen: Client) -> None:
    request = waiting(desk)
    decide(request, greta(desk))
    page = words(gwen, address(request, "history"))
    assert "propose unprotect" in page
    assert "decide unprotect" in page
    assert ApprovalRequest.objects.of_labels().count() == 1
