"""Models whose rows are written once: Python says so early, the database guards say so finally."""

from typing import Any, NoReturn, TypeVar

from django.db import models
from typing_extensions import override

M = TypeVar("M", bound=models.Model)


class AppendOnlyError(TypeError):
    """Code tried to change or delete rows that are written once."""


class AppendOnlyQuerySet(models.QuerySet[M]):
    """A queryset that reads and inserts; update, bulk_update and delete raise AppendOnlyError."""

    @override
    def update(self, **kwargs: Any) -> NoReturn:
        """Raise AppendOnlyError."""
        raise _refusal(self.model, "updated")

    @override
    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise AppendOnlyError."""
        raise _refusal(self.model, "updated")

    @override
    def delete(self) -> NoReturn:
        """Raise AppendOnlyError."""
        raise _refusal(self.model, "deleted")


class AppendOnlyModel(models.Model):
    """A base for models whose rows are never deleted, and changed only as their guards allow."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    @override
    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise AppendOnlyError."""
        raise _refusal(type(self), "deleted")


def _refusal(model: type[models.Model], verb: str) -> AppendOnlyError:
    return AppendOnlyError(f"{model._meta.label} is append-only: its rows are never {verb}.")
