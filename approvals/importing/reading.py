"""Which files of a folder are prompts, and their bytes; nothing outside the folder is read."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from registry.errors import BadInput, ContentTooLarge, InvalidName, NameTaken, Refusal
from registry.names import check_name, name_key

SUFFIXES = (".md", ".txt", ".jinja2")
_SKIPPED = frozenset({".git"})


@dataclass(frozen=True)
class Candidate:
    """A file that names a prompt: its path inside the folder, and what is wrong with that."""

    path: str
    name: str
    problem: Refusal | None = None


class NotInside(BadInput):
    """A link, or anything else that is no plain file inside the folder."""

    code = "not_a_plain_file"
    title = "This is not a plain file of the folder"


def candidates(root: Path) -> list[Candidate]:
    """Return every prompt file below a folder, by path; those with a problem say so."""
    found = [_candidate(*one) for one in sorted(_paths(root, PurePosixPath()))]
    by_key: dict[str, list[str]] = defaultdict(list)
    for one in found:
        if one.problem is None:
            by_key[name_key(one.name)].append(one.path)
    return [_without_clash(one, by_key.get(name_key(one.name), [])) for one in found]


def content(root: Path, path: str, limit: int) -> bytes:
    """Return a file's bytes; raises NotInside, and ContentTooLarge over `limit` bytes."""
    file = root / path
    if not file.resolve().is_relative_to(root.resolve()):
        raise NotInside("It lies outside the folder. Copy the file into it.")
    try:
        # A link that appears now is not followed, and a pipe is not waited for.
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotInside(f"It cannot be read: {error.strerror}.") from None
    with os.fdopen(number, "rb") as opened:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode):
            raise NotInside("It is not a plain file. Put a file with the prompt's text there.")
        data = b"" if state.st_size > limit else opened.read(limit + 1)
        size = max(state.st_size, len(data))
    if size > limit:
        raise too_large(size, limit)
    return data


def too_large(size: int, limit: int) -> ContentTooLarge:
    """The refusal of a text of more bytes than a prompt may have."""
    return ContentTooLarge(
        f"It has {size:,} bytes, and at most {limit:,} are allowed. Shorten the text.",
        limit=limit,
        size=size,
    )


def _paths(root: Path, folder: PurePosixPath) -> Iterator[tuple[PurePosixPath, bool]]:
    """Yield the path of every prompt file, and of every linked folder, with whether it is a link.

    Links are named, never followed.
    """
    with os.scandir(root / folder) as entries:
        here = sorted(entries, key=lambda entry: entry.name)
    for entry in here:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _SKIPPED:
                yield from _paths(root, path)
        elif path.suffix.lower() in SUFFIXES:
            yield path, entry.is_symlink()
        elif entry.is_symlink() and entry.is_dir():
            yield path, True


def _candidate(path: PurePosixPath, is_link: bool) -> Candidate:
    name = str(path.with_suffix(""))
    if is_link:
        problem = NotInside("It is a link, and links are not followed. Copy the file here.")
        return Candidate(str(path), name, problem)
    try:
        return Candidate(str(path), check_name(name))
    except InvalidName as problem_with_name:
        return Candidate(str(path), name, problem_with_name)


def _without_clash(one: Candidate, paths: list[str]) -> Candidate:
    others = [path for path in paths if path != one.path]
    if one.problem is not None or not others:
        return one
    told = ", ".join(f"“{path}”" for path in others)
    problem = NameTaken(f"Its name would also be that of {told}. Rename all but one of them.")
    return replace(one, problem=problem)
