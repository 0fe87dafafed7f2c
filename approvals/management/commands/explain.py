"""Say what a request still needs, in the words of its page."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from approvals.models import ApprovalRequest
from approvals.presenters.explained import explained, lines_of
from registry.numbers import whole


class Command(BaseCommand):
    """`explain REQUEST` ends with 0 only where a release may happen now; 1 not yet, 2 an error."""

    help = (
        "Say what a request still needs, in the words of its page. The exit code is 0 where a "
        "release may happen now, 1 where not yet, 2 for an error."
    )

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the request and --json."""
        parser.add_argument("request", help="the number of the request")
        parser.add_argument("--json", action="store_true", help="as the API answers it")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        """Print the list, and leave with the code that says whether it is met."""
        found = explained(_request(options["request"]))
        if options["json"]:
            self.stdout.write(json.dumps(found.as_dict(), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(lines_of(found)))
        if not found.ready:
            sys.exit(1)


def _request(text: str) -> ApprovalRequest:
    number = whole(text) or 0
    request: ApprovalRequest | None = ApprovalRequest.objects.with_parts().filter(pk=number).first()
    if request is None:
        raise CommandError(f"There is no request “{text}”.", returncode=2)
    return request
