"""The change itself as far as a mail may show it: the page's diff, shortened and covered up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals import diffing, scanning
from approvals.mail.texts import may_quote, unlinked
from approvals.models import ApprovalRequest, Finding
from registry.models import Prompt

CONTEXT = 2
MOST_ROWS, MOST_IN_ROW = 60, 400
#: larger documents are not compared while a mail waits
MOST_CHARACTERS = 200_000
ON_THE_PAGE = "The change itself is on the page."


@dataclass(frozen=True)
class Line:
    """A line of the diff; `sign` is "+", "-" or " ", and a fold has pieces but no sign."""

    sign: str
    pieces: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.pieces)


@dataclass(frozen=True)
class Part:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Shown:
    """The parts that changed, or the sentence that says why they are not here."""

    parts: tuple[Part, ...] = ()
    instead: str = ""


def shown(change: ApprovalRequest) -> Shown:
    """What changed, where data class and confidentiality let it travel; else where to read it."""
    prompt, version, base = change.prompt, change.version, change.base_version
    assert prompt is not None and version is not None  # noqa: PT018,S101  # a CHECK says so
    if not may_quote(prompt):
        return Shown(instead=_why_not(prompt))
    if version.is_erased or (base is not None and base.is_erased):
        return Shown(instead="The text was erased, so there is nothing to compare.")
    if len(version.document or "") + len(base.document or "" if base else "") > MOST_CHARACTERS:
        return Shown(instead=f"The text is too long for a mail. {ON_THE_PAGE}")
    findings = list(change.scan.findings.all()) if change.scan else []
    old = _covered(base.body, []) if base else None
    parts = _parts(diffing.document_diff(old, _covered(version.body, findings)))
    if not parts:
        return Shown(instead=f"What changed is covered here. {ON_THE_PAGE}")
    return Shown(parts)


def _why_not(prompt: Prompt) -> str:
    if prompt.confidential:
        return f"This prompt is confidential, so no mail quotes it. {ON_THE_PAGE}"
    return f"Its data class is {prompt.data_class}, so no mail quotes it. {ON_THE_PAGE}"


def _covered(body: Mapping[str, Any], findings: Sequence[Finding]) -> dict[str, Any]:
    """The document with every secret and personal datum in it named, not shown."""
    template = body["template"]
    covered = {key: _deeply(value) for key, value in body.items()}
    if isinstance(template, str):
        covered["template"] = _cover(template, findings, "template")
    else:
        covered["template"] = [
            {**message, "content": _cover(message["content"], findings, f"messages[{n}].content")}
            for n, message in enumerate(template)
        ]
    return covered


def _cover(text: str, findings: Sequence[Finding], path: str) -> str:
    own = [finding for finding in findings if finding.path == path]
    return unlinked(scanning.redact(text, own))


def _deeply(value: Any) -> Any:
    if isinstance(value, str):
        return unlinked(scanning.redact(value))
    if isinstance(value, list):
        return [_deeply(item) for item in value]
    if isinstance(value, dict):
        return {_deeply(key): _deeply(item) for key, item in value.items()}
    return value


def _parts(sections: Sequence[diffing.SectionDiff]) -> tuple[Part, ...]:
    left = MOST_ROWS
    parts: list[Part] = []
    for section in sections:
        if not section.changed:
            continue
        rows = list(diffing.collapse(section.rows, context=CONTEXT))
        lines = [_line(row) for row in rows[:left]]
        if len(rows) > left:
            lines.append(_fold(f"{len(rows) - left} more lines are on the page"))
        left = max(0, left - len(rows))
        parts.append(Part(section.title, tuple(lines)))
    return tuple(parts)


def _line(row: diffing.Row | diffing.Gap) -> Line:
    if isinstance(row, diffing.Gap):
        return _fold(f"{row.count} lines unchanged")
    pieces: list[tuple[str, str]] = []
    left = MOST_IN_ROW
    for part in row.parts:
        text = part.text if len(part.text) <= left else part.text[: max(0, left)] + "…"
        if left > 0:
            pieces.append((part.kind, diffing.visible(text)))
        left -= len(part.text)
    return Line({"add": "+", "del": "-", "same": " "}[row.kind], tuple(pieces))


def _fold(words: str) -> Line:
    return Line("", (("same", f"… {words} …"),))
