"""Tokens of applications and CI: made with a secret that is shown once, and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.utils import timezone
from typing_extensions import override

from registry.admin.fields import SetField, WordsField
from registry.admin.looking import LookAdmin
from registry.admin.steps import Done, Step, StepForm, governs
from registry.models import ServiceToken, User
from registry.services import tokens

_SCOPES = {
    "read": "read: what a label serves",
    "preview": "preview: the content of open changes",
    "place": "place: move unprotected labels",
    "propose": "propose: propose changes and take back its own",
    "release": "release: release what is approved",
    "check": "check: post test evidence",
}
_DAYS = [("90", "in 90 days"), ("30", "in 30 days"), ("365", "in a year"), ("never", "never")]


class TokenForm(StepForm):
    """create_token"""

    lead = "The secret is shown once, on the next page. Only its fingerprint is kept."
    button = "Make the token"

    account = forms.ModelChoiceField(
        User.objects.filter(kind=User.Kind.SERVICE, is_active=True).order_by("display_name"),
        label="Service account",
        help_text="The token acts as this account. Make one under People first.",
    )
    name = forms.CharField(
        max_length=100, help_text="What uses it, such as checkout in production."
    )
    scopes = SetField(choices=[(s, _SCOPES.get(s, s)) for s in ServiceToken.SCOPES])
    labels = WordsField(initial="*", help_text="Labels it may touch, by comma; * is all of them.")
    names = WordsField(
        label="Prompts",
        initial="*",
        help_text="Names it may touch, by comma, such as support/*; * is all of them.",
    )
    ends = forms.ChoiceField(choices=_DAYS)

    @override
    def perform(self, actor: User) -> Done:
        data = dict(self.cleaned_data)
        days = data.pop("ends")
        ends = timezone.now() + timedelta(days=int(days)) if days != "never" else None
        token, secret = tokens.create_token(**data, expires_at=ends, actor=actor)
        return Done(f"The secret of {token.name}", token, secret)


class RevokeForm(StepForm):
    """revoke_token"""

    lead = "Whatever uses this token is refused from the next request on. This cannot be undone."
    button = "Revoke"
    danger = True

    @override
    def perform(self, actor: User) -> Done:
        tokens.revoke_token(self.row, actor=actor)
        return Done(f"{self.row} was revoked.", self.row)


def _live(viewer: User, row: Any) -> bool:
    return row.revoked_at is None and governs(viewer, row)


@admin.register(ServiceToken)
class TokenAdmin(LookAdmin):
    """Tokens without their secrets; the fingerprint is not shown and cannot be guessed at."""

    one, many = "token", "tokens"
    words = (
        "What applications and CI sign in with. A token acts as a service account, and never votes."
    )
    makers = (Step("token", "New token", TokenForm),)
    steps = (Step("revoke", "Revoke", RevokeForm, _live),)
    list_display: ClassVar[list[str]] = [
        "name",
        "account",
        "begins",
        "scopes_given",
        "expires_at",
        "revoked_at",
        "last_used_at",
    ]
    list_select_related: ClassVar[list[str]] = ["account"]
    search_fields: ClassVar[list[str]] = ["name", "prefix"]
    fields: ClassVar[list[str]] = [
        "name",
        "account",
        "begins",
        "scopes_given",
        "labels_given",
        "names_given",
        "made_by",
        "created_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
    ]

    @admin.display(description="begins with")
    def begins(self, token: ServiceToken) -> str:
        """The part of the secret that may be shown."""
        return f"{tokens.SCHEME}_{token.prefix}_…"

    @admin.display(description="scopes")
    def scopes_given(self, token: ServiceToken) -> str:
        """The scopes, on one line."""
        return ", ".join(token.scopes)

    @admin.display(description="labels")
    def labels_given(self, token: ServiceToken) -> str:
        """The labels it may touch."""
        return ", ".join(token.labels)

    @admin.display(description="prompts")
    def names_given(self, token: ServiceToken) -> str:
        """The prompts it may touch."""
        return ", ".join(token.names)
