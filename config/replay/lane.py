"""One history through the verbs, text by text; a generator that yields while the worker works."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings

from approvals import services
from approvals.disclosure import refuse_secret
from approvals.errors import NeverLive, RequirementsUnmet, RiskTooHigh, SecretFound
from approvals.explain import requirements_of
from approvals.models import AfterReview, ApprovalRequest, Hold
from config.replay import done
from config.replay.histories import History, Text
from config.replay.names import candidates
from config.replay.people import Cast
from config.replay.tally import Expected, Tally
from registry import documents
from registry.documents import Document
from registry.errors import BadInput, NameTaken, Refusal
from registry.formats import format_by_suffix
from registry.models import LabelPointer, Prompt, Release
from registry.names import name_key, namespace_of
from registry.services import prompts

State = ApprovalRequest.State
#: yields the key of a request that the worker has to move on
Waiting = Generator[int, None, bool]
SCAN_FAILED = "scan"
#: characters of a commit message that become a rationale or a reason
MOST_WORDS = 2_000


class Stuck(Exception):
    """A request cannot go on, and no rule about its text is the reason."""


@dataclass(frozen=True)
class _Lane:
    history: History
    source: str
    cast: Cast
    tally: Tally
    prompt: Prompt


def replay(
    history: History, source: str, cast: Cast, tally: Tally
) -> Generator[int, None, Expected]:
    """Bring production through every text of a history and return what it must serve then.

    Goes on where an earlier run stopped. Raises Stuck, and Refusal where it is about no text.
    """
    lane = _Lane(history, source, cast, tally, _prompt(history, source, cast))
    taken = done.steps(source)
    places = [done.key(source, index, text, "")[:-1] for index, text in enumerate(history.texts)]
    last = max((index for index, place in enumerate(places) if place in taken), default=-1)
    served: str | None = None
    for index, text in enumerate(history.texts):
        document = _document(lane, text)
        if document is None:
            continue
        step = taken.get(places[index])
        if step is not None:
            accepted = yield from _again(lane, index, text, step)
        elif index < last:
            tally.counts["unchanged"] += 1
            accepted = True
        else:
            accepted = yield from _text(lane, index, text, document)
        if accepted:
            served = hashlib.sha256(text.content.encode("utf-8")).hexdigest()
    return Expected(lane.prompt.name, served)


def _prompt(history: History, source: str, cast: Cast) -> Prompt:
    """The prompt of a history: the one an earlier run made, or a new one under a free name."""
    tag = f"replay:{source}"
    for name in candidates(history, source):
        found = Prompt.objects.filter(name_key=name_key(name)).first()
        if found is not None and tag in found.tags:
            return found
        if found is None:
            first = namespace_of(name)
            namespace = cast.namespace(first)
            prompt = prompts.create_prompt(
                namespace.name + name[len(first) :],
                actor=cast.author,
                description=f"Replayed from {history.repo}, {history.path}.",
                tags=[tag],
            )
            cast.let_in(prompt)
            return prompt
    raise NameTaken(f"No name is free for {history.repo}, {history.path}.")


def _document(lane: _Lane, text: Text) -> Document | None:
    """The document of a text in the format of its suffix; None, counted, where a rule refuses."""
    suffix = PurePosixPath(lane.history.path).suffix
    content: dict[str, Any] = {
        "type": "text",
        "template": text.content,
        "max_bytes": settings.MAX_PROMPT_BYTES,
    }
    try:
        # Plain first: its size is checked before any parser sees it.
        plain = documents.build(**content, template_format="none")
    except BadInput as refusal:
        lane.tally.refuse(refusal.code, lane.prompt.name, text.commit)
        return None
    declared, fell_back = format_by_suffix(suffix, text.content)
    lane.tally.counts["format_none"] += fell_back
    return plain if declared == "none" else documents.build(**content, template_format=declared)


def _again(lane: _Lane, index: int, text: Text, step: done.Step) -> Waiting:
    """Take up a step of an earlier run: finished ones stand, an open request goes on."""
    if step.rule is not None:
        lane.tally.refuse(step.rule, lane.prompt.name, text.commit)
        return False
    if step.word == done.ROLLED_BACK:
        _settle(lane, Release.objects.get(pk=step.result), text)
    if step.finished:
        lane.tally.counts["before"] += 1
        return True
    request = ApprovalRequest.objects.with_parts().get(pk=step.result)
    return (yield from _carried(lane, index, text, request))


def _text(lane: _Lane, index: int, text: Text, document: Document) -> Waiting:
    """Bring production to a text: nothing, a rollback, or a new proposal."""
    pointer = LabelPointer.objects.select_related("version").get(
        prompt=lane.prompt, label=lane.cast.production
    )
    live = pointer.version
    if live is not None and live.content_digest == document.digest:
        lane.tally.counts["unchanged"] += 1
        return True
    if _rolled_back(lane, index, text, document, pointer):
        return True
    request = services.propose(
        lane.prompt,
        label=lane.cast.production,
        document=document,
        rationale=why(text),
        actor=lane.cast.author,
        seen_live=live.content_digest if live else "",
        provenance=_provenance(lane.history, text),
        key=done.key(lane.source, index, text, done.PROPOSED),
    )
    lane.tally.counts["proposed"] += 1
    return (yield from _carried(lane, index, text, request))


def _rolled_back(
    lane: _Lane, index: int, text: Text, document: Document, pointer: LabelPointer
) -> bool:
    """Return to a version that was live and may be again; False where the rules know none."""
    moves = Release.objects.of(lane.prompt, lane.cast.production).servable()
    move = moves.filter(version__content_digest=document.digest).order_by("-generation").first()
    if move is None:
        return False
    try:
        row = services.rollback(
            lane.prompt,
            lane.cast.production,
            actor=lane.cast.responder,
            reason=why(text),
            to=move.version,
            expected_generation=pointer.generation,
            key=done.key(lane.source, index, text, done.ROLLED_BACK),
        )
    except NeverLive:
        return False
    lane.tally.counts["rolled_back"] += 1
    _settle(lane, row, text)
    return True


def _settle(lane: _Lane, row: Release, text: Text) -> None:
    """End what a rollback leaves open: the hold, and the review by somebody else."""
    for hold in Hold.objects.filter(release=row, lifted_at=None):
        reason = f"The history goes on after commit {text.commit[:100]}."
        services.lift_hold(hold.pk, actor=lane.cast.responder, reason=reason)
    for review in AfterReview.objects.filter(release=row, closed_at=None):
        person, _ = next(iter(lane.cast.reviewers.values()))
        comment = f"The project itself returned to this text, in commit {text.commit[:100]}."
        services.close_review_after(review.pk, actor=person, comment=comment)


def _carried(lane: _Lane, index: int, text: Text, request: ApprovalRequest) -> Waiting:
    """Carry an open request to its release; False where a rule refuses its text."""
    if request.state == State.DRAFT:
        try:
            request = services.submit(
                request.pk, actor=lane.cast.author, seen=request.revision_digest
            )
        except SecretFound as refusal:
            return _given_up(lane, index, text, request, refusal.code)
    state = request.state
    if state == State.SCANNING:
        yield request.pk
        state = ApprovalRequest.objects.values_list("state", flat=True).get(pk=request.pk)
    if state == State.SCANNING:
        return _given_up(lane, index, text, request, SCAN_FAILED)
    if state == State.DRAFT:
        return _given_up(lane, index, text, request, RiskTooHigh.code)
    if state == State.REVIEW:
        request = _signed(lane, ApprovalRequest.objects.with_parts().get(pk=request.pk))
        state = request.state
    if state == State.APPROVED:
        request = _released(lane, request)
    if request.state != State.RELEASED:
        raise Stuck(f"request {request.pk} is {request.get_state_display().lower()}")
    lane.tally.counts["released"] += 1
    lane.tally.counts["automatic"] += request.automatic
    return True


def _released(lane: _Lane, request: ApprovalRequest) -> ApprovalRequest:
    """Release as the author may, or as a release manager where the policy asks for one."""
    seen = request.revision_digest
    try:
        return services.release(request.pk, actor=lane.cast.author, seen=seen)
    except RequirementsUnmet:
        return services.release(request.pk, actor=lane.cast.releaser, seen=seen)


def _given_up(lane: _Lane, index: int, text: Text, request: ApprovalRequest, rule: str) -> bool:
    """Withdraw a request whose text a rule refuses, so that nothing is left half-way."""
    services.withdraw(
        request.pk,
        actor=lane.cast.author,
        comment=f"Refused by the rule {rule}.",
        key=done.key(lane.source, index, text, done.refused_word(rule)),
    )
    lane.tally.refuse(rule, lane.prompt.name, text.commit)
    return False


def _signed(lane: _Lane, request: ApprovalRequest) -> ApprovalRequest:
    """Have different people sign until the list is met or nobody of ours can."""
    voted = set(request.reviews.values_list("reviewer_id", flat=True))
    while request.state == State.REVIEW:
        unmet = [r for r in requirements_of(request) if r.blocks and r.kind == "gate"]
        missing = [r for r in unmet if r.code.startswith("sign_off:")]
        able = [w.id for r in missing[:1] for w in r.who if w.id in lane.cast.reviewers]
        able = [pk for pk in able if pk not in voted]
        if not able:
            told = "; ".join(f"{rule.code}: {rule.sentence}" for rule in unmet)
            raise Stuck(f"request {request.pk} waits for others: {told}")
        person, role = lane.cast.reviewers[able[request.pk % len(able)]]
        vote = services.review(
            request.pk, actor=person, role=role, decision="approve", seen=request.revision_digest
        )
        voted.add(person.pk)
        lane.tally.counts["votes"] += 1
        request = vote.request
    return request


def why(text: Text) -> str:
    """What a commit says of itself, as far as a reason may be long; never a secret."""
    commit = f"Commit {text.commit[:100]}"
    said = text.message.strip()[:MOST_WORDS]
    try:
        refuse_secret("rationale", said)
    except SecretFound:
        return f"{commit}, whose message is left out: a secret is in it."
    return said or f"{commit}."


def _provenance(history: History, text: Text) -> dict[str, Any]:
    told = {
        "source": "history",
        "repo": history.repo,
        "path": history.path,
        "licence": history.licence,
        "author": text.author,
        "date": text.date,
    }
    return {"source_commit": text.commit, "import": told}


__all__ = ["Refusal", "Stuck", "replay"]
