"""grant and revoke: a permission on a prompt, once for each key; the registry does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import Group

from approvals.services import _common as common
from audit.ledger import recording
from registry.actors import Actor
from registry.holdings import key_of
from registry.models import Prompt, User
from registry.services import grants


def grant(
    prompt: Prompt, permission: str, to: User | Group, *, actor: Actor, key: str = ""
) -> bool:
    """Give one permission; False where this very post did so before, whatever came after it.

    Raises what the registry's own `grant` raises.
    """
    return _once("grant", grants.grant, prompt, permission, to, actor, key)


def revoke(
    prompt: Prompt, permission: str, to: User | Group, *, actor: Actor, key: str = ""
) -> bool:
    """Take one permission away; False where this very post did so before.

    Raises what the registry's own `revoke` raises.
    """
    return _once("revoke", grants.revoke, prompt, permission, to, actor, key)


def _once(
    verb: str,
    work: Callable[..., Any],
    prompt: Prompt,
    permission: str,
    to: User | Group,
    actor: Actor,
    key: str,
) -> bool:
    with recording(actor=actor.ref) as log:
        subject = common.about(prompt.public_id, permission, key_of(to))
        if common.repeated(actor, key, verb, subject) is not None:
            return False
        work(prompt, permission, to, actor=actor, log=log)
        common.remember(actor, key, verb, subject, "", log.at)
        return True
