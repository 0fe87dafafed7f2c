"""Three-way merge: what an author changed in a base, put onto what became of that base meanwhile.

Texts are merged by line as diff3 does: where only one side changed a stretch its lines stand, where
both changed it alike they stand once, and all else is a conflict that a person has to resolve.
Messages of a chat are held together first, then merged one by one. Model settings are merged by
key; tools, response format and template format are one value each. What the search leaves unmatched
when its work is done counts as changed, so that a merge ends in a conflict rather than in a guess.

Free libraries for this are either under the GPL (merge3) or no longer maintained (three-merge).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.matched import Search, identities, messages_of, split
from registry.documents import Document, build

#: steps of work for one merge
STEPS = 3_000_000

#: lines that stand in a text to be edited, around each side of a conflict
LIVE, BETWEEN, MINE = "<<<<<<< live", "=======", ">>>>>>> this change"
#: the line above a message of one side, where both sides changed which messages there are
LIVE_MESSAGE, MY_MESSAGE = "<<<<<<< message that is live", ">>>>>>> message of this change"
_MARKS = (LIVE, BETWEEN, MINE, LIVE_MESSAGE, MY_MESSAGE)

_WHOLE = ("template_format", "tools", "response_format")
_NOTHING: dict[str, Any] = {
    "template": None,
    "template_format": None,
    "model_settings": {},
    "tools": [],
    "response_format": None,
}
_ABSENT = object()


@dataclass(frozen=True)
class Conflict:
    """A place that both sides changed: the lines of the base and of each side.

    `path` is that of the section in the merged document, `line` counts from 1 in its text.
    """

    path: str
    base: tuple[str, ...]
    live: tuple[str, ...]
    mine: tuple[str, ...]
    line: int = 1


@dataclass(frozen=True)
class Merge:
    """The merged body; with conflicts it is for editing: marked lines, or mine of a setting."""

    body: dict[str, Any]
    conflicts: tuple[Conflict, ...] = ()


def merge(
    base: Mapping[str, Any] | None,
    live: Mapping[str, Any] | None,
    mine: Mapping[str, Any],
    *,
    steps: int = STEPS,
) -> Merge:
    """Put the change from base to mine onto live; no base or nothing live counts as empty."""
    sides = (base or _NOTHING, live or _NOTHING, mine)
    search = Search(steps)
    conflicts: list[Conflict] = []
    body: dict[str, Any] = {"v": 1, "type": mine["type"], "variables": []}
    if mine["type"] == "chat":
        body["template"] = _merged_messages(sides, search, conflicts)
    else:
        texts = [str(side["template"] or "") for side in sides]
        body["template"], found = merged_text(texts[0], texts[1], texts[2], search)
        conflicts += [_at(conflict, "template") for conflict in found]
    for key in _WHOLE:
        values = [side[key] for side in sides]
        body[key] = _one_of(values, key, conflicts)
    body["model_settings"] = _merged_settings(sides, conflicts)
    return Merge(body, tuple(conflicts))


def document_of(body: Mapping[str, Any], *, max_bytes: int) -> Document:
    """The document of a merged body; raises the refusals of `registry.documents.build`."""
    return build(
        type=body["type"],
        template=body["template"],
        template_format=body["template_format"],
        model_settings=body["model_settings"],
        tools=body["tools"],
        response_format=body["response_format"],
        max_bytes=max_bytes,
    )


def marks_left(body: Mapping[str, Any], *sides: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The marks of conflicts that still stand in a text, more often than in any of the sides."""
    known: Counter[str] = Counter()
    for side in sides:
        known |= _marks(side or {})
    left = _marks(body) - known
    return tuple(mark for mark in _MARKS if left[mark])


# -- texts ----------------------------------------------------------------------------------


def merged_text(base: str, live: str, mine: str, search: Search) -> tuple[str, list[Conflict]]:
    """Merge three texts by line; in the text the two sides of each conflict stand between marks."""
    out: list[str] = []
    conflicts: list[Conflict] = []
    line, end = 1, _end_of(mine, live)
    for stretch in _stretches(split(base), split(live), split(mine), search):
        chosen = _choose(*stretch)
        if chosen is None:
            sides = [tuple(side) for side in stretch]
            conflicts.append(Conflict("", sides[0], sides[1], sides[2], line))
            chosen = _marked(stretch[1], stretch[2], end)
        out += chosen
        line += len(chosen)
    return "".join(out), conflicts


def _stretches(
    base: list[str], live: list[str], mine: list[str], search: Search
) -> Iterator[tuple[list[str], list[str], list[str]]]:
    """Lines of the three that belong together: each that stands in all, and what lies between."""
    in_live, in_mine = search.same(base, live), search.same(base, mine)
    for here, held in _anchored(len(base), len(live), len(mine), in_live, in_mine):
        parts = [side[part] for side, part in zip((base, live, mine), here, strict=True)]
        if any(parts):
            yield parts[0], parts[1], parts[2]
        if held is not None:
            line = [base[held[0]]]
            yield line, line, line


_Slices = tuple[slice, slice, slice]


