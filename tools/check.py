"""`make check`: every check of the code that needs no server, one after the other.

A step that fails does not hide the later ones; the last line names those that failed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "production.env.example"
# The linter of imports has a command, but no module that runs.
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
MANAGE = [sys.executable, "manage.py"]


def main() -> None:
    """Run the steps and end with 1 if any failed."""
    # An installation in this checkout, and its environment, are none of a check's business.
    with tempfile.TemporaryDirectory(prefix="countersign-check-") as var:
        bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        bare["VAR_DIR"] = var
        steps: list[tuple[str, list[str], dict[str, str]]] = [
            ("ruff", _tool("ruff", "check"), bare),
            ("format", _tool("ruff", "format", "--check"), bare),
            ("imports", [sys.executable, "-c", LINT_IMPORTS], bare),
            ("types", _tool("mypy"), bare),
            ("system checks", [*MANAGE, "check", "--fail-level", "WARNING"], bare),
            ("migrations", [*MANAGE, "makemigrations", "--check", "--dry-run"], bare),
            (
                "production example",
                [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
                {**bare, **example(EXAMPLE.read_text(encoding="utf-8"))},
            ),
        ]
        failed = [name for name, command, environ in steps if not _passes(name, command, environ)]
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}.")
    print("All checks passed.")


def example(text: str) -> dict[str, str]:
    """The settings in an environment file: NAME=value lines; # begins a comment line."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def _tool(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _passes(name: str, command: list[str], environ: dict[str, str]) -> bool:
    print(f"== {name}", flush=True)
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0


if __name__ == "__main__":
    main()
