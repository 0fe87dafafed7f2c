"""release_set, rollback_set: a change set goes live, and back, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from approvals.errors import GoesTogether, NeverLive, SetNotReady
from approvals.facts import gather_many
from approvals.models import ApprovalRequest, ChangeSet
from approvals.policies import Facts, Requirement, Status
from approvals.services import _common as common
from approvals.services import _sets as sets
from approvals.services._sets import Left, Member, Outcome, Seen
from approvals.services.releasing import Weighed, put_live, weigh
from approvals.services.undoing import require_undo, rollback, rollback_target
from audit.ledger import recording
from registry.actors import Actor
from registry.errors import BadInput, NotAllowed, Refusal, Stale, WrongState

State = ApprovalRequest.State


def release_set(
    set_id: int,
    *,
    actor: Actor,
    only: Collection[int] | None = None,
    seen: Mapping[int, Seen] | None = None,
    key: str = "",
) -> Outcome:
    """Put the members of a set live: all of a set that goes out as a whole, or none.

    In waves: those asked for by `only` that are ready; the others are named with the reason, and
    stay. A member that is live already, by an emergency, keeps nobody back. `seen` is what the page
    showed of each. Raises NotFound, NotAllowed, SetNotReady, GoesTogether, WrongState.
    """
    with recording(actor=actor.ref) as log:
        found, members, hidden = sets.lock_set(set_id, actor)
        asked = sorted(only) if only is not None else []
        subject = common.about(found.public_id, *asked)
        if common.repeated(actor, key, "release_set", subject) is not None:
            done = [m.request for m in members if m.request.state == State.RELEASED]
            return Outcome(found, tuple(done))
        wanted = _wanted(found, members, only)
        facts = gather_many([member.request for member in wanted])
        going: list[tuple[Member, Weighed]] = []
        left = _gone_since(found, members)
        for member in wanted:
            try:
                sets.check_seen(member, seen)
                known = _together(facts[member.request.pk])
                weighed = weigh(member.request, member.pointer, actor, log.at, facts=known)
                going.append((member, weighed))
            except Refusal as refusal:
                left.append(Left(member.request, refusal))
        unseen = hidden if found.whole else 0
        if not going or (found.whole and (left or unseen)):
            raise _not_ready(left, unseen, whole=found.whole)
        for member, weighed in going:
            put_live(member.request, member.pointer, weighed, actor=actor, log=log)
        common.remember(actor, key, "release_set", subject, str(found.pk), log.at)
        return Outcome(found, tuple(member.request for member, _ in going), tuple(left), unseen)


def _wanted(
    found: ChangeSet, members: Sequence[Member], only: Collection[int] | None
) -> list[Member]:
    """The members that are to go live; those that are live already are done with."""
    if only is not None:
        if found.whole and not {m.request.pk for m in members} <= set(only):
            raise GoesTogether("This change set goes out as a whole. Release all of it at once.")
        if not only or not set(only) <= {m.request.pk for m in members}:
            raise BadInput("Choose at least one change of this set, and none of another.")
    wanted = [
        member
        for member in members
        if (only is None or member.request.pk in only) and _is_to_go(found, member.request)
    ]
    if not wanted:
        raise WrongState("Every change of this set has ended; there is nothing to release.")
    return wanted


def _is_to_go(found: ChangeSet, request: ApprovalRequest) -> bool:
    # What was rejected or withdrawn keeps a whole set back, and is no part of a wave.
    return request.is_open or (found.whole and request.state != State.RELEASED)


def _gone_since(found: ChangeSet, members: Sequence[Member]) -> list[Left]:
    """Members of a whole set that an emergency put live and that are not live any more."""
    if not found.whole:
        return []
    return [
        Left(
            member.request,
            WrongState(
                "It went live before the others and is not live any more. Withdraw the set and "
                "propose it anew."
            ),
        )
        for member in members
        if member.request.state == State.RELEASED and not _is_live(member)
    ]


def _together(facts: Facts) -> Facts:
    if facts.change_set is None:
        return facts
    return replace(facts, change_set=replace(facts.change_set, together=True))


def _not_ready(left: Sequence[Left], hidden: int, *, whole: bool) -> Refusal:
    """Why nothing goes out: a line for each prompt that is in the way."""
    if left and all(isinstance(one.refusal, NotAllowed) for one in left):
        return sets.named(left[0].refusal, left[0].name) if whole else left[0].refusal
    if not left:
        return NotAllowed(
            "This change set goes out as a whole, and you may not see all of its prompts. "
            "Somebody who may release every one of them can."
        )
    goes = "It goes out as a whole, or not at all" if whole else "None of those asked for is ready"
    return SetNotReady(
        f"{goes}. Not ready: {sets.names(left, hidden)}.", requirements=tuple(map(_line, left))
    )


def _line(left: Left) -> Requirement:
    return Requirement(
        "change_set", Status.UNSATISFIED, left.name, left.refusal.sentence, "release"
    )


def rollback_set(
    set_id: int,
    *,
    actor: Actor,
    reason: str = "",
    seen: Mapping[int, Seen] | None = None,
    key: str = "",
) -> Outcome:
    """Take back together what is still live from a set; what moved since is named and left.

    One person with `release` or `respond`, as for one prompt; each prompt is on hold afterwards.
    Raises NotFound, NotAllowed, NeverLive where nothing can go back, Stale.
    """
    with recording(actor=actor.ref) as log:
        found, members, hidden = sets.lock_set(set_id, actor)
        subject = common.about(found.public_id, reason)
        if common.repeated(actor, key, "rollback_set", subject) is not None:
            back = [m.request for m in members if not _is_live(m)]
            return Outcome(found, tuple(r for r in back if r.state == State.RELEASED))
        going: list[Member] = []
        left: list[Left] = []
        for member in members:
            if member.request.state != State.RELEASED:
                continue
            try:
                _check_goes_back(member, actor)
                _check_generation(member, seen)
                going.append(member)
            except Refusal as refusal:
                left.append(Left(member.request, refusal))
        if not going:
            raise _nothing_goes_back(left)
        for member in going:
            prompt, label = member.pointer.prompt, member.pointer.label
            rollback(prompt, label, actor=actor, reason=reason, log=log, change_set=found.public_id)
        common.remember(actor, key, "rollback_set", subject, str(found.pk), log.at)
        return Outcome(found, tuple(member.request for member in going), tuple(left), hidden)


def _is_live(member: Member) -> bool:
    return member.pointer.version_id == member.request.version_id


def _check_goes_back(member: Member, actor: Actor) -> None:
    require_undo(member.pointer.prompt, actor)
    if not _is_live(member):
        live = member.pointer.version
        now = f"v{live.number}" if live else "nothing"
        raise WrongState(f"It moved since: {now} is live there now.")
    if rollback_target(member.pointer.prompt, member.pointer.label) is None:
        raise NeverLive("Nothing was live there before that may be again. It can be suspended.")


def _check_generation(member: Member, seen: Mapping[int, Seen] | None) -> None:
    shown = seen.get(member.request.pk) if seen is not None else None
    if shown and shown.generation is not None and shown.generation != member.pointer.generation:
        raise Stale("What is live there moved since you looked. Look at it and decide again.")


def _nothing_goes_back(left: Sequence[Left]) -> Refusal:
    if not left:
        return NeverLive("Nothing of this change set went live, so there is nothing to take back.")
    if all(isinstance(one.refusal, NotAllowed) for one in left):
        return left[0].refusal
    return NeverLive(f"Nothing of this change set can go back. {sets.names(left)}.")
