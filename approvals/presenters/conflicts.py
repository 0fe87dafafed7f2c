"""Where what is live and a change touch the same lines, in words and with all three sides."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from approvals.merging import Conflict

_TITLES = {
    "template": "Text",
    "template_format": "How variables are written",
    "tools": "Tools",
    "response_format": "Response format",
}
_MESSAGE = re.compile(r"messages\[(\d+)\](\.role|\.content|)")
#: characters of one side that a page shows
MOST = 4000


@dataclass(frozen=True)
class Side:
    """One of the three texts; `empty` says that there is nothing, `cut` that there is more."""

    title: str
    text: str
    cut: bool = False

    @property
    def empty(self) -> bool:
        return not self.text


@dataclass(frozen=True)
class Place:
    """One conflict: where it is, what to do in the form, and its sides."""

    title: str
    hint: str
    sides: tuple[Side, ...]


def places_of(
    conflicts: Iterable[Conflict], base: int | None, live: int | None
) -> tuple[Place, ...]:
    """The conflicts as a page shows them; `base` and `live` are numbers of versions."""
    titles = (
        f"Before, v{base}" if base else "Before",
        f"Live now, v{live}" if live else "Live now",
        "This change",
    )
    return tuple(_place(conflict, titles) for conflict in conflicts)


def _place(conflict: Conflict, titles: tuple[str, str, str]) -> Place:
    title, hint = _where(conflict)
    texts = ("".join(side) for side in (conflict.base, conflict.live, conflict.mine))
    sides = (
        Side(name, text[:MOST], len(text) > MOST) for name, text in zip(titles, texts, strict=True)
    )
    return Place(title, hint, tuple(sides))


def _where(conflict: Conflict) -> tuple[str, str]:
    marked = "Both stand in the text below, between lines that begin with <<<<<<< and >>>>>>>."
    filled = "That of this change is filled in below."
    if conflict.path == "template":
        return f"Text, line {conflict.line}", marked
    if conflict.path.startswith("model_settings."):
        return f"Model setting {conflict.path.partition('.')[2]}", filled
    message = _MESSAGE.fullmatch(conflict.path)
    if message is None:
        return _TITLES.get(conflict.path, conflict.path), filled
    number, part = int(message[1]) + 1, message[2]
    if part == ".content":
        return f"Message {number}, line {conflict.line}", marked
    if part == ".role":
        return f"Whom message {number} is from", filled
    return (
        f"Messages from number {number} on",
        "Those of both sides stand below, each under a line that says whose it is. Remove those "
        "that should not stay, and these lines.",
    )
