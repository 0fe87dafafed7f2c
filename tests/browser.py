"""The browser that tests drive: the Chromium that `tools/browser.py` finds."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

# One process for everything a page shows, no sandbox (root may have none), no call to the outside.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
]


@contextlib.contextmanager
def launched(path: str) -> Iterator[Browser]:
    """The browser at `path`, without a window; each test opens a context of its own in it."""
    # Playwright keeps an event loop in this thread, and Django then refuses its ORM there, though
    # nothing here awaits anything.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=Path(path), args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
