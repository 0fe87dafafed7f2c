"""What changed between two documents, section by section, and of which kind the change is."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from approvals.matched import Search, identities, messages_of, split
from approvals.merging import merge
from approvals.textdiff import (
    Gap,
    Outline,
    Stretch,
    changed_words,
    collapse,
    lines,
    visible,
)
from approvals.textwords import Effort, Part, Row
from registry.documents import interface, sections
from registry.matching import pairs

__all__ = [
    "Effort",
    "Gap",
    "Outline",
    "Part",
    "Row",
    "Section",
    "SectionDiff",
    "Stretch",
    "change_kind",
    "changed_words",
    "collapse",
    "document_diff",
    "document_outline",
    "lines",
    "revision_kind",
    "visible",
]

#: steps of work to hold two changes together
STEPS = 3_000_000

_CONTENT = ("type", "template_format", "model_settings", "tools", "response_format")


@dataclass(frozen=True)
class Section:
    """One part of two documents, held together by line; `renamed` where it is new, gone or of
    another role."""

    title: str
    path: str
    renamed: bool
    outline: Outline


@dataclass(frozen=True)
class SectionDiff:
    """One part of a document: its rows, whether anything changed, and how many words did."""

    title: str
    path: str
    rows: list[Row]
    changed: bool
    count: int


def change_kind(
    old_doc: Mapping[str, Any] | None, new_doc: Mapping[str, Any]
) -> Literal["NO_CHANGE", "WORDING", "INTERFACE_CHANGE", "MODEL_CHANGE"]:
    """Return the weightiest kind of change; without a base there is no caller to break: WORDING."""
    if old_doc is None:
        return "WORDING"
    if _json(interface(old_doc)) != _json(interface(new_doc)):
        return "INTERFACE_CHANGE"
    if _json(old_doc["model_settings"]) != _json(new_doc["model_settings"]):
        return "MODEL_CHANGE"
    return "NO_CHANGE" if old_doc["template"] == new_doc["template"] else "WORDING"


def revision_kind(
    old_base: Mapping[str, Any] | None,
    old: Mapping[str, Any],
    new_base: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    *,
    described_anew: bool = False,
    another_model: bool = False,
) -> Literal[
    "NO_CHANGE", "TRIVIAL_REBASE", "METADATA_ONLY", "WORDING", "INTERFACE_CHANGE", "MODEL_CHANGE"
]:
    """Of which kind the step is from one revision (old on old_base) to a later one (new on
    new_base).

    What the whole request does to callers and model is asked first, against what is live.
    `described_anew`: rationale or provenance differ; `another_model`: its model revision does.
    TRIVIAL_REBASE says that the very same change was put onto another base without a conflict and
    without anything by hand: it asks the documents, never who typed them.
    """
    whole = change_kind(new_base, new)
    if whole in ("INTERFACE_CHANGE", "MODEL_CHANGE"):
        return whole
    if another_model:
        return "MODEL_CHANGE"
    if _same_content(old_base, new_base):
        if not _same_content(old, new):
            return "WORDING"
        return "METADATA_ONLY" if described_anew else "NO_CHANGE"
    moved = old_base is not None and new_base is not None
    trivial = moved and _is_put_onto(old_base, old, new_base, new)
    return "TRIVIAL_REBASE" if trivial else "WORDING"


def _is_put_onto(
    old_base: Mapping[str, Any] | None,
    old: Mapping[str, Any],
    new_base: Mapping[str, Any] | None,
    new: Mapping[str, Any],
) -> bool:
    """Whether new is what the merge makes of it, and differs from its base as old did."""
    merged = merge(old_base, new_base, old)
    if merged.conflicts or not _same_content(merged.body, new):
        return False
    search = Search(STEPS)
    return _normalised(old_base or {}, old, search) == _normalised(new_base or {}, new, search)


def _normalised(base: Mapping[str, Any], new: Mapping[str, Any], search: Search) -> list[Any]:
    """The change without its place: lines taken away and put in, message by message."""
    changed = [[key, _json(base.get(key)), _json(new[key])] for key in _CONTENT]
    found: list[Any] = [change for change in changed if change[1] != change[2]]
    if new["type"] == "text":
        return found + _hunks(split(base["template"]), split(new["template"]), search)
    before, after = messages_of(base), messages_of(new)
    partner_of = {n: o for o, n in search.pairs(identities(before), identities(after)).items()}
    kept = set(partner_of.values())
    found += [["gone", message] for at, message in enumerate(before) if at not in kept]
    for at, message in enumerate(after):
        if at not in partner_of:
            found.append(["new", message])
            continue
        was = before[partner_of[at]]
        hunks = _hunks(split(was["content"]), split(message["content"]), search)
        if hunks or was["role"] != message["role"]:
            found.append([was["role"], message["role"], hunks])
    return found


def _hunks(old: Sequence[str], new: Sequence[str], search: Search) -> list[Any]:
    found: list[Any] = []
    old_at = new_at = 0
    for old_end, new_end in [*search.same(old, new).items(), (len(old), len(new))]:
        if (old_at, new_at) != (old_end, new_end):
            found.append([old[old_at:old_end], new[new_at:new_end]])
        old_at, new_at = old_end + 1, new_end + 1
    return found


def _same_content(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return one["template"] == other["template"] and all(
        _json(one[key]) == _json(other[key]) for key in _CONTENT
    )


def _json(value: Any) -> str:
    """A value as JSON: Python takes true for 1, and a caller does not."""
    return json.dumps(value, sort_keys=True)


def document_diff(
    old_doc: Mapping[str, Any] | None, new_doc: Mapping[str, Any]
) -> list[SectionDiff]:
    """Return the diff of every section of two documents; without a base everything is added.

    All sections share one effort, so that a chat of many messages takes no longer than one text.
    """
    effort = Effort()
    return [
        _section_diff(section, effort) for section in document_outline(old_doc, new_doc, effort)
    ]


def document_outline(
    old_doc: Mapping[str, Any] | None, new_doc: Mapping[str, Any], effort: Effort
) -> Iterator[Section]:
    """Yield every section of two documents, of which rows are made only where they are wanted."""
    for before, after in _partners(_parts(old_doc), _parts(new_doc), effort):
        if not _is_quiet(before, after):
            yield _section(before, after, effort)


def _is_quiet(before: "_Part | None", after: "_Part | None") -> bool:
    """The template's format is only worth a section of its own where it changed."""
    part = before or after
    return part is not None and part.path == "format" and (before is None or before == after)


