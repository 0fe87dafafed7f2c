"""What governance owners decide needs: the same kind of list as for a prompt, over its own facts.

- base                (a policy) it was written from what is in force
- position            (a policy) no other policy stands where it is to be asked
- protected           (a label) it is protected, so that there is something to take away
- sign_off:governance another governance owner approves it: not its author, and nobody whose own
                      change it would let pass (in single-owner mode, which every page and entry
                      of the audit log names, its author may)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from approvals.policies.requirements import ROLE, Requirement, Status, Who

SIGN_OFF = "sign_off:governance"


@dataclass(frozen=True, kw_only=True)
class GovernedFacts:
    """What governance owners decide, at one moment.

    `unblocked` are those whose own changes it would let pass, with the numbers of these changes
    that others know of.
    """

    ended: bool
    author: tuple[int, str]
    governance: tuple[tuple[int, str], ...]
    approvals: tuple[tuple[int, str], ...] = ()
    unblocked: dict[int, tuple[int, ...]] = field(default_factory=dict)
    single_owner: bool = False


@dataclass(frozen=True, kw_only=True)
class PolicyFacts(GovernedFacts):
    """One change of a policy."""

    name: str
    in_force: str
    based_on_digest: str
    in_force_digest: str
    position_taken_by: str


@dataclass(frozen=True, kw_only=True)
class UnprotectFacts(GovernedFacts):
    """One request to un-protect a label."""

    label: str
    protected: bool


def evaluate_policy(facts: PolicyFacts) -> list[Requirement]:
    """All requirements of one change of a policy; pure, and the same for every viewer."""
    return [_base(facts), _position(facts), _sign_off(facts)]


def evaluate_unprotect(facts: UnprotectFacts) -> list[Requirement]:
    """All requirements of one request to un-protect a label; pure, the same for every viewer."""
    return [_protected(facts), _sign_off(facts)]


def barred(facts: GovernedFacts) -> dict[int, str]:
    """Governance owners who cannot decide, each with why: "wrote it"."""
    found = {
        pk: f"would let a change of theirs pass{numbered(numbers)}"
        for pk, numbers in facts.unblocked.items()
    }
    if not facts.single_owner:
        found[facts.author[0]] = "wrote it"
    return found


def numbered(numbers: tuple[int, ...]) -> str:
    """Numbers of changes in brackets; nothing where others know of none of them."""
    return f" (number {', '.join(map(str, numbers))})" if numbers else ""


def _protected(facts: UnprotectFacts) -> Requirement:
    title = "The label is protected"
    if facts.ended:
        return Requirement("protected", Status.NOT_APPLICABLE, title, "It has ended.")
    if facts.protected:
        said = f"{facts.label} moves by approved changes only."
        return Requirement("protected", Status.SATISFIED, title, said)
    sentence = f"{facts.label} is not protected any more. Withdraw this."
    return Requirement("protected", Status.UNSATISFIED, title, sentence)


def _base(facts: PolicyFacts) -> Requirement:
    title = "Written from what is in force"
    if facts.ended:
        return Requirement("base", Status.NOT_APPLICABLE, title, "It has ended.")
    if facts.based_on_digest == facts.in_force_digest:
        said = f"{facts.in_force} is in force." if facts.in_force else "It is new."
        return Requirement("base", Status.SATISFIED, title, said)
    sentence = f"{facts.in_force} came into force meanwhile. Propose it again from there."
    return Requirement("base", Status.UNSATISFIED, title, sentence)


def _position(facts: PolicyFacts) -> Requirement:
    title = "Its place is free"
    if facts.ended:
        return Requirement("position", Status.NOT_APPLICABLE, title, "It has ended.")
    if not facts.position_taken_by:
        return Requirement("position", Status.SATISFIED, title, "No other policy stands there.")
    sentence = f"{facts.position_taken_by} stands there. Propose it again at another position."
    return Requirement("position", Status.UNSATISFIED, title, sentence)


def _sign_off(facts: GovernedFacts) -> Requirement:
    title = "Another governance owner approves it"
    if facts.single_owner:
        title = "A governance owner approves it (single-owner mode)"
    out = barred(facts)
    names = dict(facts.governance)
    given = [name for pk, name in facts.approvals if pk in names and pk not in out]
    if given:
        return Requirement(SIGN_OFF, Status.SATISFIED, title, f"{' and '.join(given)} approved it.")
    able = tuple(Who(pk, name) for pk, name in facts.governance if pk not in out)
    not_who = tuple(Who(pk, names[pk], why) for pk, why in out.items() if pk in names)
    if able:
        sentence = "One more sign-off needed."
        return Requirement(SIGN_OFF, Status.UNSATISFIED, title, sentence, who=able, not_who=not_who)
    owners = tuple(Who(pk, name) for pk, name in facts.governance)
    return Requirement(
        SIGN_OFF,
        Status.UNSATISFIED,
        title,
        "Nobody else may decide this. Appoint one more governance owner, who then can.",
        who=owners,
        not_who=not_who,
        remedy=ROLE,
    )
