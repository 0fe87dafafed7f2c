"""Every version has its event, and the content that the event names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max

from audit.canonical import canonical, sha256_hex
from audit.payload import time_text
from audit.reconcile import Problem
from registry.models import Version
from registry.services.versions import told

_BATCH = 200
# A content may measure a megabyte.
_TEXTS_CHUNK = 20
_CODE = "registry.version"
_TOLD = ("number", "provenance", "author", "imported", "template_format", "interface", "settings")


@dataclass(frozen=True)
class _Made:
    """What an event says of a version that it made."""

    seq: int
    number: int
    facts: dict[str, Any]
    related: frozenset[str]


class Versions:
    """Holds versions against events, some hundred at a time.

    The numbers of a prompt's versions have no gaps, so the last one that an event named is all
    there is to remember of it: a row beyond it was written by nobody.
    """

    def __init__(self, using: str) -> None:
        self.using = using
        self.made: dict[str, _Made] = {}
        self.last: dict[int, int] = {}
        self.erased: dict[str, int] = {}
        self.problems: list[Problem] = []

    def feed(self, event: dict[str, Any]) -> None:
        """Take an event that made a version or erased one."""
        subject, data, to = event["subject"], event["data"], event["to"]
        if subject["type"] == _CODE and to.get("erased") is True:
            self.erased[subject["id"]] = event["seq"]
        key = data.get("version")
        if "number" not in data or "digest" not in to:
            return
        if {"type": _CODE, "id": key} not in event["related"]:
            return
        self.made[key] = _Made(
            seq=event["seq"],
            number=data["number"],
            facts={
                **{name: data.get(name) for name in _TOLD},
                "content_digest": to["digest"],
                "created_at": event["ts"],
            },
            related=frozenset(item["id"] for item in event["related"]),
        )
        if len(self.made) >= _BATCH:
            self._check()

    def finish(self) -> Iterator[Problem]:
        """Return what does not agree."""
        self._check()
        yield from self.problems
        yield from self._forged()
        yield from self._erasures()

    def _check(self) -> None:
        rows = Version.objects.using(self.using).select_related("prompt", "author")
        for row in rows.filter(public_id__in=[*self.made]).order_by("pk").iterator(_TEXTS_CHUNK):
            made = self.made.pop(str(row.public_id))
            wrong = [*_wrong(row, made)]
            if made.number != self.last.get(row.prompt_id, 0) + 1:
                wrong.append("number, which does not follow on the one before")
            self.last[row.prompt_id] = max(made.number, self.last.get(row.prompt_id, 0))
            if wrong:
                self._add(made, f"version {row.public_id} is not as its event says: ", wrong)
        for key, made in self.made.items():
            self._add(made, f"version {key} is gone", [])
        self.made.clear()

    def _add(self, made: _Made, message: str, wrong: list[str]) -> None:
        self.problems.append(Problem(_CODE, made.seq, message + ", ".join(wrong)))

    def _forged(self) -> Iterator[Problem]:
        rows = Version.objects.using(self.using).order_by()
        counted = rows.values("prompt_id").annotate(rows=Count("pk"), top=Max("number"))
        for prompt in counted.order_by("prompt_id").iterator():
            last = self.last.get(prompt["prompt_id"], 0)
            if prompt["top"] <= last:
                continue
            beyond = rows.filter(prompt=prompt["prompt_id"], number__gt=last).order_by("number")
            for public_id in beyond.values_list("public_id", flat=True):
                yield Problem(_CODE, None, f"version {public_id} has no event")

    def _erasures(self) -> Iterator[Problem]:
        rows = Version.objects.using(self.using).filter(document=None).order_by("pk")
        for public_id in rows.values_list("public_id", flat=True).iterator():
            if self.erased.pop(str(public_id), None) is None:
                yield Problem(_CODE, None, f"version {public_id} is erased and no event says so")
        for key, seq in sorted(self.erased.items()):
            yield Problem(_CODE, seq, f"version {key} is not erased, as its event says")


def _wrong(row: Version, made: _Made) -> Iterator[str]:
    if row.document is not None and sha256_hex(row.document) != row.content_digest:
        yield "document"
    facts = {
        **told(row),
        "content_digest": row.content_digest,
        "created_at": time_text(row.created_at),
    }
    yield from (name for name, value in made.facts.items() if facts[name] != value)
    if str(row.prompt.public_id) not in made.related:
        yield "prompt"
    if sha256_hex(canonical(row.provenance)) != row.provenance_digest:
        yield "the text of its provenance"
