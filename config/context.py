"""What every page says of the installation itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def installation(request: HttpRequest) -> dict[str, Any]:
    """Whether one governance owner decides alone here."""
    return {"single_owner": settings.SINGLE_OWNER}


def environment(request: HttpRequest) -> list[str] | None:
    """The admin's mark beside its name: the mode, where it is not the usual one."""
    return ["Single-owner mode", "warning"] if settings.SINGLE_OWNER else None
