"""The product's own processes, as tests start them: the same database, queue and folders."""

import os
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
MANAGE = [PYTHON, str(ROOT / "manage.py")]

# What a process needs from the system, whatever it runs.
_SYSTEM = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
# What leads it to the run's own servers and folders.
_RUN = ("SECRET_KEY", "VAR_DIR", "REDIS_URL", "REDIS_KEY_PREFIX")


def bare_environ(**extra: str) -> dict[str, str]:
    """The environment of a machine where nobody set anything up, with `extra`."""
    return {**{name: os.environ[name] for name in _SYSTEM if name in os.environ}, **extra}


def run_environ(**extra: str) -> dict[str, str]:
    """The environment that leads a process to this run's test database, queue and mail folder."""
    run = {name: os.environ[name] for name in _RUN if name in os.environ}
    return bare_environ(**{**run, "DATABASE_URL": database_url(), **extra})


def database_url() -> str:
    """The address of the database that the tests are using right now."""
    now = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{now['NAME']}"
    options = now.get("OPTIONS", {})
    plain = {name: value for name, value in options.items() if isinstance(value, str)}
    return (
        f"postgresql://{quote(now['USER'], safe='')}:{quote(now['PASSWORD'], safe='')}"
        f"@{now['HOST']}:{now['PORT'] or 5432}/{now['NAME']}?{urlencode(plain)}"
    )


def is_embedded() -> bool:
    """Whether this pass runs on the embedded default: SQLite and the file queue."""
    return not settings.CELERY_BROKER_URL.startswith("redis")


#: for what no server of the second pass has a part in: it is the same in either pass
on_embedded = pytest.mark.skipif(
    not is_embedded(), reason="the same on whatever servers, and seen in the first pass"
)
