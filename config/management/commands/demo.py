"""`manage.py demo`: the main job before your eyes, then the app, running, with your turn in it."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from config.children import ChildEnded, Children
from config.demo import cast, story
from config.demo.outside import NotSeen
from config.demo.place import CannotStart, Place, prepare


class Command(BaseCommand):
    help = "Set up a demo in var/demo/, tell its story, and serve it (PORT, SERVE=0, DEMO_DIR)."
    # The command starts itself again with the demo's own settings; nothing to check before.
    requires_system_checks: list[str] = []

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        port = _port(os.environ.get("PORT", "8000"))
        folder = Path(os.environ.get("DEMO_DIR", settings.BASE_DIR / "var" / "demo"))
        if not os.environ.get("DEMO_CHILD"):
            self._start_again(folder, port)
        place = Place(folder.resolve(), port)
        _end_on_signals()
        environ = {k: v for k, v in os.environ.items() if not k.startswith("DEMO_")}
        began = time.monotonic()
        with Children(environ, place.logs, settings.BASE_DIR) as children:
            try:
                told = self._tell(place, children)
                self.stdout.write(f"The story took {time.monotonic() - began:.0f} seconds.")
                if os.environ.get("SERVE", "1") != "0":
                    self._serve(place, told, children)
            except (NotSeen, ChildEnded) as failure:
                raise CommandError(f"FAILED: {failure}") from failure
            except KeyboardInterrupt:
                self.stdout.write("\nStopped.")

    def _start_again(self, folder: Path, port: int) -> None:
        """Become the same command with the demo's own environment, in the same process."""
        try:
            place, environ = prepare(folder, port)
        except CannotStart as problem:
            raise CommandError(str(problem)) from problem
        kept = {
            n: os.environ[n] for n in ("SERVE", "DEMO_WITHOUT", "DEMO_PATIENCE") if n in os.environ
        }
        own = {"DEMO_CHILD": "1", "DEMO_DIR": str(place.folder), "PORT": str(port)}
        manage = str(settings.BASE_DIR / "manage.py")
        os.execve(  # noqa: S606  # ourselves, with settings of our own making
            sys.executable, [sys.executable, manage, "demo"], {**environ, **kept, **own}
        )

    def _tell(self, place: Place, children: Children) -> story.Story:
        self.stdout.write(f"Setting up in {place.folder} …")
        call_command("migrate", verbosity=0)
        patience = float(os.environ.get("DEMO_PATIENCE", "60"))
        told = story.begin(place, children, patience)
        total = len(story.STEPS)
        for number, (step, seconds) in enumerate(story.tell(told), start=1):
            self.stdout.write(f"ok {number:2}/{total}  {step.line} ({seconds:.1f} s)")
        return told

    def _serve(self, place: Place, told: story.Story, children: Children) -> None:
        """Say where to go, then keep the processes until Ctrl-C."""
        self.stdout.write(
            f"\n  Now it is your turn: {self.style.SUCCESS(told.link(story.ANSWER))}\n"
            "  You are Priya Nair, the safety reviewer. Press Approve and watch the read change.\n"
            f"  Try to cheat: {place.url}/demo/cheat/   (or, in another terminal: make cheat)\n"
            "\n  Everybody's password, made for this run and shown once:\n"
        )
        for name, password in told.cast.passwords.items():
            self.stdout.write(f"    {name:6} {password}   {cast.TITLES[name]}")
        self.stdout.write(
            "\n  Embedded mode: SQLite and a file queue. Production: docs/production.md"
            "\n  Ctrl-C ends everything."
        )
        while True:
            children.check()
            time.sleep(0.5)


def _port(text: str) -> int:
    """The port that was asked for; CommandError for what is none."""
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= 65535):
        raise CommandError(
            f"PORT must be a whole number from 1 to 65535, not {text!r}: make demo PORT=8001"
        )
    return int(text)


def _end_on_signals() -> None:
    """A closed terminal or a polite kill ends the children as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
