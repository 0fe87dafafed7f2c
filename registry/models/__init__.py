"""People, prompts and what is live. One module per noun; import from here."""

from registry.models.labels import Label, LabelPointer, Recall, Release, Unprotection
from registry.models.outbox import OutboxMail
from registry.models.people import Membership, Team, User
from registry.models.prompts import (
    Namespace,
    NamespaceGroupObjectPermission,
    NamespaceUserObjectPermission,
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    Version,
)
from registry.models.tokens import ServiceToken
from registry.models.tries import TriesRow

__all__ = [
    "Label",
    "LabelPointer",
    "Membership",
    "Namespace",
    "NamespaceGroupObjectPermission",
    "NamespaceUserObjectPermission",
    "OutboxMail",
    "Prompt",
    "PromptGroupObjectPermission",
    "PromptUserObjectPermission",
    "Recall",
    "Release",
    "ServiceToken",
    "Team",
    "TriesRow",
    "Unprotection",
    "User",
    "Version",
]
