"""bring_in, import_version, committers_of: what comes from files outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from approvals import scanning
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services.placing import place
from approvals.services.proposing import propose
from approvals.services.scans import keep_scan
from audit import payload
from audit.ledger import Recording, recording
from audit.models import AuditEvent
from registry import documents, permissions, rules
from registry.actors import Actor
from registry.documents import Document
from registry.models import Label, Prompt, User, Version
from registry.services import prompts, versions

IMPORTED = "approvals.version.imported"


@dataclass(frozen=True)
class Incoming:
    """One text that comes in, where it comes from, and the accounts of those who wrote it."""

    document: Document
    provenance: dict[str, Any]
    committers: tuple[User, ...] = ()


@dataclass(frozen=True)
class Placing:
    """An unprotected label to place the newest text on, and what its scan found.

    `known` is the version that holds the text, where nothing new comes in.
    """

    label: Label
    report: scanning.Report
    known: Version | None = None


@dataclass(frozen=True)
class Proposing:
    """A protected label to propose one more text for, and the sentence that says why."""

    label: Label
    text: Incoming
    rationale: str


def bring_in(
    name: str,
    texts: Sequence[Incoming],
    *,
    actor: Actor,
    prompt: Prompt | None = None,
    then: Placing | Proposing | None = None,
) -> None:
    """Bring one file in: all of its texts and the step on a label in one transaction, or nothing.

    Without `prompt` one is made. Each part is the verb of its name and leaves its own event;
    raises what create_prompt, import_version, keep_scan, place and propose raise.
    """
    with recording(actor=actor.ref) as log:
        # The first lock of all: the step on a label takes it, behind that of the prompt.
        rules.hold_still()
        found = prompt or prompts.create_prompt(name, actor=actor, log=log)
        version = None
        for text in texts:
            version = import_version(
                found,
                text.document,
                actor=actor,
                provenance=text.provenance,
                committers=text.committers,
                log=log,
            )
        if isinstance(then, Proposing):
            propose(
                found,
                label=then.label,
                document=then.text.document,
                rationale=then.rationale,
                actor=actor,
                provenance=then.text.provenance,
                imported=True,
                committers=then.text.committers,
                log=log,
            )
        elif then is not None:
            placed = version or then.known
            assert placed is not None  # noqa: S101  # there is a text to place
            keep_scan(placed, report=then.report, actor=actor, log=log)
            place(found, placed, then.label, actor=actor, log=log)


def import_version(
    prompt: Prompt,
    document: Document,
    *,
    actor: Actor,
    provenance: dict[str, Any],
    committers: Iterable[User] = (),
    key: str = "",
    log: Recording | None = None,
) -> Version:
    """Append a version that no request proposes: live nowhere, and marked as imported.

    `committers` are the accounts of those who wrote it elsewhere; `log` is the open recording of
    a verb that imports as a part of its work. Needs `propose`. Raises NotAllowed, NotFound,
    Archived, InvalidDocument, and SecretFound for what a submit refuses.
    """
    with recording(actor=actor.ref, within=log) as log:
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
