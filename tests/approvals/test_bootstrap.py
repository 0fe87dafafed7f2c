"""`manage.py bootstrap` as a deployment runs it: with no terminal, and more than once."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from audit.models import AuditEvent
from audit.verify import verify
from registry.models import User
from registry.services.memberships import governance_owners

pytestmark = pytest.mark.django_db
PASSWORD = "a gate that stays shut"


@pytest.fixture(autouse=True)
def deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with a key and no password."""
    monkeypatch.setenv("SECRET_KEY", "k" * 50)
    monkeypatch.delenv("BOOTSTRAP_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", StringIO())


def run(**options: Any) -> str:
    said = StringIO()
    call_command("bootstrap", stdout=said, **options)
    return said.getvalue()


def first() -> str:
    """What the first run says."""
    return run(username="gwen", email="gwen@example.org", name="Gwen")


def link_in(said: str) -> str:
    found = re.search(r"^ *(http://127\.0\.0\.1:8000/\S+)$", said, re.MULTILINE)
    assert found is not None, said
    return urlsplit(found[1]).path


def test_bootstrap__no_terminal_and_no_password__prints_a_link_that_opens_the_account() -> None:
    said = first()
    assert "works once, for 24 hours" in said
    client = Client()
    page = client.get(link_in(said), follow=True)
    assert "Set the password" in page.content.decode()
    client.post(page.request["PATH_INFO"], {"new_password": PASSWORD, "again": PASSWORD})
    assert Client().login(username="gwen", password=PASSWORD)
    assert AuditEvent.objects.order_by("-seq")[0].action == "registry.user.password_set"
    assert verify("default").ok


def test_bootstrap__again_while_no_password_is_set__prints_a_new_link() -> None:
    first()
    events = AuditEvent.objects.count()
    assert "/accounts/password/" in link_in(run(username="gwen"))
    assert AuditEvent.objects.count() == events


def test_bootstrap__again_once_a_password_is_set__prints_none() -> None:
    first()
    owner = User.objects.get(username="gwen")
    owner.set_password(PASSWORD)
    owner.save(update_fields=["password"])
    assert "/accounts/password/" not in run(username="gwen", email="gwen@example.org")


def test_bootstrap__password_in_the_environment__signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTSTRAP_PASSWORD", PASSWORD)
    assert "/accounts/password/" not in first()
    assert Client().login(username="gwen", password=PASSWORD)


def test_bootstrap__weak_password__makes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTSTRAP_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        first()
    assert not governance_owners().exists()
