"""The HTTP API of this floor: previews, what a change still needs, and placing for a trial."""

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from approvals import previews, services
from approvals.api_writes.doors import NO_CSRF, CalledBy, session
from approvals.api_writes.parts import ABOUT_EXAMPLE, Key, LabelName, RequestId
from approvals.api_writes.schemas import RequestAbout
from approvals.errors import RiskTooHigh, ScanMissing
from approvals.presenters.explained import explained
from approvals.reach import label_for, prompt_for, shown_request
from registry import serving
from registry.api.answers import VARY_BY_SESSION, answer
from registry.api.problems import CsrfFailed, InvalidRequest, MalformedJson, listed, refuse_unknown
from registry.api.reads import BIGGEST, EXAMPLE, READ, Name, documented
from registry.api.schemas import Content, ReleaseOut, RequirementOut
from registry.api.tokens import ApiRequest, BearerToken
from registry.errors import (
    Archived,
    ContentTooLarge,
    Erased,
    LabelIsProtected,
    NotAllowed,
    NotFound,
    NothingChanged,
    Recalled,
    Stale,
    UnknownLabel,
    WrongState,
)
from registry.models import Prompt, Version

router = Router(tags=["requests"])
previewer = BearerToken("preview", previews.NOT_HERE)
placer = BearerToken("place", serving.NOT_HERE)


class PreviewOut(Content):
    """What a request proposes; nothing serves it, so `label` and `release` are null."""

    label: None
    release: None
    request: RequestAbout


class RequirementList(Schema):
    """`ready` tells whether a release may happen now."""

    request: RequestAbout
    ready: bool
    requirements: list[RequirementOut]


class PlaceIn(Schema):
    """Which version, by number or by digest (both must agree), and the generation that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"anyOf": [{"required": ["version"]}, {"required": ["content_digest"]}]},
    )

    version: int | None = Field(None, ge=1, le=BIGGEST, strict=True)
    content_digest: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    expected_generation: int = Field(ge=0, le=BIGGEST, strict=True)


class PlaceOut(Schema):
    """What the label serves now."""

    prompt: str
    label: str
    version: int
    content_digest: str
    generation: int
    release: ReleaseOut


_REQUEST = {
    NotFound: previews.NOT_HERE,
    WrongState: "This change is withdrawn. Read what is live by its label.",
}


@router.api_operation(
    READ,
    "/requests/{request_id}/content",
    auth=previewer,
    response={200: PreviewOut},
    operation_id="read_preview",
    summary="Read what a request proposes",
    openapi_extra=documented(
        listed(
            {
                **_REQUEST,
                ScanMissing: "The risk scan of this change has not finished. Try again shortly.",
                RiskTooHigh: "The scan found something critical, so nobody is served this text.",
                Recalled: "v5 is recalled and served nowhere. Read another version.",
                Erased: "The content of v5 is erased. Read another version.",
            }
        ),
        {**EXAMPLE, "version": 5, "label": None, "release": None, "request": ABOUT_EXAMPLE},
    ),
)
def read_preview(request: ApiRequest, request_id: RequestId) -> HttpResponse:
    """The content of an open request, once its scan has finished and found nothing critical."""
    refuse_unknown(request)
    return answer(request, previews.preview_of(previews.request_for(request.auth, request_id)))


@router.api_operation(
    READ,
    "/requests/{request_id}/requirements",
    auth=[previewer, session],
    response={200: RequirementList},
    operation_id="read_requirements",
    summary="Read what a request still needs",
    openapi_extra=documented(
        listed(_REQUEST),
        {
            "request": ABOUT_EXAMPLE,
            "ready": False,
            "requirements": [
                {
                    "code": "sign_off:safety",
                    "status": "UNSATISFIED",
                    "word": "Not yet met",
                    "title": "Sign-off for safety",
                    "sentence": "A safety reviewer has to approve this revision.",
                    "kind": "gate",
                    "who": ["Sam Ito"],
                    "can": "Sam Ito can sign.",
                    "not_who": [{"name": "Ada Moss", "why": "wrote it"}],
                    "cannot": "Not Ada Moss, who wrote it.",
                    "notes": [],
                }
            ],
        },
    ),
)
def read_requirements(request: CalledBy, request_id: RequestId) -> HttpResponse:
    """Every requirement of a request, in the words of its page; to a token of an open one."""
    refuse_unknown(request)
    found = shown_request(request.auth, request_id)
    return answer(request, explained(found).as_dict(), vary=VARY_BY_SESSION)


@router.post(
    "/prompts/{path:name}/-/labels/{label}/place",
    auth=[placer, session],
    response={200: PlaceOut},
    operation_id="place_version",
    summary="Place a version on an unprotected label",
    openapi_extra={
        "responses": {
            200: {
                "content": {
                    "application/json": {
                        "example": {
                            "prompt": "support/refunds",
                            "label": "staging",
                            "version": 5,
                            "content_digest": EXAMPLE["content_digest"],
                            "generation": 8,
                            "release": {**EXAMPLE["release"], "kind": "placed", "generation": 8},
                        }
                    }
                }
            },
            **listed(
                {
                    CsrfFailed: NO_CSRF,
                    NotFound: serving.NOT_HERE,
                    UnknownLabel: "There is no label “stagin”. Check how it is written.",
                    serving.UnknownVersion: "There is no version 9 of this prompt.",
                    MalformedJson: "The body is not JSON. Send an object.",
                    NotAllowed: "You need the permission to propose on this prompt to place it.",
                    Archived: "This prompt is archived.",
                    Stale: "What is live on staging moved since you looked.",
                    Recalled: "v5 is recalled. Choose another version.",
                    Erased: "The content of v5 is erased. Choose another version.",
                    ContentTooLarge: "The request is too large.",
                    LabelIsProtected: "production is protected: propose the version.",
                    ScanMissing: "This version has no finished risk scan. Submit it first.",
                    RiskTooHigh: "The scan found something critical; it goes nowhere.",
                    NothingChanged: "staging serves v5 already.",
                }
            ),
        }
    },
)
def place_version(
    request: CalledBy, name: Name, label: LabelName, body: PlaceIn, key: Key = None
) -> HttpResponse:
    """Move an unprotected label; a protected one answers with what it requires."""
    refuse_unknown(request)
    prompt, target = prompt_for(request.auth, name), label_for(request.auth, label)
    row = services.place(
        prompt,
        _version_of(prompt, body),
        target,
        actor=request.auth,
        expected_generation=body.expected_generation,
        key=key or "",
    )
    return answer(
        request,
        {
            "prompt": prompt.name,
            "label": target.name,
            "version": row.version.number,
            "content_digest": row.version.content_digest,
            "generation": row.generation,
            "release": serving.release_body(row),
        },
    )


def _version_of(prompt: Prompt, body: PlaceIn) -> Version:
    rows = Version.objects.filter(prompt=prompt).order_by("-number")
    if body.version is None:
        if body.content_digest is None:
            raise InvalidRequest("Say which version: give its number, its digest or both.")
        found = rows.filter(content_digest=body.content_digest).first()
        sentence = "No version of this prompt has this digest."
    else:
        found = rows.filter(number=body.version).first()
        sentence = f"There is no version {body.version} of this prompt."
    if found is None:
        raise serving.UnknownVersion(sentence)
    if body.content_digest not in (None, found.content_digest):
        raise Stale(f"v{found.number} has another digest than the one you gave. Read it again.")
    return found
