"""Namespaces and teams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from typing_extensions import override

from registry import permissions
from registry.admin.fields import table
from registry.admin.looking import LookAdmin
from registry.admin.matrix import MatrixForm, key_of
from registry.admin.steps import Done, Step, StepForm
from registry.holdings import WORD_OF, role_groups
from registry.models import (
    Namespace,
    NamespaceGroupObjectPermission,
    NamespaceUserObjectPermission,
    Team,
    User,
)
from registry.services import grants, namespaces


class NamespaceForm(StepForm):
    """create_namespace"""

    lead = "The first part of the names of its prompts. The name never changes."
    button = "Make the namespace"

    name = forms.CharField(max_length=255, strip=False, help_text="One segment, such as support.")
    owner_team = forms.ModelChoiceField(
        Team.objects.order_by("name"), label="Owner team", required=False
    )

    @override
    def perform(self, actor: User) -> Done:
        namespace = namespaces.create_namespace(**self.cleaned_data, actor=actor)
        return Done(f"{namespace} was made.", namespace)


class EditNamespaceForm(StepForm):
    """edit_namespace"""

    lead = "The name never changes. Owning a namespace grants nothing by itself."

    owner_team = forms.ModelChoiceField(
        Team.objects.order_by("name"), label="Owner team", required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"owner_team": self.row.owner_team}

    @override
    def perform(self, actor: User) -> Done:
        namespace = namespaces.edit_namespace(self.row, **self.cleaned_data, actor=actor)
        team = namespace.owner_team
        return Done(f"{namespace} is owned by {team or 'no team'}.", namespace)


class TemplateForm(MatrixForm):
    """set_grant_template"""

    lead = (
        "What a new prompt in this namespace grants to each role. Prompts that exist keep their "
        "grants."
    )
    button = "Save the template"
    columns = WORD_OF

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["who"], self.fields["who_may"]

    @override
    def holding(self) -> Iterable[tuple[User | Group, str]]:
        groups = {group.name: group for group in role_groups()}
        for name, codename in namespaces.pairs(self.row.grant_template):
            if name in groups:
                yield groups[name], codename

    @override
    def perform(self, actor: User) -> Done:
        cells, was = self.cleaned_data["cells"], self.cleaned_data["was"]
        now = (set(self.held) | (cells - was)) - (was - cells)
        template = [
            {
                "group": group.name,
                "permissions": [
                    word
                    for word, codename in permissions.WORDS.items()
                    if key_of(group, codename) in now
                ],
            }
            for group in role_groups()
        ]
        namespaces.set_grant_template(self.row, template, actor=actor)
        return Done("The template was saved.", self.row)


class CreatorsForm(MatrixForm):
    """grant_on_namespace and revoke_on_namespace, one for each box"""

    lead = "Who may make new prompts in this namespace."
    columns: ClassVar[dict[str, str]] = {permissions.CREATE: "create"}

    @override
    def holding(self) -> Iterable[tuple[User | Group, str]]:
        return creators_of(self.row)

    @override
    def give(self, codename: str, to: User | Group, actor: User) -> None:
        grants.grant_on_namespace(self.row, codename, to, actor=actor)

    @override
    def take(self, codename: str, to: User | Group, actor: User) -> None:
        grants.revoke_on_namespace(self.row, codename, to, actor=actor)


@admin.register(Namespace)
class NamespaceAdmin(LookAdmin):
    """Namespaces, what a new prompt in them grants, and who may make one."""

    one, many = "namespace", "namespaces"
    words = "The first part of every prompt's name: who may make prompts there, and their grants."
    makers = (Step("namespace", "New namespace", NamespaceForm),)
    steps = (
        Step("edit", "Owner team", EditNamespaceForm),
        Step("template", "Grants of new prompts", TemplateForm),
        Step("creators", "Who may make prompts", CreatorsForm),
    )
    list_display: ClassVar[list[str]] = ["name", "owner_team"]
    list_select_related: ClassVar[list[str]] = ["owner_team"]
    search_fields: ClassVar[list[str]] = ["name"]
    fields: ClassVar[list[str]] = ["name", "owner_team", "creators", "template"]

    @admin.display(description="who may make prompts")
    def creators(self, namespace: Namespace) -> str:
        """People and roles that may create here."""
        names = sorted(str(to) for to, _ in creators_of(namespace))
        return table(["Who"], [(name,) for name in names], "Nobody yet.")

    @admin.display(description="grants of new prompts")
    def template(self, namespace: Namespace) -> str:
        """The grant template, a line for each role."""
        rows = [
            (item["group"], ", ".join(item["permissions"])) for item in namespace.grant_template
        ]
        return table(["Role", "May"], rows, "A new prompt grants nothing but to its owner.")


def creators_of(namespace: Namespace) -> Iterable[tuple[User | Group, str]]:
    """Every (account or role, codename) that is given on a namespace."""
    by_role = NamespaceGroupObjectPermission.objects.filter(content_object=namespace)
    for row in by_role.select_related("group", "permission"):
        yield row.group, row.permission.codename
    by_account = NamespaceUserObjectPermission.objects.filter(content_object=namespace)
    for row in by_account.select_related("user", "permission"):
        yield row.user, row.permission.codename


class TeamForm(StepForm):
    """create_team"""

    button = "Make the team"
    name = forms.CharField(max_length=100)

    @override
    def perform(self, actor: User) -> Done:
        team = namespaces.create_team(self.cleaned_data["name"], actor=actor)
        return Done(f"{team} was made.", team)


class RenameTeamForm(StepForm):
    """rename_team"""

    lead = "What the team owns stays its own."

    name = forms.CharField(max_length=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"name": self.row.name}

    @override
    def perform(self, actor: User) -> Done:
        was = self.row.name
        team = namespaces.rename_team(self.row, self.cleaned_data["name"], actor=actor)
        changed = team.name != was
        return Done(f"{was} is {team} from now on." if changed else "Nothing changed.", team)


@admin.register(Team)
class TeamAdmin(LookAdmin):
    """Teams that own namespaces and prompts."""

    one, many = "team", "teams"
    words = "Teams that own namespaces and prompts. Owning grants nothing by itself."
    makers = (Step("team", "New team", TeamForm),)
    steps = (Step("name", "Rename", RenameTeamForm),)
    list_display: ClassVar[list[str]] = ["name"]
    search_fields: ClassVar[list[str]] = ["name"]
    ordering: ClassVar[list[str]] = ["name"]
    fields: ClassVar[list[str]] = ["name"]
