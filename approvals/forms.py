"""What a person typed into the form of a change, kept exactly, and the document it makes.

Django's own form fields strip and refuse; this form keeps every character, so that a refused
form gives everything back and a saved one stores exactly what was written.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.http import QueryDict

from audit.canonical import CanonicalError, check_text
from registry.documents import Document, build, with_newlines_of
from registry.errors import InvalidDocument, InvalidText
from registry.json_text import each_once
from registry.models import Label, Prompt
from registry.numbers import whole

FORMATS = ("jinja2", "mustache", "f-string", "none")
_JSON = (
    ("model_settings", "Model settings"),
    ("tools", "Tools"),
    ("response_format", "Response format"),
)


@dataclass(frozen=True)
class Message:
    """One message of a chat; `origin` is its number in the version the form began with."""

    role: str = "user"
    content: str = ""
    origin: int | None = None


@dataclass(frozen=True)
class ProposalForm:
    """Every field of the form as text; `base` is the number of the version it began with."""

    type: str = Prompt.Type.TEXT
    template: str = ""
    messages: tuple[Message, ...] = ()
    template_format: str = "jinja2"
    model_settings: str = ""
    tools: str = ""
    response_format: str = ""
    rationale: str = ""
    ticket: str = ""
    label: str = ""
    release_when_ready: bool = True
    base: str = ""
    #: for each label that the form offers the digest of what was live there, "" for nothing
    seen_live: Mapping[str, str] = field(default_factory=dict)
    seen: str = ""
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    name: str = ""
    data_class: str = Prompt.DataClass.INTERNAL
    description: str = ""

    def live_seen(self, label: Label | None) -> str:
        """The digest of what was live on a label when the form was opened; "" for nothing."""
        return self.seen_live.get(label.name, "") if label else ""

    @property
    def has_settings(self) -> bool:
        return bool(self.model_settings or self.tools or self.response_format)


def from_body(body: Mapping[str, Any], **rest: Any) -> ProposalForm:
    """The form filled from a stored document; an empty one (nothing live) gives an empty form."""
    if not body:
        return ProposalForm(**rest)
    texts: dict[str, Any] = {key: _pretty(key, body.get(key)) for key, _ in _JSON}
    template = body["template"]
    chat = body["type"] == Prompt.Type.CHAT
    return ProposalForm(
        type=body["type"],
        template="" if chat else template,
        messages=tuple(
            Message(message["role"], message["content"], number)
            for number, message in enumerate(template if chat else [])
        ),
        template_format=body["template_format"],
        **texts,
        **rest,
    )


def from_post(post: QueryDict) -> ProposalForm:
    """The form as it was sent, character for character; unknown fields are ignored."""
    roles, contents, origins = (post.getlist(name) for name in ("role", "content", "origin"))
    origins += [""] * len(contents)
    messages = tuple(
        Message(role, content, whole(origin))
        for role, content, origin in zip(roles, contents, origins, strict=False)
    )
    texts = ("type", "template", "template_format", "label", "base", "seen", "key")
    more = ("model_settings", "tools", "response_format", "rationale", "ticket", "name")
    sent: dict[str, Any] = {
        name: post[name] for name in (*texts, *more, "data_class", "description") if name in post
    }
    lives = (one.rpartition(":") for one in post.getlist("seen_live"))
    return ProposalForm(
        messages=messages,
        release_when_ready="release_when_ready" in post,
        seen_live={label: digest for label, _, digest in lives},
        **sent,
    )


def with_another_message(form: ProposalForm) -> ProposalForm:
    """One empty message more; it answers the last one."""
    last = form.messages[-1].role if form.messages else ""
    role = {"": "system", "user": "assistant"}.get(last, "user")
    return replace(form, messages=(*form.messages, Message(role)))


def without_message(form: ProposalForm, number: int) -> ProposalForm:
    """The form without the message at `number` (from 0); unchanged when there is none."""
    kept = [message for n, message in enumerate(form.messages) if n != number]
    return replace(form, messages=tuple(kept))


def document_of(form: ProposalForm, base: Mapping[str, Any]) -> Document:
    """The document of exactly what was typed, with the newlines of `base`; or a Refusal."""
    values = {key: _parsed(getattr(form, key), title) for key, title in _JSON}
    return build(
        type=form.type,
        template=_template(form, base),
        template_format=form.template_format,
        model_settings=values["model_settings"],
        tools=values["tools"],
        response_format=values["response_format"],
        max_bytes=settings.MAX_PROMPT_BYTES,
    )


def rough_body(form: ProposalForm, base: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed as a document that need not be valid yet, for a diff while typing."""
    body: dict[str, Any] = {
        "v": 1,
        "type": form.type,
        "template": _template(form, base),
        "template_format": form.template_format,
        "variables": [],
    }
    for key, title in _JSON:
        try:
            body[key] = _parsed(getattr(form, key), title)
        except InvalidDocument:
            body[key] = base.get(key)
    return body


def free_text(text: str, name: str = "comment") -> str:
    """A rationale, comment or reason: newlines as LF, without blank edges; no U+0000."""
    return line_text(text, name).strip()


def line_text(text: str, name: str) -> str:
    """What a line should read instead: newlines as LF, every blank kept; no U+0000."""
    try:
        check_text(text, name)
    except CanonicalError as error:
        raise InvalidText(f"{error}. Remove it.", field=name) from None
    return with_newlines_of(text, None)


def _template(form: ProposalForm, base: Mapping[str, Any]) -> str | list[dict[str, str]]:
    before = base.get("template", "")
    if form.type != Prompt.Type.CHAT:
        return with_newlines_of(form.template, before if isinstance(before, str) else None)
    messages = before if isinstance(before, list) else []
    return [
        {"role": m.role, "content": with_newlines_of(m.content, _content(messages, m.origin))}
        for m in form.messages
    ]


def _content(messages: list[dict[str, str]], number: int | None) -> str | None:
    """The message that a text began as, else the first one: a prompt keeps to one newline."""
    if number is not None and number < len(messages):
        return messages[number]["content"]
    return messages[0]["content"] if messages else None


def _pretty(key: str, value: Any) -> str:
    # No settings and no tools are stored as empty ones; no response format is stored as null.
    if value is None or (not value and key != "response_format"):
        return ""
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def _parsed(text: str, title: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text, object_pairs_hook=each_once(_said_twice(title)))
    except json.JSONDecodeError as error:
        raise InvalidDocument(
            f"{title}: this is not JSON (line {error.lineno}, column {error.colno}: "
            f"{error.msg[:1].lower()}{error.msg[1:]}).",
            field="settings",
        ) from None
    except (ValueError, RecursionError):
        raise InvalidDocument(
            f"{title}: a number or the nesting in this JSON is too large.", field="settings"
        ) from None


def _said_twice(title: str) -> Callable[[str], InvalidDocument]:
    return lambda name: InvalidDocument(
        f"{title}: “{name}” stands twice in one object. Keep one of them.", field="settings"
    )
