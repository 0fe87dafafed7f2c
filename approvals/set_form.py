"""What a person typed into the form of a change set, and the pages' words for one edit of many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from django.http import QueryDict

from approvals.replacing import Edit
from registry.documents import with_newlines_of
from registry.numbers import whole

#: lines of patterns, and characters of each, that are read
MOST_PATTERNS, MOST_PATTERN = 100, 255


@dataclass(frozen=True)
class SetForm:
    """Every field as text. `offered` are the prompts that the preview showed, each with the digest
    of what was live there; `picked` those of them that are ticked, by key."""

    label: str = ""
    names: str = ""
    old: str = ""
    new: str = ""
    whole_words: bool = False
    rationale: str = ""
    whole: bool = True
    offered: Mapping[int, str] = field(default_factory=dict)
    picked: frozenset[int] = frozenset()
    previewed: str = ""

    @property
    def edit(self) -> Edit:
        old, new = (with_newlines_of(text, None) for text in (self.old, self.new))
        return Edit(old, new, self.whole_words)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of names, one a line; those that are too long for a name match none."""
        lines = (line.strip() for line in self.names.splitlines())
        return tuple(line for line in lines if 0 < len(line) <= MOST_PATTERN)[:MOST_PATTERNS]

    @property
    def mark(self) -> str:
        """What a preview is of, in one value: another edit needs another look."""
        told = (self.label, self.names, self.old, self.new, str(self.whole_words))
        lines = (with_newlines_of(text, None) for text in told)
        return sha256("\0".join(lines).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def looked(self) -> bool:
        """Whether the preview that the form came with is of this very edit."""
        return self.previewed == self.mark

    def keeps(self, prompt: int) -> bool:
        """Whether a prompt is ticked: each is until somebody takes its tick away."""
        return prompt not in self.offered or prompt in self.picked


def set_form(post: QueryDict) -> SetForm:
    """The form as it was sent; unknown fields are ignored."""
    offered: dict[int, str] = {}
    for one in post.getlist("offered"):
        pk, _, digest = one.partition(":")
        offered[whole(pk) or 0] = digest
    return SetForm(
        label=post.get("label", ""),
        names=post.get("names", ""),
        old=post.get("old", ""),
        new=post.get("new", ""),
        whole_words="whole_words" in post,
        rationale=post.get("rationale", ""),
        whole=post.get("goes", "whole") != "waves",
        offered=offered,
        picked=frozenset(whole(pk) or 0 for pk in post.getlist("pick")),
        previewed=post.get("previewed", ""),
    )
