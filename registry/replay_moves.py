"""Every move of a pointer has its event and its Release row, and the last one is what is live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from audit.payload import time_text
from audit.reconcile import Problem
from registry.models import LabelPointer, Release

_BATCH = 200
_CHUNK = 500
_POINTER = "registry.pointer"
_RELEASE = "registry.release"
_EMPTY: dict[str, Any] = {"version": None, "digest": None, "generation": 0, "suspended": False}

_Key = tuple[str, str]


@dataclass(frozen=True)
class _Move:
    """What an event says of one move."""

    seq: int
    facts: dict[str, Any]


class Moves:
    """Replays the moves and holds them against Release rows, some hundred at a time.

    Generations have no gaps, so the last one that an event named is all there is to remember: a
    Release row beyond it is forged.
    """

    def __init__(self, using: str) -> None:
        self.using = using
        self.live: dict[_Key, dict[str, Any]] = {}
        self.seqs: dict[_Key, int] = {}
        self.moves: dict[str, _Move] = {}
        self.problems: list[Problem] = []

    def feed(self, event: dict[str, Any]) -> None:
        """Take an event that moved a pointer."""
        release, where = event["data"].get("release"), event["data"].get("pointer")
        before, after = event["from"].get("pointer"), event["to"].get("pointer")
        if not isinstance(where, dict) or before is None or after is None:
            return
        seq, key = event["seq"], (where["prompt"], where["label"])
        known = self.live.get(key, _EMPTY)
        if before != known or after["generation"] != known["generation"] + 1:
            self._add(_POINTER, seq, f"{_name(key)} does not go on from the move before it")
        self.live[key], self.seqs[key] = after, seq
        facts = {
            "prompt": key[0],
            "label": key[1],
            "kind": where["kind"],
            "version": after["version"],
            "from_version": before["version"],
            "generation": after["generation"],
            "cause": event["data"].get("cause"),
            "account": event["data"].get("account"),
            "reason": event["commitments"].get("reason"),
            "actor": event["actor"],
            "at": event["ts"],
        }
        self.moves[release] = _Move(seq, facts)
        if len(self.moves) >= _BATCH:
            self._check()

    def finish(self) -> Iterator[Problem]:
        """Return what does not agree."""
        self._check()
        yield from self.problems
        # Asked first: comparing the pointers empties what was replayed.
        forged = [*self._forged()]
        yield from self._pointers()
        yield from forged

    def _check(self) -> None:
        rows = Release.objects.using(self.using).select_related(
            "prompt", "label", "version", "from_version", "account"
        )
        for row in rows.filter(public_id__in=[*self.moves]).order_by("pk").iterator(_CHUNK):
            move = self.moves.pop(str(row.public_id))
            facts = _facts(row)
            wrong = sorted(name for name, value in move.facts.items() if facts[name] != value)
            if wrong:
                words = f"release {row.public_id} is not as its event says: {', '.join(wrong)}"
                self._add(_RELEASE, move.seq, words)
        for key, move in self.moves.items():
            self._add(_RELEASE, move.seq, f"release {key} is gone")
        self.moves.clear()

    def _pointers(self) -> Iterator[Problem]:
        rows = LabelPointer.objects.using(self.using).select_related("prompt", "label", "version")
        for row in rows.order_by("pk").iterator(_CHUNK):
            key = (str(row.prompt.public_id), str(row.label.public_id))
            told, seq = self.live.pop(key, _EMPTY), self.seqs.get(key)
            facts = {
                "version": str(row.version.public_id) if row.version else None,
                "digest": row.version.content_digest if row.version else None,
                "generation": row.generation,
                "suspended": row.suspended,
            }
            wrong = sorted(name for name, value in told.items() if facts.get(name) != value)
            if wrong:
                words = f"{_name(key)} is not what the events lead to: {', '.join(wrong)}"
                yield Problem(_POINTER, seq, words)
        for key in sorted(self.live):
            yield Problem(_POINTER, self.seqs[key], f"{_name(key)} is gone")

    def _forged(self) -> Iterator[Problem]:
        rows = Release.objects.using(self.using).order_by()
        columns = ("prompt__public_id", "label__public_id")
        newest = rows.values(*columns).annotate(top=Max("generation")).order_by(*columns)
        for found in newest.iterator():
            key = (str(found["prompt__public_id"]), str(found["label__public_id"]))
            last = self.live.get(key, _EMPTY)["generation"]
            if found["top"] <= last:
                continue
            beyond = rows.filter(
                prompt__public_id=key[0], label__public_id=key[1], generation__gt=last
            )
            for public_id in beyond.order_by("generation").values_list("public_id", flat=True):
                yield Problem(_RELEASE, None, f"release {public_id} of {_name(key)} has no event")

    def _add(self, code: str, seq: int, message: str) -> None:
        self.problems.append(Problem(code, seq, message))


def _facts(row: Release) -> dict[str, Any]:
    return {
        "prompt": str(row.prompt.public_id),
        "label": str(row.label.public_id),
        "kind": row.kind,
        "version": str(row.version.public_id),
        "from_version": str(row.from_version.public_id) if row.from_version else None,
        "generation": row.generation,
        "cause": {"type": row.cause_type, "id": str(row.cause_id)},
        "account": str(row.account.public_id) if row.account else None,
        "reason": row.reason_id,
        "actor": row.actor,
        "at": time_text(row.at),
    }


def _name(key: _Key) -> str:
    return f"pointer {key[0]} {key[1]}"
