"""The admin of this floor, with the pages of the registry's models that offer its verbs."""

from approvals.admin import (
    afterwards,
    live,
    outbox,
    policies,
    policy_changes,
    requests,
    unprotecting,
)

__all__ = [
    "afterwards",
    "live",
    "outbox",
    "policies",
    "policy_changes",
    "requests",
    "unprotecting",
]
