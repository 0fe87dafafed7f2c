"""Who is in which role group; who joins or leaves one hears of it by mail."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from audit.ledger import recording
from registry import roles, rules
from registry.actors import Actor
from registry.errors import BadInput, WrongState
from registry.holdings import role_named
from registry.models import Membership, User
from registry.permissions import require_governance
from registry.services import _viewers
from registry.services._common import lock_user, refuse_own, stamp
from registry.services._mail import tell


def create_role(name: str, *, actor: Actor) -> Group:
    """Make the group of a role of `registry.roles`; a no-op where it is there.

    A governance owner, or the bootstrap. Raises NotAllowed, BadInput for any other name.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor, bootstrap=True)
        if name not in roles.ALL_ROLES:
            raise BadInput(f"“{name}” is not a role. Use one of: {', '.join(roles.ALL_ROLES)}.")
        found = Group.objects.filter(name=name).first()
        if found is not None:
            return found
        group = Group(name=name)
        stamp(group, actor, "create_role")
        group.save(force_insert=True)
        log.record(
            "registry.role.created",
            ("registry.role", roles.role_id(name)),
            data={"name": name},
        )
        return group


def join(user: User, name: str, *, actor: Actor) -> Membership:
    """Put a person into a role; a no-op where they are in it.

    Raises NotAllowed, NotFound for the role, BadInput for a service account, and OwnGrant for
    oneself.
    """
    with recording(actor=actor.ref) as log:
        rules.change()
        require_governance(actor)
        group = role_named(name)
        locked = lock_user(user)
        found = Membership.objects.filter(user=locked, group=group).first()
        if found is not None:
            return found
        refuse_own(actor, locked)
        if not locked.is_person:
            raise BadInput(
                "Roles are for people. Grant a service account what it needs, prompt by prompt."
            )
        membership = Membership(user=locked, group=group)
        subject = ("registry.user", locked.public_id)
        stamp(membership, actor, "join")
        membership.save(force_insert=True)
        log.record(
            "registry.membership.joined",
            subject,
            related=[("registry.role", roles.role_id(name))],
            data={"role": str(roles.role_id(name))},
        )
        tell("role_joined", [locked], subject, actor=actor, at=log.at, role=name)
        return membership


def leave(user: User, name: str, *, actor: Actor) -> None:
    """Take a person out of a role; a no-op where they are not in it.

    Raises NotAllowed, NotFound for the role, WrongState for the last governance owner, and
    LastViewer or LastManager where nobody else would see a confidential prompt or grant on it.
    """
    with recording(actor=actor.ref) as log:
        rules.change()
        require_governance(actor)
        group = role_named(name)
        locked = lock_user(user)
        membership = Membership.objects.filter(user=locked, group=group).first()
        if membership is None:
            return
        if name == roles.GOVERNANCE_OWNERS:
            check_not_last_owner(locked)
        subject = ("registry.user", locked.public_id)
        stamp(membership, actor, "leave")
        membership.delete()
        _viewers.check_kept_without(locked, group)
        log.record(
            "registry.membership.left",
            subject,
            related=[("registry.role", roles.role_id(name))],
            data={"role": str(roles.role_id(name))},
        )
        tell("role_left", [locked], subject, actor=actor, at=log.at, role=name)


def governance_owners() -> QuerySet[Membership]:
    """Return the memberships of the governance owners whose accounts are active."""
    return Membership.objects.filter(
        group__name=roles.GOVERNANCE_OWNERS, user__is_active=True, user__kind=User.Kind.PERSON
    )


def check_not_last_owner(user: User) -> None:
    """Raise WrongState where nobody else would be left to govern."""
    # Locked, so that two owners cannot each take the other away at once.
    list(Group.objects.select_for_update(no_key=True).filter(name=roles.GOVERNANCE_OWNERS))
    if set(governance_owners().values_list("user_id", flat=True)) == {user.pk}:
        raise WrongState(
            "This is the only governance owner. Add another one first, who can then do this."
        )
