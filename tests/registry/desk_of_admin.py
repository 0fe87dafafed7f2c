"""What tests of the admin share: who signs in, and a picture of everything that is stored."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from registry.models import User
from registry.services import people

APPS = ("audit", "registry", "approvals", "auth", "admin")


def signed_in(person: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(person)
    return client


def staff(person: User, by: User) -> User:
    """Let a person enter the admin."""
    return people.set_flags(person, is_staff=True, actor=by)


def everything() -> dict[str, list[Any]]:
    """Every row of every table that is ours, and of Django's own people and admin tables."""
    return {
        model._meta.db_table: [
            tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
            for row in model._base_manager.order_by("pk").values_list()
        ]
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in APPS
    }


def events() -> list[str]:
    """The actions in the ledger, in order."""
    return list(AuditEvent.objects.order_by("seq").values_list("action", flat=True))


def new_events(before: list[str]) -> list[str]:
    """What was recorded since."""
    return events()[len(before) :]


def address(row: Any, name: str = "change", *args: Any) -> str:
    """A page of a row in the admin."""
    return reverse(
        f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk, *args]
    )


def step(row: Any, slug: str) -> str:
    """The form of a step on a row."""
    return address(row, "do", slug)


def listed(model: Any) -> str:
    """The list of a model in the admin."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def maker(model: Any, slug: str) -> str:
    """The form of a step that makes a row."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_new", args=[slug])
