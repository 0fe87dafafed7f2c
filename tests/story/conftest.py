"""One web server and one worker for the stories of a file; a town of its own for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from approvals import services
from config.children import HOST, Children, free_port
from registry.models import Label, User
from tests.processes import ROOT, run_environ
from tests.story import rest
from tests.story.running import Site, Town


@pytest.fixture(scope="module")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The product on the test database: gunicorn on a free port, and a Celery worker."""
    port = free_port()
    environ = run_environ(BASE_URL=f"http://{HOST}:{port}")
    with Children(environ, tmp_path_factory.mktemp("logs"), ROOT) as children:
        children.web(port)
        children.worker("--include", rest.__name__)
        yield Site(port, children)


@pytest.fixture
def town(
    transactional_db: None,
    site: Site,
    chrome: Browser,
    governance_owner: User,
    production: Label,
    tmp_path: Path,
) -> Iterator[Town]:
    """The namespaces `support` (Regulated) and `sales` (Standard), and nobody in them yet."""
    services.bootstrap_policies(sign_offs_only=True)
    made = Town(site, chrome, governance_owner, production, tmp_path)
    for name in ("support", "sales"):
        made.namespace(name)
    yield made
    made.close()
