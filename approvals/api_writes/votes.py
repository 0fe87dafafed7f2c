"""Votes on a request: read them, vote, take one's own back, lift somebody's wish for changes."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import P, PathEx, Router

from approvals import previews, reads, services
from approvals.api_writes.doors import CalledBy, PersonRequest, only_people, session
from approvals.api_writes.parts import (
    ABOUT_EXAMPLE,
    PERSON,
    REQUEST_EXAMPLE,
    SIGNING,
    Key,
    RequestId,
    described,
    told,
)
from approvals.api_writes.schemas import (
    LiftIn,
    RequestOut,
    ReviewIn,
    ReviewOut,
    SeenIn,
    VoteList,
)
from approvals.errors import (
    AlreadyDone,
    ChecklistNeeded,
    CommentNeeded,
    NotEligible,
    OwnChange,
    StageNotOpen,
)
from approvals.forms import free_text
from approvals.models import Review
from approvals.policies.signoffs import SIGNED
from approvals.presenters.explained import about
from approvals.reach import request_for, shown_request
from approvals.signing import signed
from approvals.stale import with_diff_of
from audit.payload import time_text
from registry.api.answers import VARY_BY_SESSION, answer
from registry.api.cursors import cursor_to, number_of
from registry.api.problems import InvalidCursor, listed, refuse_unknown
from registry.api.reads import READ, Cursor, Limit, documented
from registry.api.tokens import BearerToken
from registry.errors import NotFound, WrongState

router = Router(tags=["votes"])
previewer = BearerToken("preview", previews.NOT_HERE)

VoteId = PathEx[UUID, P(description="The `id` of the vote")]

_VOTE: dict[str, Any] = {
    "id": "5b0f6f1e-7c1d-4f0a-9a57-0e5f0c1b2d3e",
    "role": "safety",
    "decision": "approve",
    "meaning": "Approved for safety",
    "signed": True,
    "at": "2026-11-22T09:30:00.000000Z",
}
_ITEM = {**_VOTE, "by": "Sam Ito", "revision": 2, "comment": None, "lifted_by": None}


@router.api_operation(
    READ,
    "/requests/{request_id}/reviews",
    auth=[previewer, session],
    response={200: VoteList},
    operation_id="list_votes",
    summary="List votes",
    openapi_extra=documented(
        listed(
            {
                NotFound: previews.NOT_HERE,
                WrongState: "This change is withdrawn. Read what is live by its label.",
                InvalidCursor: "Take the cursor of a page.",
            }
        ),
        {"request": ABOUT_EXAMPLE, "items": [_ITEM], "next_cursor": None},
    ),
)
def list_votes(
    request: CalledBy, request_id: RequestId, cursor: Cursor = None, limit: Limit = 50
) -> HttpResponse:
    """Every vote that was given, the oldest first; the list of requirements says which count."""
    refuse_unknown(request, ("cursor", "limit"))
    after = 0 if cursor is None else number_of(cursor)
    change = shown_request(request.auth, request_id)
    rows, last = reads.votes_after(change, after, limit)
    body = {
        "request": about(change),
        "items": [_item(vote) for vote in rows],
        "next_cursor": cursor_to(str(last)) if last else None,
    }
    return answer(request, body, vary=VARY_BY_SESSION)


@router.post(
    "/requests/{request_id}/reviews",
    auth=only_people,
    response={201: ReviewOut},
    operation_id="review",
    summary="Vote",
    openapi_extra=described(
        {
            **REQUEST_EXAMPLE,
            "state": "review",
            "vote": _VOTE,
        },
        PERSON,
        {
            OwnChange: "You wrote part of this change, so somebody else has to sign it off.",
            NotEligible: "You are not in the role safety; a governance owner can add you.",
            StageNotOpen: "This sign-off is asked for once “Sign-off” is complete.",
            ChecklistNeeded: "Answer every question of the checklist.",
            CommentNeeded: "Say in a sentence what has to change.",
        },
        SIGNING,
        status=201,
    ),
)
def review(
    request: PersonRequest, request_id: RequestId, body: ReviewIn, key: Key = None
) -> HttpResponse:
    """Approve, ask for changes or reject, in one of your roles, on exactly what you saw."""
    refuse_unknown(request)
    person = request.auth
    found = request_for(person, request_id)
    auth_method, auth_at = signed(person, body.password.get_secret_value())
    with with_diff_of(person, found):
        vote = services.review(
            found.pk,
            actor=person,
            role=body.role,
            decision=body.decision,
            comment=free_text(body.comment),
            seen=body.revision_digest,
            auth_method=auth_method,
            auth_at=auth_at,
            answers=body.answers,
            key=key or "",
        )
    return answer(request, {**told(request_for(person, request_id)), "vote": _cast(vote)}, 201)


@router.post(
    "/requests/{request_id}/take-back",
    auth=only_people,
    response={201: ReviewOut},
    operation_id="take_back",
    summary="Take your vote back",
    openapi_extra=described(
        {
            **REQUEST_EXAMPLE,
            "state": "review",
            "vote": {
                **_VOTE,
                "decision": "take_back",
                "meaning": "Took the vote back for safety",
                "signed": False,
            },
        },
        PERSON,
        {WrongState: "No vote of yours stands on this change."},
        status=201,
    ),
)
def take_back(
    request: PersonRequest, request_id: RequestId, body: SeenIn, key: Key = None
) -> HttpResponse:
    """Let your standing vote count no more, until the release; it stays in the history."""
    refuse_unknown(request)
    person = request.auth
    found = request_for(person, request_id)
    with with_diff_of(person, found):
        vote = services.take_back(found.pk, actor=person, seen=body.revision_digest, key=key or "")
    return answer(request, {**told(request_for(person, request_id)), "vote": _cast(vote)}, 201)


@router.post(
    "/requests/{request_id}/reviews/{vote_id}/lift",
    auth=only_people,
    response={200: RequestOut},
    operation_id="lift_refusal",
    summary="Lift a wish for changes",
    openapi_extra=described(
        REQUEST_EXAMPLE,
        PERSON,
        {
            OwnChange: "You have a hand in this change; another governance owner can do it.",
            AlreadyDone: "This wish for changes is lifted already.",
            CommentNeeded: "Say in a sentence why it need not hold.",
        },
    ),
)
def lift_refusal(
    request: PersonRequest, request_id: RequestId, vote_id: VoteId, body: LiftIn, key: Key = None
) -> HttpResponse:
    """Let a wish for changes that nobody settles hold no longer; a governance owner, by name."""
    refuse_unknown(request)
    person = request.auth
    found = request_for(person, request_id)
    vote = reads.vote_called(found, vote_id)
    if vote is None:
        raise NotFound("There is no such vote.")
    with with_diff_of(person, found):
        services.lift_refusal(
            vote.pk, actor=person, reason=free_text(body.reason, "reason"), key=key or ""
        )
    return answer(request, told(request_for(person, request_id)))


def _cast(vote: Review) -> dict[str, Any]:
    return {
        "id": str(vote.public_id),
        "role": vote.role,
        "decision": vote.decision,
        "meaning": vote.meaning,
        "signed": vote.auth_method.startswith(SIGNED),
        "at": time_text(vote.created_at),
    }


def _item(vote: Review) -> dict[str, Any]:
    lift = getattr(vote, "lift", None)
    return {
        **_cast(vote),
        "by": str(vote.reviewer),
        "revision": vote.revision,
        "comment": vote.comment.value if vote.comment else None,
        "lifted_by": str(lift.account) if lift else None,
    }
