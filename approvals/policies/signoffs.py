"""Sign-offs: which votes count, for which sign-off, and why others do not.

A vote counts when all of this holds:

- it approves, and it is the newest vote of that person on this request
- it was given on this revision, this content, this base and this provenance
- the risk is no higher than the voter saw
- the person is active, holds `review` on the prompt and still is in the role voted for
- the person contributed nothing to the content (a suggestion may be allowed, see `policies`)
- it is signed, where the policy asks for a signature at this risk
- it answers the policy's checklist for its role
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from approvals.policies.document import LEVELS, PolicyRules, SignOff, Stage, level_rank
from approvals.policies.facts import Facts, Person, Vote
from approvals.policies.remedies import is_impossible, remedy_for
from approvals.policies.requirements import Requirement, Status, Who

#: how a signature begins in `auth_method`: the voter proved anew who they are, for this vote
SIGNED = "signature:"
TAKEN_BACK = "take_back"


def latest_votes(facts: Facts) -> list[Vote]:
    """The newest vote of each person, in the order given; none of who took theirs back."""
    newest: dict[int, Vote] = {}
    for vote in sorted(facts.votes, key=lambda v: v.id):
        newest[vote.person_id] = vote
    standing = (vote for vote in newest.values() if vote.decision != TAKEN_BACK)
    return sorted(standing, key=lambda v: v.id)


def why_not_counted(facts: Facts, vote: Vote, rules: PolicyRules) -> str:
    """Empty when the approval counts; else the words after "no longer counts, because"."""
    if vote.revision != facts.revision or vote.content_digest != facts.content_digest:
        return "a newer revision replaced what was seen"
    if vote.base_digest != facts.base_digest:
        return "it was compared with something else"
    if vote.provenance_digest != facts.provenance_digest:
        return "where the content comes from changed"
    if facts.scan is not None and level_rank(facts.scan.level) > level_rank(vote.risk_level):
        return f"the risk rose from {vote.risk_level} to {facts.scan.level}"
    return (
        why_not_eligible(facts, vote.person_id, vote.role, rules)
        or why_not_signed(facts, vote, rules)
        or why_not_answered(vote, rules)
    )


def why_not_eligible(facts: Facts, person_id: int, role: str, rules: PolicyRules) -> str:
    """Empty when the person may sign off in `role` now."""
    if person_id in _excluded(facts, rules):
        return f"this person {facts.contributors[person_id]}"
    person = next((p for p in facts.reviewers if p.id == person_id), None)
    if person is None:
        return "this person may not review this prompt any more"
    if role not in person.roles:
        return f"this person is not in the role {role} any more"
    return ""


def signature_asked(rules: PolicyRules, level: str) -> bool:
    """Whether a vote at this risk has to be signed."""
    signature = rules.signature
    if signature is None:
        return False
    return signature.from_level is None or level_rank(level) >= level_rank(signature.from_level)


def why_not_signed(facts: Facts, vote: Vote, rules: PolicyRules) -> str:
    """Empty when the vote is signed as the policy asks at this risk."""
    signature = rules.signature
    if signature is None or not signature_asked(rules, level_of(facts)):
        return ""
    if not vote.auth_method.startswith(SIGNED) or vote.auth_at is None:
        return "it is not signed"
    if vote.at - vote.auth_at > timedelta(minutes=signature.minutes):
        return f"its signature was older than {signature.minutes} minutes"
    return ""


def why_not_answered(vote: Vote, rules: PolicyRules) -> str:
    """Empty when the vote answers the policy's checklist for its role."""
    checklist = rules.checklist(vote.role)
    if checklist is None:
        return ""
    asked = {question.key for question in checklist.questions}
    return "" if asked <= set(vote.answers) else f"it does not answer “{checklist.title}”"


def _excluded(facts: Facts, rules: PolicyRules) -> set[int]:
    """Who contributed and so cannot sign; below high risk a suggestion may not count as that."""
    everybody = set(facts.contributors)
    if not rules.suggesters_may_sign or level_rank(level_of(facts)) >= level_rank("high"):
        return everybody
    return everybody - facts.suggesters


