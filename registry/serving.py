"""What a token is served: from rows to the body that an application reads, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from audit.payload import time_text
from registry import permissions
from registry.errors import Erased, NotFound, Recalled, Suspended, UnknownLabel
from registry.models import Label, LabelPointer, Prompt, Release, ServiceToken, Version
from registry.names import name_key
from registry.scopes import covers_key, covers_label, covers_name

DEFAULT_LABEL = "production"
#: One sentence for all that a token cannot reach, so that it does not tell what exists.
NOT_HERE = (
    "There is no such prompt for this token. Check the name and the label, "
    "and the token's scopes, names and labels."
)


class NothingServed(NotFound):
    """The prompt is there and the label too, but nothing was ever put on it."""

    code = "nothing_served"
    title = "Nothing is served here yet"


class UnknownVersion(NotFound):
    code = "unknown_version"
    title = "There is no such version"


@dataclass(frozen=True)
class Served:
    """A version that may be read, and the move that made it readable."""

    prompt: Prompt
    version: Version
    label: str | None
    release: Release


def prompt_for(token: ServiceToken, name: str) -> Prompt:
    """Return the prompt of this name, in any case, or raise NotFound beyond the token's reach."""
    # No name holds U+0000, and PostgreSQL refuses to be asked for it.
    if "\0" in name or not covers_name(token, name):
        raise NotFound(NOT_HERE)
    prompt = permissions.visible_prompts(token.account).filter(name_key=name_key(name)).first()
    if prompt is None:
        raise NotFound(NOT_HERE)
    return prompt


def check_label(token: ServiceToken, label: str) -> None:
    """Raise NotFound for a label beyond the token's reach."""
    if not covers_label(token, label):
        raise NotFound(NOT_HERE)


def unknown_label(label: str) -> UnknownLabel:
    return UnknownLabel(f"There is no label “{label}”. Check how it is written.")


def by_label(token: ServiceToken, name: str, label: str) -> Served:
    """Return what a label serves of a prompt now.

    Raises NotFound, UnknownLabel, NothingServed, Suspended, Recalled, Erased.
    """
    check_label(token, label)
    prompt = prompt_for(token, name)
    rows = LabelPointer.objects.select_related("version__recall")
    pointer = rows.filter(prompt=prompt, label__name=label).first()
    if pointer is None:
        raise unknown_label(label)
    if pointer.version is None:
        raise NothingServed(f"{label} serves nothing for this prompt yet.")
    release = Release.objects.select_related("reason").get(
        prompt=prompt, label=pointer.label_id, generation=pointer.generation
    )
    if pointer.suspended:
        raise Suspended(_suspended(label, release), generation=pointer.generation)
    check_readable(pointer.version)
    return Served(prompt, pointer.version, label, release)


def by_version(token: ServiceToken, name: str, number: int) -> Served:
    """Return a version that was once live, with its newest release on a label in reach.

    Raises NotFound, UnknownVersion (also for one that was only ever tried), Recalled, Erased.
    """
    prompt = prompt_for(token, name)
    rows = Release.objects.servable().filter(prompt=prompt, version__number=number)
    rows = rows.select_related("label", "version__recall").order_by("-at", "-pk")
    for release in rows:
        if covers_label(token, release.label.name):
            check_readable(release.version)
            return Served(prompt, release.version, None, release)
    raise UnknownVersion(f"There is no released version {number} of this prompt for this token.")


def check_readable(version: Version) -> None:
    """Raise Erased or Recalled for a version that nobody may be served any more."""
    if version.is_erased:
        raise Erased(f"The content of v{version.number} is erased. Read another version.")
    if is_recalled(version):
        raise Recalled(f"v{version.number} is recalled and served nowhere. Read another version.")


def is_recalled(version: Version) -> bool:
    return hasattr(version, "recall")


# -- bodies ---------------------------------------------------------------------------------


