"""Tokens of applications and CI: made, found, revoked. Only the SHA-256 of a secret is stored.

Who made a token, and the governance owners, hear by mail that it was made or revoked.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from audit.canonical import canonical, sha256_hex
from audit.ledger import recording
from audit.payload import time_text
from registry.actors import Actor
from registry.errors import BadInput, NotAllowed
from registry.models import ServiceToken, User
from registry.permissions import require_governance
from registry.services._common import check_shown_name, check_texts, lock_user
from registry.services._mail import tell
from registry.services.memberships import governance_owners

SCHEME = "cs"
TOUCH_EVERY = timedelta(minutes=1)
_GLOBS = 50
_GLOB_LENGTH = 255


def create_token(
    account: User,
    *,
    name: str,
    scopes: Iterable[str],
    actor: Actor,
    labels: Iterable[str] = ("*",),
    names: Iterable[str] = ("*",),
    expires_at: datetime | None = None,
) -> tuple[ServiceToken, str]:
    """Make a token of a service account and return it with its secret, which is not kept.

    `labels` and `names` are globs of what it may touch. Needs a governance owner. Raises
    NotAllowed, and BadInput for a person's account, unknown scopes or a time that is past.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        maker = actor.account
        if maker is None:
            raise NotAllowed("A governance owner has to do this.")
        locked = lock_user(account)
        _check_account(locked)
        _check_expiry(expires_at, log.at)
        prefix = secrets.token_hex(4)
        secret = f"{SCHEME}_{prefix}_{secrets.token_urlsafe(32)}"
        token = ServiceToken(
            name=_name(name),
            account=locked,
            made_by=maker,
            prefix=prefix,
            digest=sha256_hex(secret),
            scopes=_scopes(scopes),
            labels=_globs(labels, "labels"),
            names=_globs(names, "names"),
            expires_at=expires_at,
        )
        token.save(force_insert=True)
        log.record(
            "registry.token.created",
            ("registry.token", token.public_id),
            related=[("registry.user", locked.public_id)],
            after={
                "account": str(locked.public_id),
                "digest": token.digest,
                "scopes": token.scopes,
                "expires_at": time_text(expires_at) if expires_at else None,
                "revoked": False,
            },
            blobs={"name": log.commit(token.name), "reach": log.commit(reach(token))},
        )
        _tell("token_made", token, actor, log.at)
        return token, secret


def revoke_token(token: ServiceToken, *, actor: Actor) -> ServiceToken:
    """End a token at once; a no-op for one that was revoked. Raises NotAllowed."""
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = ServiceToken.objects.select_for_update(no_key=True).get(pk=token.pk)
        if locked.revoked_at is not None:
            return locked
        locked.revoked_at = log.at
        locked.save(update_fields=["revoked_at"])
        log.record(
            "registry.token.revoked",
            ("registry.token", locked.public_id),
            before={"revoked": False},
            after={"revoked": True},
        )
        _tell("token_revoked", locked, actor, log.at)
        return locked


def find_token(secret: str) -> ServiceToken | None:
    """Return the token of a secret while it is live: not revoked or expired, its account active."""
    if not secret.isascii():
        return None
    rows = ServiceToken.objects.select_related("account")
    token = rows.filter(digest=sha256_hex(secret)).first()
    return token if token is not None and token.is_live(timezone.now()) else None


def touch(token: ServiceToken) -> None:
    """Note that a token was used, at most once a minute; the ledger does not hear of it."""
    now = timezone.now()
    before = now - TOUCH_EVERY
    if token.last_used_at is not None and token.last_used_at > before:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=before)
    ServiceToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def reach(token: ServiceToken) -> str:
    """Return the one text of what a token may touch, as its event commits to it."""
    return canonical({"labels": token.labels, "names": token.names})


# -- parts ----------------------------------------------------------------------------------


def _tell(kind: str, token: ServiceToken, actor: Actor, at: datetime) -> None:
    people = {token.made_by_id, *governance_owners().values_list("user_id", flat=True)}
    tell(kind, people, ("registry.token", token.public_id), actor=actor, at=at)


def _check_account(account: User) -> None:
    if account.is_person:
        raise BadInput("A token acts as a service account. Make one for it and choose that.")
    if not account.is_active:
        raise BadInput("This service account is deactivated. Choose another one.")


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is None:
        return
    if timezone.is_naive(expires_at):
        raise BadInput("Give the time at which the token ends with its time zone.")
    if expires_at <= now:
        raise BadInput("The token would have ended already. Choose a time to come.")


def _name(name: str) -> str:
    found = name.strip()
    check_shown_name(name=found)
    if not 0 < len(found) <= 100:
        raise BadInput("Name the token in 1 to 100 characters, after what uses it.", field="name")
    return found


def _scopes(scopes: Iterable[str]) -> list[str]:
    wanted = {*scopes}
    unknown = sorted(wanted - {*ServiceToken.SCOPES})
    if unknown or not wanted:
        first = f"“{unknown[0]}” is not a scope" if unknown else "A token needs a scope"
        raise BadInput(f"{first}. Use some of: {', '.join(ServiceToken.SCOPES)}.", field="scopes")
    return [scope for scope in ServiceToken.SCOPES if scope in wanted]


def _globs(globs: Iterable[str], field: str) -> list[str]:
    found = list(dict.fromkeys(globs))
    check_texts(**{field: "".join(found)})
    if not 0 < len(found) <= _GLOBS or any(not 0 < len(glob) <= _GLOB_LENGTH for glob in found):
        raise BadInput(
            f"Give 1 to {_GLOBS} {field} of 1 to {_GLOB_LENGTH} characters; “*” is all of them.",
            field=field,
        )
    return found
