"""Passwords: the first one, a link to set a new one, and one's own.

Nobody but the person ever knows a password with which they have signed in: a governance owner who
did could vote in their name.
"""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from audit.ledger import Recording, recording
from registry import outbox, password_links
from registry.actors import Actor
from registry.errors import (
    AddressByYou,
    BadInput,
    NotAllowed,
    OwnGrant,
    Stale,
    WrongState,
)
from registry.models import OutboxMail, User
from registry.permissions import require_governance
from registry.services._common import check_texts, lock_user
from registry.services._mail import tell


def set_first_password(user: User, password: str, *, actor: Actor) -> User:
    """Give another person a password to sign in with for the first time; until then, again.

    The person hears of it by mail, which does not hold it. Raises NotAllowed, OwnGrant, WrongState,
    BadInput for a weak password.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = lock_user(user)
        _check_other_person(locked, actor)
        if locked.last_login is not None:
            raise WrongState(
                "This person has signed in already, so only they can change their password. You "
                "can send them a link for it."
            )
        before = locked.has_usable_password()
        _set(locked, password)
        log.record(
            "registry.user.password_given",
            ("registry.user", locked.public_id),
            before={"password": before},
            after={"password": True},
        )
        subject = ("registry.user", locked.public_id)
        tell("password_given", [locked], subject, actor=actor, at=log.at)
        return locked


def send_password_link(user: User, *, seen_email: str, actor: Actor) -> OutboxMail:
    """Owe another person a mail with a link by which they set a new password; the old one stays.

    `seen_email` is the address that the actor saw it would go to. Whoever changed that address
    last sends no link to it once the person has signed in: see `change_email`. Raises NotAllowed,
    OwnGrant, BadInput, WrongState for a deactivated account, Stale for another address,
    AddressByYou.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = lock_user(user)
        _check_other_person(locked, actor)
        if not locked.is_active:
            raise WrongState("This account is deactivated. Reactivate it first.")
        if locked.email != seen_email:
            raise Stale("The e-mail address has changed since you opened this. Look at it again.")
        changed_by = password_links.address_changed_by(locked)
        if changed_by == actor.ref and locked.last_login is not None:
            raise AddressByYou(
                "You changed this e-mail address, so another governance owner sends the link to "
                "it: an address and a password together are the account."
            )
        mail = OutboxMail.objects.create(
            kind=password_links.KIND,
            recipient=locked,
            subject_type="registry.user",
            subject_id=locked.public_id,
            created_at=log.at,
            next_try_at=log.at,
        )
        log.record(
            "registry.user.password_link_sent",
            ("registry.user", locked.public_id),
            related=[("registry.mail", mail.public_id)],
        )
        return mail


def choose_password(password: str, *, token: str, actor: User) -> User:
    """Set one's own password by a link, which no longer works then; other sessions end.

    Raises LinkInvalid, BadInput for a weak password.
    """
    with recording(actor=actor.ref) as log:
        locked = lock_user(actor)
        return _choose(log, password_links.check(locked, token), password, "link")


def change_password(old: str, new: str, *, actor: User) -> User:
    """Change one's own password, knowing the old one; one's other sessions end.

    Raises NotAllowed, BadInput for a wrong old password or a weak new one.
    """
    with recording(actor=actor.ref) as log:
        locked = lock_user(actor)
        if not locked.is_active or not locked.is_person:
            raise NotAllowed("Only people whose account is active have a password.")
        if not locked.check_password(old):
            raise BadInput("This is not your password of today. Try again.", field="old_password")
        return _choose(log, locked, new, "old_password")


# -- parts ----------------------------------------------------------------------------------


def _check_other_person(user: User, actor: Actor) -> None:
    if not user.is_person:
        raise BadInput("A service account never signs in. Choose a person.")
    if actor.account is not None and user.pk == actor.account.pk:
        raise OwnGrant("Change your own password under “Change password” instead.")


def _choose(log: Recording, user: User, password: str, by: str) -> User:
    before = user.has_usable_password()
    _set(user, password)
    log.record(
        "registry.user.password_set",
        ("registry.user", user.public_id),
        before={"password": before},
        after={"password": True},
        data={"by": by},
    )
    # Also to who did it: whoever did not will want to know.
    subject = ("registry.user", user.public_id)
    told = {"by": str(user.public_id), "how": by}
    outbox.write("password_set", [user], subject, at=log.at, besides=None, data=told)
    return user


def _set(user: User, password: str) -> None:
    check_texts(password=password)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="password") from None
    user.set_password(password)
    user.save(update_fields=["password"])
