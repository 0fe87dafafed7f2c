"""Steps that the floor above takes in its verbs, here with an event of their own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from audit.ledger import Recording, recording
from audit.models import AuditEvent
from registry import documents, releases
from registry.actors import Actor
from registry.models import Label, LabelPointer, Prompt, Release, User, Version
from registry.services import unprotecting, versions


def add_version(prompt: Prompt, text: str, *, author: User, **provenance: str) -> Version:
    """Append a version as `propose` does, with the event that names it."""
    document = documents.build(type="text", template=text, template_format="none")
    with recording(actor=author.ref) as log:
        version = versions.add_version(
            prompt,
            document,
            author=author,
            provenance=provenance,
            imported=False,
            at=log.at,
            log=log,
        )
        log.record(
            "tests.request.proposed",
            ("tests.request", version.public_id),
            related=[
                ("registry.prompt", prompt.public_id),
                ("registry.version", version.public_id),
            ],
            after={"digest": version.content_digest},
            data=versions.told(version),
        )
    return version


def move(
    prompt: Prompt, label: Label, version: Version | None, *, actor: Actor, **options: Any
) -> Release:
    """Move a pointer as `release` does, with the event that names the move."""
    with recording(actor=actor.ref) as log:
        Prompt.objects.select_for_update().get(pk=prompt.pk)
        pointer = releases.lock_pointer(prompt, label.pk)
        before = releases.pointer_facts(pointer)
        row = releases.move(
            pointer,
            version=version,
            actor=actor,
            at=log.at,
            cause=("tests.request", prompt.public_id),
            **{"kind": Release.Kind.RELEASE, **options},
        )
        record_move(log, pointer, row, before)
    return row


def record_move(
    log: Recording, pointer: LabelPointer, row: Release, before: dict[str, Any]
) -> None:
    """Record the event of a move, as the contract between the floors says."""
    log.record(
        "tests.request.released",
        ("registry.prompt", pointer.prompt.public_id),
        before={"pointer": before},
        after={"pointer": releases.pointer_facts(pointer)},
        data={
            "release": str(row.public_id),
            "cause": {"type": row.cause_type, "id": str(row.cause_id)},
            "account": str(row.account.public_id) if row.account else None,
            "pointer": {
                "prompt": str(pointer.prompt.public_id),
                "label": str(pointer.label.public_id),
                "kind": str(row.kind),
            },
        },
    )


def actions() -> list[str]:
    """The actions in the ledger, in order."""
    return list(AuditEvent.objects.order_by("seq").values_list("action", flat=True))


def take_off(label: Label, actor: User) -> None:
    """Take the protection off a label, as a verb of the floor above does."""
    with recording(actor=actor.ref) as log:
        row = unprotecting.take_protection_off(
            label, actor=actor, verb="test", cause=("tests.cause", uuid4()), at=log.at, log=log
        )
        log.record(
            "tests.unprotected",
            ("registry.label", label.public_id),
            data={"unprotected": unprotecting.told(row)},
        )
