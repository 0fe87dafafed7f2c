"""Guards on SQLite: one trigger an event, and a rule against INSERT OR REPLACE.

SQLite fires no DELETE trigger for the rows that REPLACE removes, so a guarded table also refuses
the insert of a row that another one stands in the way of.
"""

import re
from collections.abc import Mapping, Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.triggers import (
    PREFIX,
    GuardError,
    Rule,
    Trigger,
    UniqueSet,
    columns_of,
    literal,
    primary_key_of,
    quoted,
    trigger_name,
)

_NAME = re.compile(r'\s*CREATE\s+TRIGGER\s+"?(?P<name>\w+)"?\s', re.IGNORECASE)
_SAME = re.compile(r"\bIS\s+NOT\s+DISTINCT\s+FROM\b", re.IGNORECASE)
_OTHER = re.compile(r"\bIS\s+DISTINCT\s+FROM\b", re.IGNORECASE)
_PARTIAL = re.compile(r"\)\s*WHERE\s+(?P<condition>.+)$", re.IGNORECASE | re.DOTALL)
# What NEW.rowid holds before an insert that leaves the number to SQLite.
_NO_ROWID = -1


def differs(column: str) -> str:
    """Return the condition that an UPDATE changes `column`, NULLs and case included."""
    return f"NEW.{quoted(column)} COLLATE BINARY IS NOT OLD.{quoted(column)}"


def replace_rules(
    connection: BaseDatabaseWrapper, table: str, named: Sequence[Sequence[str]]
) -> list[Rule]:
    """Return the rule that no inserted row may take the place of one that is there."""
    sets = {UniqueSet(tuple(columns)) for columns in named}
    sets.add(UniqueSet(tuple(primary_key_of(connection, table))))
    sets.update(_unique_indexes(connection, table))
    columns = columns_of(connection, table)
    ordered = sorted(sets, key=lambda item: (item.columns, item.condition))
    taken = [_taken(table, item, columns) for item in ordered]
    taken.append(f"NEW.rowid <> {_NO_ROWID} AND {_exists(quoted(table), 'rowid = NEW.rowid')}")
    return [
        Rule(
            name=trigger_name(table, "replace"),
            table=table,
            event="insert",
            message=f"rows of {table} are never replaced",
            when=" OR ".join(taken),
        )
    ]


def compile_rule(connection: BaseDatabaseWrapper, rule: Rule) -> list[Trigger]:
    """Return the one trigger of `rule`; none for TRUNCATE, which SQLite does not have."""
    if rule.event == "truncate":
        return []
    # A condition that is neither true nor false refuses: a guard errs on the safe side.
    condition = _OTHER.sub("IS NOT", _SAME.sub("IS", rule.when))
    when = f" WHEN COALESCE(({condition}), 1)" if condition else ""
    sql = (
        f"CREATE TRIGGER {quoted(rule.name)} BEFORE {rule.event.upper()} ON {quoted(rule.table)} "
        f"FOR EACH ROW{when} BEGIN SELECT RAISE(ABORT, {literal(PREFIX + rule.message)}); END"
    )
    return [Trigger(rule.name, rule.table, (sql,), (sql,))]


def compile_custom(
    connection: BaseDatabaseWrapper, table: str, statements: Sequence[str]
) -> list[Trigger]:
    """Return one trigger for each CREATE TRIGGER statement; raises GuardError for any other."""
    triggers = []
    for statement in statements:
        found = _NAME.match(statement)
        if found is None:
            raise GuardError(f"{table}: not a CREATE TRIGGER statement: {statement[:60]!r}")
        sql = statement.strip().rstrip(";").strip()
        triggers.append(Trigger(found["name"], table, (sql,), (sql,)))
    return triggers


def settle(connection: BaseDatabaseWrapper) -> None:
    """Do nothing: checks that wait keep no trigger from being made here."""


def drop(connection: BaseDatabaseWrapper, trigger: Trigger) -> None:
    """Drop `trigger` where it exists."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS {quoted(trigger.name)}")


def create(connection: BaseDatabaseWrapper, trigger: Trigger) -> None:
    """Create `trigger`, which must not exist."""
    with connection.cursor() as cursor:
        for statement in trigger.create:
            cursor.execute(statement)


def installed(
    connection: BaseDatabaseWrapper,
) -> Mapping[tuple[str, str], tuple[object, ...]]:
    """Return the text of each trigger in the database, by table and name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {(table, name): (sql,) for table, name, sql in cursor.fetchall()}


def _unique_indexes(connection: BaseDatabaseWrapper, table: str) -> list[UniqueSet]:
    found = []
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA index_list({quoted(table)})")
        indexes = [(row[1], row[4]) for row in cursor.fetchall() if row[2]]
        for name, partial in indexes:
            cursor.execute(f"PRAGMA index_info({quoted(name)})")
            columns = tuple(row[2] for row in cursor.fetchall())
            if None in columns:
                raise GuardError(f"{table}: the unique index {name} is on an expression")
            found.append(UniqueSet(columns, _condition(connection, name) if partial else ""))
    return found


def _condition(connection: BaseDatabaseWrapper, index: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [index])
        row = cursor.fetchone()
    found = _PARTIAL.search(row[0]) if row else None
    if found is None:
        raise GuardError(f"the condition of the unique index {index} cannot be read")
    return found["condition"].strip()


def _taken(table: str, unique: UniqueSet, columns: Sequence[str]) -> str:
    """Return the condition that a row of `table` already has NEW's values in a unique set."""
    name = quoted(table)
    match = " AND ".join(f"{quoted(column)} = NEW.{quoted(column)}" for column in unique.columns)
    if not unique.condition:
        return _exists(name, match)
    # The index counts only rows that meet its condition, which names bare columns: NEW is dressed
    # as a table of that name to be asked the same question.
    new = ", ".join(f"NEW.{quoted(column)} AS {quoted(column)}" for column in columns)
    standing = _exists(name, f"{match} AND ({unique.condition})")
    return f"({standing} AND {_exists(f'(SELECT {new}) AS {name}', unique.condition)})"


def _exists(source: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {source} WHERE {condition})"  # noqa: S608 - quoted own names
