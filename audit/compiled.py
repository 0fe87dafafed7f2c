"""Queries whose SQL is composed once, asked together, and planned once: what every decision reads.

Django composes the text of a query anew each time, and PostgreSQL plans it anew: both take longer
than to find a row by its key. And each query is a journey. So:

- a text is kept by the shape of its values (`CompiledQuery`)
- on PostgreSQL many go in one journey (`together`), and from its third use on a connection on each
  is a prepared statement (SQL PREPARE), unless the connection is one of a pool that hands out
  another server at each transaction: Django's DISABLE_SERVER_SIDE_CURSORS says so

The parts of a compiler that are used here are those that `QuerySet` uses of it itself (Django 5.2,
`django/db/models/query.py`); a test holds the rows together with those of the queryset.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet

Row = TypeVar("Row")
Value = int | str | Sequence[int] | Sequence[str]
Build = Callable[..., QuerySet[Any, Row]]
Text = tuple[str, tuple[Any, ...]]

#: values in a list up to which a query is kept; each length is a text of its own
MOST = 8
#: uses of a text on one connection after which it is prepared there
_PLAIN = 2
# Any that no query of ours has in its own text.
_NUMBER, _WORD = 2_000_000_000, "\x01value "

#: uses of each text on each open connection of psycopg
_uses: WeakKeyDictionary[Any, Counter[str]] = WeakKeyDictionary()


class CompiledQuery(Generic[Row]):
    """A query by integers, strings and lists of them, as `build` makes it from these.

    Called with values it gives the rows that `list(build(*values))` gives. `build` may not decide
    by the values. An empty list finds nothing. Raises TypeError for values of another type.
    """

    def __init__(self, build: Build[Row]) -> None:
        self._build = build
        self._kept: dict[object, _Compiled[Row]] = {}

    def __call__(self, *values: Value) -> list[Row]:
        return together(self.of(*values))[0]

    def of(self, *values: Value) -> Asked[Row]:
        """The query by these values, not yet asked, for `together`."""
        flat: list[int | str] = []
        shape: list[object] = []
        for value in values:
            if isinstance(value, int | str):
                flat.append(value)
                shape.append(type(value))
            elif len(value) > MOST:
                return Asked(queryset=self._build(*values))
            elif not value:
                return Asked()
            else:
                # A list that names one twice is another text.
                flat += dict.fromkeys(value)
                shape.append((len(flat), type(flat[-1])))
        key = (connections[DEFAULT_DB_ALIAS].vendor, *shape)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _Compiled(self._build, values)
        return Asked(kept, tuple(flat))


@dataclass(frozen=True)
class Asked(Generic[Row]):
    """A query with its values: a kept text, a queryset where there is none, or nothing to ask."""

    kept: _Compiled[Row] | None = None
    values: tuple[int | str, ...] = ()
    queryset: QuerySet[Any, Row] | None = None


def together(*asked: Asked[Any], first: Text | None = None) -> list[list[Any]]:
    """The rows of each, in their order; in one journey where the database takes many statements.

    `first` is a statement before all of them whose answer is of no interest. Each statement sees
    what was committed before it began, as if asked alone.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    kept = [one for one in asked if one.kept]
    texts = [first] if first else []
    texts += [*_prepared(connection, kept)] if _prepares(connection) else [*_plain(kept)]
    texts = in_one(connection, texts)
    found: list[list[Any]] = []
    with connection.cursor() as cursor:
        answers = _answers(cursor, texts)
        if first:
            next(answers)
        for one in asked:
            if one.kept:
                next(answers)
                found.append(one.kept.made(connection, cursor.fetchall()))
            else:
                found.append([] if one.queryset is None else list(one.queryset))
    return found


def in_one(connection: Any, texts: list[Text]) -> list[Text]:
    """The texts as one where the database takes many statements at once, else as they are."""
    if connection.vendor != "postgresql" or len(texts) < 2:
        return texts
    return [(";\n".join(sql for sql, _ in texts), tuple(p for _, params in texts for p in params))]


def _answers(cursor: Any, texts: list[Text]) -> Iterator[None]:
    """Put the cursor on the answer to one statement after the other."""
    for text in texts:
        cursor.execute(*text)
        yield
    # One text may have had many.
    while texts:
        cursor.nextset()
        yield


