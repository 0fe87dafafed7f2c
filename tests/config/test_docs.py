"""README and docs: their commands are run somewhere, their links lead somewhere."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.core.management import get_commands, load_command_class

from config.children import HOST, Children, free_port
from tests.processes import ROOT, is_embedded, on_embedded, run_environ

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/**/*.md")])
HERE = "tests/config/test_docs.py"
ONCE = f"{HERE}::test_production__commands_that_end__work_on_an_empty_database"
POLICIES = (
    "tests/approvals/test_policy_files.py::test_export__then_propose__only_what_differs_is_proposed"
)
SHADOW = (
    "tests/approvals/pages/test_shadow_report.py::test_command__of_the_docs__tells_one_or_a_month"
)
PROCESSES = f"{HERE}::test_production__processes__start_and_answer"

#: each command of a `sh` block -> the test that runs it, or the file and text that does
COMMANDS = {
    "make demo": "tests/config/test_demo.py::test_demo__running__told_each_step_as_ok",
    "make test": ".ci/run: make test",
    "manage.py check --deploy --fail-level WARNING": (
        'tools/check.py: "check", "--deploy", "--fail-level", "WARNING"'
    ),
    ".venv/bin/python manage.py explain 118": (
        "tests/approvals/test_explain.py::"
        "test_explain__any_open_state__page_api_and_command_agree_word_for_word"
    ),
    ".venv/bin/python manage.py policies export policies.yaml": POLICIES,
    (
        ".venv/bin/python manage.py policies propose policies.yaml --as gwen "
        "--why Two people for the brand. --dry-run"
    ): POLICIES,
    ".venv/bin/python manage.py shadow_report --policy Standard": SHADOW,
    (".venv/bin/python manage.py shadow_report --from 2026-03-01 --to 2026-03-31 --json"): SHADOW,
    "python3 tools/setup.py run": "Makefile: tools/setup.py run",
    ".venv/bin/python manage.py migrate": ONCE,
    ".venv/bin/python manage.py bootstrap --username NAME --email ADDRESS": ONCE,
    ".venv/bin/python manage.py collectstatic --no-input": ONCE,
    (
        ".venv/bin/gunicorn config.wsgi --bind 127.0.0.1:8000 --workers 4 --timeout 60 "
        "--no-control-socket"
    ): PROCESSES,
    ".venv/bin/celery -A config worker --loglevel INFO --concurrency 4": PROCESSES,
    ".venv/bin/celery -A config beat --loglevel INFO": PROCESSES,
}
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^```\w*\n.*?^```$|`[^`]+`", re.MULTILINE | re.DOTALL)
_IN_A_LINE = re.compile(r"`(?:\S+/python )?(manage\.py|make) ([^`]+)`")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def commands(page: Path) -> list[str]:
    """The commands in the `sh` blocks of a page, without comments and line ends."""
    lines = "".join(_BLOCK.findall(page.read_text("utf-8"))).replace("\\\n", " ").splitlines()
    return [" ".join(found) for line in lines if (found := shlex.split(line, comments=True))]


def run_by(test: str) -> list[list[str]]:
    """The commands that a test of this file runs, on the Python that runs it."""
    tools = {".venv/bin/python": [], ".venv/bin/gunicorn": ["-m", "gunicorn"]}
    tools[".venv/bin/celery"] = ["-m", "celery"]
    found = []
    for command in (one for one, where in COMMANDS.items() if where == test):
        words = command.replace("NAME", "gwen").replace("ADDRESS", "gwen@example.org").split()
        found.append([*tools[words[0]], *words[1:]])
    return found


def test_commands__of_all_pages__are_those_of_the_table() -> None:
    assert {one for page in PAGES for one in commands(page)} == set(COMMANDS)


@pytest.mark.parametrize("where", sorted(set(COMMANDS.values())))
def test_command__of_the_table__is_run_by_what_it_names(where: str) -> None:
    file, _, test = where.partition("::")
    if not test:
        file, _, text = where.partition(": ")
        assert text in (ROOT / file).read_text("utf-8")
        return
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands__in_a_line__have_the_names_and_options_of_real_ones(page: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    for tool, rest in _IN_A_LINE.findall(page.read_text("utf-8")):
        name, *words = shlex.split(rest)
        if tool == "make":
            assert name in targets, rest
            continue
        known = get_commands()
        assert name in known, rest
        parser = load_command_class(known[name], name).create_parser("manage.py", name)
        options = {word.split("=")[0] for word in words if word.startswith("-")}
        assert options <= set(parser._option_string_actions), rest


@on_embedded
def test_production__commands_that_end__work_on_an_empty_database(tmp_path: Path) -> None:
    folder = str(tmp_path / "static")
    environ = run_environ(VAR_DIR=str(tmp_path), DATABASE_URL="", STATIC_ROOT=folder)
    del environ["DATABASE_URL"]
    wanted = run_by(ONCE)
    # A deployment does them again.
    for command in [*wanted, *wanted]:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "static" / "css" / "base.css").is_file()


@pytest.mark.skipif(is_embedded(), reason="the page speaks of PostgreSQL and Redis")
@pytest.mark.django_db(transaction=True)
def test_production__processes__start_and_answer(tmp_path: Path) -> None:
    port = free_port()
    with Children(run_environ(BASE_URL=f"http://{HOST}:{port}"), tmp_path, ROOT) as children:
        for command in run_by(PROCESSES):
            argv = [word.replace(":8000", f":{port}") for word in command[1:]]
            children.start(" ".join(argv[:4]), *argv)
        worker, beat = list(children.running)[1:]
        deadline = time.monotonic() + 60
        while not (
            _answers(port)
            # A sweep every few seconds writes on: what was said first is soon not the last.
            and "ready." in children.last_lines(worker, 1000)
            and "beat: Starting" in children.last_lines(beat, 1000)
        ):
            children.check()
            assert time.monotonic() < deadline, [children.last_lines(n) for n in children.running]
            time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://{HOST}:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links__of_a_page__lead_to_files_and_headings(page: Path) -> None:
    missing = []
    for link in _LINK.findall(page.read_text("utf-8")):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not re.match(r"https?://", link) and (
            not target.exists() or (heading and heading not in _headings(target))
        ):
            missing.append(link)
    assert missing == []


def _headings(page: Path) -> set[str]:
    """The anchors that a Markdown page gets, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_make_targets__named_on_any_page__exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join(part for page in PAGES for part in _CODE.findall(page.read_text("utf-8")))
    named = set(re.findall(r"\bmake\s+([a-z-]+)", code))
    assert {"demo", "test", "cheat"} <= named <= targets


def test_images__all__are_light_and_shown_by_readme() -> None:
    shown = set(_LINK.findall((ROOT / "README.md").read_text("utf-8")))
    images = list((ROOT / "docs" / "images").iterdir())
    assert {str(image.relative_to(ROOT)) for image in images} == {
        link for link in shown if link.startswith("docs/images/")
    }
    assert [image.name for image in images if image.stat().st_size > 150_000] == []
