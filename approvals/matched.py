"""Which items of two documents' parts belong together, within work that all the parts share.

Lines keep their ends, so that nothing of a text is lost or made when they are joined again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from registry.matching import Budget, pairs, runs

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def split(text: str) -> list[str]:
    """The lines of a text with their ends; joined they are the text again."""
    return _LINE.findall(text)


class Search:
    """Steps of work that several searches take together; after them nothing more is matched."""

    def __init__(self, steps: int) -> None:
        self._budget = Budget(steps)

    def same(self, old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
        """Index in old to index in new of equal items that stand in both, in order."""
        if old == new:
            return {at: at for at in range(len(old))}
        if self._budget.spent:
            return {}
        found: dict[int, int] = {}
        old_at = new_at = 0
        for kind, length in runs(old, new, self._budget):
            if kind == "same":
                found.update((old_at + n, new_at + n) for n in range(length))
            old_at += length if kind != "add" else 0
            new_at += length if kind != "del" else 0
        return found

    def pairs(self, old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
        """`same`, and items that replace each other in turn."""
        if old == new:
            return {at: at for at in range(len(old))}
        return {} if self._budget.spent else dict(pairs(old, new, self._budget))


def messages_of(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """The messages of a chat; none of a text."""
    template = document.get("template")
    return list(template) if isinstance(template, list) else []


def identities(messages: Sequence[Mapping[str, str]]) -> list[str]:
    """What messages are matched by: role and text as one."""
    return [f"{message['role']}\0{message['content']}" for message in messages]
