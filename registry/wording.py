"""Words for lists of people, the same in every refusal, list and mail."""

from __future__ import annotations

from collections.abc import Sequence

#: names said before "and so many others"
MOST_NAMES = 5


def either(names: Sequence[str]) -> str:
    """ "Mara", "Mara or Ann", "Mara, Ann or 3 others"; empty for nobody."""
    said = [*names[:MOST_NAMES]]
    others = len(names) - len(said)
    if others:
        said.append("1 other" if others == 1 else f"{others} others")
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}" if said else ""
