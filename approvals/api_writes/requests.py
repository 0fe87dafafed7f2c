"""The steps of one request to where it serves: revise, rebase, submit, withdraw, release."""

from django.http import HttpResponse
from ninja import Router

from approvals import previews, services
from approvals.api_writes.doors import CalledBy, PersonRequest, only_people, session
from approvals.api_writes.parts import (
    ARCHIVED,
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
    RebaseIn,
    ReleasedOut,
    ReleaseIn,
    RequestOut,
    ReviseIn,
    SubmitIn,
    WithdrawIn,
)
from approvals.errors import (
    CommentNeeded,
    GoesTogether,
    MergeConflict,
    NoEligibleReviewer,
    NoPolicy,
    RequirementsUnmet,
    SecretFound,
)
from approvals.forms import free_text
from approvals.models import ApprovalRequest
from approvals.reach import request_for
from approvals.stale import with_conflicts_of, with_diff_of
from registry import serving
from registry.api.answers import answer
from registry.api.problems import refuse_unknown
from registry.api.reads import EXAMPLE
from registry.api.tokens import BearerToken
from registry.errors import Erased, NothingChanged, Refusal
from registry.models import Prompt, Release

router = Router(tags=["requests"])
proposer = BearerToken("propose", previews.NOT_HERE)
releaser = BearerToken("release", previews.NOT_HERE)

_SECRET: dict[type[Refusal], str] = {
    SecretFound: "An access key stands in the text. Take it out. Nobody else has read it."
}


@router.post(
    "/requests/{request_id}/revise",
    auth=[proposer, session],
    response={200: RequestOut},
    operation_id="revise",
    summary="Write a new revision",
    openapi_extra=described({**REQUEST_EXAMPLE, "revision": 2}, CONTENT, _SECRET, ARCHIVED),
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
    "/requests/{request_id}/rebase",
    auth=only_people,
    response={200: RequestOut},
    operation_id="rebase",
    summary="Bring a request up to date",
    openapi_extra=described(
        {**REQUEST_EXAMPLE, "state": "scanning", "revision": 2},
        PERSON,
        {kind: words for kind, words in CONTENT.items() if kind is not CommentNeeded},
        ARCHIVED,
        {
            NothingChanged: "This change is based on what is live already.",
            Erased: "This content is erased. Write a new revision first.",
            MergeConflict: "What is live and this change differ in 1 place that both changed.",
            NoEligibleReviewer: "Nobody could give this: 0 of 1 safety reviewer.",
        },
    ),
)
def rebase(
    request: PersonRequest, request_id: RequestId, body: RebaseIn, key: Key = None
) -> HttpResponse:
    """Put the same change onto what is live now; where both changed a line, send what to keep."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    content = body.content
    with with_diff_of(request.auth, found), with_conflicts_of(request.auth, found):
        done = services.rebase(
            found.pk,
            actor=request.auth,
            document=document_of(_prompt(found), content) if content else None,
            seen=body.revision_digest,
            expected_generation=body.expected_generation,
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
        ARCHIVED,
        {
            NothingChanged: "This is exactly what is live (v4).",
            Erased: "This content is erased. Write a new revision first.",
            NoPolicy: "No policy covers this prompt. A governance owner can add one.",
            NoEligibleReviewer: "Nobody could give this: 0 of 1 safety reviewer.",
            GoesTogether: "This change goes out with the others of its change set.",
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


def _prompt(request: ApprovalRequest) -> Prompt:
    assert request.prompt is not None  # noqa: S101  # what has none is not reached
    return request.prompt
