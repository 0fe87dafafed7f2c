"""Filters of a list in the admin: those that its page offers, with values that a column can hold.

Django takes every lookup on every column of a model from the address. It would answer guesses at
columns that are not shown, and hand the database what it cannot read: U+0000, a year or a number
beyond its range, half a regular expression.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

#: the last year that has a year after it, which is where the rows of a year end
_DATES = {"year": 9998, "month": 12, "day": 31}
#: digits of a number that every database here can hold
_DIGITS = 18


def may_filter(model_admin: Any, lookup: str, value: str) -> bool:
    """Whether a list may be filtered by this part of its address; refused with 400 where not."""
    name, _, how = lookup.partition("__")
    if "\0" in value:
        return False
    if name == model_admin.date_hierarchy:
        return how in _DATES and 1 <= (_number(value) or 0) <= _DATES[how]
    own = {getattr(item, "parameter_name", None) for item in model_admin.list_filter}
    if lookup in own:
        return True
    if name not in model_admin.list_filter or how == "isnull":
        return name in model_admin.list_filter
    field = model_admin.opts.get_field(name)
    if field.related_model is None:
        return how in ("", "exact") and _holds(field, value)
    return how == f"{field.target_field.name}__exact" and _number(value) is not None


def _holds(field: Any, value: str) -> bool:
    try:
        field.to_python(value)
    except ValidationError:
        return False
    return True


def _number(text: str) -> int | None:
    known = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if known else None
