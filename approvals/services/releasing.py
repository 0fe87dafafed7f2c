"""release: evaluated again under lock, then the pointer moves by compare-and-set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from approvals import queue
from approvals.errors import RequirementsUnmet
from approvals.models import ApprovalRequest
from approvals.policies import Facts, Requirement, in_sample, sample_percent, unmet
from approvals.services import _aftermath as aftermath
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services.routing import met
from audit.ledger import Recording, recording
from registry import permissions, releases
from registry.actors import Actor
from registry.errors import NotAllowed, Stale, WrongState
from registry.models import LabelPointer, Prompt, Release, User

State = ApprovalRequest.State


def release(
    request_id: int,
    *,
    actor: Actor,
    expected_generation: int | None = None,
    seen: str | None = None,
    automatic: bool = False,
    key: str = "",
) -> ApprovalRequest:
    """Put an approved version on its label.

    Anyone with `release`, or the author who still holds `propose`; `automatic` says that
    nobody pressed a button: then it runs as the one who planned it, or as the author who wanted
    it out as soon as possible. A token needs the scope `release`. Raises NotAllowed, WrongState,
    Stale, RequirementsUnmet.
    """
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        if common.repeated(actor, key, "release", str(request.public_id)) is not None:
            return request
        common.check_visible(request, actor)
        weighed = weigh(
            request,
            pointer,
            actor,
            log.at,
            automatic=automatic,
            expected_generation=expected_generation,
            seen=seen,
        )
        put_live(request, pointer, weighed, actor=actor, log=log, automatic=automatic)
        common.remember(actor, key, "release", str(request.public_id), str(request.pk), log.at)
        return request


@dataclass(frozen=True)
class Weighed:
    """A release that may happen under the locks that are held: as whom, and why."""

    account: User
    facts: Facts
    requirements: list[Requirement]
    planned: bool = False


def weigh(
    request: ApprovalRequest,
    pointer: LabelPointer,
    actor: Actor,
    at: datetime,
    *,
    automatic: bool = False,
    expected_generation: int | None = None,
    seen: str | None = None,
    facts: Facts | None = None,
) -> Weighed:
    """Judge a locked change for its release; raises what `release` raises and changes nothing.

    `facts` are those that this transaction gathered under its locks.
    """
    account = require_release(request, pointer.prompt, actor)
    common.in_scope(actor, "release", pointer.prompt, at, pointer.label)
    _check_open(request)
    common.check_seen(request, seen)
    planned = automatic and _is_planned(request, account)
    # Who planned it pressed Release, only earlier.
    pressed = account.pk if planned or not automatic else None
    if facts is not None:
        facts = replace(facts, released_by=pressed)
    facts, requirements = common.judge(request, at, released_by=pressed, facts=facts)
    moved = expected_generation is not None and expected_generation != pointer.generation
    if moved or facts.base_digest != facts.live_digest:
        raise Stale(
            "Something else went live on this label meanwhile. The change has to be looked "
            "at against what is live now.",
            request=request,
            live=pointer.version,
        )
    missing = unmet(requirements)
    if missing or request.state != State.APPROVED:
        raise RequirementsUnmet(
            "Not yet: " + "; ".join(rule.title for rule in missing) + "."
            if missing
            else "Not yet: the change is complete but not approved; look again in a moment.",
            requirements=tuple(requirements),
        )
    return Weighed(account, facts, requirements, planned)


def put_live(
    request: ApprovalRequest,
    pointer: LabelPointer,
    weighed: Weighed,
    *,
    actor: Actor,
    log: Recording,
    automatic: bool = False,
) -> None:
    """Move the pointer of a change that was weighed in this transaction, and record it."""
    before = {**common.state_of(request), "pointer": releases.pointer_facts(pointer)}
    row = releases.move(
        pointer,
        kind=Release.Kind.RELEASE,
        version=request.version,
        actor=actor,
        at=log.at,
        cause=(common.REQUEST, request.public_id),
        expected_generation=pointer.generation,
    )
    sample = _sample(request, weighed.facts, row, weighed.account)
    request.to_released(at=log.at)
    common.save(request, actor=actor, verb="release", at=log.at)
    common.record(
        log,
        "released",
        request,
        before,
        after={"pointer": releases.pointer_facts(pointer)},
        data={
            **common.pointer_data(pointer, row),
            **met(weighed.requirements),
            "automatic": automatic,
            "planned": weighed.planned,
            **sample,
        },
    )
    tell_released(request, pointer, row, actor)


def may_release(request: ApprovalRequest, prompt: Prompt, account: User | None) -> bool:
    """Whether this active person sees the prompt and may release the change."""
    if account is None or not permissions.may_see(account, prompt):
        return False
    if permissions.may(account, permissions.RELEASE, prompt):
        return True
    is_author = account.pk == request.author_id
    return is_author and permissions.may(account, permissions.PROPOSE, prompt)


def require_release(request: ApprovalRequest, prompt: Prompt, actor: Actor) -> User:
    """The account that may release the change, a token's too; NotAllowed for others."""
    account = actor.account
    if account is None or not may_release(request, prompt, account):
        raise NotAllowed(
            "Its author, or somebody with the release permission on this prompt, can release it."
        )
    return account


def _is_planned(request: ApprovalRequest, account: User) -> bool:
    """Whether it runs by a plan; WrongState where nobody asked for this release in this name.

    Asked under the lock: the plan or the wish may have been taken back a moment ago.
    """
    if request.release_at is not None:
        if account.pk == request.planned_by_id:
            return True
        raise WrongState("The release is planned by somebody else.")
    if not request.release_when_ready or account.pk != request.author_id:
        raise WrongState("Nobody asked for this release any more.")
    return False


def _sample(request: ApprovalRequest, facts: Facts, row: Release, account: User) -> dict[str, Any]:
    """Open a review of a release without people's approval that is in the sample; for its event."""
    percent = sample_percent(facts) if request.automatic else 0
    if not in_sample(str(request.public_id), percent):
        return {}
    missing = [("sample", "Nobody looked at it: it is one of those looked at afterwards")]
    review = aftermath.open_review(row, missing, account, row.at, hours=aftermath.hours_of(facts))
    return {"sample_percent": percent, **aftermath.review_data(review)}


def _check_open(request: ApprovalRequest) -> None:
    if request.state == State.RELEASED:
        raise WrongState("This change is released already.")
    if request.state in (State.REJECTED, State.WITHDRAWN):
        raise WrongState(f"This change is {request.get_state_display().lower()}.")


def tell_released(
    request: ApprovalRequest, pointer: LabelPointer, row: Release, actor: Actor
) -> None:
    """Mail to owner and author, and a second look at the other changes for this label.

    What passed without people waits for the mail of the day, see `digests`.
    """
    people = {pointer.prompt.owner_id, request.author_id} if not request.automatic else set()
    mail.owe(
        "released", people, (common.REQUEST, request.public_id), at=row.at, besides=actor.account
    )
    look_again(request, pointer)


def look_again(request: ApprovalRequest, pointer: LabelPointer) -> None:
    """Have every other open change for this label judged against what is live now."""
    others = ApprovalRequest.objects.open().filter(prompt=pointer.prompt, label=pointer.label)
    for pk in others.exclude(pk=request.pk).values_list("pk", flat=True):
        queue.later(queue.REASSESS, pk)
