"""The blockers of approval without people; each is a named requirement of kind "automatic".

- auto:policy       the policy knows an automatic way at all, and it is not only in shadow mode
- auto:level        the risk of the change is at most what the policy says
- auto:score        so are its points
- auto:pii          no personal data, new or standing, and a data class up to internal
- auto:first        the prompt was live on this label before
- auto:interface    callers have nothing to change
- auto:model        model and settings stay
- auto:imported     what is live came through a review, not an import
- auto:rolled_back  no rollback of this prompt within the policy's days
- auto:snippets     no other prompt is made of this one
- auto:words        at most the policy's number of changed words
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256

from approvals.policies.document import PolicyRules, level_rank
from approvals.policies.facts import Facts
from approvals.policies.requirements import Requirement, Status

#: data classes whose content may pass without people
OPEN_DATA = ("public", "internal")


def automatic_rules(facts: Facts, rules: PolicyRules, at: datetime) -> Iterator[Requirement]:
    """All blockers for one policy, in the order of the list above."""
    auto = rules.automatic
    if auto is None:
        yield _rule("policy", False, "The policy allows it", f"{rules.name} always asks people.")
        return
    if auto.mode == "shadow":
        sentence = f"{rules.name} only notes what would have passed."
        yield _rule("policy", False, "The policy allows it", sentence)
    else:
        sentence = f"{rules.name} lets small changes pass."
        yield _rule("policy", True, "The policy allows it", sentence)
    scan, change = facts.scan, facts.change
    low = scan is not None and level_rank(scan.level) <= level_rank(auto.max_level)
    yield _rule(
        "level",
        low,
        "The risk is low enough",
        f"The policy lets {auto.max_level} risk pass; this is "
        f"{scan.level if scan else 'not scanned yet'}.",
    )
    score = scan is not None and scan.score <= auto.max_score
    yield _rule(
        "score",
        score,
        "The score is low enough",
        f"The policy lets {auto.max_score} points pass; this has "
        f"{f'{scan.score} points' if scan else 'none yet'}.",
    )
    yield _pii(facts)
    yield _rule(
        "first",
        not change.first_release,
        "Not the first release",
        "The first release of a prompt is always looked at."
        if change.first_release
        else "It was live before.",
    )
    yield _rule(
        "interface",
        change.kind != "INTERFACE_CHANGE",
        "Callers change nothing",
        "Variables, roles, tools or the response format changed."
        if change.kind == "INTERFACE_CHANGE"
        else "Variables, roles, tools and response format stay.",
    )
    yield _rule(
        "model",
        change.kind != "MODEL_CHANGE",
        "The model stays",
        "Model settings changed." if change.kind == "MODEL_CHANGE" else "Model settings stay.",
    )
    yield _rule(
        "imported",
        not change.imported_unreviewed,
        "Nothing unreviewed from an import",
        "It was imported and nobody reviewed it yet."
        if change.imported_unreviewed
        else "No import waits for its first review.",
    )
    since = at - timedelta(days=auto.rolled_back_days)
    recent = change.rolled_back_at is not None and change.rolled_back_at > since
    yield _rule(
        "rolled_back",
        not recent,
        "No recent rollback",
        f"It was rolled back within {auto.rolled_back_days} days."
        if recent
        else f"No rollback within {auto.rolled_back_days} days.",
    )
    yield Requirement(
        "auto:snippets",
        Status.NOT_APPLICABLE,
        "No prompt is made of it",
        "Prompts do not include one another here.",
        "automatic",
    )
    yield _rule(
        "words",
        change.changed_words <= auto.max_changed_words,
        "A small change",
        f"{change.changed_words} words changed; the policy lets {auto.max_changed_words} pass.",
    )


def _pii(facts: Facts) -> Requirement:
    title = "No personal data"
    if facts.data_class not in OPEN_DATA:
        return _rule("pii", False, title, f"The data class is {facts.data_class}.")
    if facts.scan is None:
        return _rule("pii", False, title, "Known when the scan has finished.")
    if "pii" in facts.scan.categories:
        return _rule("pii", False, title, "The text touches personal data, new or standing.")
    return _rule("pii", True, title, "None found, and none asked for.")


def _rule(code: str, holds: bool, title: str, sentence: str) -> Requirement:
    status = Status.SATISFIED if holds else Status.UNSATISFIED
    return Requirement(f"auto:{code}", status, title, sentence, "automatic")


def sample_percent(facts: Facts) -> int:
    """The share of automatic approvals that is looked at afterwards; of two policies the larger."""
    policies = (facts.pinned, facts.current)
    return max((p.automatic.sample_percent for p in policies if p and p.automatic), default=0)


def in_sample(change: str, percent: int) -> bool:
    """Whether the change of this UUID is in the sample: the same answer for ever, by nobody's
    choice."""
    return int.from_bytes(sha256(change.encode()).digest()[:8], "big") % 100 < percent
