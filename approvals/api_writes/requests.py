"""The steps of one request: revise, submit, withdraw, vote, release."""

from typing import Any

from django.http import HttpResponse
from ninja import Router

from approvals import previews, services
from approvals.api_writes.doors import CalledBy, PersonRequest, only_people, session
from approvals.api_writes.parts import (
    CONTENT,
    GONE,
    PERSON,
    REQUEST_EXAMPLE,
    Key,
    RequestId,
    described,
    document_of,
    provenance_of,
    told,
)
from approvals.api_writes.schemas import (
    ReleasedOut,
    ReleaseIn,
    RequestOut,
    ReviewIn,
    ReviewOut,
    ReviseIn,
    SubmitIn,
    WithdrawIn,
)
from approvals.errors import (
    ChecklistNeeded,
    CommentNeeded,
    NoEligibleReviewer,
    NoPolicy,
    NotEligible,
    OwnChange,
    RequirementsUnmet,
    SecretFound,
    SignatureNeeded,
    StageNotOpen,
    TooManyTries,
    WrongPassword,
)
from approvals.forms import free_text
from approvals.models import ApprovalRequest, Review
from approvals.policies.signoffs import SIGNED
from approvals.reach import request_for
from approvals.signing import signed
from approvals.stale import with_diff_of
from audit.payload import time_text
from registry import serving
from registry.api.answers import answer
from registry.api.problems import refuse_unknown
from registry.api.reads import EXAMPLE
from registry.api.tokens import BearerToken
from registry.errors import Archived, Erased, NothingChanged, Refusal
from registry.models import Prompt, Release

router = Router(tags=["requests"])
proposer = BearerToken("propose", previews.NOT_HERE)
releaser = BearerToken("release", previews.NOT_HERE)

_SECRET: dict[type[Refusal], str] = {
    SecretFound: "An access key stands in the text. Take it out. Nobody else has read it."
}
_ARCHIVED: dict[type[Refusal], str] = {
    Archived: "This prompt is archived; somebody who manages it can bring it back."
}


@router.post(
    "/requests/{request_id}/revise",
    auth=[proposer, session],
    response={200: RequestOut},
    operation_id="revise",
    summary="Write a new revision",
    openapi_extra=described({**REQUEST_EXAMPLE, "revision": 2}, CONTENT, _SECRET, _ARCHIVED),
)
def revise(
    request: CalledBy, request_id: RequestId, body: ReviseIn, key: Key = None
) -> HttpResponse:
    """Put other content on the same request, which goes back to draft; earlier votes lapse."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.revise(
            found.pk,
            document=document_of(_prompt(found), body.content),
            rationale=free_text(body.rationale, "rationale"),
            actor=request.auth,
            seen=body.revision_digest,
            expected_generation=body.expected_generation,
            provenance=provenance_of(body.provenance) or None,
            key=key or "",
        )
    return answer(request, told(done))


@router.post(
    "/requests/{request_id}/submit",
    auth=[proposer, session],
    response={200: RequestOut},
    operation_id="submit",
    summary="Submit a draft",
    openapi_extra=described(
        {**REQUEST_EXAMPLE, "state": "scanning"},
        _SECRET,
        _ARCHIVED,
        {
            NothingChanged: "This is exactly what is live (v4).",
            Erased: "This content is erased. Write a new revision first.",
            NoPolicy: "No policy covers this prompt. A governance owner can add one.",
            NoEligibleReviewer: "Nobody could give this: 0 of 1 safety reviewer.",
        },
    ),
)
def submit(
    request: CalledBy, request_id: RequestId, body: SubmitIn, key: Key = None
) -> HttpResponse:
    """Send a draft to the risk scan, and from there to those who sign it off."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.submit(
            found.pk,
            actor=request.auth,
            release_when_ready=body.release_when_ready,
            seen=body.revision_digest,
            key=key or "",
        )
    return answer(request, told(done))


@router.post(
    "/requests/{request_id}/withdraw",
    auth=[proposer, session],
    response={200: RequestOut},
    operation_id="withdraw",
    summary="Take a request back",
    openapi_extra=described({**REQUEST_EXAMPLE, "state": "withdrawn"}),
)
def withdraw(
    request: CalledBy, request_id: RequestId, body: WithdrawIn, key: Key = None
) -> HttpResponse:
    """End an open request; what is live stays as it is."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.withdraw(
            found.pk,
            actor=request.auth,
            comment=free_text(body.comment),
            seen=body.revision_digest,
            key=key or "",
        )
    return answer(request, told(done))


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
            "vote": {
                "id": "5b0f6f1e-7c1d-4f0a-9a57-0e5f0c1b2d3e",
                "role": "safety",
                "decision": "approve",
                "meaning": "approve for safety",
                "signed": True,
                "at": "2026-11-22T09:30:00.000000Z",
            },
        },
        PERSON,
        {
            OwnChange: "You wrote part of this change, so somebody else has to sign it off.",
            NotEligible: "You are not in the role safety; a governance owner can add you.",
            StageNotOpen: "This sign-off is asked for once “Sign-off” is complete.",
            SignatureNeeded: "Regulated asks for a signature: type your password again.",
            WrongPassword: "Type the password that you sign in with; it signs what you do here.",
            TooManyTries: "A wrong password was typed 5 times. Wait 15 minutes and try again.",
            ChecklistNeeded: "Answer every question of the checklist.",
            CommentNeeded: "Say in a sentence what has to change.",
        },
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
    "/requests/{request_id}/release",
    auth=[releaser, session],
    response={200: ReleasedOut},
    operation_id="release",
    summary="Release an approved request",
    openapi_extra=described(
        {**REQUEST_EXAMPLE, "state": "released", "release": EXAMPLE["release"]},
        GONE,
        {RequirementsUnmet: "Not yet: 0 of 1 safety reviewer."},
    ),
)
def release(
    request: CalledBy, request_id: RequestId, body: ReleaseIn, key: Key = None
) -> HttpResponse:
    """Put what is approved on its label; everything is asked again first."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.release(
            found.pk,
            actor=request.auth,
            expected_generation=body.expected_generation,
            seen=body.revision_digest,
            key=key or "",
        )
    row = Release.objects.get(cause_id=done.public_id, kind=Release.Kind.RELEASE)
    return answer(request, {**told(done), "release": serving.release_body(row)})


def _cast(vote: Review) -> dict[str, Any]:
    return {
        "id": str(vote.public_id),
        "role": vote.role,
        "decision": vote.decision,
        "meaning": vote.meaning,
        "signed": vote.auth_method.startswith(SIGNED),
        "at": time_text(vote.created_at),
    }


def _prompt(request: ApprovalRequest) -> Prompt:
    assert request.prompt is not None  # noqa: S101  # what has none is not reached
    return request.prompt
