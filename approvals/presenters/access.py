"""Who may do what on a prompt, line by line, and what the form there offers to one viewer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.contrib.auth.models import Group

from approvals import reads
from approvals.words import MAY
from registry import permissions
from registry.holdings import grants_of, key_of, role_groups
from registry.models import Prompt, User
from registry.wording import either

#: accounts that a form offers; of more than that none, and people write whom they mean
MOST_ACCOUNTS = 200


@dataclass(frozen=True)
class Permission:
    """A permission with its word and what it lets somebody do."""

    word: str
    says: str


@dataclass(frozen=True)
class Line:
    """A role or an account with what it may do; `gap` marks a note that it does not count now."""

    key: str
    name: str
    note: str
    gap: str
    may: tuple[Permission, ...]


@dataclass(frozen=True)
class RoleChoice:
    """A role to give to; nobody gives to a role they are in."""

    name: str
    own: bool


@dataclass(frozen=True)
class AccessPage:
    """`grants` offers the forms; `table` tells a governance owner of the admin's table as well."""

    grants: bool
    table: bool
    roles: tuple[Line, ...]
    accounts: tuple[Line, ...]
    unmanaged: bool
    who_grants: str
    permissions: tuple[Permission, ...]
    role_choices: tuple[RoleChoice, ...]
    account_choices: tuple[User, ...]


def access_page_of(prompt: Prompt, viewer: User) -> AccessPage:
    """The page in a number of queries that does not depend on how much is granted."""
    granters = permissions.granters(prompt)
    grants = permissions.may_grant(viewer, prompt)
    held: dict[User | Group, set[str]] = {}
    for to, codename in grants_of(prompt):
        held.setdefault(to, set()).add(codename)
    groups = role_groups()
    people = Counter(reads.role_members().values_list("group_id", flat=True))
    accounts = sorted((to for to in held if isinstance(to, User)), key=lambda a: (str(a), a.pk))
    own = permissions.roles_of(viewer) if grants else set()
    return AccessPage(
        grants=grants,
        table=grants and viewer.is_staff and permissions.is_governance_owner(viewer),
        roles=tuple(
            _role(group, people[group.pk], held[group]) for group in groups if group in held
        ),
        accounts=tuple(_account(account, held[account], grants) for account in accounts),
        unmanaged=not granters.managers,
        who_grants=either([str(p) for p in (*granters.managers, *granters.governance)]),
        permissions=tuple(Permission(word, says) for word, says in MAY.items()),
        role_choices=tuple(RoleChoice(group.name, group.name in own) for group in groups),
        account_choices=_choices() if grants else (),
    )


def _role(group: Group, people: int, codenames: set[str]) -> Line:
    count = "1 person" if people == 1 else f"{people:,} people"
    return Line(
        key=key_of(group),
        name=group.name,
        note=f"role, {count}" if people else "role",
        gap="" if people else "nobody is in it",
        may=_may(codenames),
    )


def _account(account: User, codenames: set[str], named: bool) -> Line:
    kind = "" if account.is_person else "service account"
    return Line(
        key=key_of(account),
        name=str(account),
        note=", ".join(part for part in (kind, account.username if named else "") if part),
        gap="" if account.is_active else "deactivated, does not count",
        may=_may(codenames),
    )


def _may(codenames: set[str]) -> tuple[Permission, ...]:
    return tuple(
        Permission(word, MAY[word])
        for word, codename in permissions.WORDS.items()
        if codename in codenames
    )


def _choices() -> tuple[User, ...]:
    found = tuple(reads.accounts()[: MOST_ACCOUNTS + 1])
    return found if len(found) <= MOST_ACCOUNTS else ()
