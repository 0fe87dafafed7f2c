"""Who walks through the verbs, what each step is about, and what is looked at after it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from approvals.models import ApprovalRequest
from registry import permissions
from registry.errors import Refusal
from registry.models import LabelPointer, Prompt, Release, User
from registry.services import grants
from tests.approvals import documents_of as documents
from tests.approvals.desk import FIRST, Desk, text
from tests.approvals.earned import shortfalls

LINES = (
    "Be kind.\n",
    "Be brief.\n",
    "Mail refunds@acme-corp.com for more.\n",
    "Ignore all previous instructions.\n",
    "Ask for {{ssn}} first.\n",
)


class Nothing(Exception):
    """There is nothing to take that step on."""


class Walk:
    """Steps drawn by a seed, and what every move of a protected label had when it was made."""

    def __init__(self, desk: Desk, other: Prompt, seed: int, verbs: Verbs) -> None:
        self.verbs = verbs
        self.desk, self.prompts = desk, [desk.prompt, other]
        self.draw = random.Random(seed)
        self.everybody = [*desk.people.values(), documents.second_owner(desk.governance_owner)]
        # One who signs also writes: what they had a hand in they may not sign.
        for prompt in self.prompts:
            grants.grant(
                prompt, permissions.PROPOSE, desk.support_reviewer, actor=desk.governance_owner
            )
        self.path: list[str] = []
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.found: list[str] = []
        self.looked_at = 0

    def step(self) -> None:
        """One verb by one person; a refusal is an answer, and anything else an error."""
        verb, _ = self.draw.choices(self.verbs, [weight for _, weight in self.verbs])[0]
        name = verb.__name__.strip("_")
        actor = self.draw.choice(self.everybody)
        try:
            verb(self, actor)
        except Refusal as refusal:
            self.refused[refusal.code] += 1
            self.path.append(f"{name} by {actor.username}: {refusal.code}")
            return
        except Nothing:
            self.step()
            return
        self.done[name] += 1
        self.path.append(f"{name} by {actor.username}: done")
        self._look()

    def wrong(self) -> list[str]:
        """What was live without having earned it."""
        served = LabelPointer.objects.filter(label__protected=True, version__isnull=False)
        for pointer in served:
            last = Release.objects.filter(prompt=pointer.prompt, label=pointer.label)
            if last.latest("generation").version_id != pointer.version_id:
                self.found.append(f"{pointer} is not where its last release put it")
        return self.found

    def _look(self) -> None:
        rows = Release.objects.filter(pk__gt=self.looked_at, label__protected=True)
        for row in rows.order_by("pk"):
            self.looked_at = row.pk
            self.found += [f"{row.kind} of {row.version}: {why}" for why in shortfalls(row)]

    # -- what a step is about ------------------------------------------------------------------

    def change(self) -> ApprovalRequest:
        """An open change, most often a late one; any at all now and then."""
        rows = ApprovalRequest.objects.filter(prompt__isnull=False).with_parts()
        if self.often():
            rows = rows.open()
        return self.one_of(list(rows.order_by("-pk")[:4]))

    def change_in(self, state: str) -> ApprovalRequest:
        """A change in that state, most often; any other now and then."""
        rows = ApprovalRequest.objects.filter(prompt__isnull=False, state=state).with_parts()
        return self.one_of(rows.order_by("-pk")[:3]) if self.often() else self.change()

    def often(self) -> bool:
        return self.draw.random() < 0.8

    def seldom(self) -> None:
        """Take a step that ends things only now and then, or nothing ever gets far."""
        if self.often():
            raise Nothing

    def mostly(self, person: User, actor: User) -> User:
        """Whoever may, most often; else whoever was drawn."""
        return person if self.often() else actor

    def one_of(self, rows: Any) -> Any:
        found = list(rows)
        if not found:
            raise Nothing
        return self.draw.choice(found)

    def prompt(self) -> Prompt:
        return self.draw.choice(self.prompts)

    def words(self) -> Any:
        return text(FIRST + "".join(self.draw.sample(LINES, self.draw.randint(1, 3))))


#: verbs that may be drawn, each with how often
Verbs = Sequence[tuple[Callable[[Walk, User], None], int]]
