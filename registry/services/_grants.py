"""The rows behind grants, in guardian's direct tables; written for the verbs and by nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission

from registry.errors import BadInput
from registry.models import (
    Namespace,
    NamespaceGroupObjectPermission,
    NamespaceUserObjectPermission,
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    User,
)
from registry.permissions import CREATE, PROMPT_PERMISSIONS

_TABLES: dict[tuple[type, type], Any] = {
    (Prompt, User): PromptUserObjectPermission,
    (Prompt, Group): PromptGroupObjectPermission,
    (Namespace, User): NamespaceUserObjectPermission,
    (Namespace, Group): NamespaceGroupObjectPermission,
}
_KNOWN = {Prompt: PROMPT_PERMISSIONS, Namespace: (CREATE,)}


def add(on: Prompt | Namespace, codename: str, to: User | Group) -> bool:
    """Insert the row of one permission; False where it is there already. Raises BadInput."""
    table, which = _row(on, codename, to)
    if table.objects.filter(**which).exists():
        return False
    table.objects.create(**which)
    return True


def add_first(prompt: Prompt, wanted: Iterable[tuple[str, User | Group]]) -> None:
    """Insert the rows of a prompt that has none yet, in one query for people and one for roles."""
    rows = Permission.objects.filter(codename__in=PROMPT_PERMISSIONS, **_content_type(Prompt))
    by_codename = {row.codename: row for row in rows}
    people, groups = [], []
    for codename, to in wanted:
        which = {"permission": by_codename[codename], "content_object": prompt}
        if isinstance(to, Group):
            groups.append(PromptGroupObjectPermission(group=to, **which))
        else:
            people.append(PromptUserObjectPermission(user=to, **which))
    PromptUserObjectPermission.objects.bulk_create(people)
    PromptGroupObjectPermission.objects.bulk_create(groups)


def add_missing(prompts: Iterable[Prompt], codenames: Iterable[str], to: User) -> None:
    """Insert the rows that a person lacks on prompts that are locked, in one query for all."""
    rows = Permission.objects.filter(codename__in=[*codenames], **_content_type(Prompt))
    by_pk = {prompt.pk: prompt for prompt in prompts}
    held = set(
        PromptUserObjectPermission.objects.filter(
            user=to, content_object__in=by_pk, permission__in=rows
        ).values_list("content_object_id", "permission_id")
    )
    PromptUserObjectPermission.objects.bulk_create(
        PromptUserObjectPermission(user=to, permission=permission, content_object=prompt)
        for prompt in by_pk.values()
        for permission in rows
        if (prompt.pk, permission.pk) not in held
    )


def remove(on: Prompt | Namespace, codename: str, to: User | Group) -> bool:
    """Delete the row of one permission; False where there is none. Raises BadInput."""
    table, which = _row(on, codename, to)
    deleted, _ = table.objects.filter(**which).delete()
    return bool(deleted)


def _row(on: Prompt | Namespace, codename: str, to: User | Group) -> tuple[Any, dict[str, Any]]:
    place = Prompt if isinstance(on, Prompt) else Namespace
    known = _KNOWN[place]
    if codename not in known:
        raise BadInput(f"“{codename}” is not a permission on it. Use one of: {', '.join(known)}.")
    to_group = isinstance(to, Group)
    permission = Permission.objects.get(codename=codename, **_content_type(place))
    return _TABLES[place, Group if to_group else User], {
        "permission": permission,
        "content_object": on,
        "group" if to_group else "user": to,
    }


def _content_type(place: type[Prompt] | type[Namespace]) -> dict[str, str | None]:
    return {
        "content_type__app_label": place._meta.app_label,
        "content_type__model": place._meta.model_name,
    }
