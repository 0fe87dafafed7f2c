"""Short quotations of what was found, in which no secret and no personal datum can be read."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from approvals.scanning import pii, secrets
from approvals.scanning.findings import Context, Found
from registry.documents import sections

AROUND = 30
LONGEST = 120
ROUNDS = 20
NOT_SHOWN = "[not shown]"

_VARIABLES = frozenset({pii.VARIABLE.id, pii.SENSITIVE_VARIABLE.id})
_TITLES = {rule.id: rule.title for rule in (*pii.RULES, *secrets.RULES)}
_SPACE = re.compile(r"\s+")
_HEAD = re.compile(r"[^\s\"'`<>(){}\[\],;]{0,200}\Z")
_TAIL = re.compile(r"[^\s\"'`<>(){}\[\],;]{0,500}")


class _Cover(NamedTuple):
    start: int
    end: int
    title: str


def excerpt(finding: Found, document: Mapping[str, Any]) -> str:
    """Return one line of text around a finding, with secrets and personal data named, not shown."""
    return excerpts([finding], document)[0]


def excerpts(findings: Sequence[Found], document: Mapping[str, Any]) -> list[str]:
    """Return the excerpt of each finding, in order; cheaper than asking for each on its own."""
    texts = {section.path: section.text for section in sections(document)}
    covers = {path: _covers(texts.get(path, ""), findings, path) for path in _paths(findings)}
    return [_excerpt(f, texts.get(f.path, ""), covers[f.path]) for f in findings]


def redact(text: str, findings: Sequence[Found] = (), path: str = "") -> str:
    """Return a whole text with every secret and personal datum in it named, not shown.

    `findings` of an earlier scan at `path` of its document are covered as well.
    """
    covers = _covers(text, findings, path)
    # A scan stops after so many hits of one rule, so what is left is looked at again.
    for _ in range(ROUNDS):
        before, text = text, _without(text, covers)
        if text == before:
            return text
        covers = _covers(text, (), "")
    return NOT_SHOWN


def _without(text: str, covers: Sequence[_Cover]) -> str:
    shown: list[str] = []
    at = 0
    for cover in covers:
        shown.append(f"{text[at : cover.start]}[{cover.title}]")
        at = cover.end
    return "".join([*shown, text[at:]])


def _paths(findings: Sequence[Found]) -> set[str]:
    return {finding.path for finding in findings}


def _covers(text: str, findings: Sequence[Found], path: str) -> list[_Cover]:
    """Return the stretches that must not be shown, each widened to the whole words around it."""
    # Stored findings count too: the rules that made them may have changed since.
    found = [(f.start, f.end, f.rule) for f in findings if f.path == path and _is_hidden(f)]
    context = Context()
    for hit in chain(secrets.scan(text, context), pii.scan(text, context)):
        if hit.rule.id not in _VARIABLES:
            found.append((hit.start, hit.end, hit.rule.id))
    merged: list[_Cover] = []
    for start, end, title in sorted(_widened(text, *item) for item in found):
        if merged and start < merged[-1].end:
            last = merged.pop()
            start, end, title = last.start, max(end, last.end), last.title
        merged.append(_Cover(start, end, title))
    return merged


def _is_hidden(finding: Found) -> bool:
    return finding.category in {"pii", "secrets"} and finding.rule not in _VARIABLES


def _widened(text: str, start: int, end: int, rule: str) -> _Cover:
    before = _HEAD.search(text[max(0, start - 200) : start])
    after = _TAIL.match(text, end)
    title = _TITLES.get(rule, "hidden")
    return _Cover(
        start - len(before.group() if before else ""), after.end() if after else end, title
    )


def _excerpt(finding: Found, text: str, covers: Sequence[_Cover]) -> str:
    if finding.start >= len(text):
        return ""
    first, last = finding.start, min(finding.end, finding.start + LONGEST)
    first, last = max(0, first - AROUND), min(len(text), last + AROUND)
    inside = [cover for cover in covers if cover.start < last and cover.end > first]
    shown: list[str] = []
    at = first
    for cover in inside:
        shown.append(f"{text[at : max(at, cover.start)]}[{cover.title}]")
        at = cover.end
    shown.append(text[at : max(at, last)])
    first = min([first, *(cover.start for cover in inside)])
    line = _SPACE.sub(" ", "".join(shown)).strip()
    return f"{'…' if first else ''}{line}{'…' if max(at, last) < len(text) else ''}"
