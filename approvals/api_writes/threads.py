"""What people say about a request: read it, open a thread, answer, resolve, apply an edit."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import P, PathEx, Router

from approvals import previews, reads, services
from approvals.api_writes.doors import CalledBy, PersonRequest, only_people, session
from approvals.api_writes.parts import (
    ABOUT_EXAMPLE,
    ARCHIVED,
    CONTENT,
    GONE,
    NOTHING,
    PERSON,
    REQUEST_EXAMPLE,
    Key,
    RequestId,
    described,
    told,
)
from approvals.api_writes.schemas import Nothing, RequestOut, SeenIn
from approvals.api_writes.talk_schemas import OpenThreadIn, ReplyIn, ThreadList, ThreadOut
from approvals.errors import AlreadyDone, CommentNeeded, Outdated, OwnChange
from approvals.forms import free_text, line_text
from approvals.models import ApprovalRequest, Thread
from approvals.presenters.explained import about
from approvals.presenters.threads_told import threads_told
from approvals.reach import account_of, request_for, shown_request
from approvals.stale import with_diff_of
from registry.api.answers import VARY_BY_SESSION, answer
from registry.api.cursors import cursor_to, number_of
from registry.api.problems import InvalidCursor, listed, refuse_unknown
from registry.api.reads import READ, Cursor, Limit, documented
from registry.api.tokens import BearerToken
from registry.errors import Erased, NotFound, Refusal, WrongState
from registry.models import User

router = Router(tags=["threads"])
previewer = BearerToken("preview", previews.NOT_HERE)

ThreadId = PathEx[UUID, P(description="The `id` of the thread")]
RemarkId = PathEx[UUID, P(description="The `id` of the remark that suggests the edit")]

_EXAMPLE: dict[str, Any] = {
    "id": "0d6a1d1e-52a4-4c86-8f0e-1b8f5a6c7d20",
    "version": 5,
    "path": "template",
    "line": 1,
    "now": {"path": "template", "line": 1},
    "where": "Template, line 1",
    "quote": "Thank {{ name }} and explain the refund in one sentence.",
    "question": False,
    "waits": False,
    "opened_by": "Sam Ito",
    "opened_at": "2026-11-22T09:30:00.000000Z",
    "resolved_by": None,
    "resolved_at": None,
    "remarks": [
        {
            "id": "7c9f8b52-2f0d-4d7b-9a34-6f1f5b0e4c11",
            "by": "Sam Ito",
            "at": "2026-11-22T09:30:00.000000Z",
            "text": "One sentence is too short for a refusal.",
            "suggestion": "Thank {{ name }} and explain the refund.",
            "erased": False,
        }
    ],
}
_CLOSED: dict[type[Refusal], str] = {
    AlreadyDone: "This thread is resolved already.",
    WrongState: "This change is released; it has ended.",
}


@router.api_operation(
    READ,
    "/requests/{request_id}/threads",
    auth=[previewer, session],
    response={200: ThreadList},
    operation_id="list_threads",
    summary="List what people say",
    openapi_extra=documented(
        listed(
            {
                NotFound: previews.NOT_HERE,
                WrongState: "This change is withdrawn. Read what is live by its label.",
                InvalidCursor: "Take the cursor of a page.",
            }
        ),
        {"request": ABOUT_EXAMPLE, "items": [_EXAMPLE], "next_cursor": None},
    ),
)
def list_threads(
    request: CalledBy, request_id: RequestId, cursor: Cursor = None, limit: Limit = 50
) -> HttpResponse:
    """Threads and questions on a request, the oldest first; to a token of an open request."""
    refuse_unknown(request, ("cursor", "limit"))
    after = 0 if cursor is None else number_of(cursor)
    change = shown_request(request.auth, request_id)
    rows, last = reads.threads_after(change, after, limit)
    body = {
        "request": about(change),
        "items": threads_told(change, account_of(request.auth), rows),
        "next_cursor": cursor_to(str(last)) if last else None,
    }
    return answer(request, body, vary=VARY_BY_SESSION)


@router.post(
    "/requests/{request_id}/threads",
    auth=only_people,
    response={201: ThreadOut},
    operation_id="open_thread",
    summary="Open a thread or ask the author",
    openapi_extra=described(
        _EXAMPLE,
        PERSON,
        {
            OwnChange: "A question goes to those who wrote the change, and you are one.",
            CommentNeeded: "Say in a sentence what you mean.",
            Erased: "This content is erased, so there is no line to speak of.",
        },
        status=201,
    ),
)
def open_thread(
    request: PersonRequest, request_id: RequestId, body: OpenThreadIn, key: Key = None
) -> HttpResponse:
    """Say something about a line or the whole change, suggest an edit, or ask the author."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        thread = services.open_thread(
            found.pk,
            actor=request.auth,
            text=free_text(body.text, "text"),
            path=body.path,
            line=body.line,
            question=body.question,
            suggestion=_suggested(body.suggestion),
            seen=body.revision_digest,
            key=key or "",
        )
    return answer(request, _told(found, thread.public_id, request.auth), 201)


