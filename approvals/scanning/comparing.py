"""What a change brings, keeps and takes away: the findings of two documents held together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from approvals.scanning.findings import Found, Points
from approvals.scanning.scoring import score
from registry.documents import sections

F = TypeVar("F", bound=Found)


@dataclass(frozen=True)
class Scanned(Generic[F]):
    """The findings of one scan beside the document they were found in."""

    findings: Sequence[F]
    document: Mapping[str, Any]


class Marked(NamedTuple, Generic[F]):
    """A finding of the new document: new to it, or standing in its base as well."""

    finding: F
    mark: Literal["new", "standing"]


@dataclass(frozen=True)
class Comparison(Generic[F]):
    """The new document's findings with their marks, and those that only its base has."""

    marked: tuple[Marked[F], ...]
    gone: tuple[F, ...]

    @property
    def new(self) -> tuple[F, ...]:
        """The findings that the change brings."""
        return tuple(m.finding for m in self.marked if m.mark == "new")


def compare(new: Scanned[F], base: Scanned[F] | None) -> Comparison[F]:
    """Mark findings by rule and matched text, wherever it stands; one more of the same is new."""
    before = list(zip(_keys(base), base.findings, strict=True)) if base else []
    left = Counter(key for key, _ in before)
    marked: list[Marked[F]] = []
    for key, finding in zip(_keys(new), new.findings, strict=True):
        stands = left[key] > 0
        left[key] -= stands
        marked.append(Marked(finding, "standing" if stands else "new"))
    gone: list[F] = []
    for key, finding in reversed(before):
        if left[key] > 0:
            left[key] -= 1
            gone.append(finding)
    return Comparison(tuple(marked), tuple(reversed(gone)))


def change_score(new: Scanned[F], base: Scanned[F] | None) -> tuple[int, str, tuple[Points, ...]]:
    """Return the score, level and breakdown of the findings that the change brings."""
    return score(compare(new, base).new)


def _keys(scanned: Scanned[F]) -> list[tuple[str, str]]:
    texts = {section.path: section.text for section in sections(scanned.document)}
    return [(f.rule, texts.get(f.path, "")[f.start : f.end]) for f in scanned.findings]
