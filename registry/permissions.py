"""Who may: explicit person and group rows of active accounts, and nothing else.

A superuser counts only where a row says so. `may` and `holders` ask the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import Concat
from typing_extensions import override

from audit.compiled import Asked, CompiledQuery
from registry import roles
from registry.actors import Actor, System
from registry.errors import NotAllowed, NotFound
from registry.models import (
    Membership,
    Namespace,
    NamespaceGroupObjectPermission,
    NamespaceUserObjectPermission,
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    User,
)
from registry.querysets import PromptQuerySet
from registry.wording import either

VIEW: Final = "view_prompt"
PROPOSE: Final = "propose_prompt"
REVIEW: Final = "review_prompt"
RELEASE: Final = "release_prompt"
RESPOND: Final = "respond_prompt"
MANAGE: Final = "manage_prompt"
CREATE: Final = "create_namespace_prompt"

#: The word that pages and grant templates use for each permission on a prompt.
WORDS: Final[dict[str, str]] = {
    "view": VIEW,
    "propose": PROPOSE,
    "review": REVIEW,
    "release": RELEASE,
    "respond": RESPOND,
    "manage": MANAGE,
}
PROMPT_PERMISSIONS: Final[tuple[str, ...]] = tuple(WORDS.values())

PERSON: Final = "person"
BOOTSTRAP: Final = System("bootstrap")

_Rows = QuerySet[Any, tuple[int, str, int, str]]


@dataclass(frozen=True)
class Named:
    """A person by key and name: all of the account that is read where many are looked at."""

    pk: int
    name: str

    @override
    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Holder:
    """An active person who holds a permission, and by which row: "person" or "group:<name>"."""

    account: Named
    via: str


@dataclass(frozen=True)
class Granters:
    """Who may grant on a prompt: managers and governance owners, where they see it, by name."""

    managers: tuple[Named, ...]
    governance: tuple[Named, ...]

    def besides(self, account: User | None) -> tuple[Named, ...]:
        """Whom to ask to grant an account something, which is never itself: managers first."""
        for people in (self.managers, self.governance):
            others = tuple(p for p in people if account is None or p.pk != account.pk)
            if others:
                return others
        return ()


# -- prompts --------------------------------------------------------------------------------


def holders(prompt: Prompt, codename: str) -> list[Holder]:
    """Return the active people who hold a permission on a prompt, each once, by name."""
    return holders_many([prompt.pk], [codename]).get((prompt.pk, codename), [])


def holders_many(
    prompts: Iterable[int], codenames: Iterable[str]
) -> dict[tuple[int, str], list[Holder]]:
    """Return `holders` by prompt key and codename, in one query for any number of them."""
    return holders_of(_everybody([*prompts], [*codenames]))


def asked_holders(prompts: Iterable[int], codenames: Iterable[str]) -> Asked[tuple[Any, ...]]:
    """Return the query of `holders_many`, to be asked together with others."""
    return _everybody.of([*prompts], [*codenames])


def holders_of(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int, str], list[Holder]]:
    """Return what `holders_many` does, of the rows of its query."""
    # "person" sorts behind "group:…", so a row of one's own is the one that stays.
    rows = sorted(rows, key=lambda row: row[3])
    via = {row[:3]: row[3:] for row in rows}
    people: dict[int, Named] = {}
    found: dict[tuple[int, str], list[Holder]] = {}
    for (prompt, codename, account), (how, kind, *names) in via.items():
        if kind != User.Kind.PERSON:
            continue
        if account not in people:
            people[account] = named(account, *names)
        found.setdefault((prompt, codename), []).append(Holder(people[account], how))
    for held in found.values():
        held.sort(key=lambda holder: _by_name(holder.account))
    return found


def named(key: int, display_name: str, username: str) -> Named:
    """Return a person as `str` of the account names them."""
    return Named(key, display_name or username)


def may(account: User | None, codename: str, prompt: Prompt) -> bool:
    """Tell whether an active account holds a permission on a prompt, itself or by a group."""
    if account is None or account.pk is None:
        return False
    return bool(_of_one([prompt.pk], [codename], account.pk))


def require(actor: Actor, codename: str, prompt: Prompt, sentence: str | None = None) -> None:
    """Raise NotFound for a confidential prompt the actor may not see, NotAllowed without it."""
    if prompt.confidential:
        require_visible(actor.account, prompt)
    if not may(actor.account, codename, prompt):
        raise NotAllowed(sentence or _needed(codename, prompt, actor.account))


def require_visible(account: User | None, prompt: Prompt) -> None:
    """Raise NotFound unless an active account may know of the prompt."""
    if not may_see(account, prompt):
        raise NotFound("There is no such prompt.")


def may_see(account: User | None, prompt: Prompt) -> bool:
    """Tell whether an active account may know of one prompt; `visible_prompts` says it of all."""
    if account is None or not account.is_active:
        return False
    return not prompt.confidential or may(account, VIEW, prompt)


def visible_prompts(account: User | None) -> PromptQuerySet:
    """Return the prompts an account may know of; none for nobody and for a deactivated one."""
    prompts: PromptQuerySet = Prompt.objects.all()
    if account is None or not account.is_active:
        return prompts.none()
    return prompts.visible_to(account)


# -- who may grant on a prompt --------------------------------------------------------------


def may_grant(account: User | None, prompt: Prompt) -> bool:
    """Tell whether an active person sees a prompt, and manages it or is a governance owner."""
    if account is None or not account.is_person:
        return False
    if not may_see(account, prompt):
        return False
    return may(account, MANAGE, prompt) or is_governance_owner(account)


def granters(prompt: Prompt) -> Granters:
    """Return everybody of whom `may_grant` is true, on one prompt."""
    return granters_many([prompt])[prompt.pk]


def granters_many(
    prompts: Collection[Prompt],
    *,
    held: Mapping[tuple[int, str], list[Holder]] | None = None,
    owners: Iterable[Named] | None = None,
) -> dict[int, Granters]:
    """Return `granters` by prompt key, in at most three queries for any number of them.

    `held` is what `holders_many` says of `manage` there, and `owners` are the active governance
    owners, where they were read already.
    """
    if held is None:
        held = holders_many([prompt.pk for prompt in prompts], [MANAGE])
    governance = governance_owners() if owners is None else sorted(owners, key=_by_name)
    hidden = [prompt.pk for prompt in prompts if prompt.confidential]
    sees = {(row[0], row[2]) for row in _rows([VIEW], prompts=hidden)} if hidden else set()

    def seen(prompt: Prompt, people: Iterable[Named]) -> tuple[Named, ...]:
        return tuple(p for p in people if not prompt.confidential or (prompt.pk, p.pk) in sees)

    return {
        prompt.pk: Granters(
            seen(prompt, (h.account for h in held.get((prompt.pk, MANAGE), []))),
            seen(prompt, governance),
        )
        for prompt in prompts
    }


def who_can_grant_it(prompt: Prompt, account: User | None) -> str:
    """Return the sentence that names who can grant this account something on a prompt."""
    names = [str(person) for person in granters(prompt).besides(account)]
    if names:
        return f"{either(names)} can grant it."
    return (
        "Nobody but you may grant here, and nobody grants themselves anything. Make another person "
        "a manager of this prompt, who can then grant it."
    )


# -- roles and namespaces -------------------------------------------------------------------


def roles_of(account: User | None) -> set[str]:
    """Return the names of the role groups of an active account; empty for any other."""
    if account is None or account.pk is None:
        return set()
    return set(_roles(account.pk))


def governance_owners() -> list[Named]:
    """Return the governance owners whose accounts are active, by name."""
    return sorted((named(*row) for row in _governing()), key=_by_name)


def is_governance_owner(account: User | None) -> bool:
    """Tell whether an active person is a governance owner."""
    if account is None or not account.is_person:
        return False
    return roles.GOVERNANCE_OWNERS in roles_of(account)


def oversees(account: User | None) -> bool:
    """Tell whether an active person is a governance owner or an auditor."""
    if account is None or not account.is_person:
        return False
    return not roles_of(account).isdisjoint({roles.GOVERNANCE_OWNERS, roles.AUDITORS})


def require_governance(actor: Actor, *, bootstrap: bool = False) -> None:
    """Raise NotAllowed unless a governance owner acts; a token never does.

    `bootstrap` also lets the installation's own set-up through.
    """
    if bootstrap and actor == BOOTSTRAP:
        return
    if not isinstance(actor, User) or not is_governance_owner(actor):
        raise NotAllowed("A governance owner has to do this.")


def can_create(account: User | None, namespace: Namespace) -> bool:
    """Tell whether an active account may create prompts in a namespace."""
    if account is None or account.pk is None:
        return False
    which = {"permission__codename": CREATE, "content_object": namespace}
    return (
        NamespaceUserObjectPermission.objects.filter(
            user=account.pk, user__is_active=True, **which
        ).exists()
        or NamespaceGroupObjectPermission.objects.filter(
            group__memberships__user=account.pk,
            group__memberships__user__is_active=True,
            **which,
        ).exists()
    )


def require_create(actor: Actor, namespace: Namespace) -> None:
    """Raise NotAllowed, which names who can grant it, where the actor may not create prompts."""
    account = actor.account
    if not can_create(account, namespace):
        raise NotAllowed(
            f"This needs the permission to create prompts in {namespace}. "
            f"{_who_can_grant_create(account)}"
        )


def may_read_log(account: User | None) -> bool:
    """Tell whether somebody reads the audit log: auditors, governance owners, and the admin's."""
    if account is None or not account.is_person or not account.is_active:
        return False
    return account.is_staff or bool({roles.AUDITORS, roles.GOVERNANCE_OWNERS} & roles_of(account))


