"""What can be done about a sign-off that nobody could give, and by whom.

Nobody grants themselves anything, so whoever is named here has somebody else to grant it to: a
manager of the prompt, or else a governance owner who sees it. Where no permission would help,
because nobody else is in the role, a governance owner puts another person into it.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from approvals.policies.document import SignOff
from approvals.policies.facts import Facts, Person, Vote
from approvals.policies.requirements import GRANT, ROLE, Who


def is_impossible(sign_off: SignOff, votes: Sequence[Vote], able: Sequence[Person]) -> bool:
    """Whether no choice of roles by those who could still sign meets it."""
    if len(votes) + len(able) < sign_off.quorum:
        return True
    roles = {v.role for v in votes} | {r for p in able for r in p.roles if r in sign_off.roles}
    return len(roles) < sign_off.distinct_roles


def remedy_for(
    facts: Facts,
    sign_off: SignOff,
    votes: Sequence[Vote],
    able: Sequence[Person],
    excluded: Set[int],
) -> tuple[str, tuple[Who, ...], str]:
    """The remedy, who can bring it about, and the sentence that says so."""
    roles = " or ".join(sign_off.roles)
    may_review = {person.id for person in facts.reviewers}
    others = [
        person
        for person in facts.people
        if person.roles & set(sign_off.roles) and person.id not in (excluded | may_review)
    ]

    def helps(granter: int) -> bool:
        granted = [*able, *(person for person in others if person.id != granter)]
        return not is_impossible(sign_off, votes, granted)

    for granters, words in (
        (facts.managers, "Somebody who manages the prompt"),
        (facts.governance_here, "A governance owner"),
    ):
        who = tuple(Who(pk, name) for pk, name in granters if helps(pk))
        if who:
            sentence = (
                f"Nobody who may sign this is left. {words} can grant review to a person in "
                f"{roles}."
            )
            return GRANT, who, sentence
    sentence = (
        f"Nobody who may sign this is left. A governance owner can put another person into {roles}."
    )
    return ROLE, tuple(Who(pk, name) for pk, name in facts.governance), sentence
