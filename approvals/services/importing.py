"""import_version, committers_of: what came from outside and is proposed for nothing yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from approvals.services import _checks as checks
from approvals.services import _common as common
from audit import payload
from audit.ledger import recording
from audit.models import AuditEvent
from registry import documents, permissions
from registry.actors import Actor
from registry.documents import Document
from registry.models import Prompt, User, Version
from registry.services import versions

IMPORTED = "approvals.version.imported"


def import_version(
    prompt: Prompt,
    document: Document,
    *,
    actor: Actor,
    provenance: dict[str, Any],
    committers: Iterable[User] = (),
    key: str = "",
) -> Version:
    """Append a version that no request proposes: live nowhere, and marked as imported.

    `committers` are the accounts of those who wrote it elsewhere. Needs `propose`. Raises
    NotAllowed, NotFound, Archived, InvalidDocument, and SecretFound for what a submit refuses.
    """
    with recording(actor=actor.ref) as log:
        locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
        subject = common.about(locked.public_id, document.digest)
        done = common.repeated(actor, key, "import_version", subject)
        if done is not None:
            return Version.objects.get(pk=done)
        permissions.require_visible(actor.account, locked)
        author = checks.proposer(locked, actor)
        checks.keeps_type(locked, document)
        checks.no_critical_secret(documents.load(document.text))
        checks.provenance(provenance)
        version = versions.add_version(
            locked,
            document,
            author=author,
            provenance=provenance,
            imported=True,
            at=log.at,
            log=log,
        )
        common.remember(actor, key, "import_version", subject, str(version.pk), log.at)
        log.record(
            IMPORTED,
            ("registry.version", version.public_id),
            related=[
                ("registry.version", version.public_id),
                ("registry.prompt", locked.public_id),
            ],
            after={"digest": version.content_digest},
            data={
                **versions.told(version),
                "committers": sorted({str(person.public_id) for person in committers}),
            },
        )
        return version


def committers_of(imported: Iterable[Version]) -> list[User]:
    """Those who wrote imported versions elsewhere, as the events of their imports name them."""
    events = AuditEvent.objects.filter(
        action=IMPORTED,
        subject_type="registry.version",
        subject_id__in=[version.public_id for version in imported],
    )
    named = {who for event in events for who in payload.read(event.payload)["data"]["committers"]}
    return list(User.objects.filter(public_id__in=named))
