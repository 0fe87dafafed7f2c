"""Every page of the admin with real rows in it, and every way Django has to write past a verb."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from approvals import services
from approvals.models import AfterReview, ApprovalRequest, Erasure, Hold, Policy
from audit.models import AuditEvent
from registry import permissions, roles
from registry.admin.kept import KeptAdmin
from registry.admin.looking import LookAdmin
from registry.models import (
    LabelPointer,
    Membership,
    OutboxMail,
    Prompt,
    Release,
    Version,
)
from registry.services import namespaces, people, prompts, tokens
from tests.approvals.desk import SECOND, THIRD, Desk, in_review, propose, released, submit
from tests.approvals.documents_of import proposed, ready
from tests.approvals.unprotecting_of import asked
from tests.processes import on_embedded
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
READ_ONLY = (AuditEvent,)


@pytest.fixture
def full(desk: Desk) -> Desk:
    """A desk on which everything that the admin lists is there at least once."""
    regulated = Policy.objects.get(name="Regulated")
    proposed(regulated, ready("Regulated", due_hours=12), by=desk.governance_owner)
    asked(desk)
    released(desk)
    released(desk, SECOND)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Cold.")
    in_review(desk, THIRD)
    second = Version.objects.get(number=2)
    services.ask_erasure(second, actor=desk.governance_owner, reason="Asked.", ticket="T-1")
    namespaces.create_team("Care", actor=desk.governance_owner)
    account = people.create_service_account("ci", actor=desk.governance_owner)
    tokens.create_token(account, name="ci", scopes=["read"], actor=desk.governance_owner)
    hold = Hold.objects.get()
    if not AfterReview.objects.exists():
        AfterReview.objects.create(
            prompt=hold.prompt,
            label=hold.label,
            release=hold.release,
            opened_by=desk.responder,
            opened_at=hold.opened_at,
            due_at=hold.opened_at,
            shortfalls=[{"code": "scan", "title": "Risk scan finished"}],
        )
    return desk


def rows() -> list[tuple[Any, Any]]:
    """Each registered model admin with a row of its model."""
    found = []
    for model, model_admin in sorted(admin.site._registry.items(), key=lambda item: str(item[0])):
        shown = model._default_manager if model._meta.proxy else model._base_manager
        row = shown.order_by("-pk").first()
        assert row is not None, f"no row of {model} to look at"
        found.append((model_admin, row))
    return found


def test_pages__governance_owner__all_render(full: Desk) -> None:
    client = signed_in(full.governance_owner)
    assert client.get(reverse("admin:index")).status_code == 200
    for model_admin, row in rows():
        url = listed(model_admin.model)
        for query in ("", "?q=x", "?o=1", "?p=1"):
            assert client.get(url + query).status_code == 200, url + query
        assert client.get(address(row)).status_code == 200, address(row)
        history = client.get(address(row, "history"))
        assert history.status_code in (200, 302), address(row, "history")
        if isinstance(model_admin, KeptAdmin):
            assert history.status_code == 200
            kept = row.history.latest()
            assert client.get(address(row, "kept", kept.pk)).status_code == 200
        if isinstance(model_admin, LookAdmin):
            for made in model_admin.makers:
                assert client.get(f"{url}new/{made.slug}/").status_code == 200
            for one in model_admin.steps:
                assert client.get(step(row, one.slug)).status_code == 200, step(row, one.slug)


def test_pages__each_model_of_ours__is_shown_or_left_out_on_purpose() -> None:
    shown = {model._meta.label for model in admin.site._registry}
    assert shown == {
        "approvals.AfterReview",
        "approvals.ApprovalRequest",
        "approvals.Erasure",
        "approvals.Hold",
        "approvals.Policy",
        "approvals.PolicyChange",
        "approvals.PolicyVersion",
        "approvals.UnprotectRequest",
        "audit.AuditEvent",
        "auth.Group",
        "registry.Label",
        "registry.Namespace",
        "registry.OutboxMail",
        "registry.Prompt",
        "registry.Release",
        "registry.ServiceToken",
        "registry.Team",
        "registry.User",
        "registry.Version",
    }


def test_front_page__something_waits__says_what(full: Desk) -> None:
    client = signed_in(full.governance_owner)
    page = client.get(reverse("admin:index")).content.decode()
    for words in (
        "1 change is in review",
        "1 change of a policy is to be decided",
        "1 label is asked to be un-protected",
        "1 label is on hold",
        "1 text is to be erased",
    ):
        assert words in page
    for model in ("approvalrequest", "policychange", "unprotectrequest"):
        list_of = f"/admin/approvals/{model}/?state__exact=review"
        assert f'"{list_of}"' in page
        assert client.get(list_of).status_code == 200
    assert "Countersign" in page
    assert "#0b5d53" in page or "rgb(11, 93, 83)" in page


# -- crafted posts --------------------------------------------------------------------------


def forged(row: Model) -> dict[str, Any]:
    """Each field of a row with its own value, and what an attacker would rather have."""
    values = {field.attname: "" for field in row._meta.fields}
    values |= {field.name: "" for field in row._meta.fields}
    wanted = {
        "is_superuser": "on",
        "is_staff": "on",
        "is_active": "on",
        "username": "mole",
        "display_name": "Mole",
        "email": "mole@example.org",
        "groups": [str(group.pk) for group in Group.objects.all()],
        "user_permissions": ["1", "2"],
        "permissions": ["1", "2", "3"],
        "name": "mole",
        "state": "released",
        "confidential": "",
        "_fsm_transition_to": "to_released",
        "_change_history": "1",
        "_save": "Save",
        "_continue": "1",
        "_saveasnew": "1",
        "post": "yes",
        "csrfmiddlewaretoken": "x",
    }
    return {**values, **wanted}


def attack(client: Client, model_admin: Any, row: Any) -> None:
    """Everything that a Django admin may write with, on one row."""
    model = model_admin.model
    url = listed(model)
    data = forged(row)
    for action in ("delete_selected", "approve", "to_released"):
        client.post(url, {"action": action, "_selected_action": [row.pk], "post": "yes"})
        client.post(url, {"action": action, "_selected_action": [row.pk], "index": "0"})
    editable = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": row.pk}
    client.post(url, {**editable, "_save": "Save", **{f"form-0-{k}": v for k, v in data.items()}})
    for page in (address(row), address(row, "delete"), address(row, "history")):
        client.post(page, data)
        client.put(page, data)
        client.delete(page)
    for tail in ("password/", "permissions/", "permissions/user-manage/1/", "publish/", "rescan/"):
        client.post(address(row).replace("change/", tail), data)
    for kept in row.history.all()[:2] if hasattr(row, "history") else []:
        client.post(f"{address(row, 'history')}{kept.pk}/", data)
        client.post(f"{url}{row.pk}/history/{kept.pk}/", data)


@on_embedded
@pytest.mark.parametrize("who", ["viewer", "governance_owner", "superuser", "superuser_owner"])
def test_crafted_posts__by_anybody__change_nothing(full: Desk, who: str) -> None:
    person = {
        "viewer": full.outsider,
        "governance_owner": full.governance_owner,
        "superuser": full.superuser,
        "superuser_owner": full.superuser,
    }[who]
    if who == "viewer":
        staff(person, full.governance_owner)
    if who == "superuser_owner":
        people.join(person, roles.GOVERNANCE_OWNERS, actor=full.governance_owner)
    client = signed_in(person)
    before = everything()
    for model_admin, row in rows():
        attack(client, model_admin, row)
        if not permissions.is_governance_owner(person):
            # For a governance owner this is a step: its verb is called, with its event.
            client.post(listed(model_admin.model) + "add/", forged(row))
        assert everything() == before, f"{model_admin} let something through"


def test_crafted_steps__superuser__are_refused_with_their_rule(full: Desk) -> None:
    client = signed_in(full.superuser)
    before = everything()
    for model_admin, row in rows():
        if isinstance(model_admin, LookAdmin):
            for one in model_admin.steps:
                response = client.post(step(row, one.slug), {**forged(row), "reason": "Because."})
                assert response.status_code < 500, (row, one.slug)
                assert everything() == before, (row, one.slug)


def test_admin_log__nothing_was_written_by_django(full: Desk) -> None:
    """Django's own log of admin changes stays empty: no change is made by the admin itself."""
    client = signed_in(full.governance_owner)
    client.post(step(full.author, "roles"), {"was": [roles.AUTHORS], "roles": [roles.SAFETY]})
    assert Membership.objects.filter(user=full.author, group__name=roles.SAFETY).exists()
    assert everything()["django_admin_log"] == []


