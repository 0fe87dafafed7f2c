"""`manage.py changepassword`: refused, because Django's own sets a password past the verbs."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.core.management.base import CommandError
from typing_extensions import override


class Command(changepassword.Command):
    help = "Refused: people set their own password, on their page or by a link."

    @override
    def execute(self, *args: Any, **options: Any) -> str | None:
        raise CommandError(
            "No password was set: this command would pass by the audit log. A governance owner "
            "sends a link for a new one, in the admin, under People. A first governance owner who "
            "never set one gets a link from `manage.py bootstrap --username NAME`."
        )
