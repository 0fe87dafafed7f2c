"""What has to be there beside people's votes: test evidence, a ticket, resolved threads.

- check:<name>   a result from the pinned source, for this content, young and good enough
- ticket         the change ticket is named, and looks like one
- threads        nothing asked or remarked is left open
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from approvals.policies.document import CheckRule, PolicyRules, level_rank
from approvals.policies.facts import CheckFacts, Facts
from approvals.policies.requirements import Requirement, Status
from approvals.policies.signoffs import level_of

MET, UNMET, NO = Status.SATISFIED, Status.UNSATISFIED, Status.NOT_APPLICABLE


def evidence(facts: Facts, rules: PolicyRules, at: datetime) -> Iterator[Requirement]:
    """The requirements of the list above, for one policy."""
    for rule in rules.checks:
        yield _check(facts, rule, at)
    yield _ticket(facts, rules)
    yield _threads(facts, rules)


def _check(facts: Facts, rule: CheckRule, at: datetime) -> Requirement:
    code = f"check:{rule.name}"
    level = level_of(facts)
    if rule.from_level is not None and level_rank(level) < level_rank(rule.from_level):
        return Requirement(code, NO, rule.title, f"Not asked for at {level} risk.")
    own = [check for check in facts.checks if check.name == rule.name]
    pinned = [check for check in own if check.source == rule.source]
    if not pinned:
        others = tuple(
            f"A result from {check.source} does not count: the policy names {rule.source}."
            for check in own
        )
        sentence = f"No result from {rule.source} for this content yet."
        return Requirement(code, UNMET, rule.title, sentence, notes=others)
    newest = max(pinned, key=lambda check: check.at)
    if newest.status == "error":
        sentence = f"{rule.source} could not run it. Run it again."
        return Requirement(code, Status.ERROR, rule.title, sentence)
    if newest.status != "passed":
        return Requirement(code, UNMET, rule.title, f"{rule.source} says that it failed.")
    if rule.max_age_hours is not None and at - newest.at > timedelta(hours=rule.max_age_hours):
        sentence = f"The result is older than {rule.max_age_hours} hours. Run it again."
        return Requirement(code, UNMET, rule.title, sentence)
    return _measured(code, rule, newest)


def _measured(code: str, rule: CheckRule, check: CheckFacts) -> Requirement:
    said = []
    for bound in rule.thresholds:
        text = check.metrics.get(bound.metric)
        value = _number(text)
        if value is None:
            sentence = f"{rule.source} did not say {bound.metric} as a number."
            return Requirement(code, Status.ERROR, rule.title, sentence)
        if bound.at_least is not None and value < Decimal(bound.at_least):
            sentence = f"{bound.metric} is {text}; at least {bound.at_least} is needed."
            return Requirement(code, UNMET, rule.title, sentence)
        if bound.at_most is not None and value > Decimal(bound.at_most):
            sentence = f"{bound.metric} is {text}; at most {bound.at_most} may be."
            return Requirement(code, UNMET, rule.title, sentence)
        said.append(f"{bound.metric} {text}")
    measured = f" with {', '.join(said)}" if said else ""
    sentence = f"Passed{measured}, by {rule.source} on {check.at:%d %b %H:%M} UTC."
    return Requirement(code, MET, rule.title, sentence)


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _ticket(facts: Facts, rules: PolicyRules) -> Requirement:
    title = "A change ticket is named"
    if rules.ticket is None:
        return Requirement("ticket", NO, title, "The policy asks for no ticket.")
    if not facts.ticket:
        sentence = "The author names it in a revision."
        return Requirement("ticket", UNMET, title, sentence)
    if not rules.ticket.matches(facts.ticket):
        sentence = (
            f"“{facts.ticket}” is not a ticket as the policy writes them ({rules.ticket.pattern})."
        )
        return Requirement("ticket", UNMET, title, sentence)
    return Requirement("ticket", MET, title, f"{facts.ticket}.")


def _threads(facts: Facts, rules: PolicyRules) -> Requirement:
    title = "Every thread is resolved"
    count = len(facts.threads)
    if not rules.threads_resolved:
        left = f" {_many(count)} open." if count else ""
        return Requirement("threads", NO, title, f"The policy does not ask for it.{left}")
    if not count:
        return Requirement("threads", MET, title, "None is open.")
    by = " and ".join(dict.fromkeys(thread.by for thread in facts.threads))
    verb = "is" if count == 1 else "are"
    return Requirement("threads", UNMET, title, f"{_many(count)} by {by} {verb} open.")


def _many(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"
