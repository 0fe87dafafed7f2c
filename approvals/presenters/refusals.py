"""A refusal as a panel: title, sentence, code, what is missing, and the field it speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from approvals.policies import Requirement
from approvals.presenters.needs import Need, lines_of
from registry.errors import Refusal

#: where the page's form has the field that a refusal speaks of
_FIELDS = {
    "template_does_not_parse": "template",
    "invalid_text": "template",
    "content_too_large": "template",
    "too_many_messages": "template",
    "secret_found": "template",
    "nothing_changed": "template",
    "invalid_name": "name",
    "name_taken": "name",
    "unknown_label": "label",
    "not_protected": "label",
    "comment_needed": "comment",
    "signature_needed": "password",
}


@dataclass(frozen=True)
class Panel:
    title: str
    sentence: str
    code: str
    status: int
    field: str
    needs: tuple[Need, ...] = ()


def panel_of(refusal: Refusal, viewer: int) -> Panel:
    """What the page says of a refusal; the same title, sentence and code as the API says."""
    rules: Iterable[Requirement] = refusal.requirements
    return Panel(
        title=refusal.title,
        sentence=refusal.sentence,
        code=refusal.code,
        status=refusal.status,
        field=str(refusal.extra.get("field") or _FIELDS.get(refusal.code, "")),
        needs=lines_of(rules, viewer, str(refusal.extra.get("prompt", ""))),
    )
