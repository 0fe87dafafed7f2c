"""open_thread, reply, resolve_thread, reopen_thread: what people say about a change, and questions.

A question is no vote: it passes the turn to the author, and the reviewers' clock stands until it
is answered.
"""

from __future__ import annotations

from typing import Any

from approvals import lines
from approvals.errors import AlreadyDone, CommentNeeded, OwnChange
from approvals.lines import Spot
from approvals.models import ApprovalRequest, Remark, Thread
from approvals.reading import why_hidden
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services import _talk as talk
from approvals.services import _turns as turns
from audit.ledger import Recording, recording
from audit.payload import time_text
from registry import permissions
from registry.actors import Actor
from registry.errors import BadInput, Erased, NotAllowed, NotFound, WrongState
from registry.models import Prompt, User, Version

#: any of these lets a person who sees a change say something about it
MAY_SPEAK = (permissions.REVIEW, permissions.PROPOSE, permissions.MANAGE)


def open_thread(
    request_id: int,
    *,
    actor: Actor,
    text: str,
    path: str = "",
    line: int = 0,
    question: bool = False,
    suggestion: str | None = None,
    seen: str | None,
    key: str = "",
) -> Thread:
    """Begin a thread on a line of the proposed text, or on the whole change (no path, line 0).

    A question stops the reviewers' clock and mails the author. A suggestion says what the line
    should read instead; an empty one takes it away. Raises PersonNeeded, NotAllowed, OwnChange
    (a question to oneself), WrongState, Stale, BadInput, CommentNeeded, Erased.
    """
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        said = common.about(request.public_id, path, line, question, text, repr(suggestion))
        done = common.repeated(actor, key, "open_thread", said)
        if done is not None:
            return Thread.objects.get(pk=done)
        account = _speaker(request, pointer.prompt, actor)
        common.check_seen(request, seen)
        if question and talk.wrote(request, account):
            raise OwnChange("A question goes to those who wrote the change, and you are one.")
        version = _check_place(request, account, Spot(path, line), suggestion)
        before = common.state_of(request)
        thread = Thread.objects.create(
            request=request,
            version=version,
            path=path,
            line=line,
            question=question,
            opened_by=account,
            opened_at=log.at,
        )
        remark = _say(log, thread, account, text, suggestion)
        if question:
            turns.pass_to_author(request, log.at)
            common.save(request, actor=actor, verb="open_thread", at=log.at)
            about = (common.REQUEST, request.public_id)
            mail.owe("question_asked", [request.author_id], about, at=log.at, besides=account)
        common.remember(actor, key, "open_thread", said, str(thread.pk), log.at)
        data = {"thread": talk.thread_told(thread), "remark": talk.remark_told(remark)}
        common.record(log, "thread_opened", request, before, data=data, blobs=talk.texts(remark))
        return thread


def reply(
    thread_id: int, *, actor: Actor, text: str, suggestion: str | None = None, key: str = ""
) -> Remark:
    """Say something in a thread; a question is answered by somebody who wrote the change.

    With the last answer the reviewers' clock goes on; who asked is mailed. Raises PersonNeeded,
    NotAllowed, WrongState, CommentNeeded, BadInput.
    """
    with recording(actor=actor.ref) as log:
        thread, request, prompt = _locked(thread_id)
        said = common.about(thread.public_id, text, repr(suggestion))
        done = common.repeated(actor, key, "reply", said)
        if done is not None:
            return Remark.objects.get(pk=done)
        account = _speaker(request, prompt, actor)
        if thread.resolved_at is not None:
            raise WrongState("This thread is resolved; reopen it to go on.")
        _check_suggestion(thread.path, thread.line, suggestion)
        before = common.state_of(request)
        remark = _say(log, thread, account, text, suggestion)
        data: dict[str, Any] = {"remark": talk.remark_told(remark)}
        waits = thread.question and thread.answered_at is None
        if waits and account.pk != thread.opened_by_id and talk.wrote(request, account):
            thread.answered_at = log.at
            thread.save(update_fields=["answered_at"])
            data["thread"] = {
                "id": str(thread.public_id),
                "answered_at": time_text(log.at),
            }
            turns.go_on(request, log.at)
            common.save(request, actor=actor, verb="reply", at=log.at)
            about = (common.REQUEST, request.public_id)
            mail.owe("question_answered", [thread.opened_by_id], about, at=log.at)
        common.remember(actor, key, "reply", said, str(remark.pk), log.at)
        common.record(log, "replied", request, before, data=data, blobs=talk.texts(remark))
        return remark


