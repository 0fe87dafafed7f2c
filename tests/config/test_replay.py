"""`replay_histories`: a file is checked whole, then every text goes through the verbs."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.config.replays import (
    PATIENCE,
    Ran,
    history,
    processes_of,
    replayed,
    rows,
    written,
)
from tests.processes import MANAGE, bare_environ, on_embedded

#: these replays bring a database and a queue of their own
pytestmark = [pytest.mark.xdist_group("replay"), on_embedded]

ONE, TWO, THREE = "Greet everybody.\n", "Greet everybody\r\nby name.\r\n", "Greet nobody.\n"
LEAK = "Use the key AKIA" + "IOSFODNN7RTZQ4KD for now.\n"
LETTERS = "Grüße, 你好, 👩🏽‍🔬, \u2028 e\u0301 \ufeff \u0085 \U0010fffd\ttab"
STEADY = history("steady/calm.md", *["Stay calm.\n"] * 50)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def file(var: Path) -> Path:
    leaky = history("leaky.md", ONE, LEAK)
    leaky["versions"][1]["commit"] = "1eaf"
    return written(
        var,
        history("greet.md", ONE, TWO, THREE, THREE, TWO, THREE, shelf="top"),
        leaky,
        history("mail.jinja2", "Dear {{ name }},\n", "Dear {{ name,\n"),
        history("../ odd /grüße?.md", LETTERS, repo="Acme/\\prompts"),
        history("greet.txt", "The other one.\n"),
        history("greet.txt", "The third one.\n"),
        history("tidy.md", ONE, repo="support/desk"),
        STEADY,
    )


@pytest.fixture(scope="module")
def first(file: Path, var: Path) -> Ran:
    return replayed(file, var)


@pytest.fixture(scope="module")
def second(first: Ran, file: Path, var: Path) -> tuple[dict[str, int], Ran]:
    """How many rows each table had after the first run, and the second run."""
    return counts(first), replayed(file, var)


def counts(ran: Ran) -> dict[str, int]:
    tables = ran.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {
        name: ran.rows(f"SELECT count(*) FROM {name}")[0][0]
        for (name,) in tables
        if not name.startswith("sqlite_")
    }


def moves(ran: Ran, prompt: str) -> list[tuple[str, int]]:
    """The kinds and version numbers of what production served, oldest first."""
    return ran.rows(
        "SELECT r.kind, v.number FROM registry_release r"
        " JOIN registry_version v ON v.id = r.version_id"
        " JOIN registry_prompt p ON p.id = r.prompt_id JOIN registry_label l ON l.id = r.label_id"
        " WHERE p.name = ? AND l.name = 'production' ORDER BY r.generation",
        prompt,
    )


def served(ran: Ran, prompt: str) -> str:
    """The text that production serves, as it is stored."""
    found = ran.rows(
        "SELECT v.document FROM registry_labelpointer o"
        " JOIN registry_version v ON v.id = o.version_id"
        " JOIN registry_prompt p ON p.id = o.prompt_id JOIN registry_label l ON l.id = o.label_id"
        " WHERE p.name = ? AND l.name = 'production'",
        prompt,
    )
    return json.loads(found[0][0])["template"]


# -- a whole replay -------------------------------------------------------------------------


def test_replay__own_histories__ends_with_0_and_everything_served(first: Ran) -> None:
    assert first.code == 0, first.told
    assert "served over HTTP, byte for byte: 8 of 8 prompts" in first.told
    assert "Audit log whole" in first.told
    assert "failed:" not in first.told


def test_replay__return_to_what_was_live__is_a_rollback_and_then_a_new_proposal(
    first: Ran,
) -> None:
    assert moves(first, "acme/prompts/greet") == [
        ("release", 1),
        ("release", 2),
        ("release", 3),
        ("rollback", 2),
        ("release", 4),
    ]


def test_replay__rollback__has_its_hold_lifted_with_a_reason(first: Ran) -> None:
    reasons = first.rows(
        "SELECT b.value FROM approvals_hold h JOIN audit_auditblob b ON b.digest = h.lift_reason_id"
    )

    assert len(reasons) == 1
    assert reasons[0][0].startswith("The history goes on after commit 04")


def test_replay__crlf_and_rare_letters__are_stored_exactly(first: Ran) -> None:
    documents = first.rows(
        "SELECT v.document FROM registry_version v JOIN registry_prompt p ON p.id = v.prompt_id"
        " WHERE p.name = 'acme/prompts/greet' AND v.number = 2"
    )

    assert json.loads(documents[0][0])["template"] == TWO
    assert served(first, "acme/-prompts/odd/grüße?") == LETTERS


def test_replay__equal_text__is_counted_unchanged_and_proposed_once(first: Ran) -> None:
    assert "unchanged: 50," in first.told
    assert moves(first, "acme/prompts/steady/calm") == [("release", 1)]


def test_replay__critical_secret__is_refused_by_name_and_not_served(first: Ran) -> None:
    assert "refused: secret_found  acme/prompts/leaky  commit 1eaf" in first.told
    assert LEAK.split()[3] not in first.told
    assert served(first, "acme/prompts/leaky") == ONE


def test_replay__critical_secret__leaves_no_request_open(first: Ran) -> None:
    states = first.rows("SELECT DISTINCT state FROM approvals_approvalrequest ORDER BY state")

    assert states == [("released",), ("withdrawn",)]


def test_replay__template_that_does_not_parse__has_format_none(first: Ran) -> None:
    formats = first.rows(
        "SELECT v.template_format FROM registry_version v"
        " JOIN registry_prompt p ON p.id = v.prompt_id"
        " WHERE p.name = 'acme/prompts/mail' ORDER BY v.number"
    )

    assert formats == [("jinja2",), ("none",)]
    assert "format none, because it does not parse: 1" in first.told


def test_replay__paths_that_share_a_name__become_prompts_of_their_own(first: Ran) -> None:
    names = first.rows("SELECT name FROM registry_prompt WHERE name LIKE 'acme/prompts/greet%'")

    assert len({name for (name,) in names}) == 3


def test_replay__votes__are_each_by_a_different_person(first: Ran) -> None:
    votes = first.rows(
        "SELECT count(*), count(DISTINCT reviewer_id) FROM approvals_review GROUP BY request_id"
    )

    assert max(votes) == (3, 3)  # Regulated, for support/*
    assert all(given == people for given, people in votes)


def test_replay__scans__are_made_by_the_worker(first: Ran) -> None:
    actors = first.rows(
        "SELECT DISTINCT actor FROM audit_auditevent WHERE action = 'approvals.request.scanned'"
    )

    assert actors == [("system:scan",)]


def test_replay__after_its_end__has_no_process_left(first: Ran) -> None:
    assert processes_of(first.folder) == []


def test_replay__second_run__changes_nothing(second: tuple[dict[str, int], Ran]) -> None:
    before, ran = second

    assert ran.code == 0, ran.told
    assert "done before: " in ran.told
    assert "released: 0 " in ran.told
    assert counts(ran) == before


def test_replay__production_suspended_since__ends_with_1(
    second: tuple[dict[str, int], Ran], file: Path, tmp_path: Path
) -> None:
    shutil.copytree(second[1].folder, tmp_path / "replay")
    stop = (
        "from registry.models import *; from approvals import services;"
        "services.suspend(Prompt.objects.get(name='support/desk/tidy'),"
        " Label.objects.get(name='production'), reason='A test.',"
        " actor=User.objects.get(username='replay-responder'))"
    )
    environ = {"VAR_DIR": str(tmp_path / "replay"), "SECRET_KEY": "x" * 50}
    subprocess.run([*MANAGE, "shell", "-c", stop], env=bare_environ(**environ), check=True)

    ran = replayed(file, tmp_path)

    assert ran.code == 1
    assert "served: support/desk/tidy: answers 404" in ran.told


@pytest.mark.nightly
def test_replay__ended_half_way__leaves_no_process_and_goes_on_when_run_again(
    tmp_path: Path,
) -> None:
    texts = [f"Text number {number}, which is new.\n" for number in range(8)]
    file = written(tmp_path, history("a.md", *texts), history("b.md", *texts))
    folder = tmp_path / "replay"
    process = subprocess.Popen(
        [*MANAGE, "replay_histories", str(file)], env=bare_environ(VAR_DIR=str(tmp_path))
    )
    _wait_for_releases(folder, 3)
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert processes_of(folder) == []
    ran = replayed(file, tmp_path)
    assert ran.code == 0, ran.told
    assert moves(ran, "acme/prompts/a") == [("release", number) for number in range(1, 9)]


def _wait_for_releases(folder: Path, wanted: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (folder / "countersign.sqlite3").is_file():
            tables = rows(folder, "SELECT name FROM sqlite_master WHERE name = 'registry_release'")
            sql = "SELECT count(*) FROM registry_release WHERE kind = 'release'"
            if tables and rows(folder, sql)[0][0] >= wanted:
                return
        time.sleep(0.05)
    raise AssertionError("nothing was released")


@pytest.mark.real
def test_replay__real_histories__all_pass(real_data: Path, tmp_path: Path) -> None:
    ran = replayed(real_data / "histories.jsonl.gz", tmp_path)

    assert ran.code == 0, ran.told
    assert "served over HTTP, byte for byte: 23 of 23 prompts" in ran.told
    assert "Audit log whole" in ran.told
