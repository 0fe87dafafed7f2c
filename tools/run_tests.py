"""`make test`: the suite on SQLite and the file queue, then on real PostgreSQL and Redis.

Arguments go to pytest, both times. Ends with pytest's own closing line; fails if either pass did.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from tools import browser, servers

ROOT = Path(__file__).resolve().parent.parent
# Three at once keep two cores busy while one of them waits for a process that its test started.
WORKERS = os.environ.get("TEST_WORKERS", "3")


def main() -> None:
    """Run both passes and end with 0 only if both did."""
    signal.signal(signal.SIGTERM, _stop)
    # Where a shell runs this behind it, Ctrl-C is ignored, and what the tests start would inherit
    # that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    environ = {**os.environ, **_browser()}
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL", "REDIS_KEY_PREFIX"):
        environ.pop(name, None)
    first = _run("1 of 2: SQLite file, file queue", environ)
    try:
        with contextlib.ExitStack() as stack:
            database = stack.enter_context(servers.postgresql())
            cache = stack.enter_context(servers.redis_server())
            title = f"2 of 2: {database.line}, {cache.line}"
            second = _run(title, {**environ, **database.environ, **cache.environ})
    except servers.Refused as error:
        sys.exit(f"The second pass has no server. {error}")
    if first:
        # Said after pytest's closing line only then, for that line is about the second pass.
        print(f"The first pass (SQLite) failed with code {first}; see above.", flush=True)
    sys.exit(first or second)


def _stop(number: int, frame: FrameType | None) -> None:
    # An exception, so that what the run started and made is stopped and removed.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)


def _browser() -> dict[str, str]:
    if os.environ.get("BROWSER") == "skip":
        return {"BROWSER": "skip"}
    path = browser.ensure()
    if path is None:
        sys.exit(browser.MISSING)
    return {"CHROME": path}


def _run(title: str, environ: dict[str, str]) -> int:
    print(f"\n== Pass {title}\n", flush=True)
    command = [sys.executable, "-m", "pytest", "-n", WORKERS, "--dist", "loadgroup"]
    process = subprocess.Popen([*command, *sys.argv[1:]], cwd=ROOT, env=environ)
    try:
        return process.wait()
    finally:
        # After Ctrl-C pytest is on its way out and tidies up; after SIGTERM it has to be told.
        if process.poll() is None and signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
            process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