def _anchored(
    base: int, live: int, mine: int, in_live: Mapping[int, int], in_mine: Mapping[int, int]
) -> Iterator[tuple[_Slices, tuple[int, int, int] | None]]:
    """What lies before each item that all three have, and that item; None after the last one."""
    at = (0, 0, 0)
    for index in range(base):
        if index in in_live and index in in_mine:
            held = (index, in_live[index], in_mine[index])
            yield _between(at, held), held
            at = (held[0] + 1, held[1] + 1, held[2] + 1)
    yield _between(at, (base, live, mine)), None


def _between(start: tuple[int, int, int], end: tuple[int, int, int]) -> _Slices:
    return slice(start[0], end[0]), slice(start[1], end[1]), slice(start[2], end[2])


def _choose(base: list[Any], live: list[Any], mine: list[Any]) -> list[Any] | None:
    """The side that changed, or what both changed alike; None where they differ."""
    if live == mine or base == mine:
        return live
    return mine if base == live else None


def _marked(live: Sequence[str], mine: Sequence[str], end: str) -> list[str]:
    """Both sides between marks; a last line without a line end gets one."""
    sides = [
        [line if line.endswith(("\r", "\n")) else line + end for line in side]
        for side in (live, mine)
    ]
    return [LIVE + end, *sides[0], BETWEEN + end, *sides[1], MINE + end]


def _end_of(mine: str, live: str) -> str:
    """The first line end of a text; LF where it has none, or where a CR would not stay one.

    Before an empty line that ends in LF a CR would become part of that line's end.
    """
    found = re.search(r"\r\n|\r|\n", mine or live)
    end = found[0] if found else "\n"
    return "\n" if end == "\r" and "\n" in mine + live else end


# -- messages -------------------------------------------------------------------------------


def _merged_messages(
    sides: Sequence[Mapping[str, Any]], search: Search, conflicts: list[Conflict]
) -> list[dict[str, str]]:
    base, live, mine = (messages_of(side) for side in sides)
    names = identities(base), identities(live), identities(mine)
    in_live, in_mine = search.pairs(names[0], names[1]), search.pairs(names[0], names[2])
    out: list[dict[str, str]] = []
    for here, held in _anchored(len(base), len(live), len(mine), in_live, in_mine):
        around = base[here[0]], live[here[1]], mine[here[2]]
        chosen = _choose(*around)
        if chosen is None:
            told = [tuple(map(_told, messages)) for messages in around]
            conflicts.append(Conflict(f"messages[{len(out)}]", told[0], told[1], told[2]))
            chosen = _both(around[1], around[2])
        out += chosen
        if held is not None:
            three = base[held[0]], live[held[1]], mine[held[2]]
            out.append(_merged_message(three, len(out), search, conflicts))
    return out


def _merged_message(
    three: tuple[dict[str, str], dict[str, str], dict[str, str]],
    number: int,
    search: Search,
    conflicts: list[Conflict],
) -> dict[str, str]:
    roles = [message["role"] for message in three]
    role = _one_of(roles, f"messages[{number}].role", conflicts)
    texts = [message["content"] for message in three]
    content, found = merged_text(texts[0], texts[1], texts[2], search)
    conflicts += [_at(conflict, f"messages[{number}].content") for conflict in found]
    return {"role": role, "content": content}


def _both(live: list[dict[str, str]], mine: list[dict[str, str]]) -> list[dict[str, str]]:
    """The messages of both sides, each under a line that says whose it is."""
    said = [(LIVE_MESSAGE, message) for message in live]
    said += [(MY_MESSAGE, message) for message in mine]
    return [{**message, "content": f"{mark}\n{message['content']}"} for mark, message in said]


def _told(message: Mapping[str, str]) -> str:
    return f"{message['role']}: {message['content']}"


# -- values ---------------------------------------------------------------------------------


def _merged_settings(
    sides: Sequence[Mapping[str, Any]], conflicts: list[Conflict]
) -> dict[str, Any]:
    settings = [dict(side["model_settings"] or {}) for side in sides]
    out: dict[str, Any] = {}
    for key in dict.fromkeys(key for one in settings for key in one):
        values = [one.get(key, _ABSENT) for one in settings]
        chosen = _one_of(values, f"model_settings.{key}", conflicts)
        if chosen is not _ABSENT:
            out[key] = chosen
    return out


def _one_of(values: Sequence[Any], path: str, conflicts: list[Conflict]) -> Any:
    """The value of the side that changed it; mine, with a conflict, where both did."""
    base, live, mine = (_text(value) for value in values)
    chosen = _choose([base], [live], [mine])
    if chosen is None:
        lines = [tuple(split(text)) for text in (base, live, mine)]
        conflicts.append(Conflict(path, lines[0], lines[1], lines[2]))
    return values[1] if chosen == [live] else values[2]


def _text(value: Any) -> str:
    """A value as its JSON, in which true is not 1; nothing at all is an empty text."""
    if value is _ABSENT:
        return ""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def _at(conflict: Conflict, path: str) -> Conflict:
    return Conflict(path, conflict.base, conflict.live, conflict.mine, conflict.line)


def _marks(body: Mapping[str, Any]) -> Counter[str]:
    template = body.get("template")
    texts = [template] if isinstance(template, str) else [m["content"] for m in messages_of(body)]
    lines = (line.rstrip("\r\n") for text in texts for line in split(text))
    return Counter(line for line in lines if line in _MARKS)
