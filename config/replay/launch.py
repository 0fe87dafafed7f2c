"""How a replay gets an environment of its own, and the processes that it needs beside it.

Settings are read when a process starts, so the command replaces itself by one that starts with
the environment made here; that one runs the worker and the server as its supervised children.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

from django.conf import settings
from django.core.management import call_command

from config.children import HOST, Children
from config.replay.files import written_privately

# What would lead a replay of its own to somebody else's servers, folders or addresses.
_OWN = frozenset(
    {
        *("DEBUG", "DEMO", "SECRET_KEY", "SECRET_KEY_FILE", "BOOTSTRAP_PASSWORD"),
        *("DATABASE_URL", "MIGRATE_DATABASE_URL", "EMAIL_URL", "EMAIL_FROM"),
        *("REDIS_URL", "REDIS_KEY_PREFIX", "CELERY_BROKER_URL"),
    }
)
# A server that the replay starts is reached by plain http on this machine, whatever else is set.
_SERVED = frozenset({"BASE_URL", "ALLOWED_HOSTS", "TRUSTED_PROXY", "STATIC_ROOT", "DEMO"})
_NO_URL = "With --url, set DATABASE_URL and the rest as for that server: its rows are checked too."


class CannotStart(Exception):
    """The replay cannot start; the message says what to do."""


def environment(given: Mapping[str, str], folder: Path, port: int) -> dict[str, str]:
    """The environment of a replay with its own server on `port`: the one given, made whole.

    Without DATABASE_URL nothing of the installation that `given` describes is touched: database,
    queue, mail and key lie in `folder`.
    """
    environ = {name: value for name, value in given.items() if name not in _SERVED}
    if not environ.get("DATABASE_URL", "").strip():
        environ = {name: value for name, value in environ.items() if name not in _OWN}
        # With a host, kombu does not warn in every process that there is none.
        environ |= {"VAR_DIR": str(folder), "CELERY_BROKER_URL": "filesystem://localhost"}
    environ.setdefault("VAR_DIR", str(folder))
    environ["BASE_URL"] = f"http://{HOST}:{port}"
    if not (environ.get("SECRET_KEY") or environ.get("SECRET_KEY_FILE")):
        environ["SECRET_KEY_FILE"] = str(_key_file(folder))
    return environ


def start_again(file: Path, folder: Path, port: int) -> NoReturn:
    """Become the same command with an environment of its own, in the same process."""
    environ = environment(os.environ, folder, port)
    manage = str(settings.BASE_DIR / "manage.py")
    command = [sys.executable, manage, "replay_histories", str(file), "--port", str(port)]
    sys.stdout.flush()
    os.execve(sys.executable, command, environ)  # noqa: S606  # ourselves, made anew


def require_database() -> None:
    """Raise CannotStart where the environment does not say which database a server uses."""
    if not os.environ.get("DATABASE_URL", "").strip():
        raise CannotStart(_NO_URL)


@contextlib.contextmanager
def company(port: int) -> Iterator[Callable[[], None]]:
    """Migrate, then run worker, scheduler and server; yields a check that they still run.

    Raises CannotStart while another replay uses the same folder. Ends all when it is left, by
    Ctrl-C and SIGTERM as well.
    """
    folder = Path(settings.VAR_DIR)
    with _only_one(folder), _interrupted():
        call_command("migrate", verbosity=0)
        with Children(os.environ, folder / "logs", settings.BASE_DIR) as children:
            # Taking tasks ahead spares the pauses of a file queue between one and the next.
            children.worker("--prefetch-multiplier", "16")
            children.scheduler()
            children.web(port)
            yield children.check


def _key_file(folder: Path) -> Path:
    file = folder / "secret-key"
    return file if file.is_file() else written_privately(file, secrets.token_urlsafe(64))


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "replay.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(f"Another replay is running in {folder}. Wait for its end.") from None
        yield


@contextlib.contextmanager
def _interrupted() -> Iterator[None]:
    """Turn a request to end into an exception, so that every child is ended first."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {one: signal.signal(one, leave) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
