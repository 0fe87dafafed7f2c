"""Which policy covers a prompt and label today, and what a pinned policy version says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Q

from approvals.models import Policy, PolicyVersion
from approvals.policies import PolicyRules, UnreadablePolicy
from approvals.policies import read as read_document
from approvals.policies.document import LEVELS
from audit.compiled import CompiledQuery
from registry.models import Label, Prompt


@dataclass(frozen=True)
class Match:
    """A policy version and its rules, or the sentence that says why there is none."""

    version: PolicyVersion | None = None
    rules: PolicyRules | None = None
    problem: str = ""


@dataclass(frozen=True)
class PolicyBook:
    """All policy versions that may be asked, read in one query."""

    current: tuple[Match, ...]
    versions: dict[int, Match]

    @classmethod
    def read(cls) -> PolicyBook:
        """Policies in force by position, and every version by primary key."""
        return cls.of(all_versions())

    @classmethod
    def of(cls, rows: list[PolicyVersion]) -> PolicyBook:
        """The book of `all_versions` that were read already."""
        versions = {version.pk: _match(version) for version in rows}
        policies = {version.policy_id: version.policy for version in rows}
        lacking = [policy.pk for policy in policies.values() if policy.current_id is None]
        lost = _once_in_force(lacking) if lacking else set()
        in_force = [
            versions.get(policy.current_id or 0)
            or Match(problem=f"The policy {policy.name} has no version.")
            for policy in sorted(policies.values(), key=lambda policy: policy.position)
            if policy.current_id is not None or policy.pk in lost
        ]
        return cls(tuple(in_force), versions)

    def replacing(self, version: PolicyVersion, position: int | None = None) -> PolicyBook:
        """The book as it were with a proposed version in force, at a position where it is new."""
        match = _match(version)
        rows = Policy.objects.exclude(current=None).order_by("position")
        places = {row.pk: (row.position, row.current_id or 0) for row in rows}
        old = places.get(version.policy_id, (version.policy.position, 0))[0]
        places[version.policy_id] = (old if position is None else position, 0)
        ordered = sorted(places.values())
        current = tuple(self.versions[pk] if pk else match for _, pk in ordered)
        return PolicyBook(current, {**self.versions, version.pk: match})

    def match(
        self,
        *,
        prompt: str,
        label: str,
        tags: Iterable[str] = (),
        data_class: str = "internal",
        level: str | None = None,
    ) -> Match:
        """The first policy in force that covers them; one that cannot be read stops the search.

        `level` is the risk, None while it is not known: then no policy that begins at one applies.
        """
        for match in self.current:
            if match.rules is None:
                return match
            if match.rules.covers(
                label=label, prompt=prompt, tags=tags, data_class=data_class, level=level
            ):
                return match
        return Match(
            problem=f"No policy covers {prompt} on {label}. A governance owner can add one."
        )

    def match_for(self, prompt: Prompt, label: Label, *, level: str | None = None) -> Match:
        """`match` of a prompt that is there, with its tags and data class."""
        return self.match(
            prompt=prompt.name,
            label=label.name,
            tags=prompt.tags,
            data_class=prompt.data_class,
            level=level,
        )

    def may_apply(self, prompt: Prompt | None, labels: Iterable[Label]) -> list[PolicyRules]:
        """The rules that may cover a proposal for one of these labels, whatever its risk is.

        For a prompt that is yet to be made these are all in force.
        """
        if prompt is None:
            return [match.rules for match in self.current if match.rules]
        found = (
            self.match_for(prompt, label, level=level)
            for label in labels
            for level in (None, *LEVELS)
        )
        return [match.rules for match in found if match.rules]

    def pinned(self, pk: int | None) -> Match:
        """The policy version pinned at submission; an empty match before that."""
        if pk is None:
            return Match()
        return self.versions.get(pk) or Match(problem="The policy at submission cannot be read.")


all_versions = CompiledQuery[PolicyVersion](
    lambda: PolicyVersion.objects.select_related("policy").order_by("pk")
)


def _once_in_force(policies: list[int]) -> set[int]:
    """Policies that had a version in force: of the set-up, or through a change that was decided.

    Without a current version these are damaged, and stop the search; one that was only proposed
    is not there yet.
    """
    versions = PolicyVersion.objects.filter(policy__in=policies)
    done = versions.filter(Q(requests=None) | Q(requests__state="released"))
    return set(done.values_list("policy_id", flat=True))


def _match(version: PolicyVersion) -> Match:
    name = f"{version.policy.name} {version.number}"
    rules, problem = _read(version.document, name)
    return Match(version, rules, problem)


@lru_cache(maxsize=256)
def _read(document: str, name: str) -> tuple[PolicyRules | None, str]:
    try:
        return read_document(document, name=name), ""
    except UnreadablePolicy as error:
        return None, f"The policy {name} cannot be read ({error}). A governance owner can mend it."
