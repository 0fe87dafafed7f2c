"""The password again: who posts a form is the person whose account it is, at this moment."""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from approvals.errors import TooManyTries, WrongPassword
from approvals.views.frame import SignedIn

#: wrong passwords that one account may send within so many seconds
TRIES, WITHIN_SECONDS = 5, 15 * 60
PASSWORD = "password"  # noqa: S105  # the name of a method and of a field


def signed(request: SignedIn) -> tuple[str, datetime | None]:
    """How the person of a post proved who they are, and when: `auth_method` and `auth_at`.

    With a password in the form it is checked, and signs; without one it is the sign-in of the
    session, which signs nothing. Raises WrongPassword, and TooManyTries whatever was typed.
    """
    typed = request.POST.get(PASSWORD, "")
    if not typed:
        return PASSWORD, request.user.last_login
    tries = f"signing:{request.user.public_id}"
    # Counted before it is checked, so that many posts at once are no more tries than five.
    if _count(tries) > TRIES:
        raise TooManyTries(
            f"A wrong password was typed {TRIES} times. Wait {WITHIN_SECONDS // 60} minutes and "
            "try again; nothing was signed.",
            field=PASSWORD,
        )
    if not request.user.check_password(typed):
        raise WrongPassword(
            "Type the password that you sign in with; it signs what you do here.", field=PASSWORD
        )
    cache.delete(tries)
    return f"signature:{PASSWORD}", timezone.now()


def _count(tries: str) -> int:
    """This try's number since the first one, which is forgotten after a while."""
    if cache.add(tries, 1, timeout=WITHIN_SECONDS):
        return 1
    try:
        return cache.incr(tries)
    except ValueError:  # forgotten between the two calls
        cache.set(tries, 1, timeout=WITHIN_SECONDS)
        return 1
