"""Labels: the environments that serve prompts."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from typing_extensions import override

from registry.admin.kept import KeptAdmin
from registry.admin.steps import Done, Step, StepForm, governs
from registry.models import Label, User
from registry.services import labels


class LabelForm(StepForm):
    """create_label"""

    lead = "A label that is protected moves by approved changes only, until two owners undo that."
    button = "Make the label"

    name = forms.CharField(max_length=36, help_text="Such as staging-eu. It never changes.")
    order = forms.IntegerField(initial=10, help_text="Labels are listed by it; production is last.")
    promotes_from = forms.ModelChoiceField(
        Label.objects.order_by("order", "name"),
        label="Promotes from",
        required=False,
        help_text="The label on which a version is tried before it comes here.",
    )
    protected = forms.BooleanField(required=False)

    @override
    def perform(self, actor: User) -> Done:
        label = labels.create_label(**self.cleaned_data, actor=actor)
        return Done(f"{label} was made.", label)


class OrderForm(StepForm):
    """reorder_label"""

    lead = "Where the label stands in lists. It decides nothing but that."

    order = forms.IntegerField(help_text="Labels are listed by it; production is last.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"order": self.row.order}

    @override
    def perform(self, actor: User) -> Done:
        was = self.row.order
        label = labels.reorder_label(self.row, self.cleaned_data["order"], actor=actor)
        moved = label.order != was
        return Done(f"{label} stands at {label.order}." if moved else "Nothing changed.", label)


class SourceForm(StepForm):
    """promote_label_from"""

    lead = (
        "The label on which a version is tried before it comes here, where a policy asks for that. "
        "On a protected label another choice could weaken what has to be met before a release, so "
        "a second governance owner makes the same one before it counts. To choose what is so now "
        "takes back what was asked."
    )

    promotes_from = forms.ModelChoiceField(
        Label.objects.order_by("order", "name"),
        label="Promotes from",
        required=False,
        empty_label="No label: versions come here untried",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"promotes_from": self.row.promotes_from_id}
        self.fields["promotes_from"].help_text = asked_in_words(self.row)

    @override
    def perform(self, actor: User) -> Done:
        was = (self.row.promotes_from, self.row.asked_from, self.row.asked_by)
        source = self.cleaned_data["promotes_from"]
        label = labels.promote_label_from(self.row, source, actor=actor)
        if (label.promotes_from, label.asked_from, label.asked_by) == was:
            words = "Nothing changed."
        elif label.promotes_from != was[0]:
            words = f"{label} promotes from {source or 'no label'}."
        elif label.asked_by is not None:
            words = f"{label} stays as it is until another governance owner chooses the same."
        else:
            words = f"What was asked is taken back; {label} stays as it is."
        return Done(words, label)


def asked_in_words(label: Label) -> str:
    """Who asks that a label promotes from another one; empty where nobody does."""
    if label.asked_by is None:
        return ""
    wanted = label.asked_from or "no label"
    return f"{label.asked_by} asks that {label} promotes from {wanted}."


class ProtectForm(StepForm):
    """protect_label"""

    lead = (
        "From then on the label moves by approved changes only. To take that back takes two "
        "governance owners."
    )
    button = "Protect it"
    danger = True

    @override
    def perform(self, actor: User) -> Done:
        labels.protect_label(self.row, actor=actor)
        return Done(f"{self.row} is protected.", self.row)


def _unprotected(viewer: User, row: Any) -> bool:
    return not row.protected and governs(viewer, row)


@admin.register(Label)
class LabelAdmin(KeptAdmin):
    """Labels in their order."""

    one, many = "label", "labels"
    words = "The environments that serve prompts, such as staging and production."
    makers = (Step("label", "New label", LabelForm),)
    steps: ClassVar[tuple[Step, ...]] = (
        Step("order", "Change the order", OrderForm),
        Step("source", "Change what it promotes from", SourceForm),
        Step("protect", "Protect", ProtectForm, _unprotected),
    )
    list_display: ClassVar[list[str]] = ["name", "protected", "order", "promotes_from"]
    list_select_related: ClassVar[list[str]] = ["promotes_from"]
    fields: ClassVar[list[str]] = ["name", "protected", "order", "promotes_from", "asked"]

    @admin.display(description="asked for")
    def asked(self, row: Label) -> str:
        """A change of what it promotes from that waits for a second one."""
        return asked_in_words(row) or "Nothing."
