"""A thousand open changes for a page to show: copies of one that the verbs brought to review."""

from __future__ import annotations

import copy
import uuid
from typing import Any

from django.db import models, transaction

from approvals.models import ApprovalRequest, Contributor, Revision
from registry.models import (
    LabelPointer,
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    Release,
    Version,
)

# In the order in which a row may name those before it, and how each is found from the prompt.
_COPIED: tuple[tuple[type[models.Model], str], ...] = (
    (Prompt, "pk"),
    (PromptUserObjectPermission, "content_object"),
    (PromptGroupObjectPermission, "content_object"),
    (Version, "prompt"),
    (ApprovalRequest, "prompt"),
    (Revision, "request__prompt"),
    (Contributor, "request__prompt"),
    (Release, "prompt"),
    (LabelPointer, "prompt"),
)


def copied(request: ApprovalRequest, times: int, first: int) -> None:
    """Copy a change with its prompt, version, grants and places; names count from `first`.

    The copies are rows of the very tables and pass their guards, but no event tells of them: this
    is for measuring reads. A thousand changes by the verbs would take an hour.
    """
    with transaction.atomic():
        _copy(request.prompt_id or 0, range(first, first + times))


def _copy(prompt: int, numbers: range) -> None:
    made: dict[tuple[type[models.Model], int, int], int] = {}
    for model, found_by in _COPIED:
        manager = model._base_manager
        originals = list(manager.filter(**{found_by: prompt}).order_by("pk"))
        rows, keys = [], []
        for number in numbers:
            for original in originals:
                rows.append(_again(original, number, made))
                keys.append((model, original.pk, number))
        moved = [_emptied(row) for row in rows if isinstance(row, LabelPointer)]
        for key, row in zip(keys, manager.bulk_create(rows, batch_size=500), strict=True):
            made[key] = row.pk
        for pointer, version, generation in (move for move in moved if move[2]):
            found = LabelPointer._base_manager.filter(pk=pointer.pk)
            found.update(version=version, generation=generation)


def _emptied(pointer: LabelPointer) -> tuple[LabelPointer, int | None, int]:
    """Guards want a pointer to begin empty, and to move where its release is there."""
    where = (pointer, pointer.version_id, pointer.generation)
    pointer.version_id, pointer.generation = None, 0
    return where


def _again(
    original: models.Model, number: int, made: dict[tuple[type[models.Model], int, int], int]
) -> Any:
    row: Any = copy.copy(original)
    row._state = copy.copy(original._state)
    row.pk = None
    row._state.adding = True
    for field in original._meta.concrete_fields:
        if field.name == "public_id":
            row.public_id = uuid.uuid4()
        elif isinstance(field, models.ForeignKey):
            target = field.remote_field.model
            pk = getattr(original, field.attname)
            new = made.get((target, pk, number))
            if new is not None:
                row._state.fields_cache.pop(field.name, None)
                setattr(row, field.attname, new)
    if isinstance(row, Prompt):
        row.name = row.name_key = f"{original}-{number}"
    return row
