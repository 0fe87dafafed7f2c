"""The floor that knows what happened, by whom, provably; it knows Django and nothing above it."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from typing_extensions import override

from audit.checks import check_guards


class AuditAppConfig(AppConfig):
    """The ledger, its guards and its verifier."""

    name = "audit"
    verbose_name = "Audit log"
    default_auto_field = "django.db.models.BigAutoField"

    @override
    def ready(self) -> None:
        """Register the database check that names missing guards."""
        register(check_guards, Tags.database)