def has_a_hand(facts: Facts, person_id: int) -> bool:
    """Whether this person contributed, as a policy in force counts it, and so casts no vote."""
    if person_id not in facts.contributors:
        return False
    policies = [rules for rules in (facts.pinned, facts.current) if rules is not None]
    return not policies or any(person_id in _excluded(facts, rules) for rules in policies)


def level_of(facts: Facts) -> str:
    """The risk that rules are chosen by; low until the scan is there, which blocks by itself."""
    return facts.scan.level if facts.scan else LEVELS[0]


def counted(facts: Facts, rules: PolicyRules) -> list[Vote]:
    """The approvals that count now.

    That of a suggester counts only beside one of somebody who contributed nothing.
    """
    votes = [
        vote
        for vote in latest_votes(facts)
        if vote.decision == "approve" and not why_not_counted(facts, vote, rules)
    ]
    if all(vote.person_id in facts.contributors for vote in votes):
        return []
    return votes


def eligible(facts: Facts, sign_off: SignOff, rules: PolicyRules) -> list[Person]:
    """Who could give this sign-off now, whether or not they already have."""
    out, roles = _excluded(facts, rules), set(sign_off.roles)
    return [p for p in facts.reviewers if p.id not in out and p.roles & roles]


def applying(facts: Facts, stage: Stage) -> list[SignOff]:
    """The sign-offs of a stage that this prompt and risk ask for, optional ones included."""
    level = level_of(facts)
    return [s for s in stage.sign_offs if s.applies(level, facts.prompt)]


def open_sign_offs(facts: Facts, rules: PolicyRules) -> list[SignOff]:
    """Those that may be given now: of the stages up to the first that lacks one."""
    found: list[SignOff] = []
    votes = counted(facts, rules)
    for stage in rules.stages:
        asked = applying(facts, stage)
        found += asked
        if not all(_is_given(sign_off, votes) for sign_off in asked):
            break
    return found


def sign_offs(facts: Facts, rules: PolicyRules, *, waived: bool) -> Iterator[Requirement]:
    """One requirement a sign-off of the policy; `waived` when nobody needs to look."""
    votes = counted(facts, rules)
    waits_for = ""
    for stage in rules.stages:
        asked = applying(facts, stage)
        for sign_off in stage.sign_offs:
            code = f"sign_off:{sign_off.key}"
            if waived:
                sentence = f"Low risk: {rules.name} lets it pass without people."
                yield Requirement(code, Status.NOT_APPLICABLE, sign_off.title, sentence)
            elif sign_off not in asked:
                yield Requirement(
                    code, Status.NOT_APPLICABLE, sign_off.title, _not_asked(facts, sign_off)
                )
            elif sign_off.quorum == 0:
                yield _optional(facts, rules, sign_off, code, votes)
            else:
                yield _asked(facts, rules, sign_off, code, votes, waits_for)
        if not waits_for and not all(_is_given(sign_off, votes) for sign_off in asked):
            waits_for = stage.title


def _not_asked(facts: Facts, sign_off: SignOff) -> str:
    level = level_of(facts)
    if not sign_off.applies(level, facts.prompt) and sign_off.names:
        from_all = sign_off.model_copy(update={"names": ()})
        if from_all.applies(level, facts.prompt):
            return "Not asked for under this name."
    return f"Not asked for at {level} risk."


def _optional(
    facts: Facts, rules: PolicyRules, sign_off: SignOff, code: str, votes: list[Vote]
) -> Requirement:
    own = [vote for vote in votes if vote.role in sign_off.roles]
    signed = {vote.person_id for vote in own}
    given = f"{_given(facts, own)}. " if own else ""
    return Requirement(
        code,
        Status.NOT_APPLICABLE,
        sign_off.title,
        f"{given}Optional: nobody waits for it.",
        who=tuple(
            Who(p.id, p.name) for p in eligible(facts, sign_off, rules) if p.id not in signed
        ),
    )


def _is_given(sign_off: SignOff, votes: list[Vote]) -> bool:
    own = [vote for vote in votes if vote.role in sign_off.roles]
    roles = {vote.role for vote in own}
    enough = len(roles) >= sign_off.distinct_roles or sign_off.quorum == 0
    return len(own) >= sign_off.quorum and enough


