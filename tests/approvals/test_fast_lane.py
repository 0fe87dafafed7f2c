"""The small change on a Standard prompt, and what takes it off the fast lane."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from approvals import services
from approvals.models import ApprovalRequest
from registry import permissions, roles
from registry.errors import NotAllowed
from registry.models import OutboxMail, Prompt
from registry.services import grants, memberships, namespaces, prompts
from tests.approvals import desk as steps
from tests.approvals.desk import Desk, fresh
from tests.people import TEMPLATE

QUOTE = "Write the opening of a quote for {{company}}.\nBe brief and friendly.\n"


@pytest.fixture
def sales(desk: Desk) -> Desk:
    """The same people on `sales/quote`, which Standard covers, with a version live."""
    made = namespaces.create_namespace(
        "sales", grant_template=TEMPLATE, actor=desk.governance_owner
    )
    authors = Group.objects.get(name=roles.AUTHORS)
    grants.grant_on_namespace(made, permissions.CREATE, authors, actor=desk.governance_owner)
    prompt = prompts.create_prompt("sales/quote", actor=desk.author)
    on_sales = Desk(prompt, desk.staging, desk.production, desk.people)
    first = steps.approve(on_sales, steps.in_review(on_sales, QUOTE), "support_reviewer")
    services.release(first.pk, actor=desk.author)
    return on_sales


def pushed(sales: Desk, text: str) -> ApprovalRequest:
    return steps.in_review(sales, text, release_when_ready=True)


def test_route__one_word_low_risk__is_approved_without_people_or_mail_to_them(sales: Desk) -> None:
    before = OutboxMail.objects.filter(kind="review_asked").count()
    request = pushed(sales, QUOTE.replace("friendly", "kind"))
    assert (request.state, request.automatic) == ("approved", True)
    assert OutboxMail.objects.filter(kind="review_asked").count() == before
    services.release(request.pk, actor=sales.author, automatic=True)
    assert fresh(request).state == "released"


@pytest.mark.parametrize(
    "text",
    [
        QUOTE.replace("{{company}}", "{{company}} in {{country}}"),
        QUOTE + "Ask for the customer's phone number and write it down, please. " * 4,
        QUOTE + "The contact is jane.doe@acme-corp.com.\n",
    ],
    ids=["a new variable", "many words", "an e-mail address"],
)
def test_route__a_blocker__asks_people(sales: Desk, text: str) -> None:
    assert pushed(sales, text).state == "review"


def test_route__first_release__asks_people(sales: Desk) -> None:
    first = ApprovalRequest.objects.filter(prompt=sales.prompt).earliest("pk")
    assert first.automatic is False


def test_route__data_class_above_internal__asks_people(sales: Desk) -> None:
    prompts.edit_prompt(sales.prompt, actor=sales.author, data_class=Prompt.DataClass.CUSTOMER)
    assert pushed(sales, QUOTE.replace("friendly", "kind")).state == "review"


def test_route__rolled_back_this_week__asks_people(sales: Desk) -> None:
    second = pushed(sales, QUOTE.replace("friendly", "kind"))
    services.release(second.pk, actor=sales.author)
    services.rollback(sales.prompt, sales.production, actor=sales.responder, reason="No.")
    assert pushed(sales, QUOTE.replace("friendly", "calm")).state == "review"


def test_release__author_may_not_propose_any_more__is_refused(sales: Desk) -> None:
    request = pushed(sales, QUOTE.replace("friendly", "kind"))
    memberships.leave(sales.author, roles.AUTHORS, actor=sales.governance_owner)
    grants.revoke(sales.prompt, permissions.PROPOSE, sales.author, actor=sales.governance_owner)
    with pytest.raises(NotAllowed) as refused:
        services.release(request.pk, actor=sales.author, automatic=True)
    assert refused.value.code == "not_allowed"
