"""The commits that touched the files of a git work tree, and what the files said after each.

Git runs as a child process that reads only: no hook, filter, pager or network.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from approvals.importing.reading import too_large

_SAFE = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
_LOG = [
    *("log", "--reverse", "--no-merges", "--no-renames", "--raw", "--no-abbrev", "-z"),
    *("--no-ext-diff", "--no-textconv", "--no-show-signature", "--encoding=UTF-8", "--relative"),
    *("--format=%x01%H%x00%aI%x00%ae%x00%s", "--", "."),
]
_FILE_MODES = frozenset({"100644", "100755"})
_CHUNK = 65_536


class GitFailed(Exception):
    """Git refused to read this work tree; the message is what it said."""


@dataclass(frozen=True)
class Commit:
    """One commit that changed a file, and the object that holds the file's bytes after it."""

    sha: str
    date: str
    email: str
    subject: str
    blob: str

    @property
    def author(self) -> str:
        """Who wrote it, as the SHA-256 of the lower-cased e-mail address."""
        return hashlib.sha256(os.fsencode(self.email.lower())).hexdigest()


@dataclass(frozen=True)
class WorkTree:
    """The history of the files below a folder, and a running process that hands out their bytes."""

    commits: Mapping[str, tuple[Commit, ...]]
    objects: subprocess.Popen[bytes]

    def content(self, blob: str, limit: int) -> bytes:
        """Return an object's bytes; raises ContentTooLarge over `limit`, GitFailed when absent."""
        asked, answers = _pipes(self.objects)
        asked.write(blob.encode("ascii") + b"\n")
        asked.flush()
        told = answers.readline().decode("ascii", "replace").split()
        if len(told) != 3 or told[1] != "blob":
            raise GitFailed(f"git has no object {blob} here: {' '.join(told)}")
        size = int(told[2])
        if size <= limit:
            return answers.read(size + 1)[:size]
        left = size + 1
        while left:
            left -= len(answers.read(min(left, _CHUNK)))
        raise too_large(size, limit)


@contextlib.contextmanager
def opened(root: Path) -> Iterator[WorkTree | None]:
    """Read the history of a folder inside a work tree; None for one that is in none."""
    if not _is_inside(root):
        yield None
        return
    commits = _commits(root)
    objects = _popen(root, ["cat-file", "--batch"], stdin=subprocess.PIPE)
    try:
        yield WorkTree(commits, objects)
    finally:
        objects.kill()
        objects.communicate()


def blob_of(data: bytes, like: str) -> str:
    """Return the name that git gives to these bytes, by the algorithm of the object `like`."""
    algorithm = hashlib.sha256 if len(like) == 64 else _sha1
    return algorithm(b"blob %d\0" % len(data) + data).hexdigest()


def _sha1(data: bytes) -> hashlib._Hash:
    return hashlib.sha1(data, usedforsecurity=False)


def _is_inside(root: Path) -> bool:
    try:
        process = _popen(root, ["rev-parse", "--is-inside-work-tree"], stderr=subprocess.PIPE)
    except FileNotFoundError:  # a machine without git has no work trees
        return False
    with process:
        out, err = process.communicate()
    if process.returncode == 0:
        return out.strip() == b"true"
    said = err.decode("utf-8", "replace").strip()
    if "not a git repository" in said:
        return False
    raise GitFailed(said)


def _commits(root: Path) -> dict[str, tuple[Commit, ...]]:
    """The commits of every path, oldest first, without those that changed no byte of it."""
    with _popen(root, ["rev-parse", "--verify", "--quiet", "HEAD"]) as process:
        process.communicate()
    if process.returncode:
        return {}  # nothing is committed yet
    found: dict[str, list[Commit]] = {}
    with _popen(root, _LOG) as process:
        for path, commit in _parsed(_fields(_stdout(process))):
            known = found.setdefault(path, [])
            if not known or known[-1].blob != commit.blob:
                known.append(commit)
    if process.returncode:
        raise GitFailed(f"git log ended with code {process.returncode}")
    return {path: tuple(commits) for path, commits in found.items()}


def _parsed(fields: Iterator[str]) -> Iterator[tuple[str, Commit]]:
    head = ("", "", "", "")
    for field in fields:
        if field.startswith("\x01"):
            head = (field[1:], next(fields), next(fields), _readable(next(fields)))
            continue
        told = field.lstrip("\n").removeprefix(":").split(" ")
        path = next(fields)
        if len(told) == 5 and told[1] in _FILE_MODES:
            yield path, Commit(*head, blob=told[3])


def _readable(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "replace")


def _fields(source: IO[bytes]) -> Iterator[str]:
    """The fields of output that ends each with NUL, read as it comes."""
    rest = b""
    while chunk := source.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from map(os.fsdecode, whole)


def _popen(
    root: Path,
    command: list[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stderr: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    # The caller may itself run inside a hook of another repository.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
    return subprocess.Popen(  # noqa: S603  # a fixed command, no shell
        ["git", "--no-pager", *_SAFE, *command],  # noqa: S607  # found by name, as the user's own is
        cwd=root,
        env=environ,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )


def _stdout(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:
        raise GitFailed("git gave no output")
    return process.stdout


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None:
        raise GitFailed("git takes no input")
    return process.stdin, _stdout(process)
