"""Pages to look at. Whoever enters the admin may look; nobody adds, changes or deletes through it.

Django's own ways to write (forms, actions, deletion, reverting) are closed to everybody, superusers
included. What can be done is offered as steps, which call the verbs.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from typing_extensions import override
from unfold.admin import ModelAdmin

from audit.filtering import may_filter
from registry.admin.steps import Step, in_zone_of, run, viewer_of
from registry.models import User
from registry.roles import role_id

READING = ("GET", "HEAD")


class LookAdmin(ModelAdmin):  # type: ignore[misc]  # unfold brings no types
    """A list and a page for each row of a model, with the steps that can be taken.

    `one` and `many` are the words for the rows, `words` is a sentence about the list. `makers` are
    steps that make a row, `steps` those on a row.
    """

    one: ClassVar[str] = ""
    many: ClassVar[str] = ""
    words: ClassVar[str] = ""
    makers: ClassVar[tuple[Step, ...]] = ()
    steps: ClassVar[tuple[Step, ...]] = ()

    actions = None
    list_per_page = 50
    show_full_result_count = False
    list_before_template = "admin/list_before.html"
    change_form_template = "admin/look.html"
    change_form_outer_before_template = "admin/steps.html"

    def seen_by(self, rows: QuerySet[Any], viewer: User) -> QuerySet[Any]:
        """The rows that this person may know of; overridden where some may be confidential."""
        return rows

    def name_of(self, row: Any) -> str:
        """What a row is called at the top of its page."""
        return str(row)

    def links_of(self, row: Any) -> list[dict[str, str]]:
        """Pages elsewhere that belong to a row, as `words` and `url`."""
        return []

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.readonly_fields = [*self.fields]

    # -- who may: look, and nothing else ----------------------------------------------------

    @override
    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @override
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @override
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return may_filter(self, lookup, value)

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.seen_by(super().get_queryset(request), viewer_of(request))

    # -- what Django would write with, closed -----------------------------------------------

    @override
    def save_model(self, *args: Any, **kwargs: Any) -> None:
        raise PermissionDenied

    @override
    def save_related(self, *args: Any, **kwargs: Any) -> None:
        raise PermissionDenied

    @override
    def delete_model(self, *args: Any, **kwargs: Any) -> None:
        raise PermissionDenied

    @override
    def delete_queryset(self, *args: Any, **kwargs: Any) -> None:
        raise PermissionDenied

    @override
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied

    # -- pages ------------------------------------------------------------------------------

    @override
    def get_urls(self) -> list[URLPattern]:
        info = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        return [
            path("new/<slug:slug>/", view(self.maker_view), name=f"{info}_new"),
            path("<path:object_id>/do/<slug:slug>/", view(self.step_view), name=f"{info}_do"),
            *super().get_urls(),
        ]

    @override
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        viewer = viewer_of(request)
        context = {
            **(extra_context or {}),
            "title": self.many.capitalize(),
            "trail": [],
            "list_words": self.words,
            "makers": [
                {"words": step.words, "url": self.address("new", step.slug)}
                for step in self.makers
                if step.offered(viewer, None)
            ],
        }
        return in_zone_of(viewer, lambda: super(LookAdmin, self).changelist_view(request, context))

    @override
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A page to read; a POST is refused before anything is read of it."""
        if request.method not in READING or object_id is None:
            raise PermissionDenied
        row = self.row_of(request, object_id)
        viewer = viewer_of(request)
        context = {
            **(extra_context or {}),
            "title": self.name_of(row),
            "trail": [self._list_link()],
            "steps": [
                {"words": step.words, "url": self.address("do", row.pk, step.slug)}
                for step in self.steps
                if step.offered(viewer, row)
            ],
            "more_links": self.links_of(row),
        }
        return in_zone_of(
            viewer,
            lambda: super(LookAdmin, self).changeform_view(request, object_id, form_url, context),
        )

    @override
    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.makers:
            raise PermissionDenied
        return self.maker_view(request, self.makers[0].slug)

    def maker_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The form of a step that makes a row."""
        return run(request, _named(self.makers, slug), None, self.context_of(request, None))

    def step_view(self, request: HttpRequest, object_id: str, slug: str) -> HttpResponse:
        """The form of a step on a row."""
        row = self.row_of(request, object_id)
        return run(request, _named(self.steps, slug), row, self.context_of(request, row))

    @override
    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The entries of the audit log about this row."""
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        return redirect(entries_about(self.row_of(request, object_id)))

    def row_of(self, request: HttpRequest, object_id: str) -> Any:
        """The row, if this person may know of it; else 404."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def context_of(self, request: HttpRequest, row: Model | None) -> dict[str, Any]:
        """What every page of ours shows around its content."""
        trail = [self._list_link()]
        if row is not None:
            trail.append({"words": self.name_of(row), "url": self.address("change", row.pk)})
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "row": row,
            "trail": trail,
            "back": trail[-1]["url"],
        }

    def _list_link(self) -> dict[str, str]:
        return {"words": self.many.capitalize(), "url": self.address("changelist")}

    def address(self, name: str, *args: Any) -> str:
        """The address of a page of this model."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=args)


def entries_about(row: Any) -> str:
    """The audit log, filtered to the entries about a row."""
    listed = reverse("admin:audit_auditevent_changelist")
    # The ledger names a role by a UUID of its name; all other rows have one of their own.
    public_id = role_id(row.name) if isinstance(row, Group) else getattr(row, "public_id", None)
    return f"{listed}?q={public_id}" if public_id else listed


def _named(steps: tuple[Step, ...], slug: str) -> Step:
    for step in steps:
        if step.slug == slug:
            return step
    raise Http404
