"""Fields that several steps ask for, and tables for pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from typing_extensions import override

from registry.errors import BadInput
from registry.holdings import account_named


class AccountField(forms.CharField):
    """An account by its user name or e-mail address, as a person writes it; a list is too long."""

    def __init__(self, *, people_only: bool = False, **kwargs: Any) -> None:
        self.people_only = people_only
        kwargs.setdefault("help_text", "The user name or e-mail address.")
        super().__init__(**kwargs)

    @override
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return account_named(text, people_only=self.people_only) if text else None
        except BadInput as refusal:
            raise forms.ValidationError(refusal.sentence) from None


class WordsField(forms.CharField):
    """Several words on one line, separated by commas; a list."""

    @override
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return [word.strip() for word in text.split(",") if word.strip()]


class LinesField(forms.CharField):
    """A text of several lines; browsers send CRLF for what was LF."""

    def __init__(self, *, rows: int = 4, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows})
        super().__init__(**{"strip": False, "widget": widget, **kwargs})

    @override
    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class NewPasswordField(forms.CharField):
    """A password to be set, kept exactly as typed; never shown again."""

    widget = forms.PasswordInput

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        super().__init__(**{"strip": False, "widget": widget, **kwargs})


class SetField(forms.MultipleChoiceField):
    """Any number of choices, as a set."""

    widget = forms.CheckboxSelectMultiple

    @override
    def clean(self, value: Any) -> Any:
        return set(super().clean(value))


class WasField(forms.Field):
    """What was ticked when the page was made, so that only what a person changed is changed."""

    widget = forms.MultipleHiddenInput

    def __init__(self) -> None:
        super().__init__(required=False)

    @override
    def clean(self, value: Any) -> Any:
        return {str(item) for item in value or ()}


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> SafeString:
    """A small table for a page; a sentence where it has no rows."""
    context = {"head": head, "rows": [*rows], "empty": empty}
    return render_to_string("admin/table.html", context)
