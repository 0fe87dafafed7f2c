"""What a policy would have done with a change, were it in force and its automatic approval on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from approvals.policies.document import PolicyRules
from approvals.policies.evaluate import evaluate
from approvals.policies.facts import Facts
from approvals.policies.requirements import Requirement, is_approvable, is_automatic


@dataclass(frozen=True)
class Shadow:
    """Whether a change would have passed without people, and otherwise the codes against it."""

    passes: bool
    against: tuple[str, ...]


def in_shadow(facts: Facts) -> PolicyRules | None:
    """The policy in force that only notes what would have passed: today's before the pinned."""
    for rules in (facts.current, facts.pinned):
        if rules is not None and rules.automatic is not None and rules.automatic.mode == "shadow":
            return rules
    return None


def under(facts: Facts, rules: PolicyRules) -> Facts:
    """The same facts, had these rules been in force since before the change was submitted."""
    return replace(facts, pinned=rules, current=rules, policy_problem="")


def would_have(facts: Facts, at: datetime) -> Shadow:
    """How the policies of these facts would have judged, with their shadow mode off."""
    rules = evaluate(replace(facts, pinned=_on(facts.pinned), current=_on(facts.current)), at)
    if is_automatic(rules) and is_approvable(rules):
        return Shadow(passes=True, against=())
    return Shadow(passes=False, against=tuple(_against(rules)))


def _on(rules: PolicyRules | None) -> PolicyRules | None:
    if rules is None or rules.automatic is None:
        return rules
    on = rules.automatic.model_copy(update={"mode": "on"})
    return rules.model_copy(update={"automatic": on})


def _against(rules: list[Requirement]) -> list[str]:
    """What stood in its way; sign-offs are asked for only because something else did."""
    blocking = [rule.code for rule in rules if rule.blocks and rule.kind != "release"]
    first = [code for code in blocking if not code.startswith("sign_off:")]
    return first or blocking
