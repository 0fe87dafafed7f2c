"""What the floors above bring to `audit_verify`: replaying the events must give today's rows.

`settings.AUDIT_RECONCILERS` names callables `factory(using) -> Reconciler`, where `using` is the
database alias to read, which may be a read-only copy: never write, never open a transaction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable code, the number of the event if one is to blame, a text.

    Codes of reconcilers are dotted, such as "registry.pointer"; those without a dot are audit's.
    """

    code: str
    seq: int | None
    message: str


class Reconciler(Protocol):
    """Sees every readable event once, in order, then compares what they say with the rows."""

    def feed(self, event: dict[str, Any]) -> None:
        """Take one payload as the dict that was hashed; it must not be changed."""

    def finish(self) -> Iterable[Problem]:
        """Return what does not agree; called once, after the last event."""


Factory = Callable[[str], Reconciler]