def test_history__get_of_a_record__does_not_offer_to_revert(full: Desk) -> None:
    kept = full.prompt.history.latest()
    page = signed_in(full.superuser).get(address(full.prompt, "kept", kept.pk)).content.decode()
    assert "<form" not in page.split('id="main"')[1]
    assert "nothing can be set back" in page


def test_history__row_of_another_prompt__is_not_found(full: Desk) -> None:
    other = prompts.create_prompt("support/other", actor=full.author)
    kept = other.history.latest()
    client = signed_in(full.governance_owner)
    assert client.get(address(full.prompt, "kept", kept.pk)).status_code == 404


# -- what may not be seen -------------------------------------------------------------------


def test_confidential__without_view__is_in_no_list_of_the_admin(full: Desk) -> None:
    prompts.edit_prompt(full.prompt, confidential=True, actor=full.author)
    client = signed_in(full.superuser)
    for model in (
        Prompt,
        Version,
        Release,
        ApprovalRequest,
        Hold,
        AfterReview,
        Erasure,
        OutboxMail,
    ):
        page = client.get(listed(model)).content.decode()
        assert "support/refunds" not in page, model
        assert "Customers read" not in page, model
        row: Any = model._base_manager.first()
        if model is not OutboxMail:
            assert client.get(address(row)).status_code == 404, model
            assert client.get(address(row, "history")).status_code == 404, model
    assert "waiting" in client.get(reverse("admin:index")).context
    assert client.get(reverse("admin:index")).context["waiting"] == []


