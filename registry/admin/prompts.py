"""Prompts: what is said about them, and who may what on each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from registry import permissions
from registry.admin.fields import AccountField, LinesField, WordsField, table
from registry.admin.kept import KeptAdmin
from registry.admin.matrix import MatrixForm
from registry.admin.steps import Done, Step, StepForm
from registry.holdings import WORD_OF, grants_of
from registry.models import LabelPointer, Prompt, Team, User
from registry.services import grants, prompts


class _AboutForm(StepForm):
    """What is said about a prompt, whether it is new or not."""

    description = LinesField(required=False)
    tags = WordsField(required=False, help_text="Separated by commas.")
    team = forms.ModelChoiceField(Team.objects.order_by("name"), required=False)
    owner = AccountField(people_only=True)
    data_class = forms.ChoiceField(
        label="Data class",
        choices=Prompt.DataClass.choices,
        initial=Prompt.DataClass.INTERNAL,
        help_text="What the prompt works on; mail quotes it only up to Internal.",
    )
    confidential = forms.BooleanField(
        required=False,
        help_text="Only people with the permission to view see its name and text.",
    )


class NewPromptForm(_AboutForm):
    """create_prompt"""

    lead = "A prompt starts empty. Its first text is proposed on its page like any change."
    button = "Make the prompt"
    field_order = ("name", "type")

    name = forms.CharField(
        max_length=255,
        strip=False,
        help_text="Segments with “/” between them; the first is its namespace. It never changes.",
    )
    type = forms.ChoiceField(choices=Prompt.Type.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"owner": self.viewer.username}

    @override
    def perform(self, actor: User) -> Done:
        prompt = prompts.create_prompt(**self.cleaned_data, actor=actor)
        return Done(f"{prompt} was made.", prompt)


class EditPromptForm(_AboutForm):
    """edit_prompt"""

    lead = "Name and type never change. What is live stays as it is."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.row
        self.initial = {
            "description": row.description,
            "tags": ", ".join(row.tags),
            "team": row.team,
            "owner": row.owner.username,
            "data_class": row.data_class,
            "confidential": row.confidential,
        }

    @override
    def perform(self, actor: User) -> Done:
        changed = {
            name: value for name, value in self.cleaned_data.items() if name in self.changed_data
        }
        prompts.edit_prompt(self.row, **changed, actor=actor)
        return Done("The details were saved." if changed else "Nothing changed.", self.row)


class ArchiveForm(StepForm):
    """archive_prompt"""

    lead = "No more changes can be proposed. What is live stays live. It can be brought back."
    button = "Archive"

    @override
    def perform(self, actor: User) -> Done:
        prompts.archive_prompt(self.row, actor=actor)
        return Done(f"{self.row} was archived.", self.row)


class UnarchiveForm(StepForm):
    """unarchive_prompt"""

    lead = "Changes can be proposed again."
    button = "Bring it back"

    @override
    def perform(self, actor: User) -> Done:
        prompts.unarchive_prompt(self.row, actor=actor)
        return Done(f"{self.row} takes changes again.", self.row)


class GrantsForm(MatrixForm):
    """grant and revoke, one for each box"""

    lead = (
        "Who may what on this prompt, beside what everybody who signs in may: see it, unless it is "
        "confidential. Nobody gives anything to themselves or to a role they are in."
    )
    button = "Save the grants"
    columns = WORD_OF

    @override
    def holding(self) -> Iterable[tuple[User | Group, str]]:
        return grants_of(self.row)

    @override
    def give(self, codename: str, to: User | Group, actor: User) -> None:
        grants.grant(self.row, codename, to, actor=actor)

    @override
    def take(self, codename: str, to: User | Group, actor: User) -> None:
        grants.revoke(self.row, codename, to, actor=actor)


def _manages(viewer: User, row: Any) -> bool:
    return permissions.may(viewer, permissions.MANAGE, row)


def _manages_or_governs(viewer: User, row: Any) -> bool:
    return _manages(viewer, row) or permissions.is_governance_owner(viewer)


def _archives(viewer: User, row: Any) -> bool:
    return row.status == Prompt.Status.ACTIVE and _manages(viewer, row)


def _brings_back(viewer: User, row: Any) -> bool:
    return row.status == Prompt.Status.ARCHIVED and _manages(viewer, row)


@admin.register(Prompt)
class PromptAdmin(KeptAdmin):
    """Prompts that the person may know of; their texts are proposed and released on the pages."""

    one, many = "prompt", "prompts"
    words = (
        "What is said about each prompt, what its labels serve, and who may what on it. Texts are "
        "proposed, signed off and rolled back on the prompt's own page."
    )
    makers = (Step("prompt", "New prompt", NewPromptForm, lambda viewer, row: True),)
    steps = (
        Step("grants", "Grants", GrantsForm, _manages_or_governs),
        Step("edit", "Edit details", EditPromptForm, _manages),
        Step("archive", "Archive", ArchiveForm, _archives),
        Step("unarchive", "Bring back", UnarchiveForm, _brings_back),
    )

    list_display: ClassVar[list[str]] = [
        "name",
        "type",
        "owner",
        "team",
        "data_class",
        "confidential",
        "status",
    ]
    list_filter: ClassVar[list[str]] = ["status", "data_class", "confidential", "type"]
    list_select_related: ClassVar[list[str]] = ["owner", "team"]
    search_fields: ClassVar[list[str]] = ["name", "description"]
    fields: ClassVar[list[str]] = [
        "name",
        "type",
        "status",
        "owner",
        "team",
        "data_class",
        "confidential",
        "tags_given",
        "description",
        "labels_now",
        "grants_now",
        "created_at",
    ]

    @override
    def seen_by(self, rows: QuerySet[Any], viewer: User) -> QuerySet[Any]:
        return rows.filter(pk__in=permissions.visible_prompts(viewer).values("pk"))

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).order_by("name_key")

    @admin.display(description="tags", empty_value="none")
    def tags_given(self, prompt: Prompt) -> str | None:
        """The tags, on one line."""
        return ", ".join(prompt.tags) or None

    @admin.display(description="labels")
    def labels_now(self, prompt: Prompt) -> str:
        """What each label serves."""
        rows = LabelPointer.objects.filter(prompt=prompt).select_related("label", "version")
        return table(
            ["Label", "Serves", "Moves so far"],
            [(row.label, _serves(row), row.generation) for row in rows.order_by("-label__order")],
            "There are no labels yet.",
        )

    @admin.display(description="grants")
    def grants_now(self, prompt: Prompt) -> str:
        """Who may what, a line for each person or role."""
        given: dict[tuple[str, str], list[str]] = {}
        for to, codename in grants_of(prompt):
            note = "role" if isinstance(to, Group) else to.username
            given.setdefault((str(to), note), []).append(codename)
        return table(
            ["Who", "", "May"],
            [
                (name, note, ", ".join(word for code, word in WORD_OF.items() if code in codes))
                for (name, note), codes in sorted(given.items())
            ],
            "Nobody holds anything.",
        )


def _serves(pointer: LabelPointer) -> str:
    if pointer.version is None:
        return "nothing"
    return f"{pointer.version}{' (suspended)' if pointer.suspended else ''}"
