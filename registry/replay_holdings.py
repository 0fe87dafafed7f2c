"""Who is in which role and who was granted what, as the events say, against the rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import F

from audit.reconcile import Problem
from registry.models import (
    Membership,
    NamespaceGroupObjectPermission,
    NamespaceUserObjectPermission,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
)
from registry.roles import role_id

_CHUNK = 500
_Event = dict[str, Any]


class Holdings:
    """Who is in which role and who was granted what, held against the rows, both ways."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.told: dict[tuple[str, ...], int] = {}

    def feed(self, event: _Event) -> None:
        """Take what an event gives or takes away."""
        action, data, seq = event["action"], event["data"], event["seq"]
        place, subject = event["subject"]["type"], event["subject"]["id"]
        if action in ("registry.grant.given", "registry.grant.revoked"):
            self._set(_grant(place, subject, data), seq if action.endswith("given") else None)
        elif action == "registry.prompt.created":
            for item in data["grants"]:
                self._set(_grant(place, subject, item), seq)
        elif action in ("registry.membership.joined", "registry.membership.left"):
            given = action.endswith("joined")
            self._set(("membership", subject, data["role"]), seq if given else None)
        elif action == "registry.user.created":
            for role in data["joined"]:
                self._set(("membership", subject, role), seq)
        elif action == "registry.user.deactivated":
            self._inherit(data, seq)

    def finish(self) -> Iterator[Problem]:
        """Return the rows that no event gave, and what was given and has no row."""
        for key in self._rows():
            if self.told.pop(key, None) is None:
                yield Problem(f"registry.{key[0]}", None, f"{' '.join(key)} has no event")
        for key, seq in sorted(self.told.items()):
            yield Problem(f"registry.{key[0]}", seq, f"{' '.join(key)} is gone")

    def _inherit(self, data: dict[str, Any], seq: int) -> None:
        """Take what went to the heir of a deactivated person; most have none."""
        to = {"type": "registry.user", "id": data.get("heir")}
        for prompt in data.get("prompts", ()):
            for permission in data["given"]:
                item = {"permission": permission, "to": to}
                self._set(_grant("registry.prompt", prompt, item), seq)

    def _set(self, key: tuple[str, ...], seq: int | None) -> None:
        if seq is None:
            self.told.pop(key, None)
        else:
            self.told[key] = seq

    def _rows(self) -> Iterator[tuple[str, ...]]:
        rows = Membership.objects.using(self.using).order_by("pk")
        for user, group in rows.values_list("user__public_id", "group__name").iterator(_CHUNK):
            yield "membership", str(user), str(role_id(group))
        for place, people, groups in (
            ("registry.prompt", PromptUserObjectPermission, PromptGroupObjectPermission),
            ("registry.namespace", NamespaceUserObjectPermission, NamespaceGroupObjectPermission),
        ):
            for on, codename, user in self._grants(people, F("user__public_id")):
                yield "grant", place, str(on), codename, "registry.user", str(user)
            for on, codename, group in self._grants(groups, F("group__name")):
                yield "grant", place, str(on), codename, "registry.role", str(role_id(group))

    def _grants(self, table: Any, to: F) -> Iterable[tuple[Any, str, Any]]:
        rows = table.objects.using(self.using).annotate(to=to).order_by("pk")
        columns = ("content_object__public_id", "permission__codename", "to")
        return rows.values_list(*columns).iterator(_CHUNK)  # type: ignore[no-any-return]  # guardian is untyped


def _grant(place: str, on: str, item: dict[str, Any]) -> tuple[str, ...]:
    return ("grant", place, on, item["permission"], item["to"]["type"], item["to"]["id"])