def require_log(account: User | None) -> None:
    """Raise NotAllowed, which names who can help, for somebody who does not read the log."""
    if not may_read_log(account):
        names = [str(person) for person in governance_owners()]
        raise NotAllowed(
            "The audit log is for auditors and governance owners. "
            f"{either(names)} can add you to the auditors."
        )


# -- parts ----------------------------------------------------------------------------------


def _rows(
    codenames: Iterable[str],
    *,
    prompts: list[int],
    account: int | None = None,
    more: Iterable[str] = (),
) -> _Rows:
    """Return (prompt, codename, account, via) of every row that counts, and `more` columns of the
    account."""
    which: dict[str, Any] = {
        "permission__codename__in": [*codenames],
        "content_object__in": prompts,
    }
    # One call each: the conditions on a membership must speak of the same membership.
    own = PromptUserObjectPermission.objects.filter(
        **which, user__is_active=True, **({"user": account} if account else {})
    ).annotate(account=F("user_id"), via=Value(PERSON, output_field=CharField()))
    by_group = PromptGroupObjectPermission.objects.filter(
        **which,
        group__memberships__user__is_active=True,
        **({"group__memberships__user": account} if account else {}),
    ).annotate(
        account=F("group__memberships__user_id"),
        via=Concat(Value("group:"), F("group__name"), output_field=CharField()),
    )
    columns = ("content_object_id", "permission__codename", "account", "via")
    rows: _Rows = own.values_list(*columns, *(f"user__{name}" for name in more)).union(
        by_group.values_list(*columns, *(f"group__memberships__user__{name}" for name in more))
    )
    return rows


