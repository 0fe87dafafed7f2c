"""The field for the change ticket in the form of a change."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.models import ApprovalRequest
from tests.approvals.desk import (
    FIRST,
    SECOND,
    Desk,
    fresh,
    in_review,
)
from tests.approvals.pages.browsing import look, press, signed_in
from tests.approvals.pages.proposals import (
    form_address,
    newest,
)
from tests.approvals.timing_of import regulated

pytestmark = pytest.mark.django_db

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
