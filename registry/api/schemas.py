"""The bodies of this floor's API, as the schema describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict


class Message(Schema):
    role: Literal["system", "user", "assistant", "developer", "tool"]
    content: str


class ReleaseOut(Schema):
    """The move of a label that made a version live; `generation` counts the label's moves."""

    id: UUID
    kind: Literal["release", "placed", "rollback", "emergency", "suspend", "resume"]
    generation: int
    at: datetime


class Content(Schema):
    """A version's content, exactly as its author gave it."""

    name: str
    type: Literal["text", "chat"]
    version: int
    label: str | None
    content_digest: str
    template: str | list[Message]
    template_format: Literal["jinja2", "mustache", "f-string", "none"]
    variables: list[str]
    model_settings: dict[str, Any]
    tools: list[dict[str, Any]]
    response_format: dict[str, Any] | None


class PromptOut(Content):
    """What is served; `label` is null where it was asked for by version."""

    release: ReleaseOut


class ServedLabel(Schema):
    label: str
    version: int


class PromptItem(Schema):
    name: str
    type: Literal["text", "chat"]
    labels: list[ServedLabel]


class PromptList(Schema):
    """`next_cursor` is null on the last page."""

    items: list[PromptItem]
    next_cursor: str | None


class VersionItem(Schema):
    """A version that was once live, with its newest release on a label in reach."""

    version: int
    content_digest: str
    status: Literal["available", "recalled", "erased"]
    label: str
    release: ReleaseOut


class VersionList(Schema):
    """`next_cursor` is null on the last page."""

    items: list[VersionItem]
    next_cursor: str | None


class WhyNot(Schema):
    name: str
    why: str


class RequirementOut(Schema):
    """A named rule: how it stands, and who can meet it; `word`, `can` and `cannot` are the
    words of the pages."""

    code: str
    status: Literal["SATISFIED", "UNSATISFIED", "NOT_APPLICABLE", "OVERRIDDEN", "BYPASSED", "ERROR"]
    word: str
    title: str
    sentence: str
    kind: Literal["gate", "release", "automatic"]
    who: list[str]
    can: str
    not_who: list[WhyNot]
    cannot: str
    notes: list[str]


class InvalidValue(Schema):
    where: str
    message: str


class DiffSection(Schema):
    """Lines begin with "+" (added), "-" (taken away), " " (as before) or "@" (left out)."""

    path: str
    title: str
    lines: list[str]


class DiffOut(Schema):
    """The sections that change from version `live` (null: nothing is live) to what is proposed."""

    live: int | None
    sections: list[DiffSection]
    cut: bool


class ConflictOut(Schema):
    """A place that what is live and a request both changed: the text before, and on each side."""

    path: str
    line: int
    base: str
    live: str
    mine: str


class Problem(Schema):
    """An error (RFC 9457); `code` is stable, `detail` says what to do.

    `requirements` is there where something is still missing, `errors` where values are not valid;
    `diff`, `revision_digest` and `generation` where something moved since it was seen; `conflicts`
    where a merge needs a person.
    """

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    requirements: list[RequirementOut] = []
    errors: list[InvalidValue] = []
    diff: DiffOut | None = None
    conflicts: list[ConflictOut] = []
