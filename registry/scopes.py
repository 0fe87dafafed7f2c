"""What a token may touch: its scopes, and its globs over labels and names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase

from registry.models import ServiceToken
from registry.names import name_key


def allows(
    token: ServiceToken, scope: str, *, name: str, at: datetime, label: str | None = None
) -> bool:
    """Tell whether a token is live, has the scope, and covers the prompt's name and the label."""
    return (
        token.is_live(at)
        and scope in token.scopes
        and covers_name(token, name)
        and (label is None or covers_label(token, label))
    )


def covers_label(token: ServiceToken, label: str) -> bool:
    """Tell whether a token's globs cover a label; names of labels keep their case."""
    return any(fnmatchcase(label, glob) for glob in token.labels)


def covers_name(token: ServiceToken, name: str) -> bool:
    """Tell whether a token's globs cover a prompt's name in any case; `*` crosses `/`."""
    return covers_key(token.names, name_key(name))


def covers_key(globs: Iterable[str], key: str) -> bool:
    """Tell whether globs over names cover a prompt by the key of its name."""
    return any(fnmatchcase(key, name_key(glob)) for glob in globs)
