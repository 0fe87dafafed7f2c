"""A table of who may what: people and roles down, permissions across, a box in each cell.

One POST calls one verb for each box that was ticked or cleared, and for no other: what somebody
else changed in the meantime stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.models import Group
from typing_extensions import override

from registry import holdings
from registry.admin.fields import AccountField, SetField, WasField
from registry.admin.steps import Done, StepForm
from registry.holdings import role_groups
from registry.models import User


@dataclass(frozen=True)
class Cell:
    """One box: `key` names who and what in the form."""

    key: str
    word: str
    ticked: bool


@dataclass(frozen=True)
class Line:
    """A person, service account or role with its boxes."""

    name: str
    note: str
    cells: tuple[Cell, ...]


def key_of(to: User | Group, codename: str) -> str:
    """The name of a cell in the form."""
    return f"{holdings.key_of(to)}:{codename}"


class MatrixForm(StepForm):
    """Who may what on `row`; a subclass says which permissions, who holds them, and the verbs."""

    template = "admin/matrix.html"
    button = "Save"
    #: codename -> word of its column
    columns: ClassVar[dict[str, str]] = {}

    cells = WasField()
    was = WasField()
    who = AccountField(label="Somebody else", required=False)
    who_may = SetField(label="may", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(code, word) for code, word in self.columns.items()]
        self.fields["who_may"].choices = choices  # type: ignore[attr-defined]  # of a choice field
        self.held = {key_of(to, code): to for to, code in self.holding()}

    def holding(self) -> Iterable[tuple[User | Group, str]]:
        """Every (account or role, codename) that is given now."""
        raise NotImplementedError

    def give(self, codename: str, to: User | Group, actor: User) -> None:
        """Call the verb that gives."""
        raise NotImplementedError

    def take(self, codename: str, to: User | Group, actor: User) -> None:
        """Call the verb that takes away."""
        raise NotImplementedError

    @property
    def was_now(self) -> list[str]:
        """The keys of the boxes that were ticked when the page was first made."""
        if self.is_bound:
            return list(self.data.getlist("was"))  # type: ignore[attr-defined]  # a QueryDict
        return sorted(self.held)

    @property
    def role_lines(self) -> list[Line]:
        """Every role, whether it holds anything or not."""
        return [self._line(group, group.name, "role") for group in role_groups()]

    @property
    def account_lines(self) -> list[Line]:
        """Accounts that hold something themselves."""
        accounts = {to.pk: to for to in self.held.values() if isinstance(to, User)}
        return [
            self._line(to, str(to), to.username + ("" if to.is_active else ", deactivated"))
            for to in sorted(accounts.values(), key=lambda account: str(account).casefold())
        ]

    def _line(self, to: User | Group, name: str, note: str) -> Line:
        ticked = set(self.data.getlist("cells")) if self.is_bound else set(self.held)  # type: ignore[attr-defined]  # a QueryDict
        return Line(
            name,
            note,
            tuple(
                Cell(key_of(to, code), word, key_of(to, code) in ticked)
                for code, word in self.columns.items()
            ),
        )

    @override
    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("who_may") and not data.get("who") and "who" not in self.errors:
            self.add_error("who", "Write who it is for.")
        if data.get("who") and not data.get("who_may") and "who_may" not in self.errors:
            self.add_error("who_may", "Tick what they may do.")
        return data

    @override
    def perform(self, actor: User) -> Done:
        data = self.cleaned_data
        # Giving comes first: whoever takes over must be there before the last one goes.
        for key in sorted(data["cells"] - data["was"]):
            to, code = self._target(key)
            self.give(code, to, actor)
            self.so_far.append(holdings.given(to, self._word(code)))
        for code in sorted(data["who_may"]):
            self.give(code, data["who"], actor)
            self.so_far.append(holdings.given(data["who"], self._word(code)))
        for key in sorted(data["was"] - data["cells"], key=_taking_order):
            to, code = self._target(key)
            self.take(code, to, actor)
            self.so_far.append(holdings.taken(to, self._word(code)))
        return Done(" ".join(self.so_far) or "Nothing changed.", self.row)

    def _word(self, codename: str) -> str:
        return self.columns.get(codename, codename)

    @staticmethod
    def _target(key: str) -> tuple[User | Group, str]:
        """Whom and what a cell speaks of; NotFound for a key that no page of ours made."""
        who, _, codename = key.rpartition(":")
        return holdings.holder_of(who), codename


def _taking_order(key: str) -> tuple[int, str]:
    return holdings.taking_order(key.rpartition(":")[2]), key
