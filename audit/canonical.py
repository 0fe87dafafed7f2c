"""Canonical JSON text (RFC 8785) and digests: the only bytes that are ever hashed or signed."""

import hashlib
import json
from typing import Any

import rfc8785

MAX_INT = 2**53 - 1
MAX_DEPTH = 64


class CanonicalError(ValueError):
    """A value that has no canonical text here; the message names the place and the rule."""


def canonical(value: object) -> str:
    """Return the RFC 8785 text of `value`; raises CanonicalError for what `check_value` refuses."""
    check_value(value)
    return rfc8785.dumps(value).decode("utf-8")  # type: ignore[arg-type]  # checked one line above


def sha256_hex(data: str | bytes) -> str:
    """Return the SHA-256 of bytes, or of the UTF-8 of a text, as 64 lower-case hex digits."""
    return hashlib.sha256(data.encode("utf-8") if isinstance(data, str) else data).hexdigest()


def check_value(value: object, place: str = "$", depth: int = 0) -> None:
    """Raise CanonicalError unless `value` is made of str, int, bool, None, list and dict only.

    Floats are refused (their text differs between writers), as are integers beyond 2^53-1, keys
    that are not text, U+0000, lone surrogates and more than 64 levels.
    """
    if depth > MAX_DEPTH:
        raise CanonicalError(f"{place}: nested deeper than {MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        check_text(value, place)
    elif isinstance(value, int):
        if not -MAX_INT <= value <= MAX_INT:
            raise CanonicalError(f"{place}: the integer is beyond 2^53-1; give it as text")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_value(item, f"{place}[{index}]", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise CanonicalError(f"{place}: the key {key!r} is not text")
            check_text(key, f"{place} key {key!r}")
            check_value(item, f"{place}.{key}", depth + 1)
    else:
        raise CanonicalError(f"{place}: {_refusal(value)}")


def check_text(text: str, place: str = "$") -> None:
    """Raise CanonicalError where `text` holds U+0000 or a lone surrogate."""
    if "\x00" in text:
        raise CanonicalError(f"{place}: U+0000 is not allowed")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError(
            f"{place}: lone surrogate at character {error.start}, not valid Unicode text"
        ) from error


def parse_canonical(text: str) -> Any:
    """Read JSON text; raises CanonicalError unless it is, byte for byte, its own canonical text."""
    try:
        value = json.loads(text, parse_float=_no_number, parse_constant=_no_number)
    except CanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        raise CanonicalError(f"not JSON: {error}") from error
    if canonical(value) != text:
        raise CanonicalError("not in canonical form (RFC 8785)")
    return value


def _refusal(value: object) -> str:
    if isinstance(value, float):
        return "floats are not allowed; use whole units or text"
    if isinstance(value, tuple):
        return "tuples are not allowed; use a list"
    return f"{type(value).__name__} is not allowed; give it as text"


def _no_number(text: str) -> object:
    raise CanonicalError(f"the number {text} is not allowed; only whole numbers are")
