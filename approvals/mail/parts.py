"""What a letter is made of, whatever it speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from approvals.mail.changes import Shown
from approvals.mail.texts import one_line
from approvals.presenters.needs import Need
from registry.models import User


class NotOwed(Exception):
    """This mail goes to nobody (any more); `code` is a word of ours and holds nothing of it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Words:
    """What a person wrote, in full lines, and who it was."""

    who: str
    text: str


@dataclass(frozen=True)
class Letter:
    """One mail before it is set in text and HTML; `link` is its only address."""

    subject: str
    lead: tuple[str, ...]
    link: str
    link_words: str
    words: Words | None = None
    needs: tuple[Need, ...] = ()
    shown: Shown | None = None

    @property
    def missing(self) -> int:
        return sum(need.blocks for need in self.needs)


def named(person: User | None) -> str:
    """A person's name on one line; the product itself where nobody did it."""
    return one_line(str(person), 80) if person is not None else "Countersign"


def moment(at: datetime) -> str:
    """A date and time that is still clear when the mail is read days later."""
    local = timezone.localtime(at)
    return f"{local:%A} {local.day} {local:%B %Y} at {local:%H:%M} ({local.tzname()})"
