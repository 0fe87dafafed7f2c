"""Words and marks for templates; what they print is escaped by the template as always."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from approvals import diffing
from approvals.presenters import times
from approvals.presenters.diff_rows import Piece, Row
from registry import permissions, roles
from registry.documents import ROLES
from registry.models import User

register = template.Library()

_ROLES = {
    roles.AUTHORS: "author",
    roles.RELEASE_MANAGERS: "release manager",
    roles.RESPONDERS: "responder",
    roles.GOVERNANCE_OWNERS: "governance owner",
    roles.AUDITORS: "auditor",
    **{role: f"{role} reviewer" for role in roles.REVIEW_ROLES},
}


@register.filter
def role_words(user: object) -> str:
    """The roles of a person in words, such as "safety reviewer, responder"; none for nobody."""
    if not isinstance(user, User):
        return ""
    held = permissions.roles_of(user)
    return ", ".join(_ROLES.get(name, name) for name in roles.ALL_ROLES if name in held)


@register.filter
def when(at: datetime | None) -> SafeString | str:
    """A time in words inside <time>, with the whole of it to read by machine and on hover."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
        times.when(at, timezone.now()),
    )


@register.filter
def visible(text: str) -> str:
    """A text in which invisible characters are named; line ends are just line ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\r\n")
    return diffing.visible(lines)


@register.filter
def role_options(chosen: str) -> SafeString:
    """The roles of a message to choose from; in Python, because a chat may have thousands."""
    return format_html_join(
        "",
        "<option{}>{}</option>",
        ((" selected" if role == chosen else "", role) for role in ROLES),
    )


@register.filter
def diff_row(row: Row, path: str = "") -> SafeString:
    """A line of a diff as a row of its table; in Python, because a page may have thousands.

    With the `path` of its section the number leads to saying something about the line.
    """
    number: SafeString | int | str = row.new or ""
    if path and row.new:
        number = format_html(
            '<a href="?path={}&amp;line={}#say" title="Say something about this line">{}</a>',
            quote(path, safe=""),
            row.new,
            row.new,
        )
    sign = (
        format_html(
            '<span aria-hidden="true">{}</span><span class="unseen">{}: </span>', row.sign, row.word
        )
        if row.sign
        else ""
    )
    return format_html(
        '<tr class="{}"><td class="n old">{}</td><td class="n">{}</td><td class="s">{}</td>'
        '<td class="x">{}</td></tr>',
        {"add": "a", "del": "d"}.get(row.kind, ""),
        row.old or "",
        number,
        sign,
        format_html_join("", "{}", ((_piece(piece),) for piece in row.pieces)),
    )


def _piece(piece: Piece) -> SafeString | str:
    if piece.kind == "fold":
        words = plural(piece.length, "unchanged character,unchanged characters")
        return format_html('<span class="folded"> ⋯ {} ⋯ </span>', words)
    tag = {"add": "ins", "del": "del"}.get(piece.kind)
    text = format_html(f"<{tag}>{{}}</{tag}>", piece.text) if tag else piece.text
    return format_html('<mark class="{}">{}</mark>', piece.found, text) if piece.found else text


@register.filter
def short(digest: str) -> str:
    """The first twelve characters of a fingerprint."""
    return digest[:12]


@register.filter
def plural(count: int, words: str) -> str:
    """ "1 line" or "2 lines" from the words "line,lines"."""
    one, _, many = words.partition(",")
    return f"{count:,} {one if count == 1 else many}"
