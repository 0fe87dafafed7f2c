"""What one event says of the rows of this floor; later events add to earlier ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Event = dict[str, Any]
#: noun, key, and facts under the names that `rows` gives them
Fact = tuple[str, str, dict[str, Any]]


def told(event: Event) -> Iterator[Fact]:
    """The facts in one payload; none for actions of other floors."""
    action = event["action"]
    if action.startswith("approvals.request."):
        yield from _request(event)
    elif action in _TELLERS:
        yield from _TELLERS[action](event)


def _request(event: Event) -> Iterator[Fact]:
    key, state, data = event["subject"]["id"], event["to"], event["data"]
    yield "request", key, {name: value for name, value in state.items() if name != "pointer"}
    if "number" in data:
        made = {"version": data["version"], "author": data["author"], "at": event["ts"]}
        made["rationale"] = state["rationale"]
        yield "revision", f"{key}:{state['revision']}", made
    if "policy_version" in data:
        version = dict(data["policy_version"])
        yield "policy_version", version.pop("id"), {**version, "at": event["ts"]}
    if "policy" in data:
        policy = dict(data["policy"])
        yield "policy", policy.pop("id"), policy
    if "vote" in data:
        yield "vote", _related(event, "approvals.review"), {"digest": data["vote"]}
    for vote, digest in data.get("carried", {}).items():
        yield "vote", vote, {"digest": digest}
    for noun in ("thread", "remark", "lift"):
        if noun in data:
            facts = dict(data[noun])
            yield noun, facts.pop("id"), facts
    for shadow in data.get("shadow", ()):
        facts = {"request": key, "revision": state["revision"], "at": event["ts"], **shadow}
        yield "shadow_verdict", facts.pop("id"), facts
    if data.get("after_review"):
        yield _after_review(event)
    yield from _scans(event)


def _scans(event: Event) -> Iterator[Fact]:
    for name in ("scan", "base_scan"):
        scan = event["data"].get(name)
        if scan is not None:
            yield "scan", scan["id"], scan


def _change_set(event: Event) -> Iterator[Fact]:
    yield "change_set", event["subject"]["id"], {**event["to"], "at": event["ts"]}


def _policy(event: Event) -> Iterator[Fact]:
    key, to, data = event["subject"]["id"], event["to"], event["data"]
    made = {"policy": key, "digest": to["digest"], "number": to["number"], "at": event["ts"]}
    yield "policy_version", data["version"], {**made, "made_by": data["made_by"]}
    now = {"current": data["version"], "position": to["position"], "name": to["name"]}
    yield "policy", key, now


def _rolled_back(event: Event) -> Iterator[Fact]:
    data = event["data"]
    if data["hold"]:
        yield "hold", data["hold"], _opened(event)
    if data["after_review"]:
        yield _after_review(event)


def _after_review(event: Event) -> Fact:
    """The review after the fact that a step opened in its own transaction."""
    data = event["data"]
    asked = {"shortfalls": data["shortfalls_digest"], "due_at": data["due_at"], "campaign": None}
    return "after_review", data["after_review"], {**_opened(event), **asked}


def _opened(event: Event) -> dict[str, Any]:
    data = event["data"]
    return {
        "prompt": data["pointer"]["prompt"],
        "label": data["pointer"]["label"],
        "release": data["release"],
        "opened_by": event["actor"],
        "opened_at": event["ts"],
        "ended_by": None,
        "ended_at": None,
        "text": None,
    }


def _ended(noun: str, text: str) -> Callable[[Event], Iterator[Fact]]:
    def tell(event: Event) -> Iterator[Fact]:
        said = event["commitments"].get(text)
        ended = {"ended_by": event["actor"], "ended_at": event["ts"], "text": said}
        yield noun, event["subject"]["id"], ended

    return tell


def _asked(event: Event) -> Iterator[Fact]:
    asked = {
        "version": event["data"]["version"],
        "reason": event["commitments"].get("reason"),
        "asked_by": event["actor"],
        "asked_at": event["ts"],
        "done_by": None,
        "done_at": None,
    }
    yield "erasure", event["subject"]["id"], asked


def _erased(event: Event) -> Iterator[Fact]:
    yield "erasure", event["data"]["erasure"], {"done_by": event["actor"], "done_at": event["ts"]}


def _recalled(event: Event) -> Iterator[Fact]:
    facts = {"version": event["subject"]["id"], "account": event["actor"], "at": event["ts"]}
    facts["reason"] = event["commitments"].get("reason")
    yield "recall", event["data"]["recall"], facts


def _checked(event: Event) -> Iterator[Fact]:
    facts = dict(event["data"]["check"])
    yield "check", facts.pop("id"), facts


def _excepted(event: Event) -> Iterator[Fact]:
    facts = dict(event["data"]["exception"])
    yield "exception", facts.pop("id"), {**facts, "ended_by": None, "ended_at": None}


def _exception_ended(event: Event) -> Iterator[Fact]:
    ended = {"ended_by": event["actor"], "ended_at": event["ts"]}
    yield "exception", event["subject"]["id"], ended


def _campaign(event: Event) -> Iterator[Fact]:
    data = event["data"]
    facts = dict(data["campaign"])
    campaign = facts.pop("id")
    yield "campaign", campaign, facts
    began = {"opened_by": event["actor"], "opened_at": event["ts"], "campaign": campaign}
    open_yet = {"ended_by": None, "ended_at": None, "text": None}
    for review in data["reviews"]:
        asked = dict(review)
        yield "after_review", asked.pop("id"), {**asked, **began, **open_yet}


def _related(event: Event, kind: str) -> str:
    return next(str(item["id"]) for item in event["related"] if item["type"] == kind)


_TELLERS: dict[str, Callable[[Event], Iterator[Fact]]] = {
    "approvals.version.scanned": _scans,
    "approvals.change_set.proposed": _change_set,
    "approvals.policy.saved": _policy,
    "approvals.check.recorded": _checked,
    "approvals.label.rolled_back": _rolled_back,
    "approvals.hold.lifted": _ended("hold", "reason"),
    "approvals.after_review.closed": _ended("after_review", "comment"),
    "approvals.campaign.opened": _campaign,
    "approvals.exception.made": _excepted,
    "approvals.exception.ended": _exception_ended,
    "approvals.erasure.asked": _asked,
    "approvals.version.erased": _erased,
    "approvals.version.recalled": _recalled,
}
