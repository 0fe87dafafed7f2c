"""Permissions given and taken: on prompts, and on namespaces to create in them.

A person who gets or loses one in person hears of it by mail. A role's members do not: one grant to
a role would be a mail to hundreds. A service account has no address.
"""

from __future__ import annotations

from django.contrib.auth.models import Group

from audit.ledger import Recording, recording
from registry import permissions, rules
from registry.actors import Actor
from registry.errors import NotAllowed
from registry.models import Namespace, Prompt, User
from registry.services import _grants, _viewers
from registry.services._common import reference, refuse_own, told
from registry.services._mail import tell

_LAST_VIEW = (
    "Nobody would see this confidential prompt any more. Grant “view” to another active person "
    "first, or say that it is not confidential."
)
_LAST_MANAGE = (
    "Nobody who sees this confidential prompt could give permissions on it any more. Grant “view” "
    "and “manage” to another active person first, or say that it is not confidential."
)


def grant(
    prompt: Prompt,
    permission: str,
    to: User | Group,
    *,
    actor: Actor,
    log: Recording | None = None,
) -> None:
    """Give a person, account or role one permission on a prompt; a no-op where it holds already.

    Needs `manage` there, or a governance owner; `log` is the open recording of the step that does
    it once for a key. Raises NotFound, NotAllowed, BadInput, OwnGrant.
    """
    with recording(actor=actor.ref, within=log) as log:
        locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
        _require_manager(locked, actor)
        refuse_own(actor, to)
        if _grants.add(locked, permission, to):
            _finish(log, actor, "given", locked, permission, to)


def revoke(
    prompt: Prompt,
    permission: str,
    to: User | Group,
    *,
    actor: Actor,
    log: Recording | None = None,
) -> None:
    """Take a permission on a prompt away; a no-op where there is none; `log` as in `grant`.

    Needs `manage` there, or a governance owner. Raises NotFound, NotAllowed, BadInput, LastViewer
    for the `view` by which the last person sees a confidential prompt, and LastManager for what
    lets the last who sees it grant on it.
    """
    with recording(actor=actor.ref, within=log) as log:
        if permission in _viewers.KEEPING:
            rules.hold_still()
        locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
        _require_manager(locked, actor)
        if _grants.remove(locked, permission, to):
            if permission in _viewers.KEEPING:
                _viewers.check_kept(locked, no_viewer=_LAST_VIEW, no_manager=_LAST_MANAGE)
            _finish(log, actor, "revoked", locked, permission, to)


def grant_on_namespace(
    namespace: Namespace, permission: str, to: User | Group, *, actor: Actor
) -> None:
    """Let a person, account or role create prompts in a namespace; a no-op where it may already.

    Needs a governance owner. Raises NotAllowed, BadInput, OwnGrant.
    """
    with recording(actor=actor.ref) as log:
        permissions.require_governance(actor)
        locked = Namespace.objects.select_for_update(no_key=True).get(pk=namespace.pk)
        refuse_own(actor, to)
        if _grants.add(locked, permission, to):
            _finish(log, actor, "given", locked, permission, to)


def revoke_on_namespace(
    namespace: Namespace, permission: str, to: User | Group, *, actor: Actor
) -> None:
    """Take away what `grant_on_namespace` gave; a no-op where there is none.

    Needs a governance owner. Raises NotAllowed, BadInput.
    """
    with recording(actor=actor.ref) as log:
        permissions.require_governance(actor)
        locked = Namespace.objects.select_for_update(no_key=True).get(pk=namespace.pk)
        if _grants.remove(locked, permission, to):
            _finish(log, actor, "revoked", locked, permission, to)


# -- parts ----------------------------------------------------------------------------------


def _require_manager(prompt: Prompt, actor: Actor) -> None:
    if prompt.confidential:
        permissions.require_visible(actor.account, prompt)
    if not isinstance(actor, User) or not actor.is_person:
        raise NotAllowed("Sign in and do this as yourself: tokens and tasks cannot.")
    if not permissions.may_grant(actor, prompt):
        raise NotAllowed("This needs the permission to manage this prompt, or a governance owner.")


def _finish(
    log: Recording,
    actor: Actor,
    word: str,
    on: Prompt | Namespace,
    permission: str,
    to: User | Group,
) -> None:
    """Record what was given or revoked, and tell the person, if it is one."""
    kind = "registry.prompt" if isinstance(on, Prompt) else "registry.namespace"
    subject = (kind, on.public_id)
    log.record(
        f"registry.grant.{word}",
        subject,
        related=[reference(to)],
        data={"permission": permission, "to": told(reference(to))},
    )
    if isinstance(to, User):
        tell(f"permission_{word}", [to], subject, actor=actor, at=log.at, permission=permission)
