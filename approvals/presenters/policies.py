"""A policy in plain sentences, in the order in which a change meets its rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from approvals.policies import PolicyRules, SignOff
from approvals.policies.document import Automatic, Scope, Threshold
from approvals.policies.timing import minutes
from approvals.policies.windows import Freeze


def sentences(rules: PolicyRules) -> tuple[str, ...]:
    """What a policy covers and asks for, one rule a sentence."""
    return tuple(_sentences(rules))


def _sentences(rules: PolicyRules) -> Iterator[str]:
    yield _scope(rules.scope)
    yield _automatic(rules.automatic)
    many = len(rules.stages) > 1
    for number, stage in enumerate(rules.stages, start=1):
        before = f"Stage {number}, {stage.title}. " if many else ""
        for sign_off in stage.sign_offs:
            yield before + _sign_off(sign_off)
    yield from _evidence(rules)
    yield from _timing(rules)
    if rules.release_manager:
        yield "A release manager has to press Release."
    else:
        yield "Its author, or anyone with the release permission, can release it."
    if rules.carry_over:
        kinds = _or([CARRIED[kind] for kind in rules.carry_over])
        yield f"Approvals are kept over {kinds}."
    if rules.suggesters_may_sign:
        yield (
            "Below high risk somebody who only made a suggestion may sign, beside another person "
            "who contributed nothing."
        )
    if not rules.emergency:
        yield "There is no emergency release."
    yield (
        f"Reviewers have {_count(rules.due_hours, 'hour')}; a review after the fact is due within "
        f"{_count(rules.after_review_hours, 'hour')}."
    )


CARRIED = {
    "NO_CHANGE": "a revision that changes nothing",
    "TRIVIAL_REBASE": "the same change on what is live now",
    "METADATA_ONLY": "a revision that changes only what is said about the content",
}


def _scope(scope: Scope) -> str:
    if not scope.names:
        return "It covers no prompt until names are given to it."
    said = f"It covers prompts named {_globs(scope.names)}, on {_or(scope.labels)}"
    if scope.tags:
        said += f", tagged {_or(scope.tags)}"
    if scope.data_classes:
        said += f", of data class {_or(scope.data_classes)}"
    if scope.min_level:
        said += f", from {scope.min_level} risk"
    return f"{said}."


def _globs(names: Sequence[str]) -> str:
    """Ordered globs in words: a run of those that choose, then "but not" those that take out."""
    said = _or([names[0].removeprefix("!")]) if names[0].startswith("!") else names[0]
    for name in names[1:]:
        said += f", but not {name[1:]}" if name.startswith("!") else f" or {name}"
    return said


def _automatic(auto: Automatic | None) -> str:
    if auto is None:
        return "People always look: nothing passes by itself."
    points = f" and {auto.max_score} points" if auto.max_score < 100 else ""
    said = (
        f"A change passes by itself when its risk is at most {auto.max_level}{points}, at most "
        f"{_count(auto.max_changed_words, 'word')} changed, nothing was rolled back within "
        f"{_count(auto.rolled_back_days, 'day')}, and nothing else stands against it."
    )
    if auto.mode == "shadow":
        said += " For now this is only noted, and people look all the same."
    if auto.sample_percent:
        said += f" Somebody looks at {auto.sample_percent} in 100 of them afterwards."
    return said


def _evidence(rules: PolicyRules) -> Iterator[str]:
    for check in rules.checks:
        bounds = [f"{bound.metric} {' and '.join(_bounds(bound))}" for bound in check.thresholds]
        asked = f", with {_and(bounds)}" if bounds else ""
        age = f", at most {_count(check.max_age_hours, 'hour')} old" if check.max_age_hours else ""
        level = f", from {check.from_level} risk" if check.from_level else ""
        yield f"{check.title}: passed, by {check.source}{asked}{age}{level}."
    if rules.ticket:
        yield f"A change ticket is named, written as {rules.ticket.pattern}."
    if rules.threads_resolved:
        yield "Every thread is resolved."
    if rules.signature:
        level = f" from {rules.signature.from_level} risk" if rules.signature.from_level else ""
        yield (
            "A vote is signed with the password, typed at most "
            f"{_count(rules.signature.minutes, 'minute')} before{level}."
        )
    for checklist in rules.checklists:
        questions = " ".join(question.text for question in checklist.questions)
        yield f"Whoever approves for {checklist.role} answers: {questions}"


def _bounds(bound: Threshold) -> Iterator[str]:
    if bound.at_least is not None:
        yield f"at least {bound.at_least}"
    if bound.at_most is not None:
        yield f"at most {bound.at_most}"


def _timing(rules: PolicyRules) -> Iterator[str]:
    if rules.staging:
        soak = f" for {minutes(rules.staging.minutes)}" if rules.staging.minutes else ""
        yield (
            f"The version must have been tried{soak} on the label that the protected one "
            "promotes from."
        )
    for freeze in rules.freezes:
        yield f"Freeze “{freeze.title}”: nothing is released {_window(freeze)}."
    if rules.expires_days:
        yield (
            f"A change that is not released within {_count(rules.expires_days, 'day')} of its "
            "submission goes back to its author."
        )


def _window(freeze: Freeze) -> str:
    if freeze.start and freeze.end:
        when = f"from {freeze.start.replace('T', ' ')} to {freeze.end.replace('T', ' ')}"
    else:
        days = _and([DAYS[day] for day in freeze.days])
        when = f"on {days} from {freeze.after} to {freeze.before}"
    return f"{when} ({freeze.time_zone})"


DAYS = {
    "mon": "Mondays",
    "tue": "Tuesdays",
    "wed": "Wednesdays",
    "thu": "Thursdays",
    "fri": "Fridays",
    "sat": "Saturdays",
    "sun": "Sundays",
}


def _sign_off(sign_off: SignOff) -> str:
    if sign_off.quorum == 0:
        return f"{sign_off.title}: anybody in {_or(sign_off.roles)} may look, nobody waits for it."
    who = f"{_count(sign_off.quorum, 'person', 'people')} in {_or(sign_off.roles)}"
    if sign_off.distinct_roles > 1:
        who += f", in at least {sign_off.distinct_roles} different roles"
    named = f", for prompts named {_globs(sign_off.names)}" if sign_off.names else ""
    return f"{sign_off.title}: {who}{named}{_levels(sign_off)}."


def _levels(stage: SignOff) -> str:
    if stage.from_level and stage.below_level:
        return f", from {stage.from_level} to below {stage.below_level} risk"
    if stage.from_level:
        return f", from {stage.from_level} risk"
    if stage.below_level:
        return f", below {stage.below_level} risk"
    return ", at every risk level"


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
