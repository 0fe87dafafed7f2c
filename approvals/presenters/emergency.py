"""What the page of an emergency release shows to one viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from approvals.explain import title_of
from approvals.facts import gather
from approvals.models import ApprovalRequest
from approvals.policies import Facts, allows_emergency, bypassed, evaluate, in_the_way
from approvals.presenters.needs import Need, lines_of
from approvals.presenters.verbs import powers_of
from approvals.services.emergency import BREAKABLE
from approvals.services.undoing import MAY_UNDO
from registry.models import LabelPointer, User


@dataclass(frozen=True)
class EmergencyPage:
    """`why_not` is a sentence where the form is not offered at all."""

    title: str
    facts: Facts
    generation: int
    passed: tuple[Need, ...]
    stops: tuple[Need, ...]
    why_not: str


def emergency_page_of(change: ApprovalRequest, viewer: User, now: datetime) -> EmergencyPage:
    """The page as it is now: what would be passed over, and what stands even then."""
    assert change.prompt is not None and change.label is not None  # noqa: PT018,S101  # a CHECK
    facts = gather(change, released_by=viewer.pk)
    rules = evaluate(facts, now)
    pointer = LabelPointer.objects.filter(prompt=change.prompt, label=change.label).first()
    stops = in_the_way(rules)
    return EmergencyPage(
        title=title_of(change),
        facts=facts,
        generation=pointer.generation if pointer else 0,
        passed=lines_of(bypassed(rules), viewer.pk),
        stops=lines_of(stops, viewer.pk),
        why_not=_why_not(change, facts, powers_of(change.prompt, viewer))
        or ("" if bypassed(rules) or stops else "Everything is met: release it on its page."),
    )


def _why_not(change: ApprovalRequest, facts: Facts, powers: frozenset[str]) -> str:
    if change.state not in BREAKABLE:
        return (
            f"This change is {change.get_state_display().lower()}. An emergency release is for one "
            "that was submitted and has not ended."
        )
    if not powers.intersection(MAY_UNDO):
        return "You need the release or respond permission on this prompt."
    if not allows_emergency(facts):
        return "The policy of this prompt allows no emergency release. Suspend or roll back."
    return ""
