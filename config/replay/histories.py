"""The file of histories: checked whole before anything happens, then read row by row."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SUFFIXES = (".jsonl", ".jsonl.gz")
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadFile(Exception):
    """The file cannot be replayed; the message names the line and says what is wrong there."""


@dataclass(frozen=True)
class Text:
    """One state of a prompt: what it said after a commit."""

    commit: str
    date: str
    author: str
    message: str
    content: str


@dataclass(frozen=True)
class History:
    """The states of one prompt, oldest first, and where they come from."""

    line: int
    repo: str
    path: str
    licence: str
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Size:
    """How much a file holds."""

    prompts: int
    versions: int


def check(path: Path) -> Size:
    """Read the whole file, a row at a time, and count; raises BadFile at the first wrong row."""
    prompts = versions = 0
    for history in read(path):
        prompts += 1
        versions += len(history.texts)
    if not prompts:
        raise BadFile(f"{path.name} holds no history. Give a file with one JSON object a line.")
    return Size(prompts, versions)


def read(path: Path) -> Iterator[History]:
    """Yield the histories of a file, holding one row at a time; raises BadFile."""
    number = 0
    try:
        with _opened(path) as source:
            for number, line in enumerate(source, start=1):
                if line.strip():
                    yield _history(line, number)
    except (OSError, EOFError, zlib.error) as error:
        where = f"Line {number + 1}" if number else str(path)
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadFile(f"{where} cannot be read: {why}.") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if not path.name.endswith(SUFFIXES):
        raise BadFile(f"{path.name} must end in {' or '.join(SUFFIXES)}.")
    if path.name.endswith(".gz"):
        with gzip.open(path, "rb") as source:
            yield source  # type: ignore[misc]  # a GzipFile reads as any binary file does
    else:
        with path.open("rb") as source:
            yield source


def _history(line: bytes, number: int) -> History:
    row = _object(_parsed(line, number), number, "the row")
    versions = row.get("versions")
    if not isinstance(versions, list) or not versions:
        raise _bad(number, "“versions” must be a list with at least one version")
    return History(
        line=number,
        repo=_text(row, "repo", number),
        path=_text(row, "path", number),
        licence=_text(row, "licence", number, needed=False),
        texts=tuple(_version(item, number, index) for index, item in enumerate(versions)),
    )


def _parsed(line: bytes, number: int) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _bad(number, f"byte {error.start + 1} is not UTF-8") from None
    except RecursionError:
        raise _bad(number, "it is nested too deeply") from None
    except ValueError as error:
        raise _bad(number, f"it is not JSON ({error})") from None


def _version(item: Any, number: int, index: int) -> Text:
    where = f"versions[{index}]"
    value = _object(item, number, where)
    content = value.get("content")
    if not isinstance(content, str):
        raise _bad(number, f"{where}.content must be a text")
    _check_unicode(content, number, f"{where}.content")
    return Text(
        commit=_text(value, "commit", number, where),
        date=_text(value, "date", number, where, needed=False),
        author=_text(value, "author", number, where, needed=False),
        message=_text(value, "message", number, where, needed=False),
        content=content,
    )


def _object(value: Any, number: int, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _bad(number, f"{where} must be a JSON object")
    return value


def _text(
    value: dict[str, Any], key: str, number: int, where: str = "", *, needed: bool = True
) -> str:
    name = f"{where}.{key}" if where else f"“{key}”"
    found = value.get(key, None if needed else "")
    if not isinstance(found, str) or (needed and not found.strip()):
        raise _bad(number, f"{name} must be a text" + (" that is not empty" if needed else ""))
    _check_unicode(found, number, name)
    # A content with U+0000 is for the product's own rule to refuse; nothing else may hold it.
    if "\0" in found:
        raise _bad(number, f"{name} holds the character U+0000")
    return found


def _check_unicode(text: str, number: int, name: str) -> None:
    found = _SURROGATE.search(text)
    if found:
        point = f"U+{ord(found.group()):04X}"
        raise _bad(number, f"{name} holds the lone surrogate {point}, which is no character")


def _bad(number: int, why: str) -> BadFile:
    return BadFile(f"Line {number}: {why}.")
