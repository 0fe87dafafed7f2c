"""The bodies that the writing part of the API takes and answers with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, SecretStr

from registry.api.reads import BIGGEST
from registry.api.schemas import Message, ReleaseOut

Digest: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Generation: TypeAlias = Annotated[int, Field(ge=0, le=BIGGEST, strict=True)]
Number: TypeAlias = Annotated[int, Field(ge=1, le=BIGGEST, strict=True)]
LabelText: TypeAlias = Annotated[str, Field(pattern=r"^[-a-zA-Z0-9_]{1,36}$")]
#: never shown, in no error and no log; longer than anybody types
Password: TypeAlias = Annotated[SecretStr, Field(max_length=4096)]
Word: TypeAlias = Annotated[str, Field(max_length=200)]
State: TypeAlias = Literal[
    "draft", "scanning", "review", "approved", "released", "rejected", "withdrawn"
]


def _moment(value: Any) -> datetime:
    """Read a time as RFC 3339 writes it; ValueError says how."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError("a time is written with its zone, such as 2026-11-22T09:30:00Z")
    return found


Moment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_moment)]


class Body(Schema):
    """What is not listed is refused: a field that is misspelt would otherwise be one left out."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Body):
    """A step that takes no field: send `{}`, or no body."""


class SeenIn(Body):
    """Which revision was seen; the step needs no more."""

    revision_digest: Digest


class MessageIn(Message):
    model_config = ConfigDict(extra="forbid")


class ContentIn(Body):
    """A text, or the messages of a chat, kept exactly as it is sent."""

    template: str | list[MessageIn]
    template_format: Literal["jinja2", "mustache", "f-string", "none"]
    model_settings: dict[str, Any] = {}
    tools: list[dict[str, Any]] = []
    response_format: dict[str, Any] | None = None


class ProvenanceIn(Body):
    """Where the content comes from; kept with the version, under a digest of its own."""

    change_ticket: Word | None = None
    source_commit: Word | None = None
    model_revision: Word | None = None
    evaluation_set: Word | None = None
    dataset_slices: list[Word] = Field(default=[], max_length=50)


class CreateIn(Body):
    name: str
    type: Literal["text", "chat"] = "text"
    data_class: Literal["public", "internal", "customer", "education", "health"] = "internal"
    description: str = ""
    tags: list[str] = []
    confidential: Flag = False


class ProposeIn(Body):
    """What to put on which protected label, and why; and the label's generation that was seen."""

    label: LabelText
    content: ContentIn
    rationale: str
    expected_generation: Generation
    provenance: ProvenanceIn = ProvenanceIn()


class ReviseIn(Body):
    content: ContentIn
    rationale: str
    revision_digest: Digest
    expected_generation: Generation
    provenance: ProvenanceIn = ProvenanceIn()


class SubmitIn(Body):
    """`release_when_ready`: it goes out by itself once everything is met."""

    revision_digest: Digest
    release_when_ready: Flag = False


class WithdrawIn(Body):
    revision_digest: Digest
    comment: str = ""


class ReviewIn(Body):
    """A vote in a role on exactly what was seen; `answers` are those of the role's checklist.

    `password` is the one that you sign in with; it signs the vote, where a policy asks for that,
    and is kept nowhere.
    """

    role: Word
    decision: Literal["approve", "request_changes", "reject"]
    revision_digest: Digest
    comment: str = ""
    answers: dict[str, str] = {}
    password: Password = SecretStr("")


class LiftIn(Body):
    reason: str


class RebaseIn(Body):
    """Merged by machine without `content`; with it, what a person made of both."""

    revision_digest: Digest
    expected_generation: Generation
    content: ContentIn | None = None


class PlanIn(Body):
    revision_digest: Digest
    at: Moment


class EmergencyIn(Body):
    """`password` is the one that you sign in with; it signs this, and is kept nowhere."""

    revision_digest: Digest
    expected_generation: Generation
    reason: str
    ticket: str
    password: Password


class ReleaseIn(Body):
    revision_digest: Digest
    expected_generation: Generation


class RollbackIn(Body):
    """`to` is a version that was live here; without it, the one that was live before this one."""

    expected_generation: Generation
    to: Number | None = None
    reason: str = ""


class SwitchIn(Body):
    expected_generation: Generation
    reason: str


# -- answers --------------------------------------------------------------------------------


class PromptMade(Schema):
    name: str
    type: Literal["text", "chat"]
    data_class: str
    confidential: bool


class RequestAbout(Schema):
    """Which request; `revision_digest` is what a step on it has to say that it saw."""

    id: int
    state: State
    revision: int
    label: str
    revision_digest: str


class RequestOut(Schema):
    """A request as it stands now; say `revision_digest` with the next step on it."""

    id: int
    prompt: str
    label: str
    state: State
    revision: int
    revision_digest: str
    version: int
    content_digest: str
    base_version: int | None
    base_generation: int | None
    release_when_ready: bool


class VoteOut(Schema):
    """`meaning` is what it says in words; `signed`: the password was typed for it."""

    id: UUID
    role: str
    decision: str
    meaning: str
    signed: bool
    at: datetime


class VoteItem(VoteOut):
    """A vote on `revision`; `lifted_by` names who lifted a wish for changes."""

    by: str
    revision: int
    comment: str | None
    lifted_by: str | None


class VoteList(Schema):
    """In the order in which they were given; `next_cursor` is null on the last page."""

    request: RequestAbout
    items: list[VoteItem]
    next_cursor: str | None


class PlannedOut(RequestOut):
    """`release_at` is when it goes out by itself, if everything is met then."""

    release_at: datetime | None


class ReviewOut(RequestOut):
    vote: VoteOut


class ReleasedOut(RequestOut):
    release: ReleaseOut


class MovedOut(Schema):
    """What the label serves now; nothing while `suspended`."""

    prompt: str
    label: str
    version: int
    content_digest: str
    generation: int
    suspended: bool
    release: ReleaseOut
