"""What the verbs of this floor share: history stamps, references and locks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.module_loading import import_string

from audit.canonical import CanonicalError, check_text
from registry import roles
from registry.actors import Actor
from registry.errors import BadInput, InvalidText, OwnGrant
from registry.models import User
from registry.names import check_seen
from registry.permissions import roles_of

Reference = tuple[str, Any]


def stamp(row: Any, actor: Actor, verb: str) -> None:
    """Tell simple-history who and which verb, before the save or delete."""
    row._history_user = actor.account
    row._change_reason = verb


def reference(to: User | Group) -> Reference:
    """Return how the ledger names a person, a service account or a role group."""
    if isinstance(to, Group):
        return ("registry.role", roles.role_id(to.name))
    return ("registry.user", to.public_id)


def told(item: Reference) -> dict[str, str]:
    """Return a reference as it stands inside an event's data."""
    return {"type": item[0], "id": str(item[1])}


def lock_user(user: User) -> User:
    """Return the row of an account as it is now, locked."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def refuse_own(actor: Actor, to: User | Group) -> None:
    """Raise OwnGrant where what is given would reach whoever gives it."""
    account = actor.account
    if account is None:
        return
    own = to.name in roles_of(account) if isinstance(to, Group) else to.pk == account.pk
    if own:
        raise OwnGrant(
            "Nobody gives permissions to themselves, nor to a role they are in. "
            "Somebody else who may grant this has to do it."
        )


def check_texts(**texts: str) -> None:
    """Raise InvalidText for U+0000 or a lone surrogate, naming the field."""
    for name, text in texts.items():
        try:
            check_text(text, name)
        except CanonicalError as error:
            raise InvalidText(f"{error}. Remove it.", field=name) from None


def check_shown(**texts: str) -> None:
    """Raise what `check_texts` raises, and what `settings.TEXT_RULES` refuse to show to others."""
    check_texts(**texts)
    rules: Sequence[str] = getattr(settings, "TEXT_RULES", ())
    for rule in map(import_string, rules):
        for name, text in texts.items():
            rule(name, text)


def check_shown_name(**names: str) -> None:
    """Raise what `check_shown` raises, and InvalidName for a character that nobody sees."""
    check_texts(**names)
    for field, name in names.items():
        check_seen(field, name)
    check_shown(**names)


def check_row(row: Any, *, exclude: Iterable[str] = ()) -> None:
    """Raise BadInput with the sentences of the model's own checks, by field in `extra`."""
    try:
        row.full_clean(exclude={*exclude})
    except ValidationError as error:
        fields = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        sentences = " ".join(
            message if name in ("", "__all__") else f"{_title(row, name)}: {message}"
            for name, messages in fields.items()
            for message in messages
        )
        raise BadInput(sentences, fields=fields) from None


def _title(row: Any, name: str) -> str:
    words = str(row._meta.get_field(name).verbose_name)
    return words[:1].upper() + words[1:]