class _Part(NamedTuple):
    path: str
    title: str
    text: str


def _parts(document: Mapping[str, Any] | None) -> list[_Part]:
    if document is None:
        return []
    parts = [_Part(s.path, s.title, s.text) for s in sections(document)]
    return [*parts, _Part("format", "Template format", document["template_format"])]


def _partners(
    old: Sequence[_Part], new: Sequence[_Part], effort: Effort
) -> Iterator[tuple[_Part | None, _Part | None]]:
    """Pair the sections: settings by their path, messages in order of their content."""
    old_names, new_names = ([_identity(part) for part in parts] for parts in (old, new))
    partner_of = {
        new_at: old_at
        for old_at, new_at in pairs(old_names, new_names, effort.lines)
        if _group(old[old_at]) == _group(new[new_at])
    }
    paired = set(partner_of.values())
    lone = [at for at in range(len(old)) if at not in paired]
    for new_at, part in enumerate(new):
        old_at = partner_of.get(new_at)
        while old_at is not None and lone and lone[0] < old_at:
            yield old[lone.pop(0)], None
        yield (None if old_at is None else old[old_at]), part
    for at in lone:
        yield old[at], None


def _group(part: _Part) -> str:
    return "message" if part.path.startswith("messages[") else part.path


def _identity(part: _Part) -> str:
    role = part.title.split(" ", 1)[0]
    return f"{role}\0{part.text}" if _group(part) == "message" else part.path


def _section(old: _Part | None, new: _Part | None, effort: Effort) -> Section:
    shown = new or old
    if shown is None:
        raise ValueError("a section has at least one side")
    title, renamed = shown.title, False
    if old is None or new is None:
        renamed = True
    elif old.title.split(" ")[0] != new.title.split(" ")[0]:
        title, renamed = f"{old.title} → {new.title}", True
    outline = Outline(old.text if old else "", new.text if new else "", effort)
    return Section(title, shown.path, renamed, outline)


def _section_diff(section: Section, effort: Effort) -> SectionDiff:
    rows, count = section.outline.all_rows(effort)
    changed = section.renamed or any(row.kind != "same" for row in rows)
    return SectionDiff(section.title, section.path, rows, changed, count)
