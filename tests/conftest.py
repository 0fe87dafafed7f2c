"""The harness: databases, the browser, the real data, and what the closing summary says of them."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from playwright.sync_api import Browser

from tests import database
from tests.browser import launched
from tests.processes import is_embedded
from tools import browser

pytest_plugins = [
    "tests.people",
    "tests.approvals.desk",
    "tests.approvals.ci",
    "tests.approvals.steps_by_api",
    "tests.registry.shop",
]

REAL_DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


# What a push waits for is drawn alike each time; the nightly run looks further.
hypothesis.settings.register_profile(
    "push",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "nightly", hypothesis.settings.get_profile("push"), derandomize=False, max_examples=1000
)


def pytest_configure(config: pytest.Config) -> None:
    """Give SQLite a file, and tests that commit an end that the guards do not refuse."""
    hypothesis.settings.load_profile(
        "nightly" if config.getoption("markexpr").startswith("nightly") else "push"
    )
    # Each client of a test is a server that starts: it looks for a file when it is asked for it.
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["tests.hashing.OneRound", *settings.PASSWORD_HASHERS]
    default = settings.DATABASES["default"]
    if default["ENGINE"] == "django.db.backends.sqlite3":
        # In memory, web and worker would not see one another.
        default.setdefault("TEST", {})["NAME"] = str(settings.VAR_DIR / "test.sqlite3")
    # Django has no public place for this.
    setattr(TransactionTestCase, "_fixture_teardown", database.restore)  # noqa: B010


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Mark browser tests, and leave out what cannot run here; the closing summary says so."""
    for item in items:
        if "chrome" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
    absent = set()
    if os.environ.get("BROWSER") == "skip":
        absent.add("browser")
    if not REAL_DATA.is_dir():
        absent.add("real")
    left_out = [
        item
        for item in items
        if any(item.get_closest_marker(name) for name in absent)
        or (not is_embedded() and _reads_nothing(item))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    yield
    # The replays take minutes, on processes of their own: begun last, they are waited for alone.
    items.sort(key=lambda item: _group(item) != "replay")


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    return str(marker.args[0]) if marker and marker.args else ""


def _reads_nothing(item: pytest.Item) -> bool:
    """Whether a test of a floor has no database: it cannot end otherwise in the second pass.

    Those of `config` may start processes that have one, whatever they ask of the harness.
    """
    floor = item.path.relative_to(Path(__file__).parent).parts[0]
    asks = bool(item.get_closest_marker("django_db")) or not {
        "db",
        "transactional_db",
    }.isdisjoint(getattr(item, "fixturenames", ()))
    return floor in {"approvals", "audit", "registry"} and not asks


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """End the run at once where browser tests are to run and there is no browser."""
    # All that was loaded stays to the end: looking for garbage in it takes a tenth of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    if any(item.get_closest_marker("browser") for item in session.items) and not browser.find():
        raise pytest.UsageError(browser.MISSING)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say on what the run ran: servers, browser, and how much of it was on real data."""
    engine = settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[-1]
    broker = settings.CELERY_BROKER_URL.split(":", 1)[0]
    terminalreporter.write_line(f"database: {engine}, broker: {broker}")
    if not is_embedded():
        terminalreporter.write_line("no database: tests that ask for none ran in the first pass")
    ran = {name: _ran(terminalreporter, name) for name in ("browser", "real")}
    if os.environ.get("BROWSER") == "skip":
        terminalreporter.write_line("browser: skip (BROWSER=skip; its tests did not run)")
    else:
        path = browser.find()
        terminalreporter.write_line(f"browser: {path or 'none'}, ran {ran['browser']}")
    there = REAL_DATA.is_dir()
    terminalreporter.write_line(f"real: ran {ran['real']}" if there else "real: data absent")


def _ran(terminalreporter: Any, marker: str) -> int:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    return len({one.nodeid for one in reports if one.when == "call" and marker in one.keywords})


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Extends pytest-django's: what the migrations left is kept, for `database.restore`."""
    with django_db_blocker.unblock():
        database.remember()
        # The worker processes of a test open the same file; this one must not keep it to itself.
        connection.close()


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """A running Chromium; a test opens contexts in it, one for each person."""
    path = browser.find()
    assert path is not None, browser.MISSING
    with launched(path) as running:
        yield running


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real histories and samples, for tests marked `real`."""
    return REAL_DATA
