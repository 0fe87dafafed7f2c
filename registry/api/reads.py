"""What applications read: what a label serves, a released version, and the lists of both."""

from typing import Any

from django.http import HttpResponse
from ninja import P, PathEx, QueryEx, Router

from registry import serving
from registry.api.answers import answer, conditional
from registry.api.cursors import cursor_to, number_of, text_of
from registry.api.problems import InvalidCursor, listed, refuse_unknown
from registry.api.schemas import PromptList, PromptOut, VersionList
from registry.api.tokens import ApiRequest, BearerToken
from registry.errors import AmbiguousSelector, Erased, NotFound, Recalled, Suspended, UnknownLabel

READ = ["GET", "HEAD"]
BIGGEST = 2**31 - 1

#: A prompt's name with its slashes; no segment of a name is "-", so "/-/" ends it.
Name = PathEx[str, P(description="The prompt's name, such as `support/refunds`")]
LabelName = P(
    pattern=r"^[-a-zA-Z0-9_]{1,36}$",
    description="The label whose content to read; `production` where neither is given",
)
Number = P(ge=1, le=BIGGEST, description="A version that was once live, instead of a label")
Limit = QueryEx[int, P(ge=1, le=100, description="How many at most")]
Cursor = QueryEx[
    str | None, P(max_length=2048, description="`next_cursor` of the page before this one")
]

router = Router(tags=["prompts"])
reader = BearerToken("read", serving.NOT_HERE)

EXAMPLE: dict[str, Any] = {
    "name": "support/refunds",
    "type": "text",
    "version": 4,
    "label": "production",
    "content_digest": "9f2a61b0c3d84e5f" * 4,
    "template": "Thank {{ name }} and explain the refund in one sentence.",
    "template_format": "jinja2",
    "variables": ["name"],
    "model_settings": {"temperature": 0.2},
    "tools": [],
    "response_format": None,
    "release": {
        "id": "5b0f6f1e-7c1d-4f0a-9a57-0e5f0c1b2d3e",
        "kind": "release",
        "generation": 3,
        "at": "2026-11-22T09:30:00.000000Z",
    },
}
_SERVED = {
    NotFound: serving.NOT_HERE,
    UnknownLabel: "There is no label “prod”. Check how it is written.",
    serving.UnknownVersion: "There is no released version 9 of this prompt for this token.",
    serving.NothingServed: "production serves nothing for this prompt yet.",
    Suspended: "production does not serve this prompt at the moment. The reason given: …",
    AmbiguousSelector: "Choose label or version, not both.",
    Recalled: "v4 is recalled and served nowhere. Read another version.",
    Erased: "The content of v4 is erased. Read another version.",
}


def documented(responses: dict[int, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Return what the schema says of an address beyond its types; `example` is of its 200."""
    found: dict[int, Any] = {**conditional(), **responses}
    found[200] = {**found[200], "content": {"application/json": {"example": example}}}
    return {"responses": found}


@router.api_operation(
    READ,
    "/prompts",
    auth=reader,
    response={200: PromptList},
    operation_id="list_prompts",
    summary="List prompts",
    openapi_extra=documented(
        listed({NotFound: serving.NOT_HERE, InvalidCursor: "Take the cursor of a page."}),
        {
            "items": [
                {
                    "name": "support/refunds",
                    "type": "text",
                    "labels": [{"label": "production", "version": 4}],
                }
            ],
            "next_cursor": None,
        },
    ),
)
def list_prompts(request: ApiRequest, cursor: Cursor = None, limit: Limit = 50) -> HttpResponse:
    """The prompts in the token's reach by name, each with the labels that serve it."""
    refuse_unknown(request, ("cursor", "limit"))
    after = "" if cursor is None else text_of(cursor)
    items, last = serving.prompts_after(request.auth, after, limit)
    return answer(request, {"items": items, "next_cursor": cursor_to(last) if last else None})


@router.api_operation(
    READ,
    "/prompts/{path:name}/-/versions",
    auth=reader,
    response={200: VersionList},
    operation_id="list_versions",
    summary="List released versions",
    openapi_extra=documented(
        listed({NotFound: serving.NOT_HERE, InvalidCursor: "Take the cursor of a page."}),
        {
            "items": [
                {
                    "version": 4,
                    "content_digest": EXAMPLE["content_digest"],
                    "status": "available",
                    "label": "production",
                    "release": EXAMPLE["release"],
                }
            ],
            "next_cursor": None,
        },
    ),
)
def list_versions(
    request: ApiRequest, name: Name, cursor: Cursor = None, limit: Limit = 50
) -> HttpResponse:
    """The versions that were once live on a label in the token's reach, newest first."""
    refuse_unknown(request, ("cursor", "limit"))
    before = None if cursor is None else number_of(cursor, BIGGEST)
    items, last = serving.released_before(request.auth, name, before, limit)
    return answer(request, {"items": items, "next_cursor": cursor_to(str(last)) if last else None})


@router.api_operation(
    READ,
    "/prompts/{path:name}",
    auth=reader,
    response={200: PromptOut},
    operation_id="read_prompt",
    summary="Read a prompt",
    openapi_extra=documented(listed(_SERVED), EXAMPLE),
)
def read_prompt(
    request: ApiRequest,
    name: Name,
    label: QueryEx[str | None, LabelName] = None,
    version: QueryEx[int | None, Number] = None,
) -> HttpResponse:
    """What a label serves now, or one version that was once live."""
    refuse_unknown(request, ("label", "version"))
    if label is not None and version is not None:
        raise AmbiguousSelector("Choose label or version, not both.")
    if version is not None:
        served = serving.by_version(request.auth, name, version)
    else:
        served = serving.by_label(request.auth, name, label or serving.DEFAULT_LABEL)
    return answer(
        request,
        serving.body_of(served.prompt, served.version, label=served.label, release=served.release),
    )
