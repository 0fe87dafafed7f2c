"""Finds the Chromium that the browser tests drive, or installs it where this machine lets us.

As a script it prints the path; with --install it may ask the system's packages for one first.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "No Chromium was found, and the browser tests need one. Install it (Debian: apt-get install "
    "chromium), name it with CHROME=/path/to/chrome, or leave those tests out with BROWSER=skip."
)
_INSTALLERS = {
    "apt-get": (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
    ),
    "dnf": (("dnf", "install", "-y", "-q", "chromium"),),
    "apk": (("apk", "add", "-q", "chromium"),),
}


def find() -> str | None:
    """The path of a Chromium that starts: CHROME, or the first known name; None without one."""
    chosen = os.environ.get("CHROME")
    for name in (chosen,) if chosen else NAMES:
        path = shutil.which(name)
        # Some systems ship a script of that name that only says how to install it.
        if path and version(path):
            return path
    return None


def version(path: str) -> str:
    """What the browser calls itself, or "" when it does not start."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def install() -> None:
    """Ask the system's packages for Chromium, as root only; failing is an answer, no error."""
    if os.geteuid() != 0:
        return
    for name, commands in _INSTALLERS.items():
        if shutil.which(name):
            print("Installing Chromium from the system's packages ...", flush=True)
            environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            for command in commands:
                # An outdated list is reported and may still do.
                subprocess.run(command, env=environ, stdout=sys.stderr, check=False, timeout=600)
            return


def ensure() -> str | None:
    """The path of a Chromium, installed if need be and possible."""
    path = find()
    if path is None and not os.environ.get("CHROME"):
        install()
        path = find()
    return path


def main() -> None:
    """Print the path, or end with the sentence that says how to get a browser."""
    found = ensure() if "--install" in sys.argv[1:] else find()
    if found is None:
        sys.exit(MISSING)
    print(found)


if __name__ == "__main__":
    main()
