"""People and service accounts: made, flagged, deactivated. Nobody is ever deleted.

The person hears of each by mail. A service account has no address; when one is closed that has
tokens, whoever made them hears of it, and the governance owners.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from audit.ledger import Recording, recording
from registry import roles, rules
from registry.actors import Actor
from registry.errors import BadInput, NotAllowed, OwnGrant, WrongState
from registry.holdings import role_named
from registry.models import Membership, ServiceToken, User
from registry.permissions import BOOTSTRAP, require_governance
from registry.services import _viewers
from registry.services._common import check_row, check_shown_name, lock_user, stamp
from registry.services._mail import tell
from registry.services.details import check_details
from registry.services.memberships import (
    check_not_last_owner,
    create_role,
    governance_owners,
    join,
    leave,
)


def create_person(
    username: str,
    *,
    email: str,
    display_name: str,
    actor: Actor,
    time_zone: str = "UTC",
    password: str | None = None,
) -> User:
    """Make a person who can sign in, in no role yet; without a password only by a reset link.

    Raises NotAllowed, BadInput for a name or e-mail in use, a weak password, an unknown zone.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        user = User(
            username=username,
            email=email,
            display_name=display_name.strip(),
            time_zone=time_zone,
        )
        _save_new(user, password)
        _record_created(log, user)
        _tell("account_made", user, actor, log)
        return user


def create_service_account(username: str, *, actor: Actor, display_name: str = "") -> User:
    """Make an account for tokens to act as; it never signs in. Raises NotAllowed, BadInput."""
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        user = User(
            username=username,
            display_name=display_name.strip() or username,
            kind=User.Kind.SERVICE,
        )
        _save_new(user, None)
        _record_created(log, user)
        return user


def first_governance_owner(
    username: str,
    email: str,
    display_name: str,
    password: str | None = None,
    *,
    actor: Actor = BOOTSTRAP,
) -> User:
    """Make the person whom all others follow from; works only while no governance owner is active.

    Only `System("bootstrap")` may, which no page or token ever is. Raises NotAllowed, WrongState,
    NotFound before the roles are made, BadInput.
    """
    with recording(actor=actor.ref) as log:
        if actor != BOOTSTRAP:
            raise NotAllowed("Only the set-up of an installation makes the first governance owner.")
        group = role_named(roles.GOVERNANCE_OWNERS)
        if governance_owners().exists():
            raise WrongState("There is a governance owner already, who can add others.")
        user = User(
            username=username,
            email=email,
            display_name=display_name.strip(),
            is_staff=True,
        )
        _save_new(user, password)
        membership = Membership(user=user, group=group)
        stamp(membership, actor, "first_governance_owner")
        membership.save(force_insert=True)
        _record_created(log, user, joined=[group.name])
        _tell("account_made", user, actor, log)
        return user


def deactivate(user: User, *, actor: Actor, heir: User | None = None) -> User:
    """Close an account: nothing it holds counts, its tokens are revoked, its sessions end.

    What it did stays. The confidential prompts that nobody else sees and may grant on go to the
    heir, who may view and manage them; without any, nothing goes to anybody. Raises NotAllowed,
    WrongState for the last governance owner, HeirNeeded, and OwnGrant or BadInput for an heir who
    cannot be one.
    """
    with recording(actor=actor.ref) as log:
        rules.change()
        require_governance(actor)
        locked = lock_user(user)
        if not locked.is_active:
            return locked
        check_not_last_owner(locked)
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        prompts = _viewers.hand_over(locked, heir, actor)
        related, handed = _viewers.told(prompts, heir)
        tokens = ServiceToken.objects.filter(account=locked, revoked_at=None).order_by("pk")
        revoked = [str(public_id) for public_id in tokens.values_list("public_id", flat=True)]
        makers = {*tokens.values_list("made_by_id", flat=True)}
        tokens.update(revoked_at=log.at)
        log.record(
            "registry.user.deactivated",
            ("registry.user", locked.public_id),
            related=related,
            before={"active": True},
            after={"active": False},
            data={"tokens_revoked": revoked, **handed},
        )
        _tell("account_deactivated", locked, actor, log)
        if heir is not None and prompts:
            subject = ("registry.user", heir.public_id)
            tell("handed_over", [heir], subject, actor=actor, at=log.at, prompts=len(prompts))
        if revoked:
            hear = {*makers, *governance_owners().values_list("user_id", flat=True)}
            subject = ("registry.user", locked.public_id)
            tell("tokens_ended", hear, subject, actor=actor, at=log.at, tokens=len(revoked))
        return locked