def body_of(
    prompt: Prompt, version: Version, *, label: str | None, release: Release | None
) -> dict[str, Any]:
    """Return the body that an application reads of a version whose content is there."""
    content = version.body
    return {
        "name": prompt.name,
        "type": prompt.type,
        "version": version.number,
        "label": label,
        "content_digest": version.content_digest,
        "template": content["template"],
        "template_format": content["template_format"],
        "variables": content["variables"],
        "model_settings": content["model_settings"],
        "tools": content["tools"],
        "response_format": content["response_format"],
        "release": release_body(release) if release else None,
    }


def release_body(release: Release) -> dict[str, Any]:
    """Return a move of a label as bodies show it."""
    return {
        "id": str(release.public_id),
        "kind": release.kind,
        "generation": release.generation,
        "at": time_text(release.at),
    }


# -- lists ----------------------------------------------------------------------------------


def prompts_after(token: ServiceToken, key: str, limit: int) -> tuple[list[dict[str, Any]], str]:
    """Return the next `limit` prompts in reach after the one of `key`, and the key to go on with.

    Each with the labels in reach that serve something of it; the key is "" at the end.
    """
    rows = permissions.visible_prompts(token.account).filter(name_key__gt=key).order_by("name_key")
    found = _first(rows, token.names, limit + 1)
    page = found[:limit]
    labels = _labels_of(token, page)
    items = [
        {"name": prompt.name, "type": prompt.type, "labels": labels.get(prompt.pk, [])}
        for prompt in page
    ]
    return items, page[-1].name_key if len(found) > limit else ""


def released_before(
    token: ServiceToken, name: str, number: int | None, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Return the `limit` versions before `number` that were once live on a label in reach.

    Newest first, each with its newest release; then the number to go on with, 0 at the end.
    """
    prompt = prompt_for(token, name)
    labels = [label for label in Label.objects.all() if covers_label(token, label.name)]
    rows = Release.objects.servable().filter(prompt=prompt, label__in=labels)
    versions = Version.objects.filter(prompt=prompt, pk__in=rows.values("version"))
    if number is not None:
        versions = versions.filter(number__lt=number)
    found = list(
        versions.select_related("recall").defer("document").order_by("-number")[: limit + 1]
    )
    page = found[:limit]
    newest: dict[int, Release] = {}
    for release in rows.filter(version__in=page).select_related("label").order_by("at", "pk"):
        newest[release.version_id] = release
    items = [_version_item(version, newest[version.pk]) for version in page]
    return items, page[-1].number if len(found) > limit else 0


# -- parts ----------------------------------------------------------------------------------


def _suspended(label: str, release: Release) -> str:
    reason = release.reason.value if release.reason else None
    told = f" The reason given: {reason}" if reason else ""
    return f"{label} does not serve this prompt at the moment.{told}"


def _first(rows: QuerySet[Prompt], globs: Sequence[str], most: int) -> list[Prompt]:
    if "*" in globs:
        return list(rows[:most])
    # Globs have no form that both databases match alike; keys are short, rows are not.
    keys = rows.values_list("pk", "name_key")
    chosen = [pk for pk, key in keys if covers_key(globs, key)][:most]
    return list(rows.filter(pk__in=chosen))


def _labels_of(token: ServiceToken, prompts: Iterable[Prompt]) -> dict[int, list[dict[str, Any]]]:
    rows = LabelPointer.objects.filter(
        prompt__in=prompts,
        suspended=False,
        version__erased_at__isnull=True,
        version__isnull=False,
        version__recall__isnull=True,
    )
    found: dict[int, list[dict[str, Any]]] = {}
    rows = rows.select_related("label", "version").defer("version__document")
    for pointer in rows.order_by("label__order", "label__name"):
        if pointer.version is not None and covers_label(token, pointer.label.name):
            item = {"label": pointer.label.name, "version": pointer.version.number}
            found.setdefault(pointer.prompt_id, []).append(item)
    return found


def _version_item(version: Version, release: Release) -> dict[str, Any]:
    status = "erased" if version.erased_at else "recalled" if is_recalled(version) else "available"
    return {
        "version": version.number,
        "content_digest": version.content_digest,
        "status": status,
        "label": release.label.name,
        "release": release_body(release),
    }
