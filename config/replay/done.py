"""What an earlier run did already, by the keys under which it did it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from approvals.models import ApprovalRequest, IdempotencyKey
from config.replay.histories import Text

PROPOSED = "proposed"
ROLLED_BACK = "rolled-back"
_REFUSED = "refused-"


@dataclass(frozen=True)
class Step:
    """One step that was taken for a text: its word, and the key of the row that it made."""

    word: str
    result: int
    finished: bool

    @property
    def rule(self) -> str | None:
        """The rule that refused the text, if this step says so."""
        return self.word.removeprefix(_REFUSED) if self.word.startswith(_REFUSED) else None


def key(source: str, index: int, text: Text, word: str) -> str:
    """Return the idempotency key of a step for one text of a history."""
    told = hashlib.sha256(f"{text.commit}\0{text.content}".encode()).hexdigest()[:16]
    return f"replay:{source}:{index}:{told}:{word}"


def refused_word(rule: str) -> str:
    """Return the word of a step that ended a request because a rule refused its text."""
    return f"{_REFUSED}{rule}"


def steps(source: str) -> dict[str, Step]:
    """Return the steps taken for a history, by their keys without the word; of several the last.

    A step is finished unless it proposed a text that is not released yet.
    """
    rows = IdempotencyKey.objects.filter(key__startswith=f"replay:{source}:").order_by("pk")
    taken = list(rows.values_list("key", "result"))
    proposed = [int(result) for key, result in taken if key.endswith(f":{PROPOSED}")]
    released = set(
        ApprovalRequest.objects.filter(prompt__requests__in=proposed[:1], state="released")
        .values_list("pk", flat=True)
        .distinct()
    )
    found: dict[str, Step] = {}
    for told, result in taken:
        place, _, word = told.rpartition(":")
        found[place] = Step(word, int(result), word != PROPOSED or int(result) in released)
    return found
