"""Checks of an installation that is about to serve people: `manage.py check --deploy`."""

import os
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning

from config import env


def check_installation(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Return a Warning for each embedded default that does not serve people elsewhere."""
    found: list[CheckMessage] = []
    if env.secret_key(os.environ) is None:
        found.append(Warning(env.MISSING_KEY, id="config.W001"))
    if "smtp" not in settings.EMAIL_BACKEND:
        found.append(
            Warning(
                "Mail goes to files or the console, where no approver finds it. "
                "Set EMAIL_URL to smtp://...",
                id="config.W002",
            )
        )
    if settings.STATIC_ROOT is None:
        found.append(
            Warning(
                "Styles are served without a digest in their names. "
                "Set STATIC_ROOT and run collectstatic.",
                id="config.W003",
            )
        )
    return found
