"""Makes .venv and installs the locked packages into it; does nothing when that is done already.

Needs the standard library only, and parses on old Pythons so that it can say which one is needed.
"""

import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

LEAST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}


def main() -> None:
    """Set up what the command line names: `run` for the product, `dev` for tests and checks too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(LOCKS), nargs="?", default="dev")
    kind = parser.parse_args().kind
    _use_new_enough_python()
    if _is_done(kind):
        return
    VENV.mkdir(exist_ok=True)
    with (VENV / ".setup-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_done(kind):
            _set_up(kind)


def _use_new_enough_python() -> None:
    if sys.version_info >= LEAST:
        return
    for minor in (12, 13, 11, 14):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, *sys.argv])
    least, this = (".".join(map(str, pair)) for pair in (LEAST, sys.version_info[:2]))
    sys.exit(
        f"Countersign needs Python {least} or newer, with venv. This is Python {this}, and no "
        "newer one was found. Install one, or name it: make PYTHON=/path/to/python3.11 ..."
    )


def _stamp(kind: str) -> str:
    lock = (ROOT / LOCKS[kind]).read_bytes()
    return hashlib.sha256(lock).hexdigest()


def _is_done(kind: str) -> bool:
    # What `dev` installs holds all of `run`, in the same versions.
    return any(_holds(wanted) for wanted in {kind, "dev"})


def _holds(kind: str) -> bool:
    file = VENV / f".installed-{kind}"
    return PYTHON.exists() and file.exists() and file.read_text() == _stamp(kind)


def _set_up(kind: str) -> None:
    started = time.monotonic()
    print(f"Setting up .venv from {LOCKS[kind]} (first time, or the file changed) ...", flush=True)
    uv = shutil.which("uv")
    if not _runs_new_enough():
        _make_venv(uv)
    for old in VENV.glob(".installed-*"):
        old.unlink()
    _install(uv, ROOT / LOCKS[kind])
    (VENV / f".installed-{kind}").write_text(_stamp(kind))
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def _runs_new_enough() -> bool:
    if not PYTHON.exists():
        return False
    code = f"import sys; sys.exit(sys.version_info < {LEAST})"
    return subprocess.run([str(PYTHON), "-c", code], check=False).returncode == 0


def _make_venv(uv: "str | None") -> None:
    # --clear would remove the lock that this run holds; an upgrade in place is not enough when
    # the Python that made it is gone.
    for name in ("bin", "lib", "lib64", "include", "pyvenv.cfg"):
        path = VENV / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False)
    if made.returncode and uv:
        made = subprocess.run([uv, "venv", "--allow-existing", str(VENV)], check=False)
    if made.returncode:
        sys.exit(
            "Python's venv module did not work (the line above says why). On Debian and Ubuntu: "
            "apt-get install python3-venv"
        )


def _install(uv: "str | None", lock: Path) -> None:
    if uv:
        command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(PYTHON)]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "-r", str(lock)]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"The packages of {lock.name} could not be installed (see above).")


if __name__ == "__main__":
    main()
