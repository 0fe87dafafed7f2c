"""Make a token for an application or CI and print its secret, once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from typing_extensions import override

from registry.errors import Refusal
from registry.models import ServiceToken, User
from registry.services import tokens


class Command(BaseCommand):
    """`create_token NAME --account USERNAME --scope read --as USER` prints the secret."""

    help = "Make a token of a service account and print its secret; it is shown this once only."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments; --scope, --label and --names may be given several times."""
        parser.add_argument("name", help="what uses the token")
        parser.add_argument("--account", required=True, help="user name of the service account")
        parser.add_argument(
            "--scope", action="append", required=True, choices=ServiceToken.SCOPES, dest="scopes"
        )
        parser.add_argument("--label", action="append", dest="labels", help="glob; default *")
        parser.add_argument("--names", action="append", help="glob of prompt names; default *")
        parser.add_argument("--days", type=int, help="how many days it lasts; default for ever")
        parser.add_argument("--as", required=True, dest="actor", help="the governance owner")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Call the verb; a refusal ends the command with its sentence."""
        days = options["days"]
        if days is not None and not 1 <= days <= 36500:
            raise CommandError("--days is a number from 1 to 36500.")
        try:
            _, secret = tokens.create_token(
                _account(options["account"]),
                name=options["name"],
                scopes=options["scopes"],
                labels=options["labels"] or ["*"],
                names=options["names"] or ["*"],
                expires_at=timezone.now() + timedelta(days=days) if days else None,
                actor=_account(options["actor"]),
            )
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(secret)


def _account(username: str) -> User:
    found = User.objects.filter(username__iexact=username, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no active account named “{username}”.")
    return found
