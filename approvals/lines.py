"""Lines of a document: what stands on one, where it stands in another version, and another text.

A line is named by the path of its section (`registry.documents.sections`) and its number from 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from approvals.textdiff import split
from registry.documents import Document, build, sections
from registry.matching import pairs


class Spot(NamedTuple):
    """One line of one section."""

    path: str
    line: int


def text_at(document: Mapping[str, Any], spot: Spot) -> str | None:
    """What the line says, without its end; None where the document has no such line."""
    for section in sections(document):
        if section.path == spot.path:
            found = split(section.text)
            return found[spot.line - 1].content if 0 < spot.line <= len(found) else None
    return None


def followed(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[Spot, Spot]:
    """Where the lines of a document stand in a later one; a line that changed is not there.

    Messages are matched as one text with their roles, so that a message put in before moves the
    lines of those behind it, and a line that went to another role is gone.
    """
    before, after = _groups(old), _groups(new)
    found: dict[Spot, Spot] = {}
    for group, lines in before.items():
        later = after.get(group, [])
        keys, later_keys = ([line.key for line in side] for side in (lines, later))
        for old_at, new_at in pairs(keys, later_keys):
            was, now = lines[old_at], later[new_at]
            if was.key == now.key and was.spot is not None and now.spot is not None:
                found[was.spot] = now.spot
    return found


def can_be_suggested(path: str) -> bool:
    """Whether lines of this section are text; settings, tools and formats are JSON."""
    return path == "template" or path.startswith("messages[")


def with_line(document: Mapping[str, Any], spot: Spot, text: str, *, max_bytes: int) -> Document:
    """The document with another text on one line of its template; raises its refusals.

    Line ends stay as they are; those inside `text` become like that of the line. An empty text
    takes the line away.
    """
    template = document["template"]
    if isinstance(template, str):
        changed: str | list[dict[str, str]] = _with_line(template, spot.line, text)
    else:
        changed = [dict(message) for message in template]
        for index, message in enumerate(changed):
            if spot.path == f"messages[{index}].content":
                message["content"] = _with_line(message["content"], spot.line, text)
    return build(
        type=document["type"],
        template=changed,
        template_format=document["template_format"],
        model_settings=document["model_settings"],
        tools=document["tools"],
        response_format=document["response_format"],
        max_bytes=max_bytes,
    )


def _with_line(whole: str, number: int, text: str) -> str:
    lines = split(whole)
    index = number - 1
    own = lines[index]
    ends = own.end or (lines[index - 1].end if index else "") or "\n"
    said = [line.content for line in split(text)]
    if text[-1:] in ("\r", "\n"):
        said.append("")
    put = ends.join(said) + own.end if text else ""
    kept = ["".join(line) for line in lines]
    return "".join([*kept[:index], put, *kept[index + 1 :]])


class _Line(NamedTuple):
    key: str
    spot: Spot | None


def _groups(document: Mapping[str, Any]) -> dict[str, list[_Line]]:
    found: dict[str, list[_Line]] = {}
    for section in sections(document):
        if can_be_suggested(section.path):
            # Titles begin with the role; "Template" stands for that of a text prompt.
            role = section.title.split(" ", 1)[0]
            group = found.setdefault("template", [])
            group.append(_Line(f"\0{role}", None))
            group.extend(_lines(section.path, section.text, f"{role}\0"))
        else:
            found[section.path] = list(_lines(section.path, section.text, ""))
    return found


def _lines(path: str, text: str, prefix: str) -> Iterator[_Line]:
    for number, line in enumerate(split(text), 1):
        yield _Line(prefix + line.content, Spot(path, number))
