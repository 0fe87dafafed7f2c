"""Versions are made and erased inside the verbs of the floor above; no event of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max

from audit.canonical import CanonicalError, canonical, sha256_hex
from audit.ledger import Recording
from registry import documents
from registry.actors import Actor
from registry.documents import Document
from registry.errors import Archived, Erased, InvalidDocument
from registry.models import Prompt, User, Version
from registry.services._common import stamp


def add_version(
    prompt: Prompt,
    document: Document,
    *,
    author: User,
    provenance: dict[str, Any],
    imported: bool,
    at: datetime,
    log: Recording,
) -> Version:
    """Append the next version of a prompt, whose row it locks; `log` records it for the caller.

    The caller's event names the version in `related` and holds `told` of it in `data`;
    `to.digest` is its content digest. Raises Archived and InvalidDocument.
    """
    if log.at != at:
        raise ValueError("a version carries the time of the recording it is made in")
    locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
    if locked.status == Prompt.Status.ARCHIVED:
        raise Archived("This prompt is archived; somebody who manages it can bring it back.")
    body = documents.load(document.text)
    if body["type"] != locked.type:
        raise InvalidDocument(f"This prompt is of type {locked.type}, and stays of that type.")
    last = Version.objects.filter(prompt=locked).aggregate(last=Max("number"))["last"]
    version = Version(
        prompt=prompt,
        number=(last or 0) + 1,
        document=document.text,
        content_digest=document.digest,
        interface_digest=document.interface_digest,
        settings_digest=document.settings_digest,
        template_format=body["template_format"],
        provenance=provenance,
        provenance_digest=_digest(provenance),
        imported=imported,
        author=author,
        created_at=at,
    )
    stamp(version, author, "add_version")
    version.save(force_insert=True)
    return version


def told(version: Version) -> dict[str, Any]:
    """Return what the event that made a version says of it in `data`."""
    return {
        "version": str(version.public_id),
        "number": version.number,
        "provenance": version.provenance_digest,
        "author": str(version.author.public_id),
        "imported": version.imported,
        "template_format": version.template_format,
        "interface": version.interface_digest,
        "settings": version.settings_digest,
    }


def erase(version: Version, *, actor: Actor, at: datetime) -> None:
    """Take the content of a version away for good; the caller has locked its prompt and records.

    Digests, number and provenance stay. Raises Erased where it is gone already.
    """
    if version.is_erased:
        raise Erased(f"The content of v{version.number} is erased already.")
    version.document, version.erased_at = None, at
    version.__dict__.pop("body", None)  # the parsed copy
    stamp(version, actor, "erase")
    version.save(update_fields=["document", "erased_at"])


def _digest(provenance: dict[str, Any]) -> str:
    try:
        return sha256_hex(canonical(provenance))
    except CanonicalError as error:
        raise InvalidDocument(f"The provenance cannot be stored: {error}.") from None
