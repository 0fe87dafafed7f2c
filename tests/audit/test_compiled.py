"""Compiled queries say what their querysets say, in fewer journeys."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    DataError,
    connection,
    connections,
    transaction,
)
from django.db.models import Count, QuerySet, Value
from django.test.utils import CaptureQueriesContext

from audit.compiled import MOST, CompiledQuery, together

on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'",
    reason="only PostgreSQL takes many statements in one text, and prepares them",
)
#: more uses than it takes until a text is prepared
OFTEN = 5
ODD = "50 % of 'it' \\ \"%s\" \N{SNOWMAN}"

pytestmark = pytest.mark.django_db(transaction=True)


def _groups(names: list[str]) -> QuerySet[Group]:
    return Group.objects.filter(name__in=names).order_by("name")


def _by_codename(names: list[str]) -> QuerySet[Permission]:
    rows = Permission.objects.select_related("content_type").filter(codename__in=names)
    return rows.order_by("content_type__model", "pk")


KINDS: dict[str, Callable[[list[str]], QuerySet[Any, Any]]] = {
    "instances with what they point to": _by_codename,
    "some columns": lambda names: _by_codename(names).only("codename", "content_type__model"),
    "dicts": lambda names: _by_codename(names).values("codename", "content_type__model"),
    "tuples": lambda names: _by_codename(names).values_list("content_type__model", "codename"),
    "single values": lambda names: _by_codename(names).values_list("codename", flat=True),
    "annotated": lambda names: _by_codename(names).annotate(groups=Count("group")),
    "a union": lambda names: (
        _groups(names)
        .order_by()
        .values_list("name", Value("group %"))
        .union(_by_codename(names).order_by().values_list("codename", Value("codename")))
        .order_by("name")
    ),
    "distinct by an order of its own": lambda names: (
        _by_codename(names).values_list("codename", flat=True).distinct()
    ),
    "times and identifiers": lambda names: (
        get_user_model().objects.filter(username__in=names).values_list("public_id", "date_joined")
    ),
    "the first ones": lambda names: _by_codename(names)[:2],
}


def told(rows: list[Any]) -> list[Any]:
    """Rows with all that was read of them, and what of that was put off."""
    return [row if not hasattr(row, "_state") else _told(row) for row in rows]


def _told(row: Any) -> dict[str, Any]:
    found = {name: value for name, value in vars(row).items() if name != "_state"}
    beside = {name: _told(other) for name, other in row._state.fields_cache.items()}
    return {**found, **beside, "deferred": row.get_deferred_fields()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, MOST, MOST + 1])
def test_compiled__of_every_kind__gives_the_rows_of_its_queryset(kind: str, count: int) -> None:
    Group.objects.create(name="view_user")
    get_user_model().objects.create(username="view_user", email="a@example.org")
    found = Permission.objects.order_by("codename").values_list("codename", flat=True).distinct()
    names = ["view_user", *found[: count - 1]]
    query: CompiledQuery[Any] = CompiledQuery(KINDS[kind])
    wanted = told(list(KINDS[kind](names)))
    assert wanted
    assert [told(query(names)) for _ in range(OFTEN)] == [wanted] * OFTEN


def test_compiled__other_values__gives_other_rows() -> None:
    for name in ("a", "b", ODD):
        Group.objects.create(name=name)
    query = CompiledQuery[Group](lambda name: Group.objects.filter(name=name))
    for _ in range(OFTEN):
        assert [[g.name for g in query(name)] for name in ("a", ODD, "b", "c")] == [
            ["a"],
            [ODD],
            ["b"],
            [],
        ]


def test_compiled__a_value_twice_in_a_list__finds_its_row_once() -> None:
    Group.objects.create(name="a")
    assert len(CompiledQuery[Group](_groups)(["a", "a"])) == 1


def test_compiled__empty_list__finds_nothing_and_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert CompiledQuery[Group](_groups)([]) == []
    assert len(queries) == 0


def test_compiled__value_that_its_text_does_not_have__is_refused() -> None:
    query = CompiledQuery[Group](lambda name: Group.objects.filter(name__contains=name))
    with pytest.raises(TypeError, match="is not a parameter"):
        query("a")


def test_together__some_kept_some_long_some_empty__answers_in_their_order() -> None:
    for number in range(MOST + 1):
        Group.objects.create(name=f"g{number}")
    query, all_of_them = CompiledQuery[Group](_groups), CompiledQuery[Group](Group.objects.all)
    names = [f"g{number}" for number in range(MOST + 1)]
    for _ in range(OFTEN):
        found = together(
            query.of(names), query.of(["g1"]), query.of([]), all_of_them.of(), query.of(["none"])
        )
        assert [len(rows) for rows in found] == [MOST + 1, 1, 0, MOST + 1, 0]


def test_together__with_a_statement_before__answers_the_others() -> None:
    Group.objects.create(name="a")
    query = CompiledQuery[Group](_groups)
    for _ in range(OFTEN):
        first, second = together(query.of(["a"]), query.of(["b"]), first=("SELECT %s", ("x",)))
        assert ([g.name for g in first], second) == (["a"], [])


def test_together__nothing_asked__asks_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert together() == []
    assert len(queries) == 0


@on_postgresql
def test_together__on_postgresql__is_one_journey() -> None:
    query = CompiledQuery[Group](_groups)
    with CaptureQueriesContext(connection) as queries:
        together(query.of(["a"]), query.of(["a", "b"]), query.of(["c"]))
    assert len(queries) == 1


@on_postgresql
def test_compiled__used_often__is_prepared_once_on_each_connection() -> None:
    query = CompiledQuery[Group](_groups)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(OFTEN):
            query(["a"])
        connection.close()
        query(["a"])
    begins = ["EXECUTE" if "EXECUTE" in one["sql"] else "SELECT" for one in queries]
    assert begins == ["SELECT", "SELECT", "EXECUTE", "EXECUTE", "EXECUTE", "SELECT"]


@on_postgresql
def test_compiled__two_of_other_texts__are_prepared_under_other_names() -> None:
    """Whatever the order in which a process came to them: a pooler may mix their servers."""
    queries = [CompiledQuery[Group](Group.objects.filter(name__in=[name]).all) for name in "ab"]
    with CaptureQueriesContext(connection) as asked:
        for _ in range(OFTEN):
            for query in (*queries, CompiledQuery[Group](Group.objects.filter(name="a").all)):
                query()
    names = {one["sql"] for one in asked if one["sql"].startswith("EXECUTE")}
    assert len(names) == 3


@on_postgresql
def test_compiled__prepared_where_the_transaction_fails__answers_afterwards() -> None:
    query = CompiledQuery[Group](_groups)
    Group.objects.create(name="a")
    for _ in range(OFTEN):
        with pytest.raises(DataError):
            _ask_and_fail(query)
    assert len(query(["a"])) == 1


def _ask_and_fail(query: CompiledQuery[Group]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        assert len(query(["a"])) == 1
        cursor.execute("SELECT 1 / 0")


@on_postgresql
@pytest.mark.parametrize("uses", range(1, OFTEN))
def test_compiled__connection_lost_meanwhile__is_asked_on_another_one(
    uses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a web process finds it at the beginning of a request."""
    query = CompiledQuery[Group](_groups)
    Group.objects.create(name="a")
    for _ in range(uses):
        query(["a"])
    connection.connection.close()
    monkeypatch.setattr(connection, "health_check_enabled", True)
    monkeypatch.setattr(connection, "health_check_done", False)
    assert len(query(["a"])) == 1


@on_postgresql
@pytest.mark.parametrize("uses", range(OFTEN))
def test_compiled__in_a_transaction_that_failed__is_an_error_of_django(uses: int) -> None:
    query = CompiledQuery[Group](_groups)
    for _ in range(uses):
        query(["a"])
    with transaction.atomic():
        with connection.cursor() as cursor, pytest.raises(DataError):
            cursor.execute("SELECT 1 / 0")
        with pytest.raises(DatabaseError):
            query(["a"])
        connection.set_rollback(True)


def test_compiled__by_a_thread_that_ended__keeps_no_connection() -> None:
    query = CompiledQuery[Group](_groups)
    wrappers: list[weakref.ref[Any]] = []

    def ask() -> None:
        query(["a"])
        wrappers.append(weakref.ref(connections[DEFAULT_DB_ALIAS]))
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    gc.collect()
    assert wrappers[0]() is None
    assert query(["a"]) == []


@on_postgresql
def test_compiled__behind_a_pool__is_never_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    query = CompiledQuery[Group](_groups)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(OFTEN):
            query(["a"])
    assert not [one for one in queries if "EXECUTE" in one["sql"]]
