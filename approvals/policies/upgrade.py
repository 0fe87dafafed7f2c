"""Reading a policy of schema 1 as the schema 2 document that says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def from_schema_1(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same rules in schema 2; a field of the wrong type is left for the reader to name.

    Schema 1 had its stages at the same time, so they become the sign-offs of one stage.
    """
    found = dict(data)
    scope = {key: found.pop(key) for key in ("labels", "names") if key in found}
    found["scope"] = scope
    if found.get("stages"):
        found["stages"] = [{"title": "Sign-offs", "sign_offs": found["stages"]}]
    if isinstance(found.get("staging"), bool):
        found["staging"] = {"minutes": 0} if found["staging"] else None
    return found
