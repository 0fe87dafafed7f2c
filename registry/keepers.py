"""Who keeps a confidential prompt from being lost: as rows, for many prompts in one query.

Who counts is what `permissions` says of one prompt: active people, by rows of their own or of a
role; nobody grants what they do not see, a governance owner no more than others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q

from registry import roles
from registry.models import (
    Membership,
    Prompt,
    PromptGroupObjectPermission,
    PromptUserObjectPermission,
    User,
)
from registry.permissions import MANAGE, VIEW
from registry.querysets import PromptQuerySet


def unseen(prompts: PromptQuerySet) -> PromptQuerySet:
    """Return the confidential ones that no active person holds `view` on.

    A governance owner cannot grant what they do not see, so nobody would find these again.
    """
    own, by_role = _views()
    return prompts.filter(~Exists(own), ~Exists(by_role), confidential=True)


def ungranted(prompts: PromptQuerySet) -> PromptQuerySet:
    """Return the confidential ones that nobody sees who may also grant on them."""
    own, by_role = _views()
    own, by_role = (rows.filter(_grants(OuterRef("user"))) for rows in (own, by_role))
    return prompts.filter(~Exists(own), ~Exists(by_role), confidential=True)


def granted_by(user: User, groups: Collection[Group]) -> PromptQuerySet:
    """Return the confidential prompts that somebody in these groups sees and may grant on."""
    sees = _has(VIEW, user, groups)
    found: PromptQuerySet = Prompt.objects.filter(sees, confidential=True)
    if any(group.name == roles.GOVERNANCE_OWNERS for group in groups):
        return found
    return found.filter(_has(MANAGE, user, groups))


# -- parts ----------------------------------------------------------------------------------


def _views() -> tuple[Any, Any]:
    """Rows by which an active person, their `user`, sees the prompt of the query around them."""
    who: dict[str, Any] = {"user__is_active": True, "user__kind": User.Kind.PERSON}
    own = PromptUserObjectPermission.objects.filter(
        content_object=OuterRef("pk"), permission__codename=VIEW, **who
    )
    # One call: the conditions on a row of a role must speak of the same row.
    by_role = Membership.objects.filter(
        group__promptgroupobjectpermission__content_object=OuterRef("pk"),
        group__promptgroupobjectpermission__permission__codename=VIEW,
        **who,
    )
    return own, by_role


def _grants(user: OuterRef) -> Q:
    """Whether the user of a row of `_views` may grant on the prompt around it."""
    which: dict[str, Any] = {
        "permission__codename": MANAGE,
        "content_object": OuterRef(OuterRef("pk")),
    }
    own = PromptUserObjectPermission.objects.filter(user=user, **which)
    by_role = PromptGroupObjectPermission.objects.filter(group__memberships__user=user, **which)
    governs = Membership.objects.filter(user=user, group__name=roles.GOVERNANCE_OWNERS)
    return Q(Exists(own)) | Q(Exists(by_role)) | Q(Exists(governs))


def _has(codename: str, user: User, groups: Collection[Group]) -> Q:
    which: dict[str, Any] = {"permission__codename": codename, "content_object": OuterRef("pk")}
    own = PromptUserObjectPermission.objects.filter(user=user, **which)
    by_role = PromptGroupObjectPermission.objects.filter(group__in=groups, **which)
    return Q(Exists(own)) | Q(Exists(by_role))
