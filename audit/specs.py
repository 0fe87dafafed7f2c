"""The kinds of guard that a floor can ask for, and the rules that each one stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.triggers import Backend, Event, Rule, Trigger, primary_key_of, quoted, trigger_name


@dataclass(frozen=True)
class AppendOnly:
    """Rows are inserted and nothing else happens to them.

    Unique columns are found in the database; `unique` names further sets no insert may repeat.
    """

    table: str
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class EraseOnce:
    """Rows are inserted, and may change once: all `erasable` columns to NULL, `marker` set.

    `pk` is a column that no insert may repeat, as is each set in `unique`.
    """

    table: str
    pk: str
    erasable: tuple[str, ...]
    marker: str = "erased_at"
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class FrozenWhen:
    """Rows may change until the SQL condition `when` on OLD holds, and are never deleted."""

    table: str
    when: str
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class NoDelete:
    """Rows may change but never go away: DELETE, TRUNCATE and replacing are refused."""

    table: str
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class MonotonicHead:
    """One row, never deleted, whose `column` may only grow and whose `fixed` columns stay."""

    table: str
    column: str
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refuse:
    """Writes of kind `event` are refused where the SQL condition `when` is not false.

    One text for both databases: OLD and NEW, subqueries, IS [NOT] DISTINCT FROM; NULL refuses,
    and "" refuses every such write. OLD does not exist on insert, nor NEW on delete. `message`
    says the rule in words. `requires` names other tables that the condition reads, or columns as
    "table.column": until they exist, an earlier migration leaves the rule out.
    """

    name: str
    table: str
    event: Event
    when: str
    message: str
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Custom:
    """Hand-written triggers, for what the other specifications cannot say.

    Each statement is a whole CREATE TRIGGER (SQLite), or a CREATE FUNCTION followed by its plain
    CREATE TRIGGER (PostgreSQL). Names begin with "guard_", messages with "countersign guard: ".
    """

    name: str
    table: str
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]
    requires: tuple[str, ...] = ()


Spec = AppendOnly | EraseOnce | FrozenWhen | NoDelete | MonotonicHead | Refuse | Custom
Columns = Mapping[str, Sequence[str]]


def tables_of(spec: Spec) -> set[str]:
    """Return the tables that must exist before `spec` can be installed."""
    return {spec.table, *(name.partition(".")[0] for name in _requires(spec))}


def absent(spec: Spec, columns: Columns) -> list[str]:
    """Name the tables and columns that `spec` is about and that are not in `columns`."""
    wanted = [spec.table, *(f"{spec.table}.{name}" for name in _own_columns(spec))]
    return [name for name in (*wanted, *_requires(spec)) if not _exists(name, columns)]


def waits(spec: Spec, columns: Columns) -> bool:
    """Tell whether `spec` must wait for a later migration; an erasable column alone need not."""
    later = {f"{spec.table}.{name}" for name in _erasable(spec)}
    return any(name not in later for name in absent(spec, columns))


def triggers_of(
    spec: Spec, connection: BaseDatabaseWrapper, backend: Backend, columns: Sequence[str]
) -> list[Trigger]:
    """Return the triggers of `spec` for a table that has `columns`; raises GuardError."""
    if isinstance(spec, Custom):
        statements = spec.sqlite if connection.vendor == "sqlite" else spec.postgresql
        return backend.compile_custom(connection, spec.table, statements)
    rules = _rules(spec, connection, backend, columns)
    return [trigger for rule in rules for trigger in backend.compile_rule(connection, rule)]


def _rules(
    spec: Spec, connection: BaseDatabaseWrapper, backend: Backend, columns: Sequence[str]
) -> list[Rule]:
    match spec:
        case AppendOnly():
            kept = [_rule(spec.table, "update", "rows are never changed"), *_stays(spec.table)]
            return kept + backend.replace_rules(connection, spec.table, spec.unique)
        case EraseOnce():
            sets = ((spec.pk,), *spec.unique)
            kept = [_erase_rule(spec, backend, columns), *_stays(spec.table)]
            return kept + backend.replace_rules(connection, spec.table, sets)
        case FrozenWhen():
            frozen = _rule(spec.table, "update", "a finished row is never changed", spec.when)
            replaced = backend.replace_rules(connection, spec.table, spec.unique)
            return [frozen, *_stays(spec.table), *replaced]
        case NoDelete():
            replaced = backend.replace_rules(connection, spec.table, spec.unique)
            return [*_stays(spec.table), *replaced]
        case MonotonicHead():
            return _head_rules(spec, connection, backend)
        case Refuse():
            name = trigger_name(spec.table, spec.name)
            return [Rule(name, spec.table, spec.event, spec.message, spec.when)]
    return []


def _rule(table: str, event: Event, words: str, when: str = "") -> Rule:
    return Rule(trigger_name(table, event), table, event, f"{table}: {words}", when)


def _stays(table: str) -> list[Rule]:
    return [
        _rule(table, "delete", "rows are never deleted"),
        _rule(table, "truncate", "the table is never emptied"),
    ]


def _erase_rule(spec: EraseOnce, backend: Backend, columns: Sequence[str]) -> Rule:
    marker = quoted(spec.marker)
    erasable = [name for name in spec.erasable if name in columns]
    kept = [name for name in columns if name != spec.marker and name not in spec.erasable]
    refused = [f"OLD.{marker} IS NOT NULL", f"NEW.{marker} IS NULL"]
    refused += [f"NEW.{quoted(name)} IS NOT NULL" for name in erasable]
    refused += [backend.differs(name) for name in kept]
    words = f"a row changes once only, when {', '.join(spec.erasable)} are erased together"
    return _rule(spec.table, "update", words, " OR ".join(refused))


def _head_rules(
    spec: MonotonicHead, connection: BaseDatabaseWrapper, backend: Backend
) -> list[Rule]:
    column = quoted(spec.column)
    kept = [*primary_key_of(connection, spec.table), *spec.fixed]
    refused = [f"NEW.{column} <= OLD.{column}", *(backend.differs(name) for name in kept)]
    second = f"EXISTS (SELECT 1 FROM {quoted(spec.table)})"  # noqa: S608 - a quoted own name
    return [
        _rule(spec.table, "update", f"{spec.column} may only grow", " OR ".join(refused)),
        _rule(spec.table, "insert", "there is one row only", second),
        *_stays(spec.table),
    ]


def _requires(spec: Spec) -> tuple[str, ...]:
    return spec.requires if isinstance(spec, Refuse | Custom) else ()


def _erasable(spec: Spec) -> tuple[str, ...]:
    return spec.erasable if isinstance(spec, EraseOnce) else ()


def _own_columns(spec: Spec) -> tuple[str, ...]:
    match spec:
        case EraseOnce():
            return (spec.pk, spec.marker, *spec.erasable, *(n for u in spec.unique for n in u))
        case AppendOnly() | FrozenWhen() | NoDelete():
            return tuple(name for names in spec.unique for name in names)
        case MonotonicHead():
            return (spec.column, *spec.fixed)
    return ()


def _exists(name: str, columns: Columns) -> bool:
    table, _, column = name.partition(".")
    return table in columns and (not column or column in columns[table])
