"""Steps: the only way the admin changes anything. A form is checked, and then calls its verbs.

No rule lives here: who may do it, and when, is said by the verb, and a refusal is shown on the form
with everything typed still in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import reverse
from django.utils import timezone

from registry import permissions
from registry.errors import Refusal
from registry.models import User


@dataclass(frozen=True)
class Done:
    """What a step did, in words, and the row whose page comes next; a secret is shown once."""

    words: str
    row: Any = None
    secret: str = ""


class StepForm(forms.Form):
    """A form whose `perform` calls one verb, or several one after the other.

    `viewer` is who looks at the form; `row` is what it is about, None where it makes something.
    """

    #: a sentence under the title
    lead: ClassVar[str] = ""
    button: ClassVar[str] = "Save"
    danger: ClassVar[bool] = False
    template: ClassVar[str] = "admin/step.html"
    required_css_class = "required"

    def __init__(self, *args: Any, viewer: User, row: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        self.row = row
        #: what was done before a later verb refused
        self.so_far: list[str] = []

    def begin(self, query: Mapping[str, Any]) -> None:
        """Fill in what the address asks for, before anything is typed."""

    def perform(self, actor: User) -> Done:
        """Call the verb with what was typed; raises its Refusal."""
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal at the field that it speaks of, or above the form."""
        field = str(refusal.extra.get("field", ""))
        known = next((name for name in (field, *self._told(refusal)) if name in self.fields), None)
        self.add_error(known, refusal.sentence)

    @staticmethod
    def _told(refusal: Refusal) -> tuple[str, ...]:
        fields = refusal.extra.get("fields")
        return tuple(fields) if isinstance(fields, dict) and len(fields) == 1 else ()


def governs(viewer: User, row: Any) -> bool:
    """Whether a step for governance owners is offered; its verb decides."""
    return permissions.is_governance_owner(viewer)


@dataclass(frozen=True)
class Step:
    """A form with its address, the words of its button, and to whom the button is shown."""

    slug: str
    words: str
    form: type[StepForm]
    offered: Callable[[User, Any], bool] = governs


def viewer_of(request: HttpRequest) -> User:
    """The signed-in person; the admin lets only those in who may enter it."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def in_zone_of(viewer: User, make: Callable[[], HttpResponse]) -> HttpResponse:
    """Make a page with its times in the viewer's time zone."""
    try:
        zone = ZoneInfo(viewer.time_zone)
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    with timezone.override(zone):
        response = make()
        if isinstance(response, SimpleTemplateResponse):
            response.render()
        return response


def run(request: HttpRequest, step: Step, row: Any, context: dict[str, Any]) -> HttpResponse:
    """Show a step's form; a POST calls its verbs, and shows what they refuse."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    viewer = viewer_of(request)
    form = step.form(request.POST if request.method == "POST" else None, viewer=viewer, row=row)
    status = 200
    if not form.is_bound:
        form.begin(request.GET)
    if form.is_bound and form.is_valid():
        try:
            done = form.perform(viewer)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            return _went_through(request, done, context)
        for words in form.so_far:
            messages.success(request, words)
    shown = {
        **context,
        "title": step.words,
        "step": step,
        "form": form,
        "offered": step.offered(viewer, row),
    }
    return TemplateResponse(request, form.template, shown, status=status)


def _went_through(request: HttpRequest, done: Done, context: dict[str, Any]) -> HttpResponse:
    goes_to = context["back"] if done.row is None else page_of(done.row)
    if done.secret:
        shown = {**context, "title": done.words, "secret": done.secret, "goes_to": goes_to}
        return TemplateResponse(request, "admin/secret.html", shown)
    messages.success(request, done.words)
    return redirect(goes_to)


def page_of(row: Any) -> str:
    """The address of a row's page in the admin."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
