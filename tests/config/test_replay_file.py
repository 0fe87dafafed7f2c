"""The file of histories is checked whole; names and counts follow their rules."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from config.replay.histories import History, Text
from config.replay.lane import why
from config.replay.names import candidates, source_of
from config.replay.tally import Tally
from tests.config.replays import history, written

ONE = "Greet everybody.\n"


@pytest.fixture(autouse=True)
def _stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command becomes another program once a file is right: not inside this process."""

    def refuse(*args: object) -> None:
        raise AssertionError("the file was taken for a right one")

    monkeypatch.setattr("config.replay.launch.start_again", refuse)


# -- the file -------------------------------------------------------------------------------


def bad(**version: Any) -> bytes:
    row = history("a.md", ONE)
    row["versions"][0] |= version
    return json.dumps(row).encode()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "Line 2: it is not JSON"),
        (b"[]", "Line 2: the row must be a JSON object"),
        (b'{"repo": "a", "path": "b"}', "Line 2: “versions” must be a list with at least one"),
        (b'{"repo": "a", "path": "b", "versions": []}', "Line 2: “versions” must be a list"),
        (bad(content=None), r"Line 2: versions\[0\].content must be a text"),
        (bad(content="\ud800"), r"Line 2: versions\[0\].content holds the lone surrogate U\+D800"),
        (bad(commit=" "), r"Line 2: versions\[0\].commit must be a text that is not empty"),
        (bad(message="\0"), r"Line 2: versions\[0\].message holds the character U\+0000"),
        (b'{"repo": "\xff"}', "Line 2: byte 11 is not UTF-8"),
        (b"[" * 100_000, "Line 2: it is nested too deeply"),
    ],
)
def test_replay__row_is_wrong__exits_2_naming_the_line_before_anything_happens(
    tmp_path: Path, settings: Any, line: bytes, said: str
) -> None:
    settings.VAR_DIR = tmp_path / "var"
    good = json.dumps(history("good.md", ONE)).encode()
    file = tmp_path / "bad.jsonl"
    file.write_bytes(good + b"\n" + line + b"\n")

    with pytest.raises(CommandError, match=said) as refused:
        call_command("replay_histories", str(file))

    assert refused.value.returncode == 2
    assert not settings.VAR_DIR.exists()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("none.jsonl", b"\n", "holds no history"),
        ("rows.json", b"{}", "must end in .jsonl or .jsonl.gz"),
        ("cut.jsonl.gz", gzip.compress(b'{"repo": 1}' * 99, mtime=0)[:20], "cannot be read"),
        ("plain.jsonl.gz", b"{}", "cannot be read"),
    ],
)
def test_replay__file_is_wrong__exits_2(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    file = tmp_path / name
    file.write_bytes(data)

    with pytest.raises(CommandError, match=said) as refused:
        call_command("replay_histories", str(file))

    assert refused.value.returncode == 2


def test_replay__file_is_absent__exits_2(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file") as refused:
        call_command("replay_histories", str(tmp_path / "absent.jsonl"))

    assert refused.value.returncode == 2


def test_replay__url_without_a_database__says_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    file = written(tmp_path, history("a.md", ONE))

    with pytest.raises(CommandError, match="set DATABASE_URL"):
        call_command("replay_histories", str(file), url="http://127.0.0.1:1")


# -- names and counts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repo", "path", "name"),
    [
        ("acme/x", "data/a.agent.md", "acme/x/data/a.agent"),
        ("acme", "./../a//b.txt", "acme/a/b"),
        (" acme ", "tab\there\t.md", "acme/tab-here-"),
        ("acme", "e\u0301.md", "acme/\u00e9"),
        ("acme", "a\u200bb\ufe0f.md", "acme/a-b-"),
        ("..", ".", "replay/"),
    ],
)
def test_name__of_a_path__follows_the_rules_of_names(repo: str, path: str, name: str) -> None:
    found = candidates(_parsed(repo, path), source_of(_parsed(repo, path), 1))

    assert found[0].startswith(name)


def test_name__too_long__is_cut_and_marked() -> None:
    long = _parsed("acme", "ß" * 300 + ".md")

    (name,) = candidates(long, source_of(long, 1))

    assert len(name.casefold()) <= 255
    assert name.endswith("~" + source_of(long, 1)[:8])


def test_name__cut_behind_a_joiner__loses_the_joiner_too() -> None:
    # Between these two letters the joiner is seen; where the second one is cut off, it is not.
    long = _parsed("acmes", "\u06cc\u200c" * 150 + ".md")

    (name,) = candidates(long, source_of(long, 1))

    assert name.rpartition("~")[0].endswith("\u06cc")


def _parsed(repo: str, path: str) -> History:
    return History(1, repo, path, "", ())


def test_why__secret_in_a_commits_message__is_left_out() -> None:
    text = Text("1eaf", "2026-01-02", "Ada", "Use AKIA" + "IOSFODNN7RTZQ4KD for now", "Greet.")
    assert why(text) == "Commit 1eaf, whose message is left out: a secret is in it."
    assert why(replace(text, message=" Greet more\n")) == "Greet more"


@pytest.mark.parametrize(("versions", "too_many"), [(50, False), (49, True)])
def test_tally__refused__is_too_many_over_two_in_a_hundred(versions: int, too_many: bool) -> None:
    tally = Tally(versions=versions)
    tally.refuse("secret_found", "a", "c0ffee")

    assert tally.refused_too_many is too_many
