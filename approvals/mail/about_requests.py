"""Mail about a request: to those who are asked, to its author, and to the owner on its release."""

from __future__ import annotations

from dataclasses import replace

from approvals.mail.cases import Case as _Case
from approvals.mail.cases import State
from approvals.mail.cases import writer as _writer
from approvals.mail.changes import shown
from approvals.mail.parts import Letter, NotOwed, Words, moment, named
from approvals.mail.texts import one_line
from approvals.models import Review
from approvals.policies import Facts
from approvals.presenters.verbs import may_sign
from registry.models import Release

# -- to those who are asked -----------------------------------------------------------------


def _review_asked(case: _Case) -> Letter:
    roles = may_sign(case.facts, case.requirements, case.mail.recipient_id)
    if not roles:
        return _stuck(case)
    sign_off = f"{' or '.join(roles)} sign-off"
    due = None if case.change.waiting_since else case.change.due_at
    letter = case.letter(
        f"{case.author} asks for your {sign_off}: {case.name}",
        f"{case.author} proposes a change and asks for your {sign_off}.",
        case.where,
        _risk(case.facts),
        f"Your answer is due by {moment(due)}." if due else "",
    )
    why = case.words(f"{case.author} wrote why", case.change.rationale)
    return replace(letter, words=why, needs=case.needs, shown=shown(case.change))


def _stuck(case: _Case) -> Letter:
    """To somebody who can grant what is missing, where nobody is left who could sign."""
    stuck = [
        rule.sentence
        for rule in case.requirements
        if rule.code.startswith("sign_off:")
        and rule.blocks
        and any(who.id == case.mail.recipient_id for who in rule.who)
    ]
    if not stuck:
        raise NotOwed("no_longer_asked")
    letter = case.letter(
        f"Nobody can sign off a change, and you can help: {case.name}",
        one_line(stuck[0], 600),
        case.where,
    )
    return replace(letter, needs=case.needs)


def _risk(facts: Facts) -> str:
    scan = facts.scan
    if scan is None:
        return ""
    points = "1 point" if scan.score == 1 else f"{scan.score} points"
    return f"Risk: {scan.level}, {points}; new findings: {scan.new}, standing: {scan.standing}."


def _back_in_review(case: _Case) -> Letter:
    if case.change.state != State.REVIEW:
        raise NotOwed("no_longer_asked")
    if not case.is_author:
        return _review_asked(case)
    letter = case.letter(
        f"Your change is back in review: {case.name}",
        "It was approved, and something it needs no longer holds.",
        case.where,
    )
    return replace(letter, needs=case.needs)


# -- to the author --------------------------------------------------------------------------


def _vote(case: _Case) -> Review | None:
    """The vote that this mail was written with: both carry the time of their transaction."""
    votes = case.change.reviews.select_related("reviewer", "comment")
    return votes.filter(created_at=case.mail.created_at).first()


def _signed_off(case: _Case) -> Letter:
    vote = _vote(case)
    if vote is None:
        raise NotOwed("no_vote")
    who = named(vote.reviewer)
    letter = case.letter(
        f"{who} signed off your change for {vote.role}: {case.name}",
        f"{who} approved your change for {vote.role}.",
        case.where,
    )
    return replace(letter, words=_comment(case, vote), needs=case.needs)


def _approved(case: _Case) -> Letter:
    vote = _vote(case)
    if vote is not None and vote.decision != Review.Decision.APPROVE:
        vote = None  # a vote that was in the way was taken back
    who = named(vote.reviewer) if vote else ""
    if case.change.state == State.RELEASED:
        then = f"It is live on {case.facts.label} already."
    elif case.change.release_when_ready:
        then = "It goes live by itself as soon as everything below is met."
    else:
        then = f"It can be released to {case.facts.label} as soon as everything below is met."
    letter = case.letter(
        f"{who} approved your change: {case.name}"
        if who
        else f"Your change is approved: {case.name}",
        f"With the sign-off of {who} your change is approved."
        if who
        else "Every sign-off is there: your change is approved.",
        case.where,
        then,
    )
    return replace(letter, words=_comment(case, vote), needs=case.needs)


def _changes_requested(case: _Case) -> Letter:
    return _decided(
        case,
        "{who} asks for changes: {name}",
        "{who} ({role}) asks you to change something. Your change is a draft again; revise it "
        "and submit it anew.",
    )


def _rejected(case: _Case) -> Letter:
    return _decided(
        case,
        "{who} rejected your change: {name}",
        "{who} ({role}) rejected your change. That ends this request; a new proposal starts "
        "afresh.",
    )


def _decided(case: _Case, subject: str, lead: str) -> Letter:
    vote = _vote(case)
    if vote is None:
        raise NotOwed("no_vote")
    said = {"who": named(vote.reviewer), "role": vote.role, "name": case.name}
    letter = case.letter(subject.format(**said), lead.format(**said), case.where)
    comment = _comment(case, vote)
    if comment is None:
        letter = replace(letter, lead=(*letter.lead, "The reason is on the page."))
    return replace(letter, words=comment)


def _comment(case: _Case, vote: Review | None) -> Words | None:
    return case.words(f"{named(vote.reviewer)} wrote", vote.comment) if vote else None


def _critical_finding(case: _Case) -> Letter:
    return case.letter(
        f"Something critical was found in your change: {case.name}",
        "The risk scan found something critical. Nobody was asked to review it, and your change "
        "is a draft again.",
        case.where,
        "The page shows where it stands and what to do about it.",
    )


def _scan_failed(case: _Case) -> Letter:
    if case.change.state != State.SCANNING or case.change.scan_id is not None:
        raise NotOwed("no_longer_true")
    whose = "your change" if case.is_author else f"a change by {case.author}"
    letter = case.letter(
        f"The risk scan of {whose} failed: {case.name}",
        f"The risk scan of {whose} failed three times and stopped. Until it has finished nobody "
        "is asked to review the change, and nothing of it goes live.",
        case.where,
        "The author or a governance owner can start the scan again on the page.",
    )
    return replace(letter, needs=case.needs)


# -- to the owner ---------------------------------------------------------------------------


def _released(case: _Case) -> Letter:
    moves = Release.objects.filter(
        cause_type="approvals.request", cause_id=case.change.public_id, kind=Release.Kind.RELEASE
    )
    move = moves.select_related("account", "from_version", "version").order_by("-pk").first()
    if move is None:
        raise NotOwed("no_release")
    label, before = case.facts.label, move.from_version
    prompt = one_line(case.prompt.name, 120)
    was = f"v{before.number} was live until then" if before else "nothing was live before"
    return case.letter(
        f"{named(move.account)} released to {label}: {case.name}",
        f"{prompt} v{move.version.number} went live on {label} on {moment(move.at)}; {was}.",
        f"{case.author} proposed it, {named(move.account)} released it."
        if move.account_id != case.change.author_id
        else f"{case.author} proposed and released it, with every requirement met.",
        "Anyone with the release or respond permission can roll it back on the prompt's page.",
    )


WRITERS = {
    "review_asked": _writer(_review_asked),
    "back_in_review": _writer(_back_in_review),
    "signed_off": _writer(_signed_off),
    "approved": _writer(_approved),
    "changes_requested": _writer(_changes_requested),
    "rejected": _writer(_rejected),
    "critical_finding": _writer(_critical_finding),
    "scan_failed": _writer(_scan_failed),
    "released": _writer(_released),
}
