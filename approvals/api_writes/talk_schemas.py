"""The bodies of what people say about a change, as the schema describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from ninja import Schema
from pydantic import Field

from approvals.api_writes.schemas import Body, Digest, Flag, RequestAbout
from registry.api.reads import BIGGEST

Line: TypeAlias = Annotated[int, Field(ge=0, le=BIGGEST, strict=True)]


class OpenThreadIn(Body):
    """On line `line` (from 1) of the section `path`, as a diff names it; without both on the whole.

    `question`: the author is asked, and the reviewers' time stands still until there is an answer.
    `suggestion` is what the line should read instead; an empty one takes it away.
    """

    revision_digest: Digest
    text: str = ""
    path: str = Field(default="", max_length=60)
    line: Line = 0
    question: Flag = False
    suggestion: str | None = None


class ReplyIn(Body):
    """Needs a text, or a suggestion for the line of the thread."""

    text: str = ""
    suggestion: str | None = None


class SpotOut(Schema):
    path: str
    line: int


class RemarkOut(Schema):
    """`suggestion` is what the line should read instead; null, as `text`, where there is none, and
    where it was `erased`."""

    id: UUID
    by: str
    at: datetime
    text: str | None
    suggestion: str | None
    erased: bool


class ThreadOut(Schema):
    """`path` and `line` are those of `version`, on which it was opened; 0 is the whole change.

    `now` is where that line stands in what is proposed now; null where it was changed since.
    `quote` is the line as it was, where you may read it. A question `waits` until it is answered.
    """

    id: UUID
    version: int
    path: str
    line: int
    now: SpotOut | None
    where: str
    quote: str | None
    question: bool
    waits: bool
    opened_by: str
    opened_at: datetime
    resolved_by: str | None
    resolved_at: datetime | None
    remarks: list[RemarkOut]


class ThreadList(Schema):
    """In the order in which they were opened; `next_cursor` is null on the last page."""

    request: RequestAbout
    items: list[ThreadOut]
    next_cursor: str | None