def test_draft__of_somebody_else__is_not_in_the_admin(desk: Desk) -> None:
    request = propose(desk)
    client = signed_in(desk.governance_owner)
    assert client.get(address(request)).status_code == 404
    assert request.version is not None
    assert client.get(address(request.version)).status_code == 404
    assert "as cold" not in client.get(listed(ApprovalRequest)).content.decode()


def test_request_page__governance_owner__says_what_it_needs_in_the_words_of_the_page(
    full: Desk,
) -> None:
    request = ApprovalRequest.objects.of_prompts().get(state="review")
    page = signed_in(full.governance_owner).get(address(request)).content.decode()
    assert "0 of 1 safety reviewer" in page
    assert "Sam safety can sign." in page
    assert f"/requests/{request.pk}/" in page


# -- steps of this floor --------------------------------------------------------------------


def test_send_again__mail_given_up__is_owed_anew_with_an_event(full: Desk) -> None:
    mail = OutboxMail.objects.order_by("pk")[0]
    OutboxMail.objects.filter(pk=mail.pk).update(
        attempts=10, given_up_at=mail.created_at, last_error="SMTPServerDisconnected"
    )
    before = events()
    signed_in(full.governance_owner).post(step(mail, "again"))
    mail.refresh_from_db()
    assert mail.given_up_at is None
    assert mail.attempts == 0
    assert new_events(before) == ["approvals.mail.owed_again"]


def test_send_again__not_tried_yet__changes_nothing(full: Desk) -> None:
    mail = OutboxMail.objects.order_by("pk")[0]
    client = signed_in(full.governance_owner)
    before = everything()
    client.post(step(mail, "again"))
    assert everything() == before


def test_erase__who_asked__is_refused_and_a_second_owner_erases(full: Desk) -> None:
    erasure = Erasure.objects.get()
    services.lift_hold(Hold.objects.get().pk, actor=full.responder, reason="Fine.")
    for pointer in LabelPointer.objects.filter(version=erasure.version):
        services.place(full.prompt, Version.objects.get(number=1), pointer.label, actor=full.author)
    first = signed_in(full.governance_owner)
    response = first.post(step(erasure, "erase"))
    assert response.status_code == 403
    assert "second governance owner" in response.content.decode()
    people.join(full.superuser, roles.GOVERNANCE_OWNERS, actor=full.governance_owner)
    before = events()
    signed_in(full.superuser).post(step(erasure, "erase"))
    assert new_events(before) == ["approvals.version.erased"]
    assert Version.objects.get(number=2).is_erased


def test_recall__who_manages__recalls_by_the_verb(full: Desk) -> None:
    staff(full.author, full.governance_owner)
    version = Version.objects.get(number=2)
    client = signed_in(full.author)
    assert client.post(step(version, "recall"), {"reason": ""}).status_code == 200
    before = events()
    client.post(step(version, "recall"), {"reason": "It leaked."})
    assert new_events(before) == ["approvals.version.recalled"]


def test_lift_hold__who_may_release__lifts_it(full: Desk) -> None:
    staff(full.responder, full.governance_owner)
    before = events()
    signed_in(full.responder).post(step(Hold.objects.get(), "lift"), {"reason": "Fine now."})
    assert new_events(before) == ["approvals.hold.lifted"]


def test_version_page__text_not_scanned_yet__is_hidden_from_who_did_not_write_it(
    desk: Desk, client: Client
) -> None:
    request = submit(desk)
    version = request.version
    assert version is not None
    client.force_login(desk.governance_owner)
    page = client.get(address(version), follow=True)
    assert page.status_code == 200
    assert "Greet" not in page.content.decode()
    assert "risk scan has not finished" in page.content.decode()


def test_outbox__each_of_its_filters__answers(full: Desk) -> None:
    client = signed_in(full.governance_owner)
    page = client.get(listed(OutboxMail)).content.decode()
    values = set(re.findall(r"\?standing=(\w+)", page))
    assert len(values) >= 3
    for value in values:
        assert client.get(f"{listed(OutboxMail)}?standing={value}").status_code == 200
