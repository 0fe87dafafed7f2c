"""The audit log in the admin: read by those who may, changed by nobody."""

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse

from audit.admin import AuditEventAdmin
from audit.models import AuditBlob, AuditEvent, AuditHead
from tests.audit.samples import ACTOR, append

pytestmark = pytest.mark.django_db

LIST = "admin:audit_auditevent_changelist"


def page(seq: int, name: str = "change") -> str:
    return reverse(f"admin:audit_auditevent_{name}", args=[seq])


def test_list__superuser__shows_events_newest_first(admin_client: Client) -> None:
    append(3)
    response = admin_client.get(reverse(LIST))
    assert response.status_code == 200
    shown = response.context["cl"].result_list
    assert [event.seq for event in shown] == [2, 1, 0]


def test_list__filter_by_action_and_actor__finds_the_events(admin_client: Client) -> None:
    append(2)
    query = {"action": "desk.request.moved", "actor": ACTOR}
    found = admin_client.get(reverse(LIST), query).context["cl"]
    assert len(found.result_list) == 2
    assert [spec.title for spec in found.filter_specs] == ["action", "actor"]
    assert not admin_client.get(reverse(LIST), {"actor": "x"}).context["cl"].result_list


def test_page__superuser__shows_payload_and_fingerprint(admin_client: Client) -> None:
    [event] = append()
    text = admin_client.get(page(0)).content.decode()
    assert event.leaf.hex() in text
    assert "desk.request.moved" in text
    assert 'name="_save"' not in text


@pytest.mark.parametrize("name", ["change", "delete"])
def test_post__superuser__is_forbidden(admin_client: Client, name: str) -> None:
    append()
    before = AuditEvent.objects.values().get()
    response = admin_client.post(page(0, name), {"actor": "x", "post": "yes"})
    assert response.status_code == 403
    assert AuditEvent.objects.values().get() == before


def test_add__superuser__is_forbidden(admin_client: Client) -> None:
    assert admin_client.get(reverse("admin:audit_auditevent_add")).status_code == 403
    assert admin_client.post(reverse("admin:audit_auditevent_add"), {}).status_code == 403


def test_post__delete_selected_on_the_list__deletes_nothing(admin_client: Client) -> None:
    append()
    form = {"action": "delete_selected", "_selected_action": "0", "post": "yes"}
    admin_client.post(reverse(LIST), form)
    assert AuditEvent.objects.count() == 1


def test_ask__superuser__may_only_view(rf: RequestFactory, admin_user: object) -> None:
    request = rf.get("/")
    request.user = admin_user  # type: ignore[assignment]  # the fixture has no better type
    model_admin = AuditEventAdmin(AuditEvent, admin.site)
    permissions = model_admin.get_model_perms(request)
    assert permissions == {"add": False, "change": False, "delete": False, "view": True}


@pytest.mark.parametrize("model", [AuditHead, AuditBlob])
def test_register__head_and_texts__are_not_in_the_admin(model: type) -> None:
    assert not admin.site.is_registered(model)
