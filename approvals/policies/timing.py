"""When: how long it was tried, whether it grew old, and when nothing may go out.

- staging   the version was on the label that this one promotes from, for long enough
- expiry    it was submitted recently enough
- freeze    (at the release only) no freeze window is on
- schedule  (at the release only) the planned time has come
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from approvals.policies.document import PolicyRules
from approvals.policies.facts import Facts
from approvals.policies.requirements import Requirement, Status
from approvals.policies.windows import frozen_until

MET, UNMET, NO = Status.SATISFIED, Status.UNSATISFIED, Status.NOT_APPLICABLE


def staging(facts: Facts, rules: PolicyRules, at: datetime) -> Requirement:
    """Tried first, since its scan, for the minutes that the policy asks for."""
    if rules.staging is None:
        return Requirement("staging", NO, "Tried first", "The policy asks for no trial.")
    if facts.staging is None:
        sentence = f"{facts.label} promotes from no label on which it could be tried."
        return Requirement("staging", NO, "Tried first", sentence)
    title = f"Tried on {facts.staging.label}"
    placed, scan = facts.staging.placed_at, facts.scan
    since = placed is not None and scan is not None and placed >= scan.finished_at
    if placed is None or scan is None or not (since or facts.staging.serving):
        sentence = f"It goes to {facts.staging.label} by itself after the scan."
        return Requirement("staging", UNMET, title, sentence)
    enough = placed + timedelta(minutes=rules.staging.minutes)
    if at < enough:
        sentence = (
            f"There since {_utc(placed)}; the policy asks for {minutes(rules.staging.minutes)}, "
            f"until {_utc(enough)}."
        )
        return Requirement("staging", UNMET, title, sentence)
    return Requirement("staging", MET, title, f"There since {_utc(placed)}.")


def expiry(facts: Facts, rules: PolicyRules, at: datetime) -> Requirement:
    """Not older than the days after which the policy sends a request back to its author."""
    title = "Still fresh"
    if rules.expires_days is None or facts.submitted_at is None:
        return Requirement("expiry", NO, title, "It does not grow old.")
    end = facts.submitted_at + timedelta(days=rules.expires_days)
    if at >= end:
        sentence = f"It expired on {_utc(end)}. Its author can submit it again."
        return Requirement("expiry", UNMET, title, sentence)
    return Requirement("expiry", MET, title, f"It expires on {_utc(end)}.")


def freeze(facts: Facts, rules: PolicyRules, at: datetime) -> Requirement:
    """No freeze window of the policy is on."""
    title = "No freeze"
    if not rules.freezes:
        return Requirement("freeze", NO, title, "The policy knows no freeze.", "release")
    found = frozen_until(rules.freezes, at)
    if found is None:
        return Requirement("freeze", MET, title, "No freeze is on.", "release")
    name, end = found
    zone = end.tzinfo.key if isinstance(end.tzinfo, ZoneInfo) else "UTC"
    sentence = f"“{name}” is on until {end:%d %b %H:%M} ({zone})."
    return Requirement("freeze", UNMET, title, sentence, "release")


def schedule(facts: Facts, at: datetime) -> Requirement:
    """The time that somebody planned for the release has come."""
    title = "At its time"
    if facts.release_at is None:
        return Requirement("schedule", NO, title, "No time is planned.", "release")
    if at < facts.release_at:
        sentence = f"Planned for {_utc(facts.release_at)}; it is judged again then."
        return Requirement("schedule", UNMET, title, sentence, "release")
    sentence = f"Planned for {_utc(facts.release_at)}."
    return Requirement("schedule", MET, title, sentence, "release")


def minutes(count: int) -> str:
    """So many minutes in words, in hours where they are whole."""
    if count and count % 60 == 0:
        hours = count // 60
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{count} minute{'' if count == 1 else 's'}"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %H:%M} UTC"