def reactivate(user: User, *, actor: Actor) -> User:
    """Open an account again, with its roles and grants; its tokens stay revoked.

    Raises NotAllowed.
    """
    with recording(actor=actor.ref) as log:
        rules.change()
        require_governance(actor)
        locked = lock_user(user)
        if locked.is_active:
            return locked
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        log.record(
            "registry.user.reactivated",
            ("registry.user", locked.public_id),
            before={"active": False},
            after={"active": True},
        )
        _tell("account_reactivated", locked, actor, log)
        return locked


def set_flags(
    user: User,
    *,
    actor: Actor,
    is_staff: bool | None = None,
    is_superuser: bool | None = None,
) -> User:
    """Set who enters the admin and who is superuser there (which grants nothing on prompts).

    None leaves a flag as it is. Raises NotAllowed, BadInput for a service account, and OwnGrant
    for a flag that somebody would set on themselves.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = lock_user(user)
        wanted = {"is_staff": is_staff, "is_superuser": is_superuser}
        changed = {
            name: value
            for name, value in wanted.items()
            if value is not None and value != getattr(locked, name)
        }
        if not changed:
            return locked
        if not locked.is_person:
            raise BadInput("A service account never signs in. Choose a person.")
        if any(changed.values()) and actor.account is not None and locked.pk == actor.account.pk:
            raise OwnGrant(
                "Nobody gives this to themselves. Another governance owner has to do it."
            )
        before = _flags(locked)
        for name, value in changed.items():
            setattr(locked, name, value)
        locked.save(update_fields=[*changed])
        log.record(
            "registry.user.flags_set",
            ("registry.user", locked.public_id),
            before=before,
            after=_flags(locked),
        )
        _tell("flags_set", locked, actor, log, **changed)
        return locked


# -- parts ----------------------------------------------------------------------------------


def _save_new(user: User, password: str | None) -> None:
    check_shown_name(username=user.username, display_name=user.display_name)
    check_details(user)
    if password is None:
        user.set_unusable_password()
    else:
        _check_password(password, user)
        user.set_password(password)
    check_row(user)
    try:
        user.save(force_insert=True)
    except IntegrityError:  # somebody made it in the meantime
        raise BadInput("Somebody already uses this user name or e-mail address.") from None


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="password") from None


def _tell(kind: str, user: User, actor: Actor, log: Recording, **data: Any) -> None:
    tell(kind, [user], ("registry.user", user.public_id), actor=actor, at=log.at, **data)


def _flags(user: User) -> dict[str, bool]:
    return {"staff": user.is_staff, "superuser": user.is_superuser}


def _record_created(log: Recording, user: User, joined: Iterable[str] = ()) -> None:
    data: dict[str, Any] = {"joined": [str(roles.role_id(name)) for name in joined]}
    texts = {"username": user.username, "display_name": user.display_name, "email": user.email}
    log.record(
        "registry.user.created",
        ("registry.user", user.public_id),
        related=[("registry.role", roles.role_id(name)) for name in joined],
        after={
            "active": True,
            "kind": str(user.kind),
            "time_zone": user.time_zone,
            **_flags(user),
        },
        data=data,
        blobs={name: log.commit(text) for name, text in texts.items() if text},
    )


__all__ = [
    "create_person",
    "create_role",
    "create_service_account",
    "deactivate",
    "first_governance_owner",
    "join",
    "leave",
    "reactivate",
    "set_flags",
]
