"""Loaded before the settings: gives the run folders of its own and leaves nothing behind.

The settings themselves need no environment. What is set here keeps a test run away from the
database, mail and queue of an installation in the same checkout.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_RUN = "COUNTERSIGN_TEST_RUN"
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
# What an installation would have set. The run decides on which servers it runs.
_NOT_OURS = (
    "ALLOWED_HOSTS",
    "BASE_URL",
    "CELERY_BROKER_URL",
    "DATABASE_URL",
    "DEBUG",
    "DEMO",
    "EMAIL_URL",
    "MIGRATE_DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY_FILE",
    "STATIC_ROOT",
)


def _set_up() -> Path | None:
    """Set the environment; return the run's folder to the process that made it."""
    made = None
    if _RUN not in os.environ:
        made = Path(tempfile.mkdtemp(prefix="countersign-test-"))
        os.environ[_RUN] = str(made)
        for name in _NOT_OURS:
            os.environ.pop(name, None)
        for name in ("DATABASE_URL", "REDIS_URL"):
            if os.environ.get(f"TEST_{name}"):
                os.environ[name] = os.environ[f"TEST_{name}"]
        os.environ.setdefault("REDIS_KEY_PREFIX", f"{made.name}:")
        os.environ["SECRET_KEY"] = "only-for-tests-" + "0123456789" * 5
    # Workers of one run have a database each, so each has a queue and a mail folder too.
    folder = Path(os.environ[_RUN]) / (_WORKER or "main")
    folder.mkdir(exist_ok=True)
    os.environ["VAR_DIR"] = str(folder)
    if _WORKER:
        os.environ["REDIS_KEY_PREFIX"] += f"{_WORKER}:"
    return made


_made = _set_up()
if _made is not None:
    # At the end of the process and not of the run: a run that fails before it begins ends too.
    atexit.register(shutil.rmtree, _made, ignore_errors=True)
