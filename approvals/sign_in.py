"""The forms to sign in, of the pages and of the admin: each counts its tries."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from typing_extensions import override
from unfold.forms import AuthenticationForm as AdminAuthenticationForm

from approvals import tries
from approvals.errors import TooManyTries


class SignInForm(AuthenticationForm):
    """Refuses, whatever was typed, after so many wrong passwords for a name from an address."""

    @override
    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not name or not password:
            return super().clean()
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        try:
            tries.take_sign_in(name, address)
        except TooManyTries as refusal:
            raise ValidationError(refusal.sentence, code=refusal.code) from refusal
        cleaned = super().clean()
        tries.forget_sign_in(name, address)
        return cleaned

    @property
    def is_too_many(self) -> bool:
        """Whether it was refused for its many tries, and the password was not looked at."""
        return self.has_error("__all__", TooManyTries.code)


class AdminSignInForm(SignInForm, AdminAuthenticationForm):  # type: ignore[misc]  # Any: no types
    """The same in the admin's own look."""
