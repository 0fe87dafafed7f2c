"""What a replay counts, and the words in which it tells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

#: more refused texts than this part of all ends the replay as failed
REFUSED_LIMIT = 0.02


@dataclass(frozen=True)
class Expected:
    """What production has to serve of a prompt: the SHA-256 of the last accepted text's UTF-8."""

    name: str
    digest: str | None


@dataclass
class Tally:
    """Counts of a replay, what a rule refused, and what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    versions: int = 0

    def refuse(self, rule: str, prompt: str, commit: str) -> None:
        """Count a text that a named rule refused, with its commit."""
        self.rules[rule] += 1
        told = commit if commit.isprintable() else ascii(commit)
        self.refusals.append(f"refused: {rule}  {prompt}  commit {told}")

    @property
    def refused_too_many(self) -> bool:
        """Whether more texts were refused than a replay may bear."""
        return self.rules.total() > REFUSED_LIMIT * self.versions

    def lines(self) -> list[str]:
        """Return the counts as lines for people."""
        counts = self.counts
        told = [
            f"versions: {self.versions}, prompts: {counts['prompts']}",
            f"released: {counts['released']} ({counts['automatic']} without people, "
            f"{counts['votes']} votes), rolled back: {counts['rolled_back']}, "
            f"unchanged: {counts['unchanged']}, done before: {counts['before']}",
        ]
        told += [f"refused: {rule}: {number}" for rule, number in sorted(self.rules.items())]
        if not self.rules:
            told.append("refused: none")
        if self.refused_too_many:
            told.append(f"refused: over 2 % of {self.versions} versions")
        told.append(f"format none, because it does not parse: {counts['format_none']}")
        return told
