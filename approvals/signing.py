"""The password again: who votes is the person whose account it is, at this moment."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from approvals import tries
from approvals.errors import WrongPassword
from registry.models import User

PASSWORD = "password"  # noqa: S105  # the name of a method and of a field


@sensitive_variables("typed")
def signed(person: User, typed: str) -> tuple[str, datetime | None]:
    """How a signed-in person proved who they are, and when: `auth_method` and `auth_at`.

    A password that was typed is checked, and signs; without one it is the sign-in of the session,
    which signs nothing. Raises WrongPassword, and TooManyTries whatever was typed.
    """
    if not typed:
        return PASSWORD, person.last_login
    tries.take(person, PASSWORD)
    if not (_is_text(typed) and person.check_password(typed)):
        raise WrongPassword(
            "Type the password that you sign in with; it signs what you do here.", field=PASSWORD
        )
    tries.forget(person)
    return f"signature:{PASSWORD}", timezone.now()


def _is_text(typed: str) -> bool:
    """Whether it can be hashed: JSON may hold a lone surrogate, which no form can send."""
    try:
        typed.encode()
    except UnicodeEncodeError:
        return False
    return True
