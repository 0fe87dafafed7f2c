"""Supervised processes, started for real: a launcher that is told to stop twice leaves none."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.config.test_demo import processes_in
from tests.processes import PYTHON, ROOT, bare_environ, on_embedded

#: each starts processes of its own, on servers of their own
pytestmark = on_embedded

#: a process, with a forked one, that hears the polite signal and stays
_STUBBORN = """
import os, signal, time
os.fork()
signal.signal(signal.SIGTERM, lambda *_: print("asked", flush=True))
print(f"up {os.getpgrp()}", flush=True)
while True:
    time.sleep(1)
"""
_LAUNCHER = """
import os, sys, time
from pathlib import Path
from config.children import Children
folder = Path(sys.argv[1])
with Children(os.environ, folder / "logs", folder) as children:
    for name in ("one", "two"):
        children.start(name, "stubborn")
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
print("ended", flush=True)
"""


def logged(folder: Path, word: str, times: int) -> None:
    """Wait until both children, each with its fork, wrote the word."""
    deadline = time.monotonic() + 30
    while _count(folder, word) < times:
        assert time.monotonic() < deadline, [log.read_text() for log in folder.glob("logs/*")]
        time.sleep(0.02)


def _end_those_left(folder: Path) -> None:
    for log in folder.glob("logs/*.log"):
        for group in {*re.findall(r"up (\d+)", log.read_text())}:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(group), signal.SIGKILL)


def _count(folder: Path, word: str) -> int:
    return sum(log.read_text().count(word) for log in folder.glob("logs/*.log"))


def test_stop__interrupted_again__ends_every_child_at_once(tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(_STUBBORN)
    with subprocess.Popen(
        [PYTHON, "-c", _LAUNCHER, str(tmp_path)],
        cwd=ROOT,
        env=bare_environ(PYTHONPATH=f"{ROOT}:{tmp_path}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as launcher:
        try:
            logged(tmp_path, "up", 4)
            launcher.send_signal(signal.SIGINT)
            logged(tmp_path, "asked", 4)
            launcher.send_signal(signal.SIGINT)
            said, errors = launcher.communicate(timeout=4)
            left = processes_in(tmp_path)
        finally:
            launcher.kill()
            _end_those_left(tmp_path)
    assert (said, errors, launcher.returncode) == ("ended\n", "", 0)
    assert left == []
