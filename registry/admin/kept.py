"""History rows in the admin: shown to read, and never a way back.

The pages that come with simple-history save what is posted to them, whatever the person may do;
none of its admin is used here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from typing_extensions import override

from registry.admin.looking import READING, LookAdmin, entries_about
from registry.admin.steps import in_zone_of, viewer_of

NOTHING = "-"
ON_A_PAGE = 50


@dataclass(frozen=True)
class Value:
    """A field of a history row, with what it was in the row before."""

    name: str
    now: str
    before: str
    changed: bool


@dataclass(frozen=True)
class Entry:
    """One history row with what changed since the one before it."""

    pk: int
    at: datetime
    by: str
    verb: str
    changes: tuple[Value, ...]
    first: bool


class KeptAdmin(LookAdmin):
    """A model with history rows; `unsaid` are fields whose every change is of no interest."""

    unsaid: ClassVar[frozenset[str]] = frozenset({"updated_at"})

    @override
    def get_urls(self) -> list[URLPattern]:
        info = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view(self.kept_view)
        route = "<path:object_id>/history/<int:kept_id>/"
        return [path(route, view, name=f"{info}_kept"), *super().get_urls()]

    @override
    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What was kept of a row, the newest first, with what changed each time."""
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        row = self.row_of(request, object_id)
        pages = Paginator(_kept_of(row), ON_A_PAGE)
        shown = pages.get_page(request.GET.get("p"))
        older = _kept_of(row)[shown.end_index() : shown.end_index() + 1] if pages.count else []
        context = {
            **self.context_of(request, row),
            "title": "History",
            "page": shown,
            "log": entries_about(row),
        }
        return in_zone_of(
            viewer_of(request),
            lambda: TemplateResponse(
                request,
                "admin/history.html",
                {**context, "entries": self._entries([*shown.object_list, *older], len(shown))},
            ),
        )

    def kept_view(self, request: HttpRequest, object_id: str, kept_id: int) -> HttpResponse:
        """Every field of one history row."""
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        row = self.row_of(request, object_id)
        kept = _kept_of(row).filter(pk=kept_id).first()
        if kept is None:
            raise Http404
        context = {**self.context_of(request, row), "title": "As it was kept", "kept": kept}
        context["trail"].append({"words": "History", "url": self.address("history", row.pk)})
        return in_zone_of(
            viewer_of(request),
            lambda: TemplateResponse(
                request,
                "admin/history_record.html",
                {**context, "values": _Names().compare(kept, kept.prev_record)},
            ),
        )

    def _entries(self, rows: Sequence[Any], count: int) -> list[Entry]:
        names = _Names()
        entries = []
        for place, kept in enumerate(rows[:count]):
            before = rows[place + 1] if place + 1 < len(rows) else None
            values = names.compare(kept, before, but=self.unsaid)
            entries.append(
                Entry(
                    pk=kept.pk,
                    at=kept.history_date,
                    by=str(kept.history_user or "Countersign"),
                    verb=(kept.history_change_reason or "").replace("_", " "),
                    changes=tuple(value for value in values if value.changed),
                    first=before is None,
                )
            )
        return entries


class _Names:
    """Words for the values of history rows; each related row is read once."""

    def __init__(self) -> None:
        self._related: dict[tuple[type[models.Model], Any], str] = {}

    def compare(self, kept: Any, before: Any, *, but: Iterable[str] = ()) -> list[Value]:
        skipped = {*but}
        return [
            Value(
                name=str(field.verbose_name).capitalize(),
                now=self._word(kept, field),
                before=self._word(before, field) if before is not None else "",
                changed=before is not None
                and getattr(kept, field.attname) != getattr(before, field.attname),
            )
            for field in kept.tracked_fields
            if not field.primary_key and field.name not in skipped
        ]

    def _word(self, kept: Any, field: Any) -> str:
        value = getattr(kept, field.attname)
        if value in (None, "", []):
            return NOTHING
        if field.remote_field is not None:
            return self._name(field.remote_field.model, value)
        if isinstance(value, datetime):
            return f"{timezone.localtime(value):%d %b %Y %H:%M}"
        if isinstance(value, bool):
            return "Yes" if value else "No"
        shown = getattr(kept, f"get_{field.name}_display", None)
        return str(shown() if shown is not None else value)

    def _name(self, model: type[models.Model], pk: Any) -> str:
        if (model, pk) not in self._related:
            found = model._default_manager.filter(pk=pk).first()
            self._related[model, pk] = str(found) if found is not None else NOTHING
        return self._related[model, pk]


def _kept_of(row: Any) -> models.QuerySet[Any]:
    rows: models.QuerySet[Any] = row.history.select_related("history_user")
    return rows.order_by("-history_date", "-history_id")
