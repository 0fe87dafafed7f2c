"""The password again: who posts a form is the person whose account it is, at this moment."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from approvals.errors import WrongPassword
from approvals.views import tries
from approvals.views.frame import SignedIn

PASSWORD = "password"  # noqa: S105  # the name of a method and of a field


def signed(request: SignedIn) -> tuple[str, datetime | None]:
    """How the person of a post proved who they are, and when: `auth_method` and `auth_at`.

    With a password in the form it is checked, and signs; without one it is the sign-in of the
    session, which signs nothing. Raises WrongPassword, and TooManyTries whatever was typed.
    """
    typed = request.POST.get(PASSWORD, "")
    if not typed:
        return PASSWORD, request.user.last_login
    tries.take(request.user, PASSWORD)
    if not request.user.check_password(typed):
        raise WrongPassword(
            "Type the password that you sign in with; it signs what you do here.", field=PASSWORD
        )
    tries.forget(request.user)
    return f"signature:{PASSWORD}", timezone.now()
