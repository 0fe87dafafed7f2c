"""JSON that somebody wrote: an object says each name once, or nobody knows what was meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

Pairs = list[tuple[str, Any]]
#: characters of a name that a refusal shows
_SHOWN = 100


def each_once(refused: Callable[[str], Exception]) -> Callable[[Pairs], dict[str, Any]]:
    """Return an `object_pairs_hook` that raises `refused(name)` for a name that stands twice."""

    def read(pairs: Pairs) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise refused(twice[:_SHOWN].encode("utf-8", "replace").decode())
        return found

    return read
