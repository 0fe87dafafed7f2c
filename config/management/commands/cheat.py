"""`manage.py cheat`: the six attacks of the Try to cheat page, on the demo that is running."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from config.demo import cheats
from config.demo.place import CannotStart, existing


class Command(BaseCommand):
    help = "Try six ways around the rules on the running demo; exit 0 when none gets through."
    requires_system_checks: list[str] = []

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(os.environ.get("DEMO_DIR", settings.BASE_DIR / "var" / "demo"))
        try:
            place, environ = existing(folder)
        except CannotStart as problem:
            raise CommandError(str(problem)) from problem
        if not os.environ.get("DEMO_CHILD"):
            manage = str(settings.BASE_DIR / "manage.py")
            own = {"DEMO_CHILD": "1", "DEMO_DIR": str(place.folder)}
            os.execve(  # noqa: S606  # ourselves, with the demo's own settings
                sys.executable, [sys.executable, manage, "cheat"], {**environ, **own}
            )
        through = 0
        for attack in cheats.ATTACKS:
            outcome = cheats.run(attack.word, place.url)
            through += not outcome.held
            word = self.style.SUCCESS("held") if outcome.held else self.style.ERROR("THROUGH")
            self.stdout.write(f"{word}  {outcome.title}\n      {outcome.tried}")
            self.stdout.write(f"      {outcome.rule}: {outcome.answer}")
        if through:
            raise CommandError(f"{through} of {len(cheats.ATTACKS)} attacks got through.")
        self.stdout.write(f"None of {len(cheats.ATTACKS)} attacks got through.")
