"""What an emergency release may pass over, and what it never may.

Whatever is not in `NEVER_BYPASSED` is passed over by name: the release says which requirements
did not hold, and the review after the fact asks about each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from approvals.policies.facts import Facts
from approvals.policies.requirements import Requirement, Status, unmet

#: no emergency helps here: nobody knows the rules (policy), the label is moved by hand, the content
#: may go nowhere (recalled, erased, archived), nobody looked for risks, something critical was
#: found, or it was written against something else than what is live
NEVER_BYPASSED = ("policy", "protected", "content", "scan", "risk", "base")


def allows_emergency(facts: Facts) -> bool:
    """Whether the policy at submission and the policy today both know emergency releases."""
    policies = (facts.pinned, facts.current)
    return all(rules is not None and rules.emergency for rules in policies)


def in_the_way(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """What has to hold even in an emergency and does not."""
    return tuple(rule for rule in unmet(requirements) if rule.code in NEVER_BYPASSED)


def bypassed(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """What an emergency release at this moment would pass over."""
    return tuple(rule for rule in unmet(requirements) if rule.code not in NEVER_BYPASSED)


def is_passable(facts: Facts, requirements: Iterable[Requirement]) -> bool:
    """Whether an emergency release may happen now; never for an empty list."""
    rules = list(requirements)
    return bool(rules) and allows_emergency(facts) and not in_the_way(rules)


def as_released(facts: Facts, requirements: list[Requirement]) -> list[Requirement]:
    """The list of a change that was released in an emergency: what it passed over says so."""
    return [
        replace(
            rule,
            status=Status.BYPASSED,
            sentence="It was not met when this was released in an emergency.",
            who=(),
            not_who=(),
            remedy="",
        )
        if rule.code in facts.bypassed
        else rule
        for rule in requirements
    ]
