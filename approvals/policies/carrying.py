"""Whether an approval of an earlier revision is kept for a later one; pure, like all of this room.

It is kept only where all of this holds, and otherwise the code says what is missing:

- interface_change, model_change  callers and model stay, in the whole request
- wording                         nobody edited the text (see `approvals.diffing.revision_kind`)
- policy                          the policy at submission and that of today both list the kind
- high_risk                       the risk is below high
- risk_rose                       and no higher than the voter saw
- not_eligible                    the voter may still sign off in that role
- signature, checklist            it is signed and answered as both policies ask now
"""

from __future__ import annotations

from approvals.policies.document import level_rank
from approvals.policies.facts import Facts, Vote
from approvals.policies.signoffs import why_not_answered, why_not_eligible, why_not_signed

#: code -> the words after "no longer counts, because"
REASONS = {
    "interface_change": "the change touches variables, roles, tools or formats, which is looked "
    "at anew in every revision",
    "model_change": "the change touches the model, which is looked at anew in every revision",
    "wording": "the text was edited since",
    "policy": "the policy does not keep approvals when a change is edited in this way",
    "high_risk": "the risk is high, so every revision is looked at anew",
    "risk_rose": "the risk is higher than it was",
    "not_eligible": "you may not sign it off any more",
    "signature": "the policy asks for a signature that it does not have",
    "checklist": "it does not answer the policy's questions",
}


def why_not_kept(facts: Facts, vote: Vote, kind: str) -> str:
    """Empty when the approval is kept over a change of this kind; else a code of `REASONS`."""
    if kind in ("INTERFACE_CHANGE", "MODEL_CHANGE"):
        return kind.lower()
    if kind == "WORDING":
        return "wording"
    if facts.pinned is None or facts.current is None:
        return "policy"
    policies = (facts.pinned, facts.current)
    if any(kind not in rules.carry_over for rules in policies):
        return "policy"
    if facts.scan is None or level_rank(facts.scan.level) >= level_rank("high"):
        return "high_risk"
    if level_rank(facts.scan.level) > level_rank(vote.risk_level):
        return "risk_rose"
    if any(why_not_eligible(facts, vote.person_id, vote.role, rules) for rules in policies):
        return "not_eligible"
    if any(why_not_signed(facts, vote, rules) for rules in policies):
        return "signature"
    return "checklist" if any(why_not_answered(vote, rules) for rules in policies) else ""