def _asked(
    facts: Facts,
    rules: PolicyRules,
    sign_off: SignOff,
    code: str,
    kept: list[Vote],
    waits_for: str,
) -> Requirement:
    votes = [vote for vote in kept if vote.role in sign_off.roles]
    roles = {vote.role for vote in votes}
    people = eligible(facts, sign_off, rules)
    title = f"{len(votes)} of {sign_off.quorum} {_noun(sign_off)}"
    notes = tuple(_dropped(facts, rules, sign_off, kept))
    if _is_given(sign_off, votes):
        return Requirement(code, Status.SATISFIED, title, f"{_given(facts, votes)}.", notes=notes)
    signed = {vote.person_id for vote in votes}
    able = [p for p in people if p.id not in signed]
    if is_impossible(sign_off, votes, able):
        kind, who, sentence = remedy_for(facts, sign_off, votes, able, _excluded(facts, rules))
        return Requirement(
            code, Status.UNSATISFIED, title, sentence, who=who, notes=notes, remedy=kind
        )
    if waits_for:
        return Requirement(
            code,
            Status.UNSATISFIED,
            title,
            f"Asked for once “{waits_for}” is complete.",
            not_who=tuple(_barred(facts, rules, sign_off)),
            notes=notes,
        )
    sentence = f"{_given(facts, votes)}. " if votes else ""
    missing = max(sign_off.quorum - len(votes), 1)
    sentence += f"{missing} more sign-off{'' if missing == 1 else 's'} needed."
    if sign_off.distinct_roles > 1 and votes and len(roles) < sign_off.distinct_roles:
        sentence += " The next one has to be in another role."
        able = [p for p in able if (p.roles & set(sign_off.roles)) - roles] or able
    return Requirement(
        code,
        Status.UNSATISFIED,
        title,
        sentence,
        who=tuple(Who(p.id, p.name) for p in able),
        not_who=tuple(_barred(facts, rules, sign_off)),
        notes=notes,
    )


def _given(facts: Facts, votes: list[Vote]) -> str:
    return ", ".join(
        f"approval of {v.person} kept from revision {v.kept_from}"
        if v.copied
        else f"{v.person} approved v{facts.version_number}"
        for v in votes
    )


def _noun(sign_off: SignOff) -> str:
    if len(sign_off.roles) == 1:
        return f"{sign_off.roles[0]} reviewer{'s' if sign_off.quorum > 1 else ''}"
    if sign_off.quorum == 1:
        return "reviewer"
    return "reviewers in different roles" if sign_off.distinct_roles > 1 else "reviewers"


def _barred(facts: Facts, rules: PolicyRules, sign_off: SignOff) -> Iterator[Who]:
    out = _excluded(facts, rules)
    for person in facts.reviewers:
        if person.id in out and person.roles & set(sign_off.roles):
            yield Who(person.id, person.name, facts.contributors[person.id])


def _dropped(
    facts: Facts, rules: PolicyRules, sign_off: SignOff, kept: list[Vote]
) -> Iterator[str]:
    known = {vote.id for vote in kept}
    for vote in latest_votes(facts):
        if vote.decision == "approve" and vote.role in sign_off.roles and vote.id not in known:
            why = why_not_counted(facts, vote, rules) or (
                "somebody who contributed nothing has to approve as well"
            )
            yield f"The approval of {vote.person} no longer counts, because {why}."


def changes_requested(facts: Facts) -> Requirement:
    """A wish for changes stands until that person votes again or a governance owner lifts it.

    Were it to lapse with a permission or a role, whoever may take those away could lift it.
    """
    wishes = [vote for vote in latest_votes(facts) if vote.decision == "request_changes"]
    standing = [vote for vote in wishes if not vote.lifted_by]
    title = "No changes asked for"
    if standing:
        names = " and ".join(vote.person for vote in standing)
        return Requirement(
            "changes_requested",
            Status.UNSATISFIED,
            title,
            f"{names} asked for changes; a new vote by the same person settles it.",
            who=tuple(Who(vote.person_id, vote.person) for vote in standing),
        )
    if wishes:
        lifted = " and ".join(f"{vote.lifted_by} lifted that of {vote.person}" for vote in wishes)
        return Requirement("changes_requested", Status.OVERRIDDEN, title, f"{lifted}.")
    return Requirement("changes_requested", Status.SATISFIED, title, "Nobody asks for changes.")