def _plain(asked: Sequence[Asked[Any]]) -> Iterator[Text]:
    for one in asked:
        if one.kept:
            yield one.kept.bound(one.values)


def _prepares(connection: Any) -> bool:
    pooled = connection.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")
    return connection.vendor == "postgresql" and not pooled


def _prepared(connection: Any, asked: Sequence[Asked[Any]]) -> Iterator[Text]:
    """Texts that call what is prepared on this connection, and prepare what is used so often."""
    # As a cursor would: a connection that was lost meanwhile is another one after this.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    uses = _uses.setdefault(connection.connection, Counter())
    for one in asked:
        kept = one.kept
        if kept is None:
            continue
        if uses[kept.name] == _PLAIN:
            # Past the wrappers of Django: it reads nothing. It stays where the transaction fails.
            with connection.wrap_database_errors:
                connection.connection.execute(kept.preparation(connection))
        yield kept.call(one.values) if uses[kept.name] >= _PLAIN else kept.bound(one.values)
        uses[kept.name] += 1


class _Compiled(Generic[Row]):
    """The text of one query, and where in its parameters each value goes."""

    def __init__(self, build: Build[Row], values: Sequence[Value]) -> None:
        marks: list[int | str] = []

        def mark(value: object) -> int | str:
            if not isinstance(value, int | str):
                raise TypeError(f"a compiled query takes integers and strings, not {value!r}")
            number = len(marks)
            marks.append(_NUMBER + number if isinstance(value, int) else f"{_WORD}{number}")
            return marks[-1]

        given = [
            mark(v) if isinstance(v, int | str) else [mark(item) for item in dict.fromkeys(v)]
            for v in values
        ]
        self._queryset = build(*given)
        self._compiler: Any = self._queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        self._sql, params = self._compiler.as_sql()
        columns = [column for column, *_ in self._compiler.select[: self._compiler.col_count]]
        self._converters = self._compiler.get_converters(columns)
        if self._compiler.connection.vendor == "sqlite":
            # These are of the connection: each has to take its own.
            self._converters = None
        # A connection stays open as long as something knows of it.
        self._compiler.connection = None
        #: of each parameter the number of its value, or what the text has there itself
        self._places = [(marks.index(p), None) if p in marks else (-1, p) for p in params]
        lost = set(range(len(marks))) - {place for place, _ in self._places}
        # By its text: a pooler nobody told of may bring a server that another process prepared,
        # and there a name must never stand for something else.
        text = repr((self._sql, self._places)).encode()
        self.name = f"countersign_{sha256(text).hexdigest()[:32]}"
        if lost:
            raise TypeError(f"value {min(lost)} of a compiled query is not a parameter of its SQL")

    def bound(self, values: Sequence[int | str]) -> Text:
        """The SQL and its parameters for these values."""
        return self._sql, tuple(values[at] if at >= 0 else own for at, own in self._places)

    def preparation(self, connection: Any) -> str:
        """The statement that prepares it under its name."""
        places = tuple(
            f"${at + 1}" if at >= 0 else connection.ops.compose_sql("%s", [own])
            for at, own in self._places
        )
        return f"PREPARE {self.name} AS {self._sql % places}"

    def call(self, values: Sequence[int | str]) -> Text:
        """The statement that asks what is prepared."""
        given = f"({', '.join(['%s'] * len(values))})" if values else ""
        return f"EXECUTE {self.name}{given}", tuple(values)

    def made(self, connection: Any, fetched: list[Any]) -> list[Row]:
        """What the queryset makes of the rows that the database gave."""
        if not fetched:
            return []
        if self._compiler.has_extra_select:
            fetched = [row[: self._compiler.col_count] for row in fetched]
        compiler = copy.copy(self._compiler)
        compiler.connection = connection
        if self._converters is not None:
            compiler.get_converters = lambda _: self._converters
        compiler.execute_sql = lambda *_, **__: [fetched]
        query: Any = copy.copy(self._queryset.query)
        query.get_compiler = lambda *_, **__: compiler
        queryset: Any = self._queryset
        rows = type(queryset)(model=queryset.model, query=query, using=DEFAULT_DB_ALIAS)
        rows._iterable_class, rows._fields = queryset._iterable_class, queryset._fields
        return list(rows)
