"""Replaying the events gives today's people, grants, prompts, labels, tokens and what is live.

What a person wrote into these tables past the verbs has no event, and is named here. Memory grows
with the rows that exist, never with the number of events or versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar

from django.contrib.auth.models import Group
from django.db.models import F

from audit.models import AuditBlob
from audit.payload import time_text
from audit.reconcile import Problem
from registry.models import (
    Label,
    Membership,
    Namespace,
    NamespaceGroupObjectPermission,
    NamespaceUserObjectPermission,
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    ServiceToken,
    Team,
    User,
)
from registry.names import name_key
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

    KINDS = ("user", "role", "team", "namespace", "prompt", "label", "token")
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
        """Take what an event of this floor says its subject is from now on."""
        area, _, kind = event["subject"]["type"].partition(".")
        if area != "registry" or not event["action"].startswith("registry."):
            return
        if kind in self.told:
            texts = self.TEXTS.get(kind, ())
            facts = {k: v for k, v in event["commitments"].items() if k in texts}
            if event["action"] == "registry.prompt.created":
                facts["namespace"] = event["related"][0]["id"]
            elif event["action"] == "registry.label.created":
                facts |= {"asked_from": None, "asked_by": None}
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
                    "order": row.order,
                    "promotes_from": _id(row.promotes_from),
                    "asked_from": _id(row.asked_from),
                    "asked_by": _id(row.asked_by),
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


def _grant(place: str, on: str, item: dict[str, Any]) -> tuple[str, ...]:
    return ("grant", place, on, item["permission"], item["to"]["type"], item["to"]["id"])
