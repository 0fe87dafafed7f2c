"""The words of the pages: one sentence for each entry of the audit log, and names of states.

Pages and mail use plain words; the code words stay in the code (`docs/words.md` has both).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals.registry_words import DID

#: the person who did it, when it was one of the product's own tasks
THE_PRODUCT = ""


@dataclass(frozen=True)
class Entry:
    """One event as the sentences read it; `label` is the name of the label it moved."""

    action: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    who: str = THE_PRODUCT
    label: str = ""


@dataclass(frozen=True)
class Told:
    """An entry in words: `who` comes first and is empty where the product itself did it."""

    who: str
    words: str


Sentence = Callable[[Entry], Told]


def _did(words: str) -> Sentence:
    """A sentence that needs nothing but the name: "{who} withdrew the change"."""
    return lambda entry: Told(entry.who, words)


def _itself(words: str) -> Sentence:
    """A sentence about the product's own work, with no name in front."""
    return lambda entry: Told(THE_PRODUCT, words)


def _proposed(entry: Entry) -> Told:
    return Told(entry.who, f"proposed the change{_as_version(entry)}")


def _revised(entry: Entry) -> Told:
    if entry.data.get("suggestion"):
        return Told(entry.who, f"applied a suggested edit{_as_version(entry)}")
    return Told(entry.who, f"wrote a new revision{_as_version(entry)}")


def _as_version(entry: Entry) -> str:
    number = entry.data.get("number")
    return f" as v{number}" if number else ""


def _submitted(entry: Entry) -> Told:
    if entry.data.get("release_when_ready"):
        return Told(entry.who, "submitted it, to be released as soon as everything is met")
    return Told(entry.who, "submitted it")


def _scanned(entry: Entry) -> Told:
    level, score = entry.data.get("level", ""), entry.data.get("score", 0)
    points = "point" if score == 1 else "points"
    return Told(THE_PRODUCT, f"The risk scan finished: {score} {points}, {level}")


def _scan_failed(entry: Entry) -> Told:
    attempt = entry.data.get("attempt", 1)
    if entry.data.get("final"):
        return Told(THE_PRODUCT, f"The risk scan failed {attempt} times and stopped")
    return Told(THE_PRODUCT, f"The risk scan failed (attempt {attempt}) and starts again")


_WAYS = {
    "automatic": "Approved without people: the policy lets a change like this pass",
    "people": "The reviewers were asked",
    "critical": "It went back to its author: something critical was found",
    "kept": "Approved",
}


def _routed(entry: Entry) -> Told:
    way = _WAYS.get(str(entry.data.get("way")), "It was sent on")
    kept, gone = len(entry.data.get("carried") or ()), len(entry.data.get("dismissed") or ())
    said = [f"{kept} {'approval was' if kept == 1 else 'approvals were'} kept"] if kept else []
    if gone:
        said.append(f"{gone} no longer {'counts' if gone == 1 else 'count'}")
    return Told(THE_PRODUCT, f"{way}: {', '.join(said)}" if said else way)


def _rebased(entry: Entry) -> Told:
    hand = ", deciding by hand where both sides had changed it" if entry.data.get("by_hand") else ""
    return Told(entry.who, f"brought it up to date{_as_version(entry)}{hand}")


def _reassessed(entry: Entry) -> Told:
    if entry.after.get("state") == "approved":
        return Told(THE_PRODUCT, "Everything is met: approved")
    return Told(THE_PRODUCT, "It went back to review: something it needs no longer holds")


_VOTES = {
    "approve": "approved it for {role}",
    "request_changes": "asked for changes ({role})",
    "reject": "rejected it ({role})",
    "take_back": "took their vote back ({role})",
}


def _reviewed(entry: Entry) -> Told:
    words = _VOTES.get(str(entry.data.get("decision")), "voted ({role})")
    together = ", together with others" if entry.data.get("several") else ""
    return Told(entry.who, words.format(role=entry.data.get("role", "")) + together)


def _thread_opened(entry: Entry) -> Told:
    thread = entry.data.get("thread") or {}
    began = "asked the author" if thread.get("question") else "opened a thread"
    line = thread.get("line")
    return Told(entry.who, f"{began}{f' about line {line}' if line else ''}")


def _replied(entry: Entry) -> Told:
    answers = "thread" in entry.data
    return Told(entry.who, "answered a question" if answers else "replied in a thread")


def _asked_again(entry: Entry) -> Told:
    count = len(entry.data.get("people") or ())
    people = f" {count} {'person' if count == 1 else 'people'}" if count else ""
    return Told(entry.who, f"asked{people} for a review once more")


def _released(entry: Entry) -> Told:
    to = f" to {entry.label}" if entry.label else ""
    if entry.data.get("planned"):
        return Told(THE_PRODUCT, f"Released{to} at the planned time")
    if entry.data.get("automatic"):
        return Told(THE_PRODUCT, f"Released{to} by itself, as soon as everything was met")
    return Told(entry.who, f"released it{to}")


def _released_in_emergency(entry: Entry) -> Told:
    to = f" to {entry.label}" if entry.label else ""
    count = len(entry.data.get("bypassed", ()))
    what = "1 requirement" if count == 1 else f"{count} requirements"
    return Told(entry.who, f"released it{to} in an emergency, past {what}")


def _planned(entry: Entry) -> Told:
    at = entry.after.get("release_at")
    when = f" for {datetime.fromisoformat(at):%d %b %Y %H:%M} UTC" if at else ""
    return Told(entry.who, f"planned the release{when}")