_everybody = CompiledQuery[tuple[Any, ...]](
    lambda prompts, codenames: _rows(
        codenames, prompts=prompts, more=("kind", "display_name", "username")
    )
)
_of_one = CompiledQuery[tuple[int, str, int, str]](
    lambda prompts, codenames, account: _rows(codenames, prompts=prompts, account=account)
)
_governing = CompiledQuery[tuple[int, str, str]](
    lambda: User.objects.filter(
        memberships__group__name=roles.GOVERNANCE_OWNERS, is_active=True, kind=User.Kind.PERSON
    ).values_list("pk", "display_name", "username")
)
_roles = CompiledQuery[str](
    lambda account: Membership.objects.filter(user=account, user__is_active=True).values_list(
        "group__name", flat=True
    )
)


def _who_can_grant_create(account: User | None) -> str:
    """The sentence that names who can let this account create in a namespace."""
    names = [str(p) for p in governance_owners() if account is None or p.pk != account.pk]
    if names:
        return f"{either(names)} can grant it."
    return (
        "You are the only governance owner, and nobody grants themselves anything. Make another "
        "person one, who can then grant it."
    )


def _needed(codename: str, prompt: Prompt, account: User | None) -> str:
    word = next((word for word, name in WORDS.items() if name == codename), codename)
    who = who_can_grant_it(prompt, account)
    return f"This needs the permission to {word} on this prompt. {who}"


def _by_name(person: Named) -> tuple[str, int]:
    return str(person).casefold(), person.pk
