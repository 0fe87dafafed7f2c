"""`make bench-…`: one benchmark on a real PostgreSQL and Redis; its goals are the last lines."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from tools import servers

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Run the named benchmark; arguments after the name go to pytest."""
    name, *more = sys.argv[1:]
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--no-header", "-p", "no:xdist"]
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(servers.postgresql(durable=True))
        cache = stack.enter_context(servers.redis_server())
        print(f"{database.line}, {cache.line}, {os.cpu_count()} cores", flush=True)
        environ = {**os.environ, **database.environ, **cache.environ, "BROWSER": "skip"}
        file = f"tests/benchmarks/{name}.py"
        done = subprocess.run([*command, file, *more], cwd=ROOT, env=environ, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
