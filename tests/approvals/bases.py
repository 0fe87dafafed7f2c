"""Texts of two ends that two people can change at once, and changes that something overtook."""

from __future__ import annotations

from typing import Any

from approvals import services
from approvals.models import ApprovalRequest
from registry.models import User
from tests.approvals import desk as steps
from tests.approvals.desk import Desk, fresh
from tests.approvals.documents_of import ready

TOP, BOTTOM = "Greet {{customer}} by name.", "Thank them at the end."
_MIDDLE = "Answer in three sentences.\nRefunds above 100 go to a person.\nNever promise a date.\n"


def letter(top: str = TOP, bottom: str = BOTTOM) -> str:
    """A prompt whose first and last lines are these."""
    return f"{top}\n{_MIDDLE}{bottom}\n"


LIVE = letter()
WARM = letter(top="Greet {{customer}} warmly by name.")
OVERTAKEN = letter(bottom="Thank them for their patience at the end.")
BOTH = letter(
    top="Greet {{customer}} warmly by name.", bottom="Thank them for their patience at the end."
)
#: something else for the line that WARM changes
COOL = letter(top="Greet {{customer}} briefly.")


def overtaken(desk: Desk, by: str = OVERTAKEN, **kwargs: Any) -> ApprovalRequest:
    """A change in review, signed off by support and safety, that something else overtook."""
    steps.released(desk, LIVE)
    change = steps.in_review(desk, WARM, **kwargs)
    steps.approve(desk, change, "support_reviewer", "safety_reviewer")
    steps.released(desk, by)
    return fresh(change)


def live_digest(change: ApprovalRequest) -> str:
    """The digest of what is live where the change wants to go."""
    pointer = change.prompt.pointers.get(label=change.label)  # type: ignore[union-attr]  # a CHECK
    return pointer.version.content_digest if pointer.version else ""


def rebase(change: ApprovalRequest, actor: User, **kwargs: Any) -> ApprovalRequest:
    """Bring it up to date, with what there is to be seen now."""
    change = fresh(change)
    seen = {"seen": change.revision_digest, "seen_live": live_digest(change), **kwargs}
    services.rebase(change.pk, actor=actor, **seen)
    return fresh(change)


def carrying(*kinds: str) -> dict[str, Any]:
    """Regulated, keeping approvals over revisions of these kinds."""
    return {**ready("Regulated"), "carry_over": list(kinds)}
