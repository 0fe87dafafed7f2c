"""One edit in many documents: this text becomes that text, in the words and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.documents import Document, build, with_newlines_of
from registry.errors import BadInput


@dataclass(frozen=True)
class Edit:
    """Exactly `old` becomes `new`; with `whole_words` only where no letter or digit adjoins it."""

    old: str
    new: str
    whole_words: bool = False


def check(edit: Edit) -> None:
    """Raise BadInput for an edit that could change nothing."""
    if not edit.old:
        raise BadInput("Say which text is to be replaced.", field="old")
    if edit.old == edit.new:
        raise BadInput("Both texts are the same, so nothing would change.", field="new")


def replaced(body: Mapping[str, Any], edit: Edit, *, max_bytes: int) -> Document | None:
    """The document with the edit in its template or messages; None where the text does not occur.

    Model settings, tools and formats stay. Both texts take the line ends of what they are put
    into. Raises what `build` raises where the outcome would not be a document.
    """
    template = body["template"]
    changed: str | list[dict[str, str]]
    if isinstance(template, str):
        changed = _in_text(template, edit)
    else:
        changed = [{**one, "content": _in_text(one["content"], edit)} for one in template]
    if changed == template:
        return None
    return build(
        type=body["type"],
        template=changed,
        template_format=body["template_format"],
        model_settings=body["model_settings"],
        tools=body["tools"],
        response_format=body["response_format"],
        max_bytes=max_bytes,
    )


def _in_text(text: str, edit: Edit) -> str:
    old, new = (with_newlines_of(side, text) for side in (edit.old, edit.new))
    if not edit.whole_words:
        return text.replace(old, new)
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text)
