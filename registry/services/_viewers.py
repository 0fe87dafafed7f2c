"""A confidential prompt always has somebody who sees it and may grant on it: an active person who
holds `view`, and `manage` or governs.

Nobody else may grant it, so one that the last of them left would be lost, or shown to its viewers
and never to anybody else. Service accounts do not count, nor do superusers without a row. Each
check looks at the rows as its verb has just left them, and a refusal takes them back; for that to
hold, its verb keeps `rules` from the start.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

from registry import keepers, permissions
from registry.actors import Actor
from registry.errors import BadInput, HeirNeeded, LastManager, LastViewer, OwnGrant
from registry.models import Prompt, User
from registry.services import _grants
from registry.services._common import Reference, lock_user

#: the permissions that this rule is about, and what an heir gets
KEEPING = (permissions.VIEW, permissions.MANAGE)


def check_kept(prompt: Prompt, *, no_viewer: str, no_manager: str) -> None:
    """Raise LastViewer where nobody would see the prompt, LastManager where no such may grant."""
    rows = Prompt.objects.filter(pk=prompt.pk)
    if keepers.unseen(rows).exists():
        raise LastViewer(no_viewer)
    if keepers.ungranted(rows).exists():
        raise LastManager(no_manager)


def check_kept_without(user: User, group: Group) -> None:
    """Raise LastViewer or LastManager where a person who has just left a role was the last."""
    if not user.is_active:
        return  # they saw nothing before either
    of_role = Prompt.objects.filter(
        promptgroupobjectpermission__group=group,
        promptgroupobjectpermission__permission__codename=permissions.VIEW,
    )
    count = keepers.unseen(of_role).count()
    if count:
        raise LastViewer(
            f"Nobody but {user} sees {_prompts(count)}, and only by the role {group.name}. Put "
            f"somebody else into the role first, or ask {user} to grant “view” to another person."
        )
    groups = [*Group.objects.filter(memberships__user=user), group]
    count = keepers.ungranted(keepers.granted_by(user, groups)).count()
    if count:
        raise LastManager(
            f"Nobody but {user} sees {_prompts(count)} and may give permissions on it, and only by "
            f"the role {group.name}. First ask {user} to grant “view” and “manage” to another "
            "person."
        )


def hand_over(user: User, heir: User | None, actor: Actor) -> list[Prompt]:
    """Give the heir `view` and `manage` on what nobody keeps since the person was deactivated.

    Returns those prompts, and looks at no heir where there are none. Raises HeirNeeded, OwnGrant,
    BadInput.
    """
    if not user.is_person:
        return []
    lost = keepers.ungranted(Prompt.objects.given_view(user)).order_by("pk")
    prompts = list(lost.select_for_update(no_key=True))
    if not prompts:
        return []
    if heir is None:
        raise HeirNeeded(
            f"Nobody but {user} sees {_prompts(len(prompts))} and may give permissions on it. "
            "Name an active person, not yourself, who takes over: they may then view and manage "
            "what nobody else could.",
            field="heir",
        )
    _grants.add_missing(prompts, KEEPING, _checked(heir, user, actor))
    return prompts


def told(prompts: list[Prompt], heir: User | None) -> tuple[list[Reference], dict[str, Any]]:
    """Return how an event relates to what was handed over, and names it in its data."""
    if heir is None or not prompts:
        return [], {}
    ids = [prompt.public_id for prompt in prompts]
    related: list[Reference] = [("registry.user", heir.public_id)]
    related += [("registry.prompt", public_id) for public_id in ids]
    data = {
        "heir": str(heir.public_id),
        "prompts": [str(public_id) for public_id in ids],
        "given": [*KEEPING],
    }
    return related, data


def _checked(heir: User, user: User, actor: Actor) -> User:
    if actor.account is not None and heir.pk == actor.account.pk:
        raise OwnGrant(
            "Nobody gives permissions to themselves. Name somebody else who takes over.",
            field="heir",
        )
    locked = lock_user(heir)
    if locked.pk == user.pk or not locked.is_person or not locked.is_active:
        raise BadInput("Name another person whose account is active.", field="heir")
    return locked


def _prompts(count: int) -> str:
    return "a confidential prompt" if count == 1 else f"{count} confidential prompts"
