"""The scripts behind make: what they find, what they refuse, what they leave behind."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tests.processes import PYTHON, ROOT, bare_environ
from tools import browser, servers, setup, wheels
from tools.check import example

second_pass = pytest.mark.skipif(
    "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ,
    reason="about the servers that only the second pass has",
)


def test_setup__python_too_old_and_no_other__names_the_one_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "LEAST", (99, 1))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["setup.py"])
    with pytest.raises(SystemExit, match=r"needs Python 99\.1 or newer, with venv"):
        setup.main()


def test_setup__stamp_of_another_lock__is_not_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "PYTHON", Path(PYTHON))
    (tmp_path / ".installed-run").write_text("of an older file")
    assert not setup._is_done("run")


def test_setup__all_of_the_tests_packages__serve_the_product_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "PYTHON", Path(PYTHON))
    (tmp_path / ".installed-dev").write_text(setup._stamp("dev"))
    assert setup._is_done("run")


def test_find__named_browser_that_does_not_start__is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROME", "/bin/false")
    assert browser.find() is None


def test_find__script_that_only_advises__is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, body in (
        ("chromium", "echo 'install the snap' >&2; exit 1"),
        ("google-chrome", "echo Chrome 1"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.delenv("CHROME", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert browser.find() == str(tmp_path / "google-chrome")


def test_example__comments_and_values_with_equals__are_read() -> None:
    assert example("# a comment\n\nA=b=c \n B = d\n") == {"A": "b=c", "B": "d"}


def test_help__every_target_of_the_readme__is_listed() -> None:
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, env=bare_environ(), capture_output=True, text=True, check=True
    )
    for target in ("setup", "demo", "cheat", "test", "check", "nightly"):
        assert f"make {target} " in done.stdout


def test_run__browser_tests_without_a_browser__fails_with_what_to_do() -> None:
    done = _pytest_of_the_browser_test(CHROME="/bin/false")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "leave those tests out with BROWSER=skip" in done.stderr + done.stdout


def test_run__browser_skip__leaves_them_out_and_says_so() -> None:
    done = _pytest_of_the_browser_test(CHROME="/bin/false", BROWSER="skip")
    assert "browser: skip" in done.stdout
    assert "1 deselected" in done.stdout


def _pytest_of_the_browser_test(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-m", "pytest", "-q", "tests/config/test_browser.py"],
        cwd=ROOT,
        env=bare_environ(**environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_postgresql__named_server_that_refuses__ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/postgres")
    with pytest.raises(servers.Refused, match="TEST_DATABASE_URL"), servers.postgresql():
        pass


def test_redis__named_server_that_refuses__ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", "redis://127.0.0.1:1/0")
    with pytest.raises(servers.Refused, match="TEST_REDIS_URL"), servers.redis_server():
        pass


@second_pass
def test_redis__keys_under_the_prefix__are_removed_and_no_others() -> None:
    url = os.environ["REDIS_URL"]
    with redis.Redis.from_url(url) as client:
        with servers._own_prefix(url, "test") as server:
            prefix = server.environ["REDIS_KEY_PREFIX"]
            client.set(f"{prefix}left", "1")
            client.set(f"not-{prefix}left", "1", ex=60)
        assert client.get(f"{prefix}left") is None
        assert client.delete(f"not-{prefix}left") == 1


@second_pass
def test_postgresql__databases_of_the_run__are_dropped() -> None:
    url = os.environ["DATABASE_URL"]
    with servers._own_database(url, "test") as server:
        name = urlsplit(server.environ["TEST_DATABASE_URL"]).path.removeprefix("/")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "test_{name}_gw0"')
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT 1 FROM pg_database WHERE datname ~ %s", [name]).fetchall()
    assert rows == []


@pytest.mark.nightly
def test_wheels__no_server_on_this_machine__start_both_and_leave_nothing() -> None:
    with wheels.postgresql() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    with wheels.redis() as url, redis.Redis.from_url(url) as client:
        assert client.ping()
    assert not Path(data).exists()
