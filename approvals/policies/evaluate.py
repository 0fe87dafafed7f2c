"""`evaluate`: every rule between a change and its release, each with a sentence.

The list, in the order in which a person reads it:

- policy            a policy covers this prompt and label, and can be read
- protected         (where it is not any more) the label is protected: else nothing is released
                    there by a change
- content           the version is neither recalled nor erased, the prompt not archived
- scan              the risk scan finished for exactly this content
- risk              nothing critical was found
- staging           the version was tried, long enough, on the label that this one promotes from
- check:<name>      test evidence from a pinned source
- ticket            the change ticket is named
- sign_off:<key>    the sign-offs of the policy at submission and of the policy today
- changes_requested nobody's wish for changes still stands
- threads           every thread is resolved
- expiry            it was submitted recently enough
- base              it is based on what is live
- hold              the prompt is not on hold after a rollback
- suspended         the label is not suspended for this prompt
- freeze            (at the release only) no freeze window is on
- schedule          (at the release only) the planned time has come
- release_manager   (at the release only) a release manager presses Release
- change_set        (at the release only) a set that goes out as a whole is released as one
- auto:<blocker>    (for approval without people only) the blockers of automatic approval
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from approvals.policies import timing
from approvals.policies.automatic import automatic_rules
from approvals.policies.document import PolicyRules
from approvals.policies.emergency import as_released
from approvals.policies.evidence import evidence
from approvals.policies.facts import Facts
from approvals.policies.requirements import Requirement, Status, Who, is_automatic, worse
from approvals.policies.signoffs import changes_requested, sign_offs
from approvals.policies.together import change_set

#: states in which nobody was asked yet
BEFORE_PEOPLE = frozenset({"draft", "scanning"})
#: states whose list only tells how it was
ENDED = frozenset({"released", "rejected", "withdrawn"})
MET, UNMET, NO = Status.SATISFIED, Status.UNSATISFIED, Status.NOT_APPLICABLE


def evaluate(facts: Facts, at: datetime) -> list[Requirement]:
    """All requirements of one request at `at`; pure, and the same for every viewer.

    With a policy at submission and another today, both are asked and the stricter answer
    stands: tightening bites at once, loosening never helps what is under way.
    """
    policies = _policies(facts)
    found = [_policy(facts), *_protected(facts), _content(facts), _scan(facts), _risk(facts)]
    found += _merged(timing.staging(facts, rules, at) for rules in policies)
    proof = _merged(rule for p in policies for rule in evidence(facts, p, at))
    found += [rule for rule in proof if rule.code != "threads"]
    automatic = _merged(rule for p in policies for rule in automatic_rules(facts, p, at))
    # Once people were asked, only they can answer: what would have let it pass may change.
    waivable = facts.automatic or facts.state in BEFORE_PEOPLE
    asked = any(vote.decision != "approve" for vote in facts.votes)
    waived = waivable and is_automatic(automatic) and not asked
    found += _merged(rule for p in policies for rule in sign_offs(facts, p, waived=waived))
    found.append(changes_requested(facts))
    found += [rule for rule in proof if rule.code == "threads"]
    found += _merged(timing.expiry(facts, rules, at) for rules in policies)
    found += [_base(facts), _hold(facts), _suspended(facts)]
    found += _merged(timing.freeze(facts, rules, at) for rules in policies)
    found.append(timing.schedule(facts, at))
    found += _merged(_release_manager(facts, rules) for rules in policies)
    found += change_set(facts)
    found += automatic
    return as_released(facts, found) if facts.state == "released" and facts.bypassed else found


def _policies(facts: Facts) -> list[PolicyRules]:
    found = [rules for rules in (facts.pinned, facts.current) if rules is not None]
    return found[:1] if len(found) == 2 and found[0] == found[1] else found


def _merged(rules: Iterator[Requirement] | list[Requirement]) -> list[Requirement]:
    """One line a code, the stricter answer of the policies asked."""
    by_code: dict[str, Requirement] = {}
    for rule in rules:
        by_code[rule.code] = worse(by_code[rule.code], rule) if rule.code in by_code else rule
    return list(by_code.values())


def _policy(facts: Facts) -> Requirement:
    if facts.policy_problem:
        who = tuple(Who(pk, name) for pk, name in facts.governance)
        return Requirement(
            "policy", Status.ERROR, "A policy covers it", facts.policy_problem, who=who
        )
    names = [rules.name for rules in _policies(facts)]
    if not names:
        return Requirement("policy", Status.ERROR, "A policy covers it", "No policy was found.")
    sentence = f"Policy {names[0]}."
    if len(names) == 2:
        sentence = f"{names[0]} at submission and {names[1]} today both have to be met."
    return Requirement("policy", MET, "A policy covers it", sentence)


def _protected(facts: Facts) -> list[Requirement]:
    if facts.label_protected or facts.state in ENDED:
        return []
    sentence = (
        f"{facts.label} is not protected any more, so no change is released there: place the "
        "version by hand, and withdraw this."
    )
    return [Requirement("protected", UNMET, "The label is protected", sentence)]


def _content(facts: Facts) -> Requirement:
    title = "The content may be used"
    if facts.recalled:
        return Requirement("content", UNMET, title, "This version is recalled. Propose another.")
    if facts.erased:
        return Requirement("content", UNMET, title, "This content is erased. Propose another.")
    if facts.archived:
        return Requirement("content", UNMET, title, "The prompt is archived.")
    return Requirement("content", MET, title, f"v{facts.version_number} is whole.")


def _scan(facts: Facts) -> Requirement:
    title = "Risk scan finished"
    if facts.scan is not None:
        new = facts.scan.new
        found = f"{new} new finding{'' if new == 1 else 's'}"
        return Requirement("scan", MET, title, f"{facts.scan.score} points, {found}.")
    if facts.scan_failed:
        return Requirement(
            "scan",
            Status.ERROR,
            title,
            "The scan failed three times. The author or a governance owner can start it again.",
        )
    if facts.state == "draft":
        return Requirement("scan", UNMET, title, "It starts when the change is submitted.")
    return Requirement("scan", UNMET, title, "The scan is running.")


def _risk(facts: Facts) -> Requirement:
    title = "Nothing critical found"
    if facts.scan is None:
        return Requirement("risk", UNMET, title, "Known when the scan has finished.")
    if facts.scan.level == "critical":
        return Requirement(
            "risk", UNMET, title, "Something critical was found. Write a version without it."
        )
    return Requirement("risk", MET, title, f"The risk is {facts.scan.level}.")


def _base(facts: Facts) -> Requirement:
    title = "Based on what is live"
    if facts.state in ENDED:
        return Requirement("base", NO, title, "It has ended; what is live may have moved since.")
    live = f"v{facts.live_number}" if facts.live_number else "nothing"
    if facts.base_digest == facts.live_digest:
        return Requirement("base", MET, title, f"{live} is live, unchanged since.")
    base = f"v{facts.base_number}" if facts.base_number else "nothing"
    return Requirement(
        "base",
        UNMET,
        title,
        f"It was compared with {base}, but {live} is live now. Its author, or anyone who may "
        "propose here, can bring it up to date.",
    )


def _hold(facts: Facts) -> Requirement:
    title = "Not on hold"
    if facts.state in ENDED:
        return Requirement("hold", NO, title, "It has ended; a hold is for what comes next.")
    if facts.hold is None:
        return Requirement("hold", MET, title, "Nothing holds it.")
    return Requirement(
        "hold",
        UNMET,
        title,
        f"On hold since {facts.hold.by} rolled back on {facts.hold.since:%d %b %H:%M} UTC.",
        who=tuple(Who(pk, name) for pk, name in facts.undoers),
    )


def _suspended(facts: Facts) -> Requirement:
    title = "Not suspended"
    if facts.state in ENDED:
        return Requirement("suspended", NO, title, "It has ended.")
    if not facts.suspended:
        return Requirement("suspended", MET, title, f"{facts.label} serves this prompt.")
    return Requirement(
        "suspended",
        UNMET,
        title,
        f"{facts.label} is suspended for this prompt and has to be resumed first.",
        who=tuple(Who(pk, name) for pk, name in facts.undoers),
    )


def _release_manager(facts: Facts, rules: PolicyRules) -> Requirement:
    title = "A release manager releases it"
    if not rules.release_manager:
        return Requirement(
            "release_manager", NO, title, "The policy does not ask for one.", "release"
        )
    people = tuple(Who(pk, name) for pk, name in facts.release_managers)
    if facts.released_by is not None and facts.released_by in {p.id for p in people}:
        return Requirement(
            "release_manager", MET, title, "A release manager pressed Release.", "release"
        )
    return Requirement(
        "release_manager",
        UNMET,
        title,
        "A release manager has to press Release.",
        "release",
        who=people,
    )
