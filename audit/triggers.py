"""What the guards are made of on either database: rules, and the triggers compiled from them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper

Event = Literal["insert", "update", "delete", "truncate"]
Kind = Literal["append", "replace"]

PREFIX = "countersign guard: "
NAME_LIMIT = 63


class GuardError(ValueError):
    """A guard specification that cannot be turned into triggers; the message says why."""


@dataclass(frozen=True)
class Rule:
    """Writes of kind `event` on `table` are refused where the SQL condition `when` is not false.

    An empty condition refuses every such write. The condition names the row before as OLD and the
    row after as NEW.
    """

    name: str
    table: str
    event: Event
    message: str
    when: str = ""


@dataclass(frozen=True)
class Trigger:
    """One compiled trigger: the statements that make it, and what the database then says of it."""

    name: str
    table: str
    create: tuple[str, ...]
    signature: tuple[object, ...]


@dataclass(frozen=True)
class UniqueSet:
    """Columns that are unique together, for the rows that meet `condition` (all when empty)."""

    columns: tuple[str, ...]
    condition: str = ""


class Backend(Protocol):
    """What one database brings: a module of these functions."""

    def differs(self, column: str) -> str:
        """Return the condition that an UPDATE changes `column`, NULLs and case included."""

    def replace_rules(
        self,
        connection: BaseDatabaseWrapper,
        table: str,
        named: Sequence[Sequence[str]],
    ) -> list[Rule]:
        """Return the rules that stop an INSERT from silently replacing a row of `table`."""

    def compile_rule(self, connection: BaseDatabaseWrapper, rule: Rule) -> list[Trigger]:
        """Return the triggers that enforce `rule`; none where the database lacks the event."""

    def compile_custom(
        self, connection: BaseDatabaseWrapper, table: str, statements: Sequence[str]
    ) -> list[Trigger]:
        """Return the triggers that hand-written statements create; raises GuardError."""

    def settle(self, connection: BaseDatabaseWrapper) -> None:
        """Have checks done that wait for the commit and until then keep tables from changing."""

    def drop(self, connection: BaseDatabaseWrapper, trigger: Trigger) -> None:
        """Drop `trigger` where it exists."""

    def create(self, connection: BaseDatabaseWrapper, trigger: Trigger) -> None:
        """Create `trigger`, which must not exist."""

    def installed(
        self, connection: BaseDatabaseWrapper
    ) -> Mapping[tuple[str, str], tuple[object, ...]]:
        """Return the signature of each trigger in the database, by table and name."""


def trigger_name(*parts: str) -> str:
    """Return the name of a guard's trigger, cut with a digest where a database would cut it."""
    name = "_".join(("guard", *parts))
    if len(name) <= NAME_LIMIT:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: NAME_LIMIT - 9]}_{digest}"


def quoted(name: str) -> str:
    """Return an SQL identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def columns_of(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """Return the column names of `table` as the database holds them now, in their order."""
    with connection.cursor() as cursor:
        # Django's own way parses the whole CREATE TABLE on SQLite, for collations nobody asks for.
        cursor.execute(f"SELECT * FROM {quoted(table)} LIMIT 0")  # noqa: S608  # quoted
        return [column[0] for column in cursor.description]


def primary_key_of(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """Return the primary key columns of `table` as the database holds them now."""
    with connection.cursor() as cursor:
        return list(connection.introspection.get_primary_key_columns(cursor, table) or [])
