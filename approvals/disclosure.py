"""No critical secret in what others read: neither in a text, nor in the words beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approvals import scanning
from approvals.errors import SecretFound
from approvals.scanning import Finding

#: seconds that the secrets rules may take inside a verb
SECRETS_SECONDS = 1.0


def critical_secrets(document: Mapping[str, Any]) -> list[Finding]:
    """The critical secrets of a document, in bounded time."""
    found = scanning.scan_secrets(document, seconds=SECRETS_SECONDS)
    return [finding for finding in found if finding.severity == "critical"]


def refuse_secret(field: str, text: str) -> None:
    """Raise SecretFound where words that are shown and mailed hold a critical secret.

    `settings.TEXT_RULES` names this function, so that the verbs of the floor below call it too.
    """
    critical = critical_secrets(scanning.text_document(text))
    if critical:
        first = critical[0]
        raise SecretFound(
            f"In the {field.replace('_', ' ')}: {first.explanation} {first.remedy}",
            findings=critical,
            field=field,
        )
