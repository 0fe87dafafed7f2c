"""The settings as processes see them: started for real, with an environment of their own."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.processes import MANAGE, PYTHON, ROOT, bare_environ, on_embedded
from tools.check import EXAMPLE, example

#: each starts processes of its own, on servers of their own
pytestmark = on_embedded

_KEY = "k" * 25 + "0123456789" * 3
_DUMP = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in %r}, default=str))
"""


def _settings(names: list[str], **environ: str) -> dict[str, object]:
    done = _python(_DUMP % names, **environ)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-c", code],
        cwd=ROOT,
        env=bare_environ(DJANGO_SETTINGS_MODULE="config.settings", **environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SECURE = [
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
    "SECURE_SSL_REDIRECT",
    "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS",
]


def test_settings__https_base_url__turn_security_on() -> None:
    found = _settings([*SECURE, "ALLOWED_HOSTS"], BASE_URL="https://prompts.example.org")
    assert found == {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "ALLOWED_HOSTS": ["prompts.example.org"],
    }


def test_settings__empty_environment__are_local_and_not_debug() -> None:
    found = _settings([*SECURE, "DEBUG", "DEMO", "ALLOWED_HOSTS"])
    assert not any(found[name] for name in [*SECURE, "DEBUG", "DEMO"])
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]"]


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"DEMO": "1"}, "under var/demo/"),
        (
            {"DEMO": "1", "BASE_URL": "https://prompts.example.org"},
            "BASE_URL must be on this machine",
        ),
        ({"BASE_URL": "http://prompts.example.org"}, "BASE_URL must start with https://"),
        ({"SCAN_HARD_LIMIT": "5", "SCAN_SOFT_LIMIT": "5"}, "SCAN_HARD_LIMIT must be more"),
    ],
)
def test_start__refused_settings__says_why(environ: dict[str, str], sentence: str) -> None:
    done = _python("import django; django.setup()", **environ)
    assert done.returncode != 0
    assert sentence in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("module", ["config.wsgi", "config.asgi"])
def test_web__no_secret_key__refuses_to_start(module: str) -> None:
    done = _python(f"import {module}")
    assert done.returncode != 0
    assert "SECRET_KEY is not set." in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("module", ["config.wsgi", "config.asgi"])
def test_web__secret_key__starts(module: str) -> None:
    assert _python(f"import {module}", SECRET_KEY=_KEY).returncode == 0


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_celery__no_secret_key__refuses_to_start(process: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [PYTHON, "-m", "celery", "-A", "config", process],
        cwd=ROOT,
        env=bare_environ(VAR_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "SECRET_KEY is not set." in done.stderr


def test_check__empty_environment__passes() -> None:
    done = subprocess.run(
        [*MANAGE, "check"],
        cwd=ROOT,
        env=bare_environ(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _deploy_check(**environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=bare_environ(**environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_deploy_check__example_environment__passes() -> None:
    done = _deploy_check(**example(EXAMPLE.read_text()))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SECRET_KEY", "config.W001"),
        ("EMAIL_URL", "config.W002"),
        ("STATIC_ROOT", "config.W003"),
        ("BASE_URL", "security.W008"),
    ],
)
def test_deploy_check__one_setting_left_out__names_the_gap(name: str, code: str) -> None:
    environ = example(EXAMPLE.read_text())
    del environ[name]
    done = _deploy_check(**environ)
    assert done.returncode != 0
    assert code in done.stderr


def test_example__sourced_by_a_shell__gives_what_a_container_reads() -> None:
    """A shell takes quotes away and `docker --env-file` keeps them: no value may need any."""
    script = "set -aeu; . ./docs/production.env.example; exec env -0"
    done = subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    sourced = dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)
    values = example(EXAMPLE.read_text())
    assert {name: sourced.get(name) for name in values} == values
    assert [value for value in values.values() if re.search(r"[^\w%+,./:=?@-]", value)] == []
