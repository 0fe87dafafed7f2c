"""The role groups: fixed names that policies, pages and the ledger use alike."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

AUTHORS: Final = "authors"
SUPPORT: Final = "support"
SAFETY: Final = "safety"
BRAND: Final = "brand"
ENGINEERING: Final = "engineering"
RELEASE_MANAGERS: Final = "release-managers"
RESPONDERS: Final = "responders"
GOVERNANCE_OWNERS: Final = "governance-owners"
AUDITORS: Final = "auditors"

REVIEW_ROLES: Final[tuple[str, ...]] = (SUPPORT, SAFETY, BRAND, ENGINEERING)
REVIEW_ROLES_SET: Final[frozenset[str]] = frozenset(REVIEW_ROLES)
ALL_ROLES: Final[tuple[str, ...]] = (
    AUTHORS,
    *REVIEW_ROLES,
    RELEASE_MANAGERS,
    RESPONDERS,
    GOVERNANCE_OWNERS,
    AUDITORS,
)

# Django's groups have no UUID, and the ledger names things by nothing else.
_NAMESPACE = UUID("6f1d3a52-6a0c-5d0e-9a54-3f0a9c1b7e21")


def role_id(name: str) -> UUID:
    """Return the UUID by which the ledger names a role group; the same everywhere."""
    return uuid5(_NAMESPACE, name)
