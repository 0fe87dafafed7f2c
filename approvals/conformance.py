"""What is live and is not what the policies of today ask for, with the exceptions made for it.

Read in a constant number of queries, for at most as many live versions as a preview looks at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from approvals import reads
from approvals.governance import Effect, nonconforming
from approvals.models import AfterReview, ApprovalRequest, PolicyException
from registry import permissions
from registry.errors import NotAllowed, NotFound
from registry.models import LabelPointer, User
from registry.numbers import whole


@dataclass(frozen=True)
class Standing:
    """One live version that lacks something, and its exception in force if there is one."""

    effect: Effect
    exception: PolicyException | None
    #: the newest look at it that a re-review asked for
    look: AfterReview | None

    @property
    def request(self) -> ApprovalRequest:
        return self.effect.request

    @property
    def place(self) -> str:
        """Where it is live: the keys of prompt and label, as `live_at` reads them."""
        return f"{self.request.prompt_id}-{self.request.label_id}"


@dataclass(frozen=True)
class Conformance:
    """Each group by team and name; `hidden` are of prompts that the viewer may not see."""

    open: tuple[Standing, ...]
    excepted: tuple[Standing, ...]
    hidden: int


def conformance_for(viewer: User) -> Conformance:
    """How what is live stands; NotAllowed for who is no governance owner or auditor."""
    if not permissions.oversees(viewer):
        raise NotAllowed(
            "This page is for governance owners and auditors. A governance owner can put you into "
            "one of these roles."
        )
    found = nonconforming()
    prompts = {effect.request.prompt_id or 0 for effect in found}
    seen = set(
        permissions.visible_prompts(viewer).filter(pk__in=prompts).values_list("pk", flat=True)
    )
    rows = PolicyException.objects.in_force(timezone.now()).filter(prompt__in=seen)
    excepted = {
        (row.prompt_id, row.label_id, row.version_id): row
        for row in rows.select_related("owner", "made_by", "reason")
    }
    looks = _looks(effect for effect in found if effect.request.prompt_id in seen)
    shown = [
        Standing(effect, excepted.get(_key(effect.request)), looks.get(_key(effect.request)))
        for effect in found
        if effect.request.prompt_id in seen
    ]
    shown.sort(key=_order)
    return Conformance(
        open=tuple(one for one in shown if one.exception is None),
        excepted=tuple(one for one in shown if one.exception is not None),
        hidden=len(found) - len(shown),
    )


def live_at(viewer: User, place: str) -> LabelPointer:
    """What is live at the place of a line, for who oversees it; NotFound beyond their reach."""
    prompt, _, label = place.partition("-")
    rows = LabelPointer.objects.filter(prompt__in=permissions.visible_prompts(viewer))
    found = rows.select_related("prompt", "label").filter(
        prompt=whole(prompt) or 0, label=whole(label) or 0
    )
    pointer = found.first()
    if pointer is None or not permissions.oversees(viewer):
        raise NotFound("There is no such prompt and label.")
    return pointer


def exception_of(viewer: User, pk: int) -> PolicyException:
    """An exception on a prompt that the viewer sees; NotFound beyond their reach."""
    row = reads.exceptions_for(viewer).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such exception.")
    return row


def _looks(effects: Iterable[Effect]) -> dict[tuple[int, int, int], AfterReview]:
    versions = {effect.request.version_id or 0 for effect in effects}
    rows = AfterReview.objects.filter(release__version__in=versions).exclude(campaign=None)
    ordered = rows.select_related("release", "closed_by", "comment").order_by("pk")
    return {(row.prompt_id, row.label_id, row.release.version_id or 0): row for row in ordered}


def _key(request: ApprovalRequest) -> tuple[int, int, int]:
    return request.prompt_id or 0, request.label_id or 0, request.version_id or 0


def _order(one: Standing) -> tuple[str, str]:
    prompt = one.request.prompt
    assert prompt is not None  # noqa: S101  # a CHECK says so
    return (str(prompt.team or "\N{REPLACEMENT CHARACTER}"), prompt.name_key)
