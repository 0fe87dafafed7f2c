"""The canonical content of a Version: building it, reading it back, and showing it to people."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from registry.errors import (
    ContentTooLarge,
    InvalidDocument,
    InvalidText,
    TemplateDoesNotParse,
    TooManyMessages,
)
from registry.formats import parse, position
from registry.matching import pairs

MAX_BYTES = 1_048_576
# So that the form of a change can carry every chat that there is: it takes fields for each message.
MAX_MESSAGES = 10_000
_MAX_DEPTH = 64
TYPES = ("text", "chat")
ROLES = ("system", "user", "assistant", "developer", "tool")

_NEWLINE = re.compile(r"\r\n|\r|\n")
_JSON_SECTIONS = (
    ("model_settings", "Model settings"),
    ("tools", "Tools"),
    ("response_format", "Response format"),
)


@dataclass(frozen=True)
class Document:
    """One immutable content: its canonical text and the digests (SHA-256, hex) derived from it."""

    text: str
    digest: str
    interface_digest: str
    settings_digest: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One part of a document as people read it; path is where findings and diffs point."""

    path: str
    title: str
    text: str


def build(
    *,
    type: str,
    template: str | Sequence[Mapping[str, Any]],
    template_format: str,
    model_settings: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    response_format: Mapping[str, Any] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Document:
    """Return the document of exactly this content or raise a Refusal naming the rule broken."""
    if type not in TYPES:
        raise InvalidDocument(f"The type “{type}” is not known. Use one of: {', '.join(TYPES)}.")
    content: str | list[dict[str, str]]
    if type == "text":
        content = _text(template)
        texts = [("the template", content)]
    else:
        content = _messages(template)
        texts = [(_message_name(i, m["role"]), m["content"]) for i, m in enumerate(content)]
    _check_size(texts, max_bytes)
    for name, text in texts:
        _check_text(text, name)
    body = {
        "v": 1,
        "type": type,
        "template": content,
        "template_format": template_format,
        "variables": _variables(texts, template_format),
        "model_settings": _object(model_settings or {}, "model_settings"),
        "tools": _objects(tools or [], "tools"),
        "response_format": None
        if response_format is None
        else _object(response_format, "response_format"),
    }
    return _document(body, max_bytes)


def load(text: str) -> dict[str, Any]:
    """Return the document's values from its canonical text, or raise InvalidDocument."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidDocument("The stored document is not JSON.") from None
    if not isinstance(body, dict) or body.get("v") != 1:
        raise InvalidDocument("The stored document is not of version 1.")
    return body


def sections(document: Mapping[str, Any]) -> list[Section]:
    """Return a document's parts for people: the template or each message, then settings as JSON."""
    template = document["template"]
    if isinstance(template, str):
        parts = [Section("template", "Template", template)]
    else:
        parts = _message_sections(template)
    for key, title in _JSON_SECTIONS:
        if document.get(key):
            pretty = json.dumps(document[key], indent=2, sort_keys=True, ensure_ascii=False)
            parts.append(Section(key, title, pretty))
    return parts


def interface(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what callers of a document rely on: a change of any of it can break them."""
    template = document["template"]
    return {
        "type": document["type"],
        # The format says how a caller fills the variables in: to change it breaks callers too.
        "template_format": document["template_format"],
        "variables": document["variables"],
        "roles": [] if isinstance(template, str) else [m["role"] for m in template],
        "tools": document["tools"],
        "response_format": document["response_format"],
    }


def with_newlines_of(new: str, base: str | None) -> str:
    """Give a text typed into a form the newlines of its base: LF where there is no base."""
    lines = _NEWLINE.split(new)
    ends = _NEWLINE.findall(base or "")
    usual = max(("\n", "\r\n", "\r"), key=ends.count) if ends else "\n"
    if len(set(ends)) < 2:
        return usual.join(lines)
    # A base of mixed newlines: a line keeps the newline of its like, or of the line it replaces.
    own = [usual] * len(lines)
    for old_index, new_index in pairs(_NEWLINE.split(base or ""), lines):
        if old_index < len(ends):
            own[new_index] = ends[old_index]
    own[-1] = ""
    return "".join(line + end for line, end in zip(lines, own, strict=True))


def _document(body: dict[str, Any], max_bytes: int) -> Document:
    extra = {key: body[key] for key, _ in _JSON_SECTIONS}
    for key, value in extra.items():
        _check_strings(value, key)
    text = _canonical(body, "document")
    _check_size(
        [("the settings, tools and response format together", _canonical(extra, "document"))],
        max_bytes,
    )
    return Document(
        text=text,
        digest=_sha256(text),
        interface_digest=_sha256(_canonical(interface(body), "interface")),
        settings_digest=_sha256(_canonical(body["model_settings"], "model_settings")),
        variables=tuple(body["variables"]),
    )


def _text(template: object) -> str:
    if not isinstance(template, str):
        raise InvalidDocument("The template of a text prompt must be one text.")
    if not template:
        raise InvalidDocument("The template is empty. Write the prompt's text.")
    return template


def _messages(template: object) -> list[dict[str, str]]:
    if isinstance(template, str) or not isinstance(template, Sequence):
        raise InvalidDocument("The template of a chat prompt must be a list of messages.")
    if not template:
        raise InvalidDocument("The template is empty. Add at least one message.")
    if len(template) > MAX_MESSAGES:
        raise TooManyMessages(
            f"This chat has {len(template):,} messages, and at most {MAX_MESSAGES:,} are allowed. "
            "Join some of them or split the chat into several prompts.",
            limit=MAX_MESSAGES,
            size=len(template),
        )
    return [_message(index, message) for index, message in enumerate(template)]


def _message(index: int, message: object) -> dict[str, str]:
    if not isinstance(message, Mapping) or set(message) != {"role", "content"}:
        raise InvalidDocument(
            f"Message {index + 1} must have exactly the keys “role” and “content”."
        )
    role, content = message["role"], message["content"]
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidDocument(
            f"The role of message {index + 1} is not known. Use one of: {', '.join(ROLES)}."
        )
    if not isinstance(content, str):
        raise InvalidDocument(f"The content of message {index + 1} must be one text.")
    if not content:
        raise InvalidDocument(
            f"{_upper(_message_name(index, role))} is empty. Write its text or remove the message."
        )
    return {"role": role, "content": content}


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def _message_name(index: int, role: str) -> str:
    return f"message {index + 1} ({role})"


def _message_sections(messages: Sequence[Mapping[str, str]]) -> list[Section]:
    parts: list[Section] = []
    seen: dict[str, int] = {}
    for index, message in enumerate(messages):
        role = message["role"]
        seen[role] = seen.get(role, 0) + 1
        number = f" {seen[role]}" if seen[role] > 1 else ""
        title = f"{role.capitalize()} message{number}"
        parts.append(Section(f"messages[{index}].content", title, message["content"]))
    return parts


def _variables(texts: Sequence[tuple[str, str]], template_format: str) -> list[str]:
    names: set[str] = set()
    for name, text in texts:
        try:
            names.update(parse(text, template_format).variables)
        except TemplateDoesNotParse as error:
            if name == "the template":
                raise
            sentence = f"In {name}, {error.sentence[:1].lower()}{error.sentence[1:]}"
            raise TemplateDoesNotParse(sentence, **{**error.extra, "message": name}) from None
    return sorted(names)


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidDocument(f"“{name}” must be a JSON object.")
    return dict(value)


def _objects(value: object, name: str) -> list[dict[str, Any]]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise InvalidDocument(f"“{name}” must be a JSON list of objects.")
    return [_object(item, f"{name}[{index}]") for index, item in enumerate(value)]


def _check_size(texts: Sequence[tuple[str, str]], limit: int) -> None:
    # A lone surrogate has no UTF-8 form; it is counted here and refused by name right after.
    size = sum(len(text.encode("utf-8", "surrogatepass")) for _, text in texts)
    if size > limit:
        what = _upper(texts[0][0]) if len(texts) == 1 else "The messages together"
        raise ContentTooLarge(
            f"{what}: {size:,} bytes of UTF-8, and at most {limit:,} are allowed. "
            "Shorten the text or split it into several prompts.",
            limit=limit,
            size=size,
        )


def _check_text(text: str, name: str) -> None:
    found = re.search("[\x00\ud800-\udfff]", text)
    if found is None:
        return
    place = position(text, found.start())
    point = f"U+{ord(found.group()):04X}"
    kind = "the character U+0000" if point == "U+0000" else f"the lone surrogate {point}"
    raise InvalidText(
        f"Line {place.line}, column {place.column} of {name} holds {kind}, "
        "which no text may contain. Remove it.",
        line=place.line,
        column=place.column,
        character=point,
    )


def _check_strings(value: Any, name: str, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise InvalidDocument(f"“{name}” is nested deeper than {_MAX_DEPTH} levels. Flatten it.")
    if isinstance(value, str):
        _check_text(value, f"“{name}”")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_strings(key, name, depth + 1)
            _check_strings(item, name, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_strings(item, name, depth + 1)


def _canonical(value: Any, name: str) -> str:
    try:
        return rfc8785.dumps(value).decode("utf-8")
    except RecursionError:
        raise InvalidDocument(f"The {name} is nested too deeply.") from None
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise InvalidDocument(
            f"The {name} holds a value that JSON cannot carry exactly: {error}."
        ) from None


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
