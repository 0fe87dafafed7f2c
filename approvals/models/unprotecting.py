"""The request to un-protect a label, as a kind of its own for the admin's list."""

from __future__ import annotations

from typing import ClassVar

from approvals.models.requests import ApprovalRequest
from approvals.querysets import UnprotectManager


class UnprotectRequest(ApprovalRequest):
    """A request whose subject is a label that is to be protected no longer."""

    objects: ClassVar[UnprotectManager] = UnprotectManager()  # type: ignore[assignment]  # fewer rows than the base class's

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "request to un-protect a label"
        verbose_name_plural = "requests to un-protect labels"
