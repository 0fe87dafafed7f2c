"""The ledger is tested alone, without the floors above it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings
from pytest_django.fixtures import Settings

from tests.audit.samples import FILE_ALIAS, Run, ledger_file


@pytest.fixture(autouse=True)
def audit_alone(settings: Settings) -> None:
    """Leave the reconcilers of other floors out of these tests."""
    settings.AUDIT_RECONCILERS = []
    settings.AUDIT_MODE = "standard"


@pytest.fixture
def own_guards() -> Iterator[None]:
    """Leave the guards of other floors out of a test, which must not commit: they stay in place."""
    with override_settings(AUDIT_GUARDS=["audit.guards.SPECS"]):
        yield


@pytest.fixture
def file_access(django_db_blocker: Any, own_guards: None) -> Iterator[None]:
    """Lets a test open database files of its own, but not the database of the run."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def file_ledger(tmp_path: Path, file_access: None) -> Iterator[Path]:
    """An empty ledger in an SQLite file of its own, whatever database the run uses."""
    path = tmp_path / "ledger.sqlite3"
    with ledger_file(path):
        yield path


@pytest.fixture
def file_alias(file_ledger: Path) -> str:
    """The alias under which `file_ledger` is open for writing."""
    return FILE_ALIAS


@pytest.fixture
def verify_command(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command and return its exit code and what it printed."""

    def run(**options: Any) -> tuple[int, str]:
        code = 0
        try:
            call_command("audit_verify", **options)
        except SystemExit as end:
            code = int(end.code or 0)
        return code, capsys.readouterr().out

    return run
