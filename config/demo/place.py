"""Where a demo lives and with which environment its processes run."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from config.children import HOST, port_is_free

_KEEP = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "PYTHONDONTWRITEBYTECODE")
_MARK = "demo.json"


class CannotStart(Exception):
    """The demo cannot start; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """A folder `var/demo/`, a port, and the environment made for them."""

    folder: Path
    port: int

    @property
    def database(self) -> Path:
        return self.folder / "countersign.sqlite3"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def environ(self, key: str) -> dict[str, str]:
        """What every process of this demo runs with: nothing of the caller's own installation."""
        kept = {name: os.environ[name] for name in _KEEP if name in os.environ}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEMO": "1",
            "SECRET_KEY": key,
            "BASE_URL": self.url,
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "EMAIL_URL": f"file://{self.mail}",
            "SWEEP_SECONDS": "2",
            "PYTHONUNBUFFERED": "1",
        }


def prepare(folder: Path, port: int) -> tuple[Place, dict[str, str]]:
    """A fresh folder and its environment; CannotStart for a port in use or a demo that runs.

    The lock taken here is held by this process, and by what it becomes, until it ends.
    """
    place = Place(folder.resolve(), port)
    if not port_is_free(port):
        raise CannotStart(
            f"Port {port} is in use. Stop what listens there, or choose another: "
            "make demo PORT=8001"
        )
    lock = _locked(place.folder)
    if lock is None:
        raise CannotStart(f"A demo is running in {place.folder}. Stop it with Ctrl-C first.")
    os.set_inheritable(lock, True)
    if place.folder.exists():
        shutil.rmtree(place.folder)
    place.mail.mkdir(parents=True)
    environ = place.environ(secrets.token_urlsafe(48))
    mark = place.folder / _MARK
    with os.fdopen(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"port": port, "environ": environ}, file)
    return place, environ


def existing(folder: Path) -> tuple[Place, dict[str, str]]:
    """The demo that runs in a folder; CannotStart when none does."""
    folder = folder.resolve()
    lock = _locked(folder)
    if lock is not None:
        os.close(lock)
        raise CannotStart("No demo is running here. Start one with: make demo")
    told = json.loads((folder / _MARK).read_text("utf-8"))
    return Place(folder, told["port"]), told["environ"]


def _locked(folder: Path) -> int | None:
    """An exclusive lock beside the folder; None when another process holds it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.parent / f"{folder.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
