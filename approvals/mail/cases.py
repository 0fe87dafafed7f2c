"""A request as the recipient of a mail may see it now: what every letter about one is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from approvals import reads
from approvals.explain import title_of
from approvals.facts import gather
from approvals.mail.parts import Letter, NotOwed, Words, named
from approvals.mail.texts import may_quote, one_line, quoted, request_link
from approvals.models import ApprovalRequest
from approvals.policies import Facts, Requirement, evaluate
from approvals.presenters.needs import Need, needs_of
from audit.models import AuditBlob
from registry.models import OutboxMail, Prompt

State = ApprovalRequest.State


@dataclass(frozen=True)
class Case:
    """A request as its recipient may see it now, with its list."""

    mail: OutboxMail
    change: ApprovalRequest
    prompt: Prompt
    facts: Facts
    requirements: list[Requirement]

    @property
    def quotes(self) -> bool:
        return may_quote(self.prompt)

    @property
    def name(self) -> str:
        """What the change is called: its title where that may be said, and the prompt's name."""
        prompt = one_line(self.prompt.name, 120)
        if not self.quotes:
            return f"{prompt} v{self.facts.version_number}"
        return f"{one_line(quoted(title_of(self.change)), 120)} ({prompt})"

    @property
    def author(self) -> str:
        return named(self.change.author)

    @property
    def is_author(self) -> bool:
        return self.mail.recipient_id == self.change.author_id

    @property
    def needs(self) -> tuple[Need, ...]:
        """The list in the words of the page, as this recipient reads it."""
        lines = needs_of(self.requirements, self.mail.recipient_id).lines
        return tuple(_plain(need) for need in lines)

    @property
    def where(self) -> str:
        name, facts = one_line(self.prompt.name, 120), self.facts
        live = f"live now: v{facts.live_number}" if facts.live_number else "nothing is live yet"
        return f"{name} v{facts.version_number} for {facts.label} ({live})."

    def letter(self, subject: str, *lead: str) -> Letter:
        return Letter(
            subject=one_line(subject, 180),
            lead=tuple(line for line in lead if line),
            link=request_link(self.change.pk),
            link_words="Open the change",
        )

    def words(self, who: str, blob: AuditBlob | None) -> Words | None:
        if not self.quotes or blob is None or not blob.value:
            return None
        return Words(who, quoted(blob.value))


def _plain(need: Need) -> Need:
    return replace(
        need,
        title=one_line(need.title, 200),
        sentence=one_line(need.sentence, 600),
        can=one_line(need.can, 600),
        cannot=one_line(need.cannot, 600),
        notes=tuple(one_line(note, 300) for note in need.notes),
    )


def case_of(mail: OutboxMail, now: datetime) -> Case:
    """The case of an owed mail; raises NotOwed where the recipient may not know of it."""
    if mail.subject_type != "approvals.request":
        raise NotOwed("unknown_subject")
    change = reads.requests_for(mail.recipient).filter(public_id=mail.subject_id).first()
    if change is None or change.prompt is None:
        raise NotOwed("not_visible")
    if mail.kind == "review_asked" and change.state != State.REVIEW:
        raise NotOwed("no_longer_asked")  # before the list is worked out, which costs much more
    facts = gather(change)
    return Case(mail, change, change.prompt, facts, evaluate(facts, now))


def writer(say: Callable[[Case], Letter]) -> Callable[[OutboxMail, datetime], Letter]:
    """What composes a letter of one kind."""
    return lambda mail, now: say(case_of(mail, now))
