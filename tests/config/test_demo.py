"""The demo as a newcomer runs it: whole, with each step left out, stopped, and in the browser."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from config.children import free_port
from config.demo.cheats import ATTACKS
from config.demo.story import STEPS
from registry.models import User
from tests.people import make_person
from tests.processes import MANAGE, ROOT, bare_environ, on_embedded

#: the tests that share one demo run in one process, so that it is one
on_one_demo = pytest.mark.xdist_group("demo")
SECONDS = 240


def demo_environ(folder: Path, port: int, **extra: str) -> dict[str, str]:
    return bare_environ(DEMO_DIR=str(folder / "var" / "demo"), PORT=str(port), **extra)


def told(folder: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """`manage.py demo` with SERVE=0, on a port and in a folder of its own."""
    return subprocess.run(
        [*MANAGE, "demo"],
        cwd=ROOT,
        env=demo_environ(folder, free_port(), SERVE="0", **extra),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, int, str]]:
    """A demo that serves: its process, the visitor's change, its port, and what it said so far."""
    port = free_port()
    with subprocess.Popen(
        [*MANAGE, "demo"],
        cwd=ROOT,
        env=demo_environ(folder, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                found = re.search(r"your turn: (http://\S+)", line)
                if found:
                    yield process, found.group(1), port, said
                    return
            raise AssertionError(said)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(90)


@dataclass(frozen=True)
class Running:
    """A demo that serves while the tests of this file look at it."""

    process: subprocess.Popen[str]
    folder: Path
    link: str
    port: int
    said: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One demo for all tests that use it; each leaves it usable, but for the last."""
    folder = tmp_path_factory.mktemp("demo")
    with serving(folder) as (process, link, port, said):
        yield Running(process, folder, link, port, said)


def cheated(folder: Path) -> subprocess.CompletedProcess[str]:
    """`manage.py cheat`, from another terminal than the demo's."""
    return subprocess.run(
        [*MANAGE, "cheat"],
        cwd=ROOT,
        env=bare_environ(DEMO_DIR=str(folder / "var" / "demo")),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def processes_in(folder: Path) -> list[str]:
    """Command lines of all processes whose environment names the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            environ = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if str(folder).encode() in environ and int(entry.name) != os.getpid():
            found.append((entry / "cmdline").read_bytes().decode())
    return found


@on_embedded
@on_one_demo
def test_demo__running__told_each_step_as_ok(running: Running) -> None:
    assert running.said.count("\nok ") == len(STEPS), running.said


@on_embedded
@pytest.mark.nightly
def test_demo__nothing_left_out__ends_with_0_and_leaves_nothing_running(tmp_path: Path) -> None:
    ran = told(tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("\nok ") == len(STEPS)
    assert processes_in(tmp_path) == []


#: each run sets up and tells the story anew; together they are too long for every push
EVERY_PUSH = ("propose", "release")


@on_embedded
@pytest.mark.parametrize(
    "step",
    [
        step.word if step.word in EVERY_PUSH else pytest.param(step.word, marks=pytest.mark.nightly)
        for step in STEPS
    ],
)
def test_demo__one_step_left_out__fails_at_that_step(tmp_path: Path, step: str) -> None:
    ran = told(tmp_path, DEMO_WITHOUT=step)
    before = [s.word for s in STEPS].index(step)
    assert ran.returncode != 0, ran.stdout
    assert ran.stdout.count("\nok ") == before, ran.stdout + ran.stderr
    assert "FAILED" in ran.stderr


@on_embedded
def test_demo__port_in_use__says_so_and_names_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = subprocess.run(
            [*MANAGE, "demo"],
            cwd=ROOT,
            env=demo_environ(tmp_path, taken.getsockname()[1]),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode != 0
    assert "is in use" in ran.stderr
    assert "PORT=8001" in ran.stderr


@on_embedded
@pytest.mark.parametrize("port", ["99999", "-1", "abc"])
def test_demo__port_that_is_none__says_so_in_one_line(tmp_path: Path, port: str) -> None:
    environ = {**demo_environ(tmp_path, 0), "PORT": port}
    ran = subprocess.run(
        [*MANAGE, "demo"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    [line] = ran.stderr.splitlines()
    assert f"PORT must be a whole number from 1 to 65535, not {port!r}" in line


#: the rule that holds each attack, in their order
RULES = [
    "own_change",
    "not_allowed",
    "requirements_unmet",
    "label_protected",
    "database trigger",
    "audit_verify: approvals.vote",
]


@on_embedded
@on_one_demo
def test_cheat__demo_running__holds_every_attack_by_a_named_rule(running: Running) -> None:
    ran = cheated(running.folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.findall(r"^held  (.+)$", ran.stdout, re.MULTILINE) == [a.title for a in ATTACKS]
    # A line of each attack says what was tried; the next one names the rule, with its answer.
    named = [line.strip() for line in ran.stdout.splitlines()[2::3]]
    for rule, line in zip(RULES, named, strict=True):
        assert line.removeprefix(f"{rule}: ") not in ("", line)
    assert ran.stdout.endswith("None of 6 attacks got through.\n")


@on_embedded
def test_cheat__no_demo_running__says_so_and_how_to_start_one(tmp_path: Path) -> None:
    ran = cheated(tmp_path)
    assert ran.returncode != 0
    assert "No demo is running here. Start one with: make demo" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "held" not in ran.stdout


def _served(page: Page, words: str) -> None:
    expect(page.locator("[data-app-answer]")).to_contain_text(words, timeout=15_000)


@on_embedded
@on_one_demo
def test_demo__visitor_approves_then_rolls_back__the_read_changes_and_changes_back(
    running: Running, chrome: Browser
) -> None:
    link, port = running.link, running.port
    with chrome.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.get_by_text("You are the safety reviewer")).to_be_visible()
        page.goto(link)
        _served(page, "customer_first_name")
        page.get_by_role("button", name="Approve for safety").click()
        _served(page, "customer_full_name")
        page.get_by_role("button", name=re.compile("Roll back to v1")).click()
        page.goto(link)
        _served(page, "customer_first_name")
        page.goto(f"http://127.0.0.1:{port}/demo/cheat/")
        page.get_by_role("button", name="Try all six").click()
        page.wait_for_load_state(timeout=60_000)
        expect(page.get_by_text("✓ Held")).to_have_count(6, timeout=60_000)


@on_embedded
@on_one_demo
def test_demo__ctrl_c__ends_every_child(running: Running) -> None:
    """The last one that needs it running."""
    assert len(processes_in(running.folder)) > 3
    running.process.send_signal(signal.SIGINT)
    running.process.wait(90)
    deadline = time.monotonic() + 10
    while processes_in(running.folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_in(running.folder) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", running.port)) != 0


@pytest.mark.django_db
def test_demo_pages__outside_the_demo__do_not_exist(client: Client, author: object) -> None:
    assert not settings.DEMO
    assert client.get("/demo/cheat/").status_code == 404
    assert client.post("/demo/switch/", {"username": "ada"}).status_code == 404
    assert client.get("/").status_code == 302


@pytest.mark.django_db
def test_front_page__outside_the_demo__offers_no_switch(
    client: Client, governance_owner: User
) -> None:
    person = make_person("nora", by=governance_owner)
    client.force_login(person)
    text = client.get("/").content.decode()
    assert "switch person" not in text
    assert "Try to cheat" not in text
