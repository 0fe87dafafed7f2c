"""Reads of the registry; templates and admin build no filters of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    # Some are named in the base classes only.
    from registry.models import Label, Prompt, Release, User, Version  # noqa: F401


class PromptQuerySet(models.QuerySet["Prompt"]):
    def active(self) -> PromptQuerySet:
        return self.filter(status="active")

    def visible_to(self, account: User) -> PromptQuerySet:
        """Every prompt that is not confidential, and those with an explicit `view` row."""
        return self.filter(models.Q(confidential=False) | self._with_view(account))

    def given_view(self, account: User) -> PromptQuerySet:
        """Those on which an account, active or not, has a `view` row, its own or a role's."""
        return self.filter(self._with_view(account))

    def _with_view(self, account: User) -> models.Q:
        mine = models.Q(
            promptuserobjectpermission__user=account,
            promptuserobjectpermission__permission__codename="view_prompt",
        ) | models.Q(
            promptgroupobjectpermission__group__memberships__user=account,
            promptgroupobjectpermission__permission__codename="view_prompt",
        )
        seen = self.model._default_manager.filter(mine).values("pk")
        return models.Q(pk__in=seen)


class VersionQuerySet(models.QuerySet["Version"]):
    def readable(self) -> VersionQuerySet:
        """Neither recalled nor erased."""
        return self.filter(recall__isnull=True, document__isnull=False)


class ReleaseQuerySet(models.QuerySet["Release"]):
    def of(self, prompt: Prompt, label: Label) -> ReleaseQuerySet:
        return self.filter(prompt=prompt, label=label)

    def servable(self) -> ReleaseQuerySet:
        """Moves that make a version one that was live: release, rollback, emergency."""
        return self.filter(kind__in=["release", "rollback", "emergency"])
