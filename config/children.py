"""The product's own processes as supervised children: started together, watched, ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

#: seconds between the polite signal and the final one
PATIENCE = 8.0
HOST = "127.0.0.1"


class ChildEnded(Exception):
    """A process that should be running has ended; the message says which and shows its log."""


class Children:
    """Processes with one environment and a log file each; leaving the block ends them all.

    Each is in a session of its own, so that Ctrl-C reaches the launcher alone, which then ends
    them in order.
    """

    def __init__(self, environ: Mapping[str, str], logs: Path, root: Path) -> None:
        self.environ = dict(environ)
        self.logs = logs
        self.root = root
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, name: str, *argv: str) -> subprocess.Popen[bytes]:
        """Start `python -m <argv>` under a name, writing to `<logs>/<name>.log`."""
        with (self.logs / f"{name}.log").open("ab") as log:
            child = subprocess.Popen(  # noqa: S603  # our own modules, no shell
                [sys.executable, "-m", *argv],
                cwd=self.root,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[name] = child
        return child

    def web(self, port: int, *, threads: int = 8) -> subprocess.Popen[bytes]:
        """The web server, one process with threads, on this machine only."""
        return self.start(
            "web",
            *("gunicorn", "config.wsgi:application", "--bind", f"{HOST}:{port}"),
            *("--workers", "1", "--threads", str(threads), "--graceful-timeout", "2"),
            "--no-control-socket",
        )

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        """A Celery worker of one forked process: the solo pool would have no time limits."""
        return self.start(
            "worker",
            *("celery", "-A", "config", "worker", "--pool", "prefork", "--concurrency", "1"),
            *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
            *("--without-heartbeat", *options),
        )

    def scheduler(self) -> subprocess.Popen[bytes]:
        """Celery's beat, which sends the sweep."""
        return self.start(
            "scheduler",
            *("celery", "-A", "config", "beat", "--loglevel", "WARNING", "--pidfile="),
        )

    def check(self) -> None:
        """Raise ChildEnded when one of them is gone."""
        for name, child in self.running.items():
            if child.poll() is not None:
                raise ChildEnded(f"The {name} process ended.\n{self.last_lines(name)}")

    def last_lines(self, name: str, count: int = 15) -> str:
        """The end of a child's log."""
        file = self.logs / f"{name}.log"
        text = file.read_text("utf-8", "replace") if file.is_file() else ""
        return "\n".join(text.splitlines()[-count:])

    def stop(self, patience: float = PATIENCE) -> None:
        """End all: a polite signal to each session, then, after so many seconds, the final one.

        Whoever presses Ctrl-C again does not want to wait: the final one follows at once.
        """
        children = [*reversed(self.running.values())]
        with suppress(KeyboardInterrupt):
            for child in children:
                _signal(child, signal.SIGTERM)
            deadline = time.monotonic() + patience
            for child in children:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(max(0.1, deadline - time.monotonic()))
        while self.running:
            # Pressed a third time, it begins again.
            with suppress(KeyboardInterrupt):
                for child in children:
                    # Also where it ended by itself: it may leave a forked process behind.
                    _signal(child, signal.SIGKILL)
                for child in children:
                    child.wait()
                self.running.clear()


def port_is_free(port: int) -> bool:
    """True when a server could listen on this port of this machine now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return
