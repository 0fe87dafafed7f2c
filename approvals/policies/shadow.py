"""What automatic approval in shadow mode would have done, were it in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from approvals.policies.document import PolicyRules
from approvals.policies.evaluate import evaluate
from approvals.policies.facts import Facts
from approvals.policies.requirements import is_approvable, is_automatic


def would_have(facts: Facts, at: datetime) -> bool:
    """Whether only the shadow mode of a policy keeps this change from passing without people."""
    policies = [rules for rules in (facts.pinned, facts.current) if rules is not None]
    if not any(p.automatic is not None and p.automatic.mode == "shadow" for p in policies):
        return False
    rules = evaluate(
        replace(facts, pinned=_in_force(facts.pinned), current=_in_force(facts.current)), at
    )
    return is_automatic(rules) and is_approvable(rules)


def _in_force(rules: PolicyRules | None) -> PolicyRules | None:
    if rules is None or rules.automatic is None:
        return rules
    on = rules.automatic.model_copy(update={"mode": "on"})
    return rules.model_copy(update={"automatic": on})
