"""Replaying the events gives today's people, grants, prompts, labels, tokens and what is live.

What a person wrote into these tables past the verbs has no event, and is named here. Memory grows
with the rows that exist, never with the number of events or versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, ClassVar

from django.contrib.auth.models import Group

from audit.models import AuditBlob
from audit.payload import time_text
from audit.reconcile import Problem
from registry.models import (
    Label,
    Namespace,
    Prompt,
    ServiceToken,
    Team,
    Unprotection,
    User,
)
from registry.names import name_key
from registry.replay_holdings import Holdings
from registry.replay_moves import Moves
from registry.replay_versions import Versions
from registry.roles import role_id
from registry.services.tokens import reach

_CHUNK = 500
_TEXTS_CHUNK = 100
_Event = dict[str, Any]
_Rows = Iterator[tuple[str, dict[str, Any]]]


class Facts:
    """What the newest events say of each thing, held against its row."""

    KINDS = (
        "user",
        "role",
        "team",
        "namespace",
        "prompt",
        "label",
        "token",
        "unprotection",
    )
    #: what events only commit to; the text is held against its row as long as it is not erased
    TEXTS: ClassVar[dict[str, tuple[str, ...]]] = {
        "user": ("username", "display_name", "email"),
        "team": ("name",),
        "namespace": ("name",),
        "prompt": ("name", "description", "tags"),
        "token": ("reach",),
    }

    def __init__(self, using: str) -> None:
        self.using = using
        self.told: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in self.KINDS}
        self.seqs: dict[str, int] = {}

    def feed(self, event: _Event) -> None:
        """Take what an event of this floor says its subject is from now on.

        A label that stops being protected is told by an event of the floor above.
        """
        if "unprotected" in event["data"]:
            self._unprotected(event["data"]["unprotected"], event)
        area, _, kind = event["subject"]["type"].partition(".")
        if area != "registry" or not event["action"].startswith("registry."):
            return
        if kind in self.told:
            texts = self.TEXTS.get(kind, ())
            facts = {k: v for k, v in event["commitments"].items() if k in texts}
            if event["action"] == "registry.prompt.created":
                facts["namespace"] = event["related"][0]["id"]
            elif event["action"] == "registry.label.created":
                facts |= {"asked_from": None, "asked_by": None, "unprotections": 0}
            self._tell(kind, event["subject"]["id"], {**event["to"], **facts}, event["seq"])
        for token in event["data"].get("tokens_revoked", ()):
            self._tell("token", token, {"revoked": True}, event["seq"])

    def finish(self) -> Iterator[Problem]:
        """Return the rows that no event explains, that differ, and that are gone."""
        for kind, told in self.told.items():
            code = f"registry.{kind}"
            for key, facts, said in self._with_texts(kind, getattr(self, f"_{kind}s")()):
                wanted = told.pop(key, None)
                if wanted is None:
                    yield Problem(code, None, f"{kind} {key} has no event")
                    continue
                wanted = {**wanted, **said}
                wrong = sorted(name for name, value in wanted.items() if facts[name] != value)
                if wrong:
                    seq = self.seqs[key]
                    words = ", ".join(wrong)
                    yield Problem(code, seq, f"{kind} {key} is not as the events say: {words}")
            for key in sorted(told):
                yield Problem(code, self.seqs[key], f"{kind} {key} is gone")

    def _with_texts(
        self, kind: str, rows: _Rows
    ) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Add to each row the texts that its event commits to; an erased one is as the row says."""
        names, told = self.TEXTS.get(kind, ()), self.told[kind]
        while chunk := list(islice(rows, _TEXTS_CHUNK)):
            digests = {told.get(key, {}).get(name) for key, _ in chunk for name in names}
            blobs = AuditBlob.objects.using(self.using).filter(digest__in=digests - {None})
            values = dict(blobs.exclude(value=None).values_list("digest", "value"))
            for key, facts in chunk:
                known = told.get(key, {})
                # An empty text is not always committed to.
                said = {n: values.get(known[n], facts[n]) if n in known else "" for n in names}
                yield key, facts, said

    def _unprotected(self, row: dict[str, Any], event: _Event) -> None:
        facts = {name: value for name, value in row.items() if name != "id"}
        now = {"protected": False, "unprotections": row["number"]}
        self._tell("unprotection", row["id"], {**facts, "at": event["ts"]}, event["seq"])
        self._tell("label", row["label"], now, event["seq"])

    def _tell(self, kind: str, key: str, facts: dict[str, Any], seq: int) -> None:
        self.told[kind].setdefault(key, {}).update(facts)
        self.seqs[key] = seq

    def _users(self) -> _Rows:
        for row in User.objects.using(self.using).order_by("pk").iterator(_CHUNK):
            yield (
                str(row.public_id),
                {
                    "username": row.username,
                    "display_name": row.display_name,
                    "email": row.email,
                    "time_zone": row.time_zone,
                    "active": row.is_active,
                    "kind": row.kind,
                    "staff": row.is_staff,
                    "superuser": row.is_superuser,
                    "password": row.has_usable_password(),
                },
            )

    def _roles(self) -> _Rows:
        for name in Group.objects.using(self.using).order_by("pk").values_list("name", flat=True):
            yield str(role_id(name)), {}

    def _teams(self) -> _Rows:
        for row in Team.objects.using(self.using).order_by("pk").iterator(_CHUNK):
            yield str(row.public_id), {"name": row.name}

    def _namespaces(self) -> _Rows:
        rows = Namespace.objects.using(self.using).select_related("owner_team").order_by("pk")
        for row in rows.iterator(_CHUNK):
            yield (
                str(row.public_id),
                {
                    "name": _name(row),
                    "template": row.grant_template,
                    "team": _id(row.owner_team),
                },
            )

    def _prompts(self) -> _Rows:
        rows = Prompt.objects.using(self.using).select_related("namespace", "owner", "team")
        rows = rows.order_by("pk")
        for row in rows.iterator(_CHUNK):
            yield (
                str(row.public_id),
                {
                    "name": _name(row),
                    "description": row.description,
                    "tags": "\n".join(map(str, row.tags)),
                    "namespace": _id(row.namespace),
                    "owner": _id(row.owner),
                    "team": _id(row.team),
                    "data_class": row.data_class,
                    "confidential": row.confidential,
                    "status": row.status,
                    "type": row.type,
                },
            )

    def _labels(self) -> _Rows:
        parts = ("promotes_from", "asked_from", "asked_by")
        for row in Label.objects.using(self.using).select_related(*parts).order_by("pk"):
            yield (
                str(row.public_id),
                {
                    "name": row.name,
                    "protected": row.protected,
                    "unprotections": row.unprotections,
                    "order": row.order,
                    "promotes_from": _id(row.promotes_from),
                    "asked_from": _id(row.asked_from),
                    "asked_by": _id(row.asked_by),
                },
            )

    def _unprotections(self) -> _Rows:
        rows = Unprotection.objects.using(self.using).select_related("label", "account")
        for row in rows.order_by("pk").iterator(_CHUNK):
            yield (
                str(row.public_id),
                {
                    "label": _id(row.label),
                    "number": row.number,
                    "cause": {"type": row.cause_type, "id": str(row.cause_id)},
                    "account": _id(row.account),
                    "at": time_text(row.at),
                },
            )

    def _tokens(self) -> _Rows:
        rows = ServiceToken.objects.using(self.using).select_related("account").order_by("pk")
        for row in rows.iterator(_CHUNK):
            yield (
                str(row.public_id),
                {
                    "account": _id(row.account),
                    "digest": row.digest,
                    "scopes": row.scopes,
                    "expires_at": time_text(row.expires_at) if row.expires_at else None,
                    "revoked": row.revoked_at is not None,
                    "reach": reach(row),
                },
            )


class RegistryReconciler:
    """Sees every event once and hands it to each part."""

    def __init__(self, using: str) -> None:
        self.parts = (Facts(using), Holdings(using), Versions(using), Moves(using))

    def feed(self, event: _Event) -> None:
        """Take one payload; what it does not concern passes by."""
        for part in self.parts:
            part.feed(event)

    def finish(self) -> Iterator[Problem]:
        """Return what does not agree, in a stable order."""
        for part in self.parts:
            yield from part.finish()


def reconciler(using: str) -> RegistryReconciler:
    """Return the reconciler of this floor for one database alias."""
    return RegistryReconciler(using)


def _id(row: Any) -> str | None:
    return str(row.public_id) if row else None


def _name(row: Prompt | Namespace) -> str:
    """Return a name, unless it would be found under another one."""
    return row.name if row.name_key == name_key(row.name) else ""
