"""Who holds what on a prompt, and whom a form speaks of: what the admin and the pages share.

The sentences say of each verb what it did, so that where a later one refuses it stays clear what
was done.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.db.models import Q

from registry import roles
from registry.errors import BadInput, NotFound
from registry.models import (
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    User,
)
from registry.numbers import whole
from registry.permissions import MANAGE, VIEW, WORDS

#: codename -> the word of pages and grant templates
WORD_OF = {codename: word for word, codename in WORDS.items()}


def grants_of(prompt: Prompt) -> Iterable[tuple[User | Group, str]]:
    """Every (account or role, codename) that is given on a prompt."""
    by_role = PromptGroupObjectPermission.objects.filter(content_object=prompt)
    for row in by_role.select_related("group", "permission"):
        yield row.group, row.permission.codename
    by_account = PromptUserObjectPermission.objects.filter(content_object=prompt)
    for row in by_account.select_related("user", "permission"):
        yield row.user, row.permission.codename


def role_groups() -> list[Group]:
    """The role groups in the order in which people know them."""
    order = {name: place for place, name in enumerate(roles.ALL_ROLES)}
    return sorted(Group.objects.all(), key=lambda group: order.get(group.name, len(order)))


def key_of(to: User | Group) -> str:
    """The name by which a form speaks of an account or a role."""
    return f"{'role' if isinstance(to, Group) else 'account'}:{to.pk}"


def holder_of(key: str) -> User | Group:
    """Whom a key speaks of; NotFound for one that no page of ours made."""
    kind, _, number = key.partition(":")
    found: User | Group | None = None
    pk = whole(number)
    if pk is not None:
        if kind == "role":
            found = Group.objects.filter(pk=pk).first()
        elif kind == "account":
            found = User.objects.filter(pk=pk).first()
    if found is None:
        raise NotFound("This table has changed. Reload the page and tick the boxes again.")
    return found


def account_named(text: str, *, people_only: bool = False, by_name: bool = False) -> User:
    """The account of a user name or e-mail address, or `by_name` of a name that one alone has.

    Raises BadInput.
    """
    # No text holds U+0000, and PostgreSQL refuses to be asked for it.
    rows = User.objects.none() if "\0" in text else User.objects.order_by("pk")
    if people_only:
        rows = rows.filter(kind=User.Kind.PERSON)
    exact = Q(username__iexact=text) | (Q(email__iexact=text) & ~Q(email=""))
    found = list(rows.filter(exact)[:1])
    if by_name and not found:
        found = list(rows.filter(display_name__iexact=text)[:2])
    if len(found) > 1:
        raise BadInput(f"Several accounts are called “{text}”. Write the user name.", field="who")
    if not found:
        what = "person" if people_only else "account"
        raise BadInput(
            f"No {what} has the user name or e-mail address “{text}”. Check how it is written.",
            field="who",
        )
    return found[0]


def role_named(name: str) -> Group:
    """The role group of this name; NotFound where there is none."""
    # No text holds U+0000, and PostgreSQL refuses to be asked for it.
    found = None if "\0" in name else Group.objects.filter(name=name).first()
    if found is None:
        raise NotFound(
            f"There is no role named “{name}”. Use one of: {', '.join(roles.ALL_ROLES)}."
        )
    return found


def given(to: User | Group, word: str) -> str:
    """The sentence that says what was given."""
    return f"{to} may {word}."


def taken(to: User | Group, word: str) -> str:
    """The sentence that says what was taken away."""
    return f"{to} may no longer {word}."


def taking_order(codename: str) -> int:
    """What goes last when several are taken: who takes `view` or `manage` from themselves could
    not take the rest, and these two may be refused."""
    return {VIEW: 1, MANAGE: 2}.get(codename, 0)
