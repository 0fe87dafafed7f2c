"""The same change in many prompts: what was taken away and put in, held together and shown once.

Pure: documents in, groups out. Two changes are the same where every hunk of one is a hunk of the
other, in the same order, whatever stands around them; a page that shows one of them shows both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

from approvals import diffing

Key = TypeVar("Key", bound=Hashable)

#: characters of both documents, and changed lines, beyond which a change is looked at alone
MOST_CHARACTERS, MOST_LINES = 200_000, 200

_NUMBER = re.compile(r"\s+\d+\b")


@dataclass(frozen=True)
class Hunk:
    """Lines changed at one place, without their numbers; `part` is the section, without its own.

    No rows: a message that is new, gone or of another role, with nothing in it.
    """

    part: str
    rows: tuple[diffing.Row, ...]


@dataclass(frozen=True)
class Group(Generic[Key]):
    """Whose change these hunks are, and no others; no hunks where a change is too long to hold
    against others."""

    hunks: tuple[Hunk, ...]
    keys: tuple[Key, ...]


def hunks_of(base: Mapping[str, Any] | None, body: Mapping[str, Any]) -> tuple[Hunk, ...] | None:
    """The hunks of a change in their order; None where it is too long to be held against others."""
    if _length(base) + _length(body) > MOST_CHARACTERS:
        return None
    if _on_one_side(_lines(base), _lines(body)) > MOST_LINES:
        # Known before they are compared, which is what costs.
        return None
    found: list[Hunk] = []
    for section in diffing.document_diff(base or None, body):
        if not section.changed:
            continue
        part = _NUMBER.sub("", section.title)
        runs = groupby(section.rows, key=lambda row: row.kind != "same")
        changed = [tuple(map(_unnumbered, rows)) for differs, rows in runs if differs]
        found += [Hunk(part, rows) for rows in changed or [()]]
    if sum(len(hunk.rows) for hunk in found) > MOST_LINES:
        return None
    return tuple(found)


def grouped(changes: Mapping[Key, tuple[Hunk, ...] | None]) -> list[Group[Key]]:
    """Changes that are the same together, the largest group first; those too long each alone."""
    groups: dict[tuple[Hunk, ...], list[Key]] = {}
    alone: list[Group[Key]] = []
    for key, hunks in changes.items():
        if hunks is None:
            alone.append(Group((), (key,)))
        else:
            groups.setdefault(hunks, []).append(key)
    found = [Group(hunks, tuple(keys)) for hunks, keys in groups.items()]
    return [*sorted(found, key=lambda group: -len(group.keys)), *alone]


def _unnumbered(row: diffing.Row) -> diffing.Row:
    return row._replace(old_no=None, new_no=None)


def _lines(document: Mapping[str, Any] | None) -> Counter[str]:
    if not document:
        return Counter()
    template = document["template"]
    texts = [template] if isinstance(template, str) else [one["content"] for one in template]
    return Counter(line for text in texts for line in text.splitlines())


def _on_one_side(old: Counter[str], new: Counter[str]) -> int:
    """Lines that only one of two documents has: no diff shows fewer."""
    return (old - new).total() + (new - old).total()


def _length(document: Mapping[str, Any] | None) -> int:
    if not document:
        return 0
    template = document["template"]
    if isinstance(template, str):
        return len(template)
    return sum(len(message["content"]) for message in template)
