"""Folders and git work trees with prompts of our own, and the command run over them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command

from registry.models import Prompt, Version

SUPPORT = "support/refund.md"
LEAK = "Use the key AKIA" + "IOSFODNN7RTZQ4KD for now.\n"


@dataclass(frozen=True)
class Told:
    """What the command said, and the error that it ended with."""

    text: str
    error: str

    @property
    def lines(self) -> list[str]:
        """The lines that the command printed."""
        return self.text.splitlines()


def run(root: Path, *, actor: str = "ada", **options: Any) -> Told:
    """Import a folder as the author, unless `actor` names somebody else."""
    out = StringIO()
    try:
        call_command(
            "import_prompts", str(root), actor=actor, stdout=out, stderr=StringIO(), **options
        )
    except CommandError as error:
        return Told(out.getvalue(), str(error))
    return Told(out.getvalue(), "")


def put(root: Path, path: str, text: str | bytes) -> Path:
    """Write a file, with the folders above it."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)
    return file


def texts(name: str) -> list[str]:
    """The templates of a prompt's versions, oldest first."""
    return [version.body["template"] for version in stored(name)]


def stored(name: str) -> list[Version]:
    """A prompt's versions, oldest first."""
    return list(Prompt.objects.get(name=name).versions.order_by("number"))


def git(root: Path, *command: str, author: str = "Ada <ADA@example.org>") -> str:
    """Run git in a folder with nothing of the machine's own configuration."""
    name, email = author.removesuffix(">").split(" <")
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", email))
    }
    done = subprocess.run(
        ["git", *command],
        cwd=root,
        env={"PATH": os.environ["PATH"], "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1", **who},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(root: Path, path: str, text: str | bytes, subject: str = "Say more", **who: str) -> str:
    """Write a file, commit it, and return the commit."""
    put(root, path, text)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", subject, **who)
    return git(root, "rev-parse", "HEAD")
