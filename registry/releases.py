"""The only writer of Release and LabelPointer: what is live moves here and nowhere else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from audit.compiled import CompiledQuery
from audit.models import AuditBlob
from registry.actors import Actor
from registry.errors import Erased, LabelIsProtected, Recalled, Stale, UnknownLabel, WrongState
from registry.models import Label, LabelPointer, Prompt, Recall, Release, Version

Kind = Release.Kind
_BATCH = 500


def open_pointers(prompt: Prompt) -> None:
    """Give a new prompt an empty pointer for every label."""
    LabelPointer.objects.bulk_create(
        LabelPointer(prompt=prompt, label=label) for label in Label.objects.order_by("pk")
    )


def open_pointers_for_label(label: Label) -> None:
    """Give a new label an empty pointer for every prompt."""
    prompts = Prompt.objects.order_by("pk").values_list("pk", flat=True)
    LabelPointer.objects.bulk_create(
        (LabelPointer(prompt_id=pk, label=label) for pk in [*prompts]), batch_size=_BATCH
    )


def lock_pointer(prompt: Prompt, label: int) -> LabelPointer:
    """Return the pointer of a prompt and a label's key, locked; lock the prompt before it.

    Makes the empty pointer where a prompt and a label were made at the same moment. Raises
    UnknownLabel for a label that is not there.
    """
    found = _locked(prompt.pk, label)
    if not found:
        if not Label.objects.filter(pk=label).exists():
            raise UnknownLabel("There is no such label.")
        LabelPointer.objects.get_or_create(prompt=prompt, label_id=label)
        found = _locked(prompt.pk, label)
    found[0].prompt = prompt
    return found[0]


def lockable() -> QuerySet[LabelPointer]:
    """Return pointers with what is read of them, to be narrowed down and then locked."""
    rows = LabelPointer.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("label__promotes_from", "version").order_by()


_locked = CompiledQuery[LabelPointer](
    lambda prompt, label: lockable().filter(prompt=prompt, label=label)
)


def pointer_facts(pointer: LabelPointer) -> dict[str, Any]:
    """Return what an event says of a pointer before and after it moved."""
    version = pointer.version
    return {
        "version": str(version.public_id) if version else None,
        "digest": version.content_digest if version else None,
        "generation": pointer.generation,
        "suspended": pointer.suspended,
    }


def move(
    pointer: LabelPointer,
    *,
    kind: str,
    version: Version | None = None,
    actor: Actor,
    at: datetime,
    cause: tuple[str, UUID],
    expected_generation: int | None = None,
    reason: AuditBlob | None = None,
) -> Release:
    """Append the Release row of a locked pointer's next generation, then move the pointer.

    `suspend` and `resume` keep the version. Raises Stale where the pointer is not at
    `expected_generation`, Recalled or Erased for a version that may go nowhere, WrongState,
    and LabelIsProtected for placing by hand.
    """
    if expected_generation is not None and expected_generation != pointer.generation:
        raise Stale(
            f"What is live on {pointer.label} moved since you looked. "
            "Look at what is live now and decide again.",
            generation=pointer.generation,
        )
    target = _target(pointer, Kind(kind), version)
    if kind == Kind.PLACED and Label.objects.filter(pk=pointer.label_id, protected=True).exists():
        raise LabelIsProtected(
            f"{pointer.label} is protected: propose the version and have it signed off."
        )
    if kind != Kind.SUSPEND:
        _check_servable(target)
    # The database lets a pointer move only when the row that explains it is there.
    row = Release.objects.create(
        prompt=pointer.prompt,
        label=pointer.label,
        version=target,
        from_version=pointer.version,
        generation=pointer.generation + 1,
        kind=kind,
        cause_type=cause[0],
        cause_id=cause[1],
        actor=actor.ref,
        account=actor.account,
        reason=reason,
        at=at,
    )
    pointer.version, pointer.generation = target, row.generation
    pointer.suspended = kind == Kind.SUSPEND
    pointer.save(update_fields=["version", "generation", "suspended"])
    return row


def _target(pointer: LabelPointer, kind: Kind, version: Version | None) -> Version:
    if kind in (Kind.SUSPEND, Kind.RESUME):
        if pointer.version is None:
            raise WrongState(f"{pointer.label} serves nothing for this prompt.")
        if pointer.suspended == (kind == Kind.SUSPEND):
            word = "suspended already" if pointer.suspended else "not suspended"
            raise WrongState(f"{pointer.label} is {word} for this prompt.")
        if version is not None and version.pk != pointer.version_id:
            raise WrongState(f"{pointer.label} serves another version. Look at what is live now.")
        return pointer.version
    if version is None or version.prompt_id != pointer.prompt_id:
        raise ValueError("a pointer moves to a version of its own prompt")
    return version


def _check_servable(version: Version) -> None:
    # Asked of the database: the instance may be older than a recall or an erasure.
    if Recall.objects.filter(version=version).exists():
        raise Recalled(f"v{version.number} is recalled. Choose another version.")
    if Version.objects.filter(pk=version.pk, document__isnull=True).exists():
        raise Erased(f"The content of v{version.number} is erased. Choose another version.")