@router.post(
    "/requests/{request_id}/threads/{thread_id}/replies",
    auth=only_people,
    response={201: ThreadOut},
    operation_id="reply",
    summary="Reply or answer",
    openapi_extra=described(
        _EXAMPLE, PERSON, {CommentNeeded: "Say in a sentence what you mean."}, status=201
    ),
)
def reply(
    request: PersonRequest,
    request_id: RequestId,
    thread_id: ThreadId,
    body: ReplyIn,
    key: Key = None,
) -> HttpResponse:
    """Say something in a thread; somebody who wrote the change answers a question with it."""
    refuse_unknown(request)
    found, thread = _thread(request.auth, request_id, thread_id)
    with with_diff_of(request.auth, found):
        services.reply(
            thread.pk,
            actor=request.auth,
            text=free_text(body.text, "text"),
            suggestion=_suggested(body.suggestion),
            key=key or "",
        )
    return answer(request, _told(found, thread_id, request.auth), 201)


@router.post(
    "/requests/{request_id}/threads/{thread_id}/resolve",
    auth=only_people,
    response={200: ThreadOut},
    operation_id="resolve_thread",
    summary="Resolve a thread",
    openapi_extra=described(_EXAMPLE, PERSON, _CLOSED),
)
def resolve_thread(
    request: PersonRequest,
    request_id: RequestId,
    thread_id: ThreadId,
    body: Nothing = NOTHING,
    key: Key = None,
) -> HttpResponse:
    """Close a thread; whoever opened it, a contributor who replied, or who manages the prompt."""
    return _turned(request, services.resolve_thread, request_id, thread_id, key)


@router.post(
    "/requests/{request_id}/threads/{thread_id}/reopen",
    auth=only_people,
    response={200: ThreadOut},
    operation_id="reopen_thread",
    summary="Take a thread up again",
    openapi_extra=described(_EXAMPLE, PERSON, {**_CLOSED, AlreadyDone: "This thread is open."}),
)
def reopen_thread(
    request: PersonRequest,
    request_id: RequestId,
    thread_id: ThreadId,
    body: Nothing = NOTHING,
    key: Key = None,
) -> HttpResponse:
    """Open a resolved thread again; a question without an answer waits for the author again."""
    return _turned(request, services.reopen_thread, request_id, thread_id, key)


@router.post(
    "/requests/{request_id}/remarks/{remark_id}/apply",
    auth=only_people,
    response={200: RequestOut},
    operation_id="apply_suggestion",
    summary="Apply a suggested edit",
    openapi_extra=described(
        {**REQUEST_EXAMPLE, "revision": 2},
        PERSON,
        {kind: words for kind, words in CONTENT.items() if kind is not CommentNeeded},
        {Erased: GONE[Erased]},
        ARCHIVED,
        {Outdated: "This line was changed since. Edit the text by hand."},
    ),
)
def apply_suggestion(
    request: PersonRequest,
    request_id: RequestId,
    remark_id: RemarkId,
    body: SeenIn,
    key: Key = None,
) -> HttpResponse:
    """Make an edit the next revision, a draft; whoever suggested it has a hand in it then."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    remark = reads.remark_called(found, remark_id)
    if remark is None:
        raise NotFound("There is no such suggestion.")
    with with_diff_of(request.auth, found):
        done = services.apply_suggestion(
            remark.pk, actor=request.auth, seen=body.revision_digest, key=key or ""
        )
    return answer(request, told(done))


def _turned(
    request: PersonRequest, verb: Any, request_id: int, thread_id: UUID, key: str | None
) -> HttpResponse:
    refuse_unknown(request)
    found, thread = _thread(request.auth, request_id, thread_id)
    with with_diff_of(request.auth, found):
        verb(thread.pk, actor=request.auth, key=key or "")
    return answer(request, _told(found, thread_id, request.auth))


def _thread(person: User, request_id: int, thread_id: UUID) -> tuple[ApprovalRequest, Thread]:
    change = request_for(person, request_id)
    thread = reads.thread_called(change, thread_id)
    if thread is None:
        raise NotFound("There is no such thread.")
    return change, thread


def _told(change: ApprovalRequest, thread_id: UUID, person: User) -> dict[str, Any]:
    """The thread as it is after the verb."""
    found = reads.thread_called(change, thread_id)
    assert found is not None  # noqa: S101  # threads are never taken away
    return threads_told(change, person, [found])[0]


def _suggested(text: str | None) -> str | None:
    return None if text is None else line_text(text, "suggestion")
