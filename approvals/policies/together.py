"""A change of a set that goes out as a whole is released with all the others, never alone.

- change_set  (at the release only) the whole set is released now
"""

from __future__ import annotations

from approvals.policies.facts import Facts, SetFacts
from approvals.policies.requirements import Requirement, Status

ENDED = frozenset({"released", "rejected", "withdrawn"})


def change_set(facts: Facts) -> list[Requirement]:
    """The one line of a member of a whole set; no line for any other change."""
    if facts.change_set is None:
        return []
    title = "Goes out with its change set"
    if facts.state in ENDED:
        status, sentence = Status.NOT_APPLICABLE, "It has ended."
    elif facts.change_set.together:
        status, sentence = Status.SATISFIED, f"{_goes(facts.change_set)}, all at once."
    else:
        status, sentence = Status.UNSATISFIED, _not_alone(facts.change_set)
    return [Requirement("change_set", status, title, sentence, "release")]


def _not_alone(others: SetFacts) -> str:
    goes = _goes(others)
    if others.ended:
        was = "1 of them was" if others.ended == 1 else f"{others.ended} of them were"
        return f"{goes}; {was} rejected or withdrawn. Withdraw the set and propose it anew without."
    if others.waiting:
        are = "1 of them is" if others.waiting == 1 else f"{others.waiting} of them are"
        return f"{goes}; {are} not ready."
    return f"{goes}, from the page of the set."


def _goes(others: SetFacts) -> str:
    count = "the 1 other" if others.others == 1 else f"the {others.others} others"
    return f"Goes out with {count} of its change set"
