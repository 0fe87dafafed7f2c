"""Histories of our own and a replay of them in a process of its own, as a user runs it."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import MANAGE, bare_environ

#: seconds that one replay may take on a busy machine
PATIENCE = 300

Row = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """How a replay ended and what it said, with the folder that it ran in."""

    code: int
    told: str
    folder: Path

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the replay's own database, by a connection that can write nothing."""
        return rows(self.folder, sql, *values)


def rows(folder: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the database that a replay made in `folder`."""
    connection = sqlite3.connect(f"file:{folder / 'countersign.sqlite3'}?mode=ro", uri=True)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def history(path: str, *contents: str, repo: str = "acme/prompts", **more: Any) -> Row:
    """A row of the file: the texts of one prompt, each with a commit of its own."""
    versions = [
        {
            "commit": f"{index:02}{abs(hash_of(path)):x}",
            "date": f"2026-03-{index % 28 + 1:02}T10:00:00+00:00",
            "author": "author-1",
            "message": f"Change number {index} of {path}",
            "content": content,
        }
        for index, content in enumerate(contents)
    ]
    return {"repo": repo, "path": path, "licence": "MIT", "versions": versions, **more}


def hash_of(text: str) -> int:
    """A number that is the same in every process, unlike `hash`."""
    return int.from_bytes(text.encode("utf-8")[-6:], "big")


def written(folder: Path, *histories: Row, name: str = "own.jsonl.gz") -> Path:
    """The file with these rows."""
    text = "".join(json.dumps(row) + "\n" for row in histories)
    file = folder / name
    data = text.encode("utf-8")
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return file


def replayed(file: Path, var: Path, environ: Mapping[str, str] | None = None) -> Ran:
    """Run the command to its end on a machine where nobody set anything up."""
    process = subprocess.run(
        [*MANAGE, "replay_histories", str(file)],
        env={**bare_environ(VAR_DIR=str(var)), **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ran(process.returncode, process.stdout, var / "replay")


def processes_of(folder: Path) -> list[int]:
    """The processes that run with `folder` in their environment, other than this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environ = (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in environ:
                found.append(int(entry.name))
    return found
