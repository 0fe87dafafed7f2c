"""When a request goes on, and who is asked for it: plan, ask again, scan again, an emergency."""

from django.http import HttpResponse
from ninja import Router

from approvals import services
from approvals.api_writes.doors import PersonRequest, only_people
from approvals.api_writes.parts import (
    ARCHIVED,
    GONE,
    NOTHING,
    PERSON,
    REQUEST_EXAMPLE,
    SIGNING,
    Key,
    RequestId,
    described,
    told,
)
from approvals.api_writes.schemas import (
    EmergencyIn,
    Nothing,
    PlanIn,
    PlannedOut,
    ReleasedOut,
    RequestOut,
    SeenIn,
)
from approvals.errors import (
    AskedRecently,
    CommentNeeded,
    EmergencyNotAllowed,
    RequirementsUnmet,
    ReviewOverdue,
    TicketNeeded,
)
from approvals.forms import free_text
from approvals.models import ApprovalRequest
from approvals.reach import request_for
from approvals.signing import signed
from approvals.stale import with_diff_of
from audit.payload import time_text
from registry import serving
from registry.api.answers import answer
from registry.api.problems import refuse_unknown
from registry.api.reads import EXAMPLE
from registry.models import Release

router = Router(tags=["requests"])

_PLANNED = {**REQUEST_EXAMPLE, "state": "review", "release_at": "2026-11-24T08:00:00.000000Z"}


@router.post(
    "/requests/{request_id}/plan",
    auth=only_people,
    response={200: PlannedOut},
    operation_id="plan_release",
    summary="Plan the release",
    openapi_extra=described(_PLANNED, PERSON),
)
def plan_release(
    request: PersonRequest, request_id: RequestId, body: PlanIn, key: Key = None
) -> HttpResponse:
    """Have it go out at a time, as you, if everything is met then; a plan before is replaced."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.plan_release(
            found.pk, actor=request.auth, at=body.at, seen=body.revision_digest, key=key or ""
        )
    return answer(request, _planned(done))


@router.post(
    "/requests/{request_id}/unplan",
    auth=only_people,
    response={200: PlannedOut},
    operation_id="unplan_release",
    summary="Take the plan away",
    openapi_extra=described({**_PLANNED, "release_at": None}, PERSON),
)
def unplan_release(
    request: PersonRequest, request_id: RequestId, body: SeenIn, key: Key = None
) -> HttpResponse:
    """Have it go out at no time by itself; where it was to go as soon as it is ready, it does."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.unplan_release(
            found.pk, actor=request.auth, seen=body.revision_digest, key=key or ""
        )
    return answer(request, _planned(done))


@router.post(
    "/requests/{request_id}/ask-again",
    auth=only_people,
    response={200: RequestOut},
    operation_id="ask_again",
    summary="Ask the reviewers again",
    openapi_extra=described(
        {**REQUEST_EXAMPLE, "state": "review"},
        PERSON,
        ARCHIVED,
        {AskedRecently: "Everybody who could help was asked within the last 4 hours."},
    ),
)
def ask_again(
    request: PersonRequest, request_id: RequestId, body: Nothing = NOTHING, key: Key = None
) -> HttpResponse:
    """Mail everybody who could give what is missing; who wrote the change asks."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.ask_again(found.pk, actor=request.auth, key=key or "")
    return answer(request, told(done))


@router.post(
    "/requests/{request_id}/rescan",
    auth=only_people,
    response={200: RequestOut},
    operation_id="rescan",
    summary="Start a failed scan again",
    openapi_extra=described({**REQUEST_EXAMPLE, "state": "scanning"}, PERSON),
)
def rescan(
    request: PersonRequest, request_id: RequestId, body: Nothing = NOTHING, key: Key = None
) -> HttpResponse:
    """Try the risk scan again that failed three times; the author or a governance owner."""
    refuse_unknown(request)
    found = request_for(request.auth, request_id)
    with with_diff_of(request.auth, found):
        done = services.rescan(found.pk, actor=request.auth, key=key or "")
    return answer(request, told(done))


@router.post(
    "/requests/{request_id}/emergency",
    auth=only_people,
    response={200: ReleasedOut},
    operation_id="break_glass",
    summary="Release in an emergency",
    openapi_extra=described(
        {
            **REQUEST_EXAMPLE,
            "state": "released",
            "release": {**EXAMPLE["release"], "kind": "emergency"},
        },
        PERSON,
        GONE,
        SIGNING,
        {
            EmergencyNotAllowed: "The policy of this prompt allows no emergency release.",
            RequirementsUnmet: "Even in an emergency this has to hold: Risk scan.",
            ReviewOverdue: "The review after the fact that you opened was due on 22 Nov 09:30 UTC.",
            CommentNeeded: "Say in a sentence what the emergency is.",
            TicketNeeded: "Give the ticket or incident that this belongs to.",
        },
    ),
)
def break_glass(
    request: PersonRequest, request_id: RequestId, body: EmergencyIn, key: Key = None
) -> HttpResponse:
    """Put it live past what may be passed over, by name; somebody else looks at it afterwards."""
    refuse_unknown(request)
    person = request.auth
    found = request_for(person, request_id)
    auth_method, auth_at = signed(person, body.password.get_secret_value())
    with with_diff_of(person, found):
        done = services.break_glass(
            found.pk,
            actor=person,
            reason=free_text(body.reason, "reason"),
            ticket=free_text(body.ticket, "ticket"),
            auth_method=auth_method,
            auth_at=auth_at,
            seen=body.revision_digest,
            expected_generation=body.expected_generation,
            key=key or "",
        )
    row = Release.objects.get(cause_id=done.public_id, kind=Release.Kind.EMERGENCY)
    return answer(request, {**told(done), "release": serving.release_body(row)})


def _planned(request: ApprovalRequest) -> dict[str, object]:
    at = request.release_at
    return {**told(request), "release_at": time_text(at) if at else None}
