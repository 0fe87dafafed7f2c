"""Imports between the floors: the contracts of pyproject.toml hold."""

import pytest
from importlinter.cli import lint_imports

from tests.processes import ROOT


def test_imports__of_all_floors__go_down_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    code = lint_imports(no_cache=True)
    assert code == 0, capsys.readouterr().out
