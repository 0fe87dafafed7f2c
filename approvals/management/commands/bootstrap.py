"""`manage.py bootstrap`: what an installation needs before anybody can work; safe to repeat."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from typing_extensions import override

from approvals import services
from registry import password_links
from registry.actors import System
from registry.errors import Refusal
from registry.models import Label, User
from registry.roles import ALL_ROLES
from registry.services import labels, memberships, people

BOOTSTRAP = System("bootstrap")


class Command(BaseCommand):
    help = "Make role groups, labels, the ready policies and the first governance owner."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", help="the first governance owner signs in with this")
        parser.add_argument("--email", help="and gets mail here")
        parser.add_argument("--name", help="shown on pages (default: the user name)")
        parser.add_argument(
            "--sign-offs-only",
            action="store_true",
            help="the policy Regulated asks for no checklist, signature or hour on staging",
        )

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        self.require_key()
        for name in ALL_ROLES:
            memberships.create_role(name, actor=BOOTSTRAP)
        _labels()
        services.bootstrap_policies(sign_offs_only=options["sign_offs_only"], actor=BOOTSTRAP)
        if memberships.governance_owners().exists():
            self.stdout.write("Ready; there is a governance owner already.")
            self.say_link(_without_password(options["username"]))
            return
        if not options["username"]:
            self.stdout.write(
                "Ready, but nobody governs yet: run this again with --username and --email."
            )
            return
        if not options["email"]:
            raise CommandError("The first governance owner needs an --email, too.")
        try:
            owner = people.first_governance_owner(
                options["username"],
                email=options["email"],
                display_name=options["name"] or options["username"],
                password=_password(),
                actor=BOOTSTRAP,
            )
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"Ready; {options['username']} is the first governance owner.")
        if not owner.has_usable_password():
            self.say_link(owner)

    def say_link(self, owner: User | None) -> None:
        """Print the link by which a first governance owner sets their password."""
        if owner is None:
            return
        hours = settings.PASSWORD_RESET_TIMEOUT // 3600
        page = reverse("approvals:password-link", kwargs=password_links.make(owner))
        self.stdout.write(
            f"No password is set yet. {owner.username} opens this link to set one; it works once, "
            f"for {hours} hours, and whoever has it can use it:\n\n  {settings.BASE_URL}{page}\n\n"
            f"Too late? `manage.py bootstrap --username {owner.username}` prints a new one."
        )

    def require_key(self) -> None:
        """The first password is hashed here; an installation without a key must not begin."""
        if not (os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE")):
            raise CommandError("Set SECRET_KEY or SECRET_KEY_FILE first: it signs every session.")


def _labels() -> None:
    """staging, where anything may be tried, and production, which is protected."""
    staging = Label.objects.filter(name="staging").first() or labels.create_label(
        "staging", protected=False, order=10, promotes_from=None, actor=BOOTSTRAP
    )
    if not Label.objects.filter(name="production").exists():
        labels.create_label(
            "production", protected=True, order=20, promotes_from=staging, actor=BOOTSTRAP
        )


def _without_password(username: str | None) -> User | None:
    """The governance owner of this name, if nobody could ever sign in as them."""
    rows = memberships.governance_owners().filter(user__username=username or "")
    users = [row.user for row in rows.select_related("user")]
    return next((user for user in users if not user.has_usable_password()), None)


def _password() -> str | None:
    """From BOOTSTRAP_PASSWORD, or asked for on a terminal; None where it is set by a link."""
    given = os.environ.get("BOOTSTRAP_PASSWORD")
    if given:
        return given
    if sys.stdin.isatty():
        return getpass.getpass("Password of the first governance owner: ") or None
    return None
