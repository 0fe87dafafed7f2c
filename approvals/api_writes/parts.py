"""What the addresses share: how they are described, and how a body becomes a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from ninja import HeaderEx, P, PathEx

from approvals.api_writes.doors import NO_CSRF, NO_TOKENS
from approvals.api_writes.schemas import ContentIn, Nothing, ProvenanceIn
from approvals.errors import (
    CommentNeeded,
    PersonNeeded,
    SecretFound,
    SignatureNeeded,
    TooManyTries,
    WrongPassword,
)
from approvals.models import ApprovalRequest
from registry.api.problems import CsrfFailed, MalformedJson, listed
from registry.documents import Document, build
from registry.errors import (
    Archived,
    BadInput,
    ContentTooLarge,
    Erased,
    InvalidDocument,
    InvalidText,
    NotAllowed,
    NotFound,
    NothingChanged,
    Recalled,
    Refusal,
    Stale,
    TemplateDoesNotParse,
    WrongState,
)
from registry.models import Prompt

RequestId = PathEx[int, P(ge=1, le=2**63 - 1, description="The number of the request")]
LabelName = PathEx[str, P(pattern=r"^[-a-zA-Z0-9_]{1,36}$", description="The label")]
Key = HeaderEx[
    str | None,
    P(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,100}$",
        description="A post repeated with its key does its work once",
    ),
]

#: the body of a step that takes none
NOTHING = Nothing()

REQUEST_EXAMPLE: dict[str, Any] = {
    "id": 118,
    "prompt": "support/refunds",
    "label": "production",
    "state": "draft",
    "revision": 1,
    "revision_digest": "c41b9e0d7a62f853" * 4,
    "version": 5,
    "content_digest": "9f2a61b0c3d84e5f" * 4,
    "base_version": 4,
    "base_generation": 3,
    "release_when_ready": False,
}
ABOUT_EXAMPLE: dict[str, Any] = {
    "id": 118,
    "state": "review",
    "revision": 2,
    "label": "production",
    "revision_digest": REQUEST_EXAMPLE["revision_digest"],
}

#: What every step may answer.
_STEP: dict[type[Refusal], str] = {
    CsrfFailed: NO_CSRF,
    NotAllowed: "This needs the permission to propose on this prompt. Mara Lind can grant it.",
    NotFound: "There is no such request.",
    MalformedJson: "The body is not JSON. Send an object.",
    ContentTooLarge: "The request is too large.",
    Stale: "This change was edited since you opened it. Look at the new diff and decide again.",
    WrongState: "This change is released already.",
    BadInput: "The comment is longer than 10,000 characters.",
    InvalidText: "The comment cannot be stored: U+0000 is not allowed.",
    SecretFound: "In the comment: this has the form of a live AWS access key. Remove it here.",
}
PERSON: dict[type[Refusal], str] = {PersonNeeded: NO_TOKENS}
CONTENT: dict[type[Refusal], str] = {
    InvalidDocument: "The template is empty. Write the prompt's text.",
    TemplateDoesNotParse: "Line 1: a variable is opened and never closed.",
    NothingChanged: "This is exactly what is live (v4).",
    CommentNeeded: "Say in a sentence why this change is worth making.",
}
SIGNING: dict[type[Refusal], str] = {
    SignatureNeeded: "Regulated asks for a signature: type your password again.",
    WrongPassword: "Type the password that you sign in with; it signs what you do here.",
    TooManyTries: "A wrong password was typed 5 times. Wait 15 minutes and try again.",
}
ARCHIVED: dict[type[Refusal], str] = {
    Archived: "This prompt is archived; somebody who manages it can bring it back."
}
GONE: dict[type[Refusal], str] = {
    Recalled: "v4 is recalled. Choose another version.",
    Erased: "The content of v4 is erased. Choose another version.",
}


def described(
    example: Mapping[str, Any],
    *more: Mapping[type[Refusal], str],
    status: int = 200,
    without: tuple[type[Refusal], ...] = (),
) -> dict[str, Any]:
    """Return what the schema says of a step beyond its types; `example` is of its success."""
    refusals = dict(_STEP)
    for some in more:
        refusals.update(some)
    for kind in without:
        del refusals[kind]
    shown = {status: {"content": {"application/json": {"example": example}}}}
    return {"responses": {**shown, **listed(refusals)}}


def told(request: ApprovalRequest) -> dict[str, Any]:
    """Return a request as answers show it."""
    assert request.prompt is not None and request.label is not None  # noqa: PT018,S101  # a CHECK
    assert request.version is not None  # noqa: S101  # says so
    return {
        "id": request.pk,
        "prompt": request.prompt.name,
        "label": request.label.name,
        "state": request.state,
        "revision": request.revision,
        "revision_digest": request.revision_digest,
        "version": request.version.number,
        "content_digest": request.version.content_digest,
        "base_version": request.base_version.number if request.base_version else None,
        "base_generation": request.base_generation,
        "release_when_ready": request.release_when_ready,
    }


def document_of(prompt: Prompt, content: ContentIn) -> Document:
    """Return the document of exactly this content, or raise the refusal that says why not."""
    template = content.template
    return build(
        type=prompt.type,
        template=template if isinstance(template, str) else [m.model_dump() for m in template],
        template_format=content.template_format,
        model_settings=content.model_settings,
        tools=content.tools,
        response_format=content.response_format,
        max_bytes=settings.MAX_PROMPT_BYTES,
    )


def provenance_of(given: ProvenanceIn) -> dict[str, Any]:
    """Return what was said of where the content comes from; nothing for what was not."""
    return {name: value for name, value in given.model_dump().items() if value}