def resolve_thread(thread_id: int, *, actor: Actor, key: str = "") -> Thread:
    """Close a thread: whoever opened it, a contributor who replied, or who manages the prompt.

    A question that is resolved waits no longer. Raises NotAllowed, AlreadyDone, WrongState.
    """
    with recording(actor=actor.ref) as log:
        thread, request, prompt = _locked(thread_id)
        about = str(thread.public_id)
        if common.repeated(actor, key, "resolve_thread", about) is not None:
            return thread
        account = _speaker(request, prompt, actor)
        if not _may_resolve(thread, request, account):
            raise NotAllowed(
                "Whoever opened a thread resolves it, or somebody with a hand in the change who "
                "replied, or somebody who manages the prompt."
            )
        if thread.resolved_at is not None:
            raise AlreadyDone("This thread is resolved already.")
        before = common.state_of(request)
        data = {"thread": talk.close(thread, account, log)}
        if request.waiting_since is not None:
            turns.go_on(request, log.at)
            common.save(request, actor=actor, verb="resolve_thread", at=log.at)
        common.remember(actor, key, "resolve_thread", about, about, log.at)
        common.record(log, "thread_resolved", request, before, data=data)
        return thread


def reopen_thread(thread_id: int, *, actor: Actor, key: str = "") -> Thread:
    """Take a thread up again: anybody who may say something in it.

    A question without an answer waits for the author again. Raises NotAllowed, AlreadyDone,
    WrongState.
    """
    with recording(actor=actor.ref) as log:
        thread, request, prompt = _locked(thread_id)
        about = str(thread.public_id)
        if common.repeated(actor, key, "reopen_thread", about) is not None:
            return thread
        _speaker(request, prompt, actor)
        if thread.resolved_at is None:
            raise AlreadyDone("This thread is open.")
        before = common.state_of(request)
        thread.resolved_by = thread.resolved_at = None
        thread.save(update_fields=["resolved_by", "resolved_at"])
        if thread.question and thread.answered_at is None:
            turns.pass_to_author(request, log.at)
            common.save(request, actor=actor, verb="reopen_thread", at=log.at)
        common.remember(actor, key, "reopen_thread", about, about, log.at)
        data = {"thread": {"id": about, "resolved_by": None, "resolved_at": None}}
        common.record(log, "thread_reopened", request, before, data=data)
        return thread


# -- parts ----------------------------------------------------------------------------------


def _locked(thread_id: int) -> tuple[Thread, ApprovalRequest, Prompt]:
    """Lock the request of a thread, and read the thread as it is then."""
    found = Thread.objects.filter(pk=thread_id).values_list("request_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such thread.")
    request, pointer = common.lock_request(found)
    thread = Thread.objects.select_related("version", "opened_by", "resolved_by").get(pk=thread_id)
    return thread, request, pointer.prompt


def _speaker(request: ApprovalRequest, prompt: Prompt, actor: Actor) -> User:
    """The person who takes part in the talk about an open, submitted change."""
    common.check_visible(request, actor)
    account = common.person(actor)
    if not any(permissions.may(account, codename, prompt) for codename in MAY_SPEAK):
        raise NotAllowed(
            "You need review, propose or manage on this prompt to say something about its changes."
        )
    if not request.is_open:
        raise WrongState(f"This change is {request.get_state_display().lower()}; it has ended.")
    if request.submitted_at is None:
        raise WrongState("Nobody else sees this change yet. Submit it first.")
    return account


def _check_place(
    request: ApprovalRequest, account: User, spot: Spot, suggestion: str | None
) -> Version:
    """The version that the thread speaks of; raises unless the line is there and may be read."""
    version = request.version
    assert version is not None  # noqa: S101  # a CHECK says so
    _check_suggestion(spot.path, spot.line, suggestion)
    if spot == Spot("", 0):
        return version
    if version.is_erased:
        raise Erased("This content is erased, so there is no line to speak of.")
    hidden = why_hidden(version, account)
    if hidden:
        raise NotAllowed(hidden)
    text = lines.text_at(version.body, spot)
    if text is None:
        raise BadInput("This text has no such line. Reload the page and choose one.", field="line")
    if suggestion == text:
        raise BadInput("The line says exactly this already.", field="suggestion")
    return version


def _check_suggestion(path: str, line: int, suggestion: str | None) -> None:
    if suggestion is not None and not (line and lines.can_be_suggested(path)):
        raise BadInput("An edit can be suggested on a line of the text itself.", field="suggestion")


def _say(
    log: Recording, thread: Thread, account: User, text: str, suggestion: str | None
) -> Remark:
    if not text.strip() and suggestion is None:
        raise CommentNeeded("Say in a sentence what you mean.", field="text")
    return Remark.objects.create(
        thread=thread,
        author=account,
        text=common.keep_text(log, text, "text") if text.strip() else None,
        suggestion=None if suggestion is None else common.keep_text(log, suggestion, "suggestion"),
        created_at=log.at,
    )


def _may_resolve(thread: Thread, request: ApprovalRequest, account: User) -> bool:
    prompt = request.prompt
    return talk.resolves(
        opened=thread.opened_by_id == account.pk,
        contributes=request.has_contributor(account),
        replied=thread.remarks.filter(author=account).exists(),
        manages=prompt is not None and permissions.may(account, permissions.MANAGE, prompt),
    )
