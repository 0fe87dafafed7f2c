"""The values that scanners work with: rules, hits, findings and the report of one scan."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple, Protocol

CATEGORIES = ("pii", "secrets", "toxicity", "injection", "template")
# A text that breaks one rule more often than this is no better described by more findings.
MOST_HITS = 50
SEVERITIES = ("low", "moderate", "high", "critical")


@dataclass(frozen=True)
class Rule:
    """What a scanner looks for and what it tells the author; confidence is 0 to 100."""

    id: str
    severity: str
    confidence: int
    title: str
    explanation: str
    remedy: str

    @property
    def category(self) -> str:
        """The part of the id before its dot, one of CATEGORIES."""
        return self.id.split(".", 1)[0]


class Hit(NamedTuple):
    """A rule that matched a stretch of one text; offsets count code points."""

    rule: Rule
    start: int
    end: int


@dataclass(frozen=True)
class Context:
    """What a scanner may know about a text besides the text."""

    template_format: str = "none"
    variables: tuple[str, ...] = ()


class Found(Protocol):
    """What scoring, comparing and excerpts need of a finding, fresh from a scan or stored."""

    @property
    def category(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(frozen=True)
class Finding:
    """One hit in one section of a document; it holds no part of the text itself."""

    category: str
    rule: str
    severity: str
    confidence: int
    path: str
    start: int
    end: int
    explanation: str
    remedy: str


class Points(NamedTuple):
    """One line of a score's breakdown; the points of all lines add up to the score."""

    label: str
    points: int


@dataclass(frozen=True)
class Report:
    """The outcome of one scan, pure in the document and the rule set; digest is SHA-256 hex."""

    findings: tuple[Finding, ...]
    score: int
    level: str
    breakdown: tuple[Points, ...]
    ruleset: str
    digest: str


def report_digest(
    ruleset: str,
    score: int,
    level: str,
    breakdown: Iterable[Sequence[Any]],
    findings: Iterable[Finding],
) -> str:
    """Return the SHA-256 (hex) of a whole report, fresh or stored: every field of every finding."""
    value = [
        ruleset,
        score,
        level,
        [list(line) for line in breakdown],
        [list(astuple(finding)) for finding in findings],
    ]
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
