"""`manage.py createsuperuser`: refused, because Django's own makes an account past the verbs."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandError
from typing_extensions import override


class Command(createsuperuser.Command):
    help = "Refused: accounts are made by `manage.py bootstrap`, and in the admin."
    requires_migrations_checks = False

    @override
    def execute(self, *args: Any, **options: Any) -> str | None:
        raise CommandError(
            "No account was made: this command would pass by the audit log. The first governance "
            "owner is made by `manage.py bootstrap --username NAME --email ADDRESS`; they make "
            "everybody else in the admin, under People, and say who is a superuser there."
        )
