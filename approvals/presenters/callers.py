"""What applications that read a prompt have to do after a change of its interface or model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def callers_must(kind: str, base: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[str, ...]:
    """One sentence for each thing that callers meet; empty where nothing changes for them."""
    if kind not in ("INTERFACE_CHANGE", "MODEL_CHANGE"):
        return ()
    return (
        *_variables(set(base.get("variables", ())), set(body.get("variables", ()))),
        *_rest(base, body),
        *_settings(base.get("model_settings") or {}, body.get("model_settings") or {}),
    )


def _variables(before: set[str], after: set[str]) -> list[str]:
    found = []
    if after - before:
        found.append(f"Pass {_names(after - before)}: the new text asks for it.")
    if before - after:
        found.append(f"{_names(before - after)} can be left out: the new text does not use it.")
    return found


def _rest(base: Mapping[str, Any], body: Mapping[str, Any]) -> list[str]:
    found = []
    if base.get("template_format") != body.get("template_format"):
        found.append(
            f"Fill in the text as {body.get('template_format')}; it was "
            f"{base.get('template_format')}."
        )
    if _roles(base) != _roles(body):
        found.append(f"Expect these messages: {', '.join(_roles(body)) or 'none'}.")
    found += _tools(base.get("tools") or [], body.get("tools") or [])
    return found + _answers(base.get("response_format"), body.get("response_format"))


def _tools(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    if _json(before) == _json(after):
        return []
    old, new = _by_name(before), _by_name(after)
    found = []
    if new.keys() - old.keys():
        found.append(f"Be ready for calls of {_names(new.keys() - old.keys())}: a new tool.")
    if old.keys() - new.keys():
        found.append(f"No call of {_names(old.keys() - new.keys())} comes any more.")
    changed = {name for name in old.keys() & new.keys() if old[name] != new[name]}
    if changed:
        found.append(f"Read {_names(changed)} again: what the tool takes or says changed.")
    return found or ["Read the tools again: they changed."]


def _by_name(tools: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Tools by the name that a model calls them by; there may be several of one name."""
    found: dict[str, list[str]] = {}
    for tool in tools:
        inner = tool.get("function")
        name = tool.get("name") or (inner.get("name") if isinstance(inner, Mapping) else None)
        found.setdefault(str(name or "a tool without a name"), []).append(_json(tool))
    return found


def _answers(before: Any, after: Any) -> list[str]:
    if _json(before) == _json(after):
        return []
    if after is None:
        return ["Expect answers in no set format: the response format is gone."]
    if before is None:
        return [f"Read answers in the response format {_kind(after)}; there was none before."]
    return [f"Read answers in the new response format {_kind(after)}."]


def _kind(response_format: Any) -> str:
    kind = response_format.get("type") if isinstance(response_format, Mapping) else None
    return str(kind or "that is set now")


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} is {_value(after, key)}, was {_value(before, key)}."
        for key in sorted({*before, *after})
        if _value(before, key) != _value(after, key)
    ]


def _value(settings: Mapping[str, Any], key: str) -> str:
    return _json(settings[key]) if key in settings else "not set"


def _roles(body: Mapping[str, Any]) -> list[str]:
    template = body.get("template")
    return [message["role"] for message in template] if isinstance(template, list) else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
