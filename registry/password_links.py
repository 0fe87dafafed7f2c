"""The link by which a person sets a password: made when its mail is written, and stored nowhere.

It works once, for `settings.PASSWORD_RESET_TIMEOUT` seconds, and no longer once the person signs
in or their address changes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.auth.tokens import default_token_generator
from django.db.models import QuerySet
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from audit.models import AuditEvent
from registry.errors import LinkInvalid
from registry.models import User
from registry.numbers import whole

#: the kind of its mail
KIND: Final = "password_link"
ADDRESS_CHANGED: Final = "registry.user.email_changed"


def make(user: User) -> dict[str, str]:
    """Return the two parts of a new link's address, which is as good as the password."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return {"uid": uid, "token": default_token_generator.make_token(user)}


def person_of(uid: str) -> User | None:
    """Return whom a link is for; the link may be anybody's invention until it is checked."""
    try:
        pk = urlsafe_base64_decode(uid).decode("ascii")
    except ValueError:
        return None
    known = whole(pk)
    return None if known is None else User.objects.filter(pk=known).first()


def check(user: User | None, token: str) -> User:
    """Return the person; raises LinkInvalid unless the link's token still sets their password."""
    open_account = user is not None and user.is_active and user.is_person
    if user is None or not open_account or not default_token_generator.check_token(user, token):
        raise LinkInvalid(
            "This link was used, is too old, or was made before something about the account "
            "changed. Ask a governance owner for a new one."
        )
    return user


def address_changed_by(user: User) -> str | None:
    """Return who changed the address of a person last, as the ledger names them."""
    return _changes(user).values_list("actor", flat=True).first()


def address_changed_since(user: User, at: datetime) -> bool:
    """Tell whether the address of a person is another one than at that time."""
    return _changes(user).filter(ts__gte=at).exists()


def _changes(user: User) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(
        subject_type="registry.user", subject_id=user.public_id, action=ADDRESS_CHANGED
    )
    return rows.order_by("-seq")
