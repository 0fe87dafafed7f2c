"""Other people's words in a mail: on one line or several, with nothing hidden and no live link."""

from __future__ import annotations

import unicodedata

from django.conf import settings
from django.urls import reverse

from approvals import diffing, scanning
from registry.models import Prompt

#: data classes whose texts may travel by mail
OPEN_DATA = frozenset({Prompt.DataClass.PUBLIC, Prompt.DataClass.INTERNAL})
MOST_QUOTED = 1500


def may_quote(prompt: Prompt) -> bool:
    """Whether anything written in or about a prompt may stand in a mail; never when confidential.

    A rationale or a comment may quote the text, so they follow the same rule.
    """
    return not prompt.confidential and prompt.data_class in OPEN_DATA


def one_line(text: str, most: int = 150) -> str:
    """A text as part of a header or a sentence: one line, no control or invisible character."""
    kept = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    line = unlinked(" ".join(kept.split()))
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def quoted(text: str, most: int = MOST_QUOTED) -> str:
    """A person's words in full lines, with secrets and personal data named, not shown."""
    words = scanning.redact(text.strip()).replace("\r\n", "\n").replace("\r", "\n")
    if len(words) > most:
        words = words[: most - 1].rstrip() + "…"
    return unlinked(diffing.visible(words))


def unlinked(text: str) -> str:
    """A text in which mail programs find no address to make clickable: a mail has one link."""
    return text.replace("://", "[:]//")


def page_link(page: str, *args: object) -> str:
    """The full address of a page; opening it does nothing but show it."""
    return settings.BASE_URL + reverse(page, args=args)


def request_link(pk: int) -> str:
    """The address of a request's page."""
    return page_link("approvals:request", pk)


def prompt_link(prompt: Prompt) -> str:
    """The address of a prompt's page."""
    return page_link("approvals:prompt", prompt.name)
