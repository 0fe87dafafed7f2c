"""Policies as one YAML file that can live in git: all of them, in the order they are asked.

The file is a list under `policies`; each has a `name` and the fields of its document. Only plain
YAML is read: no aliases, no tags, and each key once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from approvals.policies.document import PolicyRules, UnreadablePolicy, document_of, rules_of

MAX_BYTES = 1_048_576


@dataclass(frozen=True)
class NamedPolicy:
    """A policy of a file: its name, and its whole document of schema 2."""

    name: str
    document: dict[str, Any]


def dump(policies: Iterable[tuple[str, PolicyRules]]) -> str:
    """The file's text; `load` of it gives the same policies."""
    rows = [{"name": name, **document_of(rules)} for name, rules in policies]
    return yaml.safe_dump({"policies": rows}, sort_keys=False, allow_unicode=True, width=100)


def load(text: str) -> list[NamedPolicy]:
    """The policies of a file; UnreadablePolicy names the line or the field that is wrong."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UnreadablePolicy(f"the file is larger than {MAX_BYTES:,} bytes")
    try:
        _plain(text)
        data = yaml.load(text, Loader=_Once)  # noqa: S506  # a SafeLoader that takes each key once
    except yaml.MarkedYAMLError as error:
        raise UnreadablePolicy(f"{_place(error.problem_mark)}{error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadablePolicy(f"this is not YAML: {error}") from None
    if not isinstance(data, dict) or set(data) != {"policies"}:
        raise UnreadablePolicy("the file has one key, policies, with a list")
    if not isinstance(data["policies"], list) or not data["policies"]:
        raise UnreadablePolicy("policies: a list with at least one policy is needed")
    found = [*_named(data["policies"])]
    names = [policy.name.casefold() for policy in found]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise UnreadablePolicy(f"policies[{number}].name: “{name}” stands twice")
    return found


def _named(rows: list[Any]) -> Iterator[NamedPolicy]:
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"]:
            raise UnreadablePolicy(f"policies[{number}].name: a text is needed")
        document = {key: value for key, value in row.items() if key != "name"}
        try:
            rules = rules_of(document, name=row["name"])
        except UnreadablePolicy as error:
            raise UnreadablePolicy(f"policies[{number}] ({row['name']}): {error}") from None
        yield NamedPolicy(row["name"], document_of(rules))


def _plain(text: str) -> None:
    """UnreadablePolicy for an alias: one of them can stand for a file of any size."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise UnreadablePolicy(f"{_place(event.start_mark)}write it out instead of an alias")


def _place(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""


class _Once(yaml.SafeLoader):
    """Refuses a mapping that has a key twice, where YAML would keep the last."""


def _mapping(loader: _Once, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            problem = "a key has to be a text"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        if key in seen:
            problem = f"“{key}” stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Once.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
