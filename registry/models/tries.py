"""Where wrong passwords are counted."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from typing_extensions import override


class TriesRow(models.Model):
    """A row of Django's cache in the database, which alone reads and writes this table.

    Its columns are those of `manage.py createcachetable`; as a model `migrate` makes it.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        db_table: ClassVar[str] = "registry_tries"

    @override
    def __str__(self) -> str:
        return self.cache_key
