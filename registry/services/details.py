"""What is said about a person: the name that others read, the time zone, the e-mail address.

An address decides who can set the password (`passwords.send_password_link`), so it has a verb and
an event of its own.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django.db import IntegrityError

from audit.ledger import recording
from registry.actors import Actor
from registry.errors import BadInput, OwnGrant
from registry.models import User
from registry.permissions import require_governance
from registry.services._common import check_row, check_shown_name, check_texts, lock_user
from registry.services._mail import tell


def edit_person(
    user: User,
    *,
    actor: Actor,
    display_name: str | None = None,
    time_zone: str | None = None,
) -> User:
    """Change the name to show and the time zone of an account, one's own too; a governance owner.

    None leaves a field as it is; a no-op for equal values. Raises NotAllowed, BadInput.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = lock_user(user)
        name = display_name.strip() if display_name is not None else None
        wanted = {"display_name": name, "time_zone": time_zone}
        changed = {
            field: value
            for field, value in wanted.items()
            if value is not None and value != getattr(locked, field)
        }
        if not changed:
            return locked
        before = {"time_zone": locked.time_zone} if "time_zone" in changed else {}
        for field, value in changed.items():
            setattr(locked, field, value)
        if "display_name" in changed:
            check_shown_name(display_name=locked.display_name)
        check_details(locked)
        _check_only(locked, *changed)
        locked.save(update_fields=[*changed])
        log.record(
            "registry.user.edited",
            ("registry.user", locked.public_id),
            before=before,
            after={"time_zone": locked.time_zone} if before else {},
            data={"fields": sorted(changed)},
            blobs={"display_name": log.commit(locked.display_name)}
            if "display_name" in changed
            else {},
        )
        subject = ("registry.user", locked.public_id)
        tell("details_edited", [locked], subject, actor=actor, at=log.at)
        return locked


def change_email(user: User, email: str, *, actor: Actor) -> User:
    """Change the address of another person, to which decisions and password links are sent.

    Nobody changes their own: whoever finds an open session would keep the account by it. And who
    changed an address sends no password link to it, another governance owner does: address and
    link together are the account. The account of a governance owner is protected by the same two
    rules. A no-op for the same address. Raises NotAllowed, OwnGrant, and BadInput for one that is
    in use, whatever its case, and for a service account.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = lock_user(user)
        if not locked.is_person:
            raise BadInput("A service account gets no mail. Choose a person.")
        wanted = User.objects.normalize_email(email.strip())
        if wanted == locked.email:
            return locked
        if actor.account is not None and locked.pk == actor.account.pk:
            raise OwnGrant(
                "Nobody changes their own e-mail address. Another governance owner has to do it.",
                field="email",
            )
        before, locked.email = locked.email, wanted
        check_details(locked)
        _check_only(locked, "email")
        try:
            locked.save(update_fields=["email"])
        except IntegrityError:  # somebody took it in the meantime
            raise BadInput("Somebody already uses this e-mail address.", field="email") from None
        subject = ("registry.user", locked.public_id)
        old = log.commit(before)
        log.record(
            "registry.user.email_changed",
            subject,
            blobs={"email": log.commit(locked.email), "old_email": old},
        )
        # The person hears of it at both addresses; the old one is known by its commitment.
        tell("email_changed", [locked], subject, actor=actor, at=log.at)
        tell("email_changed", [locked], subject, actor=actor, at=log.at, address=old.digest)
        return locked


def check_details(user: User) -> None:
    """Raise BadInput for what no account may have, new or edited; the row's own checks come after.

    Only people need an address.
    """
    check_texts(email=user.email, display_name=user.display_name)
    if not user.display_name:
        raise BadInput("Write the name to show for this account.", field="display_name")
    if user.is_person and not user.email:
        raise BadInput("Write the e-mail address: decisions are sent to it.", field="email")
    if user.time_zone not in _time_zones():
        raise BadInput(
            f"“{user.time_zone}” is not a time zone. Write one such as Europe/Berlin.",
            field="time_zone",
        )


def _check_only(user: User, *fields: str) -> None:
    """Hold what changed against the row's own checks; what was there before stands in no way."""
    names = {field.name for field in User._meta.fields}
    check_row(user, exclude=names - {*fields})


@cache
def _time_zones() -> set[str]:
    """Return the names of the time zones; listing them reads hundreds of files."""
    return available_timezones()
