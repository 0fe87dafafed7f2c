"""propose_set, submit_set, withdraw_set: what the author of a change set does with all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from approvals.facts import gather_many
from approvals.matching import PolicyBook
from approvals.models import ApprovalRequest, ChangeSet
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services import _sets as sets
from approvals.services import _submits as submits
from approvals.services._drafting import draft
from approvals.services._sets import Left, Member, Outcome
from approvals.services.proposing import check_withdraws, withdraw
from audit.ledger import Recording, recording
from registry import rules
from registry.actors import Actor
from registry.documents import Document
from registry.errors import BadInput, NotAllowed, NotFound, Refusal, WrongState
from registry.models import Label, LabelPointer, Prompt

State = ApprovalRequest.State
#: prompts that one set may change
MOST_MEMBERS = 100


@dataclass(frozen=True)
class SetItem:
    """What a set proposes for one prompt; `seen_live` as in `propose`."""

    prompt: Prompt
    document: Document
    seen_live: str | None = None


def propose_set(
    items: Sequence[SetItem],
    *,
    label: Label,
    rationale: str,
    actor: Actor,
    whole: bool,
    and_submit: bool = False,
    key: str = "",
) -> ChangeSet:
    """Propose a change of each of these prompts for one reason: all of them, or none.

    Each member is a request of its own, with the rationale of the set. `whole`: they are released
    all at once, otherwise in waves. Raises what `propose` and `submit` raise, naming the prompt.
    """
    with recording(actor=actor.ref) as log:
        _check_items(items)
        in_order = sorted(items, key=lambda item: item.prompt.pk)
        rules.hold_still()
        pointers = [_locked(item, label) for item in in_order]
        what = [f"{item.prompt.pk} {item.document.digest}" for item in in_order]
        subject = common.about(label.name, rationale, whole, and_submit, *what)
        done = common.repeated(actor, key, "propose_set", subject)
        if done is not None:
            return ChangeSet.objects.get(pk=done)
        checks.has_rationale(rationale)
        account = actor.account
        if account is None:
            raise NotAllowed("Sign in to propose a change set.")
        made = ChangeSet(
            label=label,
            author=account,
            rationale=common.keep_text(log, rationale, "rationale"),
            whole=whole,
            created_at=log.at,
        )
        made.save(force_insert=True)
        log.record(
            "approvals.change_set.proposed",
            (sets.SET, made.public_id),
            related=[("registry.label", label.public_id)],
            after={
                "label": str(label.public_id),
                "author": str(account.public_id),
                "rationale": made.rationale_id,
                "whole": whole,
            },
            data={"size": len(items)},
            blobs={"rationale": made.rationale},
        )
        drafts = [
            _drafted(made, item, pointer, rationale, actor, log)
            for item, pointer in zip(in_order, pointers, strict=True)
        ]
        if and_submit:
            _submit(drafts, actor, log)
        common.remember(actor, key, "propose_set", subject, str(made.pk), log.at)
        return made


def _check_items(items: Sequence[SetItem]) -> None:
    if len(items) < 2:
        raise BadInput("A change set has two prompts or more. Propose one on its own page.")
    if len(items) > MOST_MEMBERS:
        raise BadInput(
            f"A change set has at most {MOST_MEMBERS} prompts, and these are {len(items)}. "
            "Make two of it."
        )
    twice = [name for name, count in Counter(i.prompt.name for i in items).items() if count > 1]
    if twice:
        raise BadInput(f"{twice[0]} stands here twice. Name each prompt once.")


def _locked(item: SetItem, label: Label) -> LabelPointer:
    try:
        return common.lock_prompt(item.prompt.pk, label.pk)[1]
    except Prompt.DoesNotExist as error:
        raise NotFound("There is no such prompt.") from error


def _drafted(
    made: ChangeSet,
    item: SetItem,
    pointer: LabelPointer,
    rationale: str,
    actor: Actor,
    log: Recording,
) -> Member:
    with _naming(pointer.prompt.name):
        request = draft(
            pointer,
            item.document,
            rationale=rationale,
            actor=actor,
            seen_live=item.seen_live,
            change_set=made,
            log=log,
        )
    return Member(request, pointer)


@contextmanager
def _naming(prompt: str) -> Iterator[None]:
    """Have a refusal say of which prompt it speaks."""
    try:
        yield
    except NotFound:
        # Whether there is such a prompt is not for this actor to know.
        raise
    except Refusal as refusal:
        raise sets.named(refusal, prompt) from refusal.__cause__


def submit_set(set_id: int, *, actor: Actor, key: str = "") -> Outcome:
    """Submit every draft of a set: all of them, or none.

    Raises NotFound, WrongState where no draft is left, and what `submit` raises, naming the prompt.
    """
    with recording(actor=actor.ref) as log:
        found, members, hidden = sets.lock_set(set_id, actor)
        subject = str(found.public_id)
        if common.repeated(actor, key, "submit_set", subject) is not None:
            return _again(found, members, State.SCANNING)
        drafts = [member for member in members if member.request.state == State.DRAFT]
        if not drafts:
            raise WrongState("No draft is left in this change set; all of it was submitted before.")
        _submit(drafts, actor, log)
        common.remember(actor, key, "submit_set", subject, str(found.pk), log.at)
        return Outcome(found, tuple(member.request for member in drafts), (), hidden)


def _submit(drafts: Sequence[Member], actor: Actor, log: Recording) -> None:
    """Submit all of these, which are locked: what they are judged by is read once for all."""
    before = []
    for member in drafts:
        with _naming(member.name):
            before.append(submits.begin(member.request, member.pointer, actor, log.at))
    book = PolicyBook.read()
    facts = gather_many([member.request for member in drafts], book=book)
    for member, was in zip(drafts, before, strict=True):
        with _naming(member.name):
            request = member.request
            submits.enter(request, was, book, facts[request.pk], actor=actor, log=log)


def withdraw_set(set_id: int, *, actor: Actor, comment: str = "", key: str = "") -> Outcome:
    """Take every open member of a set back that this actor may take back; the others are named.

    Raises NotFound, NotAllowed, WrongState where none is left to withdraw.
    """
    with recording(actor=actor.ref) as log:
        found, members, hidden = sets.lock_set(set_id, actor)
        subject = common.about(found.public_id, comment)
        if common.repeated(actor, key, "withdraw_set", subject) is not None:
            return _again(found, members, State.WITHDRAWN)
        going: list[Member] = []
        left: list[Left] = []
        for member in members:
            if not member.request.is_open:
                continue
            try:
                check_withdraws(member.request, member.pointer, actor, log.at)
                going.append(member)
            except NotAllowed as refusal:
                left.append(Left(member.request, refusal))
        if not going and left:
            raise left[0].refusal
        if not going:
            raise WrongState("Every change of this set has ended; there is nothing to withdraw.")
        done = tuple(
            withdraw(member.request.pk, actor=actor, comment=comment, log=log) for member in going
        )
        common.remember(actor, key, "withdraw_set", subject, str(found.pk), log.at)
        return Outcome(found, done, tuple(left), hidden)


def _again(found: ChangeSet, members: Sequence[Member], state: str) -> Outcome:
    """What the same post did before."""
    return Outcome(found, tuple(m.request for m in members if m.request.state == state))
