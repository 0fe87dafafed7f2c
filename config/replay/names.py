"""Names for replayed prompts: `repo/path` without its suffix, made to fit the rules of names."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import PurePosixPath

from config.replay.histories import History
from registry.names import MAX_LENGTH, check_name, name_key, unseen

_MARK = 9  # "~" and eight hexadecimal digits


def source_of(history: History, occurrence: int) -> str:
    """Return 16 hexadecimal digits for where a history comes from; `occurrence` counts from 1."""
    text = "\0".join((history.repo, history.path, str(occurrence)))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def candidates(history: History, source: str) -> list[str]:
    """Return the plain name of a history and, for when that is taken, one with a mark."""
    path = PurePosixPath(history.path)
    # Only the last suffix goes: `a.agent.md` and `b.prompt.md` stay what they are.
    stem = str(path.with_suffix("")) if path.name else history.path
    segments = [_clean(part) for part in f"{history.repo}/{stem}".split("/")]
    plain = unicodedata.normalize("NFC", "/".join(part for part in segments if part))
    if not plain:
        return [f"replay/{source}"]
    marked = f"{_shortened(plain)}~{source[:8]}"
    fits = len(plain) <= MAX_LENGTH and len(name_key(plain)) <= MAX_LENGTH
    return [check_name(name) for name in ([plain] if fits else []) + [marked]]


def _clean(segment: str) -> str:
    whole = unicodedata.normalize("NFC", segment)
    letters = (
        "-" if letter == "\\" or unseen(whole, index) else letter
        for index, letter in enumerate(whole)
    )
    cleaned = "".join(letters).strip()
    return "" if cleaned in {".", "..", "-"} else cleaned


def _shortened(name: str) -> str:
    longest = MAX_LENGTH - _MARK
    # A joiner that lost the letter behind it is one that nobody sees.
    while len(name) > longest or len(name_key(name)) > longest or unseen(name, len(name) - 1):
        name = name[:-1]
    return name.rstrip("/").rstrip()
