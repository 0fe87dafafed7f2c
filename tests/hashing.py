"""Passwords of the tests: the product's own algorithm, in one round instead of a million."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class OneRound(PBKDF2PasswordHasher):
    """Says in each hash how many rounds it took, so that the product's processes can check it."""

    iterations = 1
