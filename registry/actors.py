"""Who acts: a person, a token (as its service account) or one of the product's own tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from registry.models import User


class Actor(Protocol):
    """What every verb takes as `actor`: `ref` for the ledger, `account` for permissions."""

    @property
    def ref(self) -> str: ...

    @property
    def account(self) -> User | None: ...


@dataclass(frozen=True)
class System:
    """A task of the product itself, such as `System("route")`; it has no account."""

    task: str

    @property
    def ref(self) -> str:
        return f"system:{self.task}"

    @property
    def account(self) -> None:
        return None
