"""The app that carries the launchers' management commands and the system checks."""

from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register
from typing_extensions import override

from config.checks import check_installation


class ConfigConfig(AppConfig):
    """Registers the checks of this floor."""

    name = "config"
    verbose_name = "Countersign"

    @override
    def ready(self) -> None:
        """Register what `check --deploy` asks, and make the folder that SQLite expects to find."""
        register(check_installation, deploy=True)
        database = settings.DATABASES["default"]
        if database["ENGINE"] == "django.db.backends.sqlite3":
            Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
