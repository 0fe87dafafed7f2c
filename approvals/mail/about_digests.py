"""The daily mail about changes that went live without people: each with a line."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Q

from approvals import reads
from approvals.explain import title_of
from approvals.mail.parts import Letter, NotOwed, moment
from approvals.mail.texts import may_quote, one_line, page_link, quoted
from approvals.models import ApprovalRequest
from registry.models import OutboxMail

#: changes with a line of their own
MOST = 50


def _digest(mail: OutboxMail, now: datetime) -> Letter:
    day = date.fromisoformat(str(mail.data["about"]))
    me = mail.recipient
    rows = reads.requests_for(me).passed_alone(day).filter(Q(prompt__owner=me) | Q(author=me))
    found = list(rows.order_by("released_at", "pk")[: MOST + 1])
    if not found:
        raise NotOwed("not_visible")
    count = rows.count()
    said = f"{day.day} {day:%B %Y}"
    one, many = "One change went live by itself", f"{count} changes went live by themselves"
    return Letter(
        subject=f"{one if count == 1 else many} on {said}",
        lead=(
            f"On {said} (UTC) the policy let pass without people what nothing stood against:",
            *(_line(change) for change in found[:MOST]),
            *([f"And {count - MOST} more."] if count > MOST else []),
            "Each can be rolled back on the page of its prompt.",
        ),
        link=page_link("approvals:reviews"),
        link_words="Open the reviews",
    )


def _line(change: ApprovalRequest) -> str:
    prompt, version, label = change.prompt, change.version, change.label
    if prompt is None or version is None or label is None or change.released_at is None:
        raise NotOwed("unknown_subject")
    line = (
        f"{one_line(prompt.name, 120)} v{version.number} on {label.name}, "
        f"{moment(change.released_at)}"
    )
    return f"{line}: {one_line(quoted(title_of(change)), 120)}" if may_quote(prompt) else f"{line}."


WRITERS = {"automatic_digest": _digest}
