"""What an edit would do to the prompts that its author chose: the same lines once, and the rest."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from approvals import reads
from approvals.hunks import Hunk, grouped, hunks_of
from approvals.policies.document import matches
from approvals.presenters.hunk_groups import ShownGroup, shown, summed_up
from approvals.replacing import check, replaced
from approvals.services import SetItem
from approvals.services.sets import MOST_MEMBERS
from approvals.set_form import SetForm
from registry import permissions
from registry.documents import Document, load
from registry.errors import Refusal
from registry.models import Label, LabelPointer, User

#: prompts that one press looks through
MOST_SEARCHED = 1000


@dataclass(frozen=True)
class Candidate:
    """A prompt in which the text occurs; `digest` is that of what is live there."""

    pk: int
    prompt: str
    digest: str
    ticked: bool
    document: Document
    pointer: LabelPointer

    @property
    def offered(self) -> str:
        return f"{self.pk}:{self.digest}"


@dataclass(frozen=True)
class Problem:
    """A prompt that the edit would leave without a whole text, and why."""

    prompt: str
    sentence: str


@dataclass(frozen=True)
class Preview:
    """The prompts chosen by name, by what the edit does to them; `more` were not looked through."""

    found: tuple[Candidate, ...]
    groups: tuple[ShownGroup, ...]
    same: str
    without: tuple[str, ...]
    empty: tuple[str, ...]
    problems: tuple[Problem, ...]
    more: int
    most: int = MOST_MEMBERS

    @property
    def ticked(self) -> tuple[Candidate, ...]:
        return tuple(one for one in self.found if one.ticked)

    @property
    def items(self) -> list[SetItem]:
        """What is proposed where this is saved."""
        return [SetItem(one.pointer.prompt, one.document) for one in self.ticked]


def preview_of(form: SetForm, label: Label, viewer: User) -> Preview:
    """What the edit does where this person may propose; raises BadInput for no edit at all."""
    check(form.edit)
    names, more = _chosen(form, viewer)
    pointers = reads.live_of(names, label)
    found: list[Candidate] = []
    without: list[str] = []
    empty: list[str] = []
    problems: list[Problem] = []
    for pk, name in names.items():
        pointer = pointers.get(pk)
        if pointer is None or pointer.version is None or pointer.version.is_erased:
            empty.append(name)
            continue
        body, digest = pointer.version.body, pointer.version.content_digest
        try:
            document = replaced(body, form.edit, max_bytes=settings.MAX_PROMPT_BYTES)
        except Refusal as refusal:
            problems.append(Problem(name, refusal.sentence))
            continue
        if document is None:
            without.append(name)
        else:
            found.append(Candidate(pk, name, digest, form.keeps(pk), document, pointer))
    ticked = {one.pk: one for one in found if one.ticked}
    groups = shown(grouped({pk: _hunks(one) for pk, one in ticked.items()}), ticked)
    return Preview(
        found=tuple(found),
        groups=groups,
        same=summed_up(groups),
        without=tuple(without),
        empty=tuple(empty),
        problems=tuple(problems),
        more=more,
    )


def _chosen(form: SetForm, viewer: User) -> tuple[dict[int, str], int]:
    """Names by key of the prompts that the patterns choose and this person may propose on, and
    how many more of these there are."""
    known = reads.names_to_propose_on(viewer)
    patterns = form.patterns
    wanted = {pk: name for pk, name in known.items() if not patterns or matches(name, patterns)}
    held = permissions.holders_many(wanted, [permissions.PROPOSE])
    mine = {
        pk: name
        for pk, name in wanted.items()
        if any(h.account.pk == viewer.pk for h in held.get((pk, permissions.PROPOSE), []))
    }
    first = dict(list(mine.items())[:MOST_SEARCHED])
    return first, len(mine) - len(first)


def _hunks(one: Candidate) -> tuple[Hunk, ...] | None:
    version = one.pointer.version
    return hunks_of(version.body if version else None, load(one.document.text))