def _plan_failed(entry: Entry) -> Told:
    if entry.data.get("planner_allowed", True):
        words = "The planned release did not happen: something was missing, so the plan is gone"
    else:
        words = "The planned release did not happen: who planned it may not release it any more"
    return Told(THE_PRODUCT, words)


def _placed(entry: Entry) -> Told:
    return Told(entry.who, f"put it on {entry.label or 'a label'} to be tried")


def _unprotect_decided(entry: Entry) -> Told:
    if entry.data.get("decision") == "approve":
        return Told(entry.who, "agreed: the label is not protected any more")
    return Told(entry.who, "refused to un-protect the label")


def _moved(words: str) -> Sentence:
    return lambda entry: Told(entry.who, f"{words} {entry.label}".rstrip())


SENTENCES: dict[str, Sentence] = {
    "approvals.request.proposed": _proposed,
    "approvals.request.revised": _revised,
    "approvals.request.rebased": _rebased,
    "approvals.request.submitted": _submitted,
    "approvals.request.withdrawn": _did("withdrew it"),
    "approvals.request.policy_proposed": _did("proposed a change of the policy"),
    "approvals.request.policy_decided": _did("decided on the change of the policy"),
    "approvals.request.policy_withdrawn": _did("withdrew the change of the policy"),
    "approvals.request.unprotect_proposed": _did("asked that the label is un-protected"),
    "approvals.request.unprotect_decided": _unprotect_decided,
    "approvals.request.unprotect_withdrawn": _did("took back what was asked for the label"),
    "approvals.request.scan_started": _itself("The risk scan started"),
    "approvals.request.scanned": _scanned,
    "approvals.request.scan_failed": _scan_failed,
    "approvals.request.rescan_asked": _did("started the risk scan again"),
    "approvals.request.routed": _routed,
    "approvals.request.reassessed": _reassessed,
    "approvals.request.reviewed": _reviewed,
    "approvals.request.thread_opened": _thread_opened,
    "approvals.request.replied": _replied,
    "approvals.request.thread_resolved": _did("resolved a thread"),
    "approvals.request.thread_reopened": _did("reopened a thread"),
    "approvals.request.asked_again": _asked_again,
    "approvals.request.refusal_lifted": _did("lifted a wish for changes"),
    "approvals.request.released": _released,
    "approvals.request.released_in_emergency": _released_in_emergency,
    "approvals.request.planned": _planned,
    "approvals.request.unplanned": _did("took the plan for the release away"),
    "approvals.request.plan_failed": _plan_failed,
    "approvals.request.expired": _itself("It waited too long and went back to its author"),
    "approvals.change_set.proposed": _did("proposed the change set"),
    "approvals.version.placed": _placed,
    "approvals.version.imported": _did("imported this version"),
    "approvals.version.scanned": _scanned,
    "approvals.version.recalled": _did("recalled this version"),
    "approvals.version.erased": _did("erased the content"),
    "approvals.label.rolled_back": _moved("rolled back"),
    "approvals.label.suspended": _moved("suspended"),
    "approvals.label.resumed": _moved("resumed"),
    "approvals.hold.lifted": _did("lifted the hold"),
    "approvals.after_review.closed": _did("closed the review after the fact"),
    "approvals.campaign.opened": _did("asked for a new look at what is live under other rules"),
    "approvals.exception.made": _did("let it stay until a date, though policies ask for more"),
    "approvals.exception.ended": _did("ended the exception"),
    "approvals.erasure.asked": _did("asked to erase the content"),
    "approvals.policy.saved": _did("saved the policy"),
    "approvals.check.recorded": _did("posted test evidence"),
    "approvals.mail.owed_again": _did("had a mail sent again"),
    **{action: _did(words) for action, words in DID.items()},
}


def tell(entry: Entry) -> Told:
    """The sentence of an entry; an action that has none is told by its own last word."""
    known = SENTENCES.get(entry.action)
    if known is not None:
        return known(entry)
    return Told(entry.who, entry.action.rpartition(".")[2].replace("_", " "))


#: state of a request -> (word, css class); colour never stands alone
STATES = {
    "draft": ("Draft", ""),
    "scanning": ("Being scanned", "wait"),
    "review": ("In review", "wait"),
    "approved": ("Approved", "ok"),
    "released": ("Released", "ok"),
    "rejected": ("Rejected", "no"),
    "withdrawn": ("Withdrawn", ""),
}

#: the word for a released change that went past requirements
EMERGENCY = ("Released in an emergency", "no")

#: status of a requirement -> (mark, css class); the word itself comes from the requirement
MARKS = {
    "SATISFIED": ("✓", "met"),
    "UNSATISFIED": ("○", "unmet"),
    "NOT_APPLICABLE": ("\N{EN DASH}", "none"),
    "OVERRIDDEN": ("✓", "met"),
    "BYPASSED": ("!", "error"),
    "ERROR": ("✕", "error"),
}

#: what a contributor did -> the same, said to that person
YOURSELF = {
    "wrote it": "you wrote it",
    "wrote the commit": "you wrote the commit",
    "stands behind the token": "you stand behind the token",
}

#: kind of a release row -> what happened to the label, in the past
MOVES = {
    "release": "Released",
    "placed": "Put there to be tried",
    "rollback": "Rolled back to",
    "emergency": "Emergency release",
    "suspend": "Suspended",
    "resume": "Resumed",
}

#: the word of a permission on a prompt -> what it lets somebody do
MAY = {
    "view": "See it where it is confidential; otherwise everybody does.",
    "propose": "Propose changes, and put versions where they are tried.",
    "review": "Sign off, in a role they are in, what they had no hand in.",
    "release": "Release what is approved, and roll back.",
    "respond": "Suspend and roll back, at any hour.",
    "manage": "Say who may do what here, and change its details.",
}
