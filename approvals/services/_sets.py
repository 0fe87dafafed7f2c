"""What the verbs of change sets share: the locks of all members, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from approvals.models import ApprovalRequest, ChangeSet
from approvals.services import _common as common
from registry import rules
from registry.actors import Actor
from registry.errors import NotFound, Refusal, Stale
from registry.models import LabelPointer

SET = "approvals.change_set"
#: members that one sentence names
MOST_NAMED = 5


@dataclass(frozen=True)
class Seen:
    """What a page showed of one member: its `revision_digest`, and the label's generation."""

    digest: str
    generation: int | None


@dataclass(frozen=True)
class Member:
    """A locked member of a set with the pointer of its prompt."""

    request: ApprovalRequest
    pointer: LabelPointer

    @property
    def name(self) -> str:
        return self.pointer.prompt.name


@dataclass(frozen=True)
class Left:
    """A member with which nothing was done, and the refusal that says why."""

    request: ApprovalRequest
    refusal: Refusal

    @property
    def name(self) -> str:
        return self.request.prompt.name if self.request.prompt else ""


@dataclass(frozen=True)
class Outcome:
    """What a verb did with a set; `hidden` counts those left that the actor may not know of."""

    change_set: ChangeSet
    done: tuple[ApprovalRequest, ...]
    left: tuple[Left, ...] = ()
    hidden: int = 0


def lock_set(set_id: int, actor: Actor) -> tuple[ChangeSet, list[Member], int]:
    """Lock each prompt of a set and its pointer, in the order of the prompts' keys, then the
    requests; every verb on a set takes them in this order.

    Returns the members that the actor may know of, and how many others there are. NotFound where
    there is none.
    """
    found = ChangeSet.objects.select_related("label", "author").filter(pk=set_id).first()
    if found is None:
        raise NotFound("There is no such change set.")
    rules.hold_still()
    members = ApprovalRequest.objects.filter(change_set=found)
    pointers: dict[int, LabelPointer] = {}
    for prompt in members.order_by("prompt_id").values_list("prompt_id", flat=True):
        _, pointers[prompt or 0] = common.lock_prompt(prompt or 0, found.label_id)
    # Whoever changes a request locks its prompt first.
    rows = ApprovalRequest.objects.select_for_update(of=("self",), no_key=True)
    known: list[Member] = []
    hidden = 0
    for request in (
        rows.with_own_parts()
        .select_related("rationale")
        .filter(change_set=found)
        .order_by("prompt_id")
    ):
        pointer = pointers[request.prompt_id or 0]
        request.prompt, request.label = pointer.prompt, pointer.label
        try:
            common.check_visible(request, actor)
        except NotFound:
            hidden += 1
            continue
        known.append(Member(request, pointer))
    if not known:
        raise NotFound("There is no such change set.")
    return found, known, hidden


def check_seen(member: Member, seen: Mapping[int, Seen] | None) -> None:
    """Stale where the page showed another revision of a member, or another thing live."""
    if seen is None:
        return
    shown = seen.get(member.request.pk, Seen("", None))
    common.check_seen(member.request, shown.digest)
    if shown.generation is not None and shown.generation != member.pointer.generation:
        raise Stale(
            "Something else went live on this label meanwhile. Look at what is live now and "
            "decide again.",
            request=member.request,
            live=member.pointer.version,
        )


def names(left: Sequence[Left], hidden: int = 0) -> str:
    """The prompts that were left with what is said of each, as a part of a sentence."""
    said = [f"{one.name}: {one.refusal.sentence.rstrip('.')}" for one in left[:MOST_NAMED]]
    if len(left) > MOST_NAMED:
        said.append(f"{len(left) - MOST_NAMED} more")
    if hidden:
        said.append(f"{hidden} that you may not see")
    return "; ".join(said)


def named(refusal: Refusal, prompt: str) -> Refusal:
    """The same refusal, which says of which prompt it speaks."""
    refusal.sentence = f"{prompt}: {refusal.sentence}"
    refusal.args = (refusal.sentence,)
    return refusal
