"""Commands of Django that would write past the verbs: each is refused, and says where to go."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from registry.models import User
from tests.registry.desk_of_admin import everything

pytestmark = pytest.mark.django_db


def test_createsuperuser__as_django_takes_it__is_refused_and_names_bootstrap(
    governance_owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "A long enough one 7")
    before = everything()
    with pytest.raises(CommandError, match=r"manage\.py bootstrap --username NAME"):
        call_command(
            "createsuperuser", interactive=False, username="mole", email="mole@example.org"
        )
    assert everything() == before


def test_changepassword__of_a_governance_owner__is_refused_and_says_who_sends_a_link(
    governance_owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt="": "A long enough one 7")
    before = everything()
    with pytest.raises(CommandError, match="A governance owner sends a link"):
        call_command("changepassword", governance_owner.username)
    assert everything() == before
