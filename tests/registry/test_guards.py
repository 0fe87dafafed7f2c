"""What the database itself refuses, to whoever writes past the verbs: raw SQL on each table."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import IntegrityError, connection, transaction

from audit.guards import missing
from audit.triggers import columns_of
from registry.guards import SPECS
from registry.models import Label, Namespace, Prompt, Release, User, Version
from registry.services import labels, people
from tests.registry.steps import add_version, move, take_off
from tests.registry.test_releases import recall

APPEND_ONLY = [
    "registry_release",
    "registry_recall",
    "registry_unprotection",
    "registry_historicalprompt",
    "registry_historicalversion",
    "registry_historicallabel",
    "registry_historicalgroup",
    "registry_historicalmembership",
]
KEPT = ["registry_prompt", "registry_label", "registry_namespace", "registry_labelpointer"]


@dataclass(frozen=True)
class World:
    """A row in every guarded table."""

    prompt: Prompt
    staging: Label
    production: Label
    first: Version
    second: Version
    row: Release
    author: User


@pytest.fixture
def world(
    prompt: Prompt, staging: Label, production: Label, author: User, governance_owner: User
) -> World:
    """v1 is live on production, v2 exists, v3 is recalled, staging is empty.

    A label eu was protected once.
    """
    people.leave(author, "authors", actor=governance_owner)
    people.join(author, "authors", actor=governance_owner)
    first = add_version(prompt, "Be polite.", author=author)
    second = add_version(prompt, "Be warm.", author=author)
    recall(add_version(prompt, "Be rude.", author=author), author)
    row = move(prompt, production, first, actor=author)
    take_off(labels.create_label("eu", protected=True, actor=governance_owner), governance_owner)
    return World(prompt, staging, production, first, second, row, author)


def sql(statement: str, *params: str | int | bool) -> int:
    """Run a statement past every model and verb; return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.rowcount


def refused(words: str, statement: str, *params: str | int | bool) -> None:
    """Assert that a guard refuses a statement, in these words."""
    with (
        pytest.raises(IntegrityError, match=f"countersign guard: .*{words}"),
        transaction.atomic(),
    ):
        sql(statement, *params)


def copy_of(table: str, pk: int, **changed: str) -> str:
    """Return an INSERT of a row like another, with some columns as given SQL."""
    columns = columns_of(connection, table)
    key = "history_id" if "history_id" in columns else "id"
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    return f"INTO {table} ({names}) SELECT {values} FROM {table} WHERE {key} = {pk}"


def a_key(table: str) -> int:
    """Return the primary key of some row."""
    key = "history_id" if "history_id" in columns_of(connection, table) else "id"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key} FROM {table} ORDER BY 1 LIMIT 1")
        return int(cursor.fetchone()[0])


def test_guards__migrated__none_is_missing(db: None) -> None:
    assert missing(SPECS, connection) == []


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_update__append_only_table__is_refused(world: World, table: str) -> None:
    key = "history_id" if "historical" in table else "id"
    refused("never changed", f"UPDATE {table} SET {key} = {key}")


@pytest.mark.parametrize("table", [*APPEND_ONLY, *KEPT, "registry_version"])
def test_delete__guarded_table__is_refused(world: World, table: str) -> None:
    refused("never deleted", f"DELETE FROM {table}")


@pytest.mark.parametrize("table", [*APPEND_ONLY, *KEPT, "registry_version"])
def test_truncate_or_replace__guarded_table__is_refused(world: World, table: str) -> None:
    """Each database has one way to lose rows without a DELETE."""
    if connection.vendor == "postgresql":
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        refused("never emptied", f"TRUNCATE {table} CASCADE")
    else:
        # An un-protection that is there already is not the next one either, and one guard speaks.
        words = "(never replaced|the next one of a protected label)"
        refused(words, f"INSERT OR REPLACE {copy_of(table, a_key(table))}")


def test_orm_delete__history__is_refused(world: World) -> None:
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        world.prompt.history.all().delete()


# -- content --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "document = document || ' '",
        "number = number + 10",
        "content_digest = 'x'",
        "interface_digest = 'x'",
        "settings_digest = 'x'",
        "provenance_digest = 'x'",
        "template_format = 'x'",
        "provenance = '{\"a\": 1}'",
        "imported = NOT imported",
        "author_id = author_id + 1",
        "created_at = erased_at",
        "public_id = NULL",
        "erased_at = created_at",
        "document = NULL",
        "document = NULL, erased_at = created_at, content_digest = 'x'",
    ],
)
def test_update__version__is_refused(world: World, change: str) -> None:
    refused(
        "changes once only", f"UPDATE registry_version SET {change} WHERE id = %s", world.first.pk
    )


def test_update__version_erased__happens_once(world: World) -> None:
    erase = "UPDATE registry_version SET document = NULL, erased_at = created_at WHERE id = %s"
    assert sql(erase, world.second.pk) == 1
    refused("changes once only", erase, world.second.pk)


def test_update__version_erased__cannot_be_filled_again(world: World) -> None:
    sql(
        "UPDATE registry_version SET document = NULL, erased_at = created_at WHERE id = %s",
        world.second.pk,
    )
    fill = "UPDATE registry_version SET document = 'x', erased_at = NULL WHERE id = %s"
    refused("changes once only", fill, world.second.pk)


# -- names and labels -----------------------------------------------------------------------


@pytest.mark.parametrize("column", ["name", "name_key", "type", "public_id", "id", "namespace_id"])
def test_update__fixed_column_of_a_prompt__is_refused(world: World, column: str) -> None:
    value = {"id": "id + 100", "namespace_id": "namespace_id + 1"}.get(column, "NULL")
    refused("fixed after creation", f"UPDATE registry_prompt SET {column} = {value}")


def test_update__case_of_a_name__is_refused(world: World) -> None:
    refused("fixed after creation", "UPDATE registry_prompt SET name = upper(name)")


def test_update__description_of_a_prompt__passes(world: World) -> None:
    assert sql("UPDATE registry_prompt SET description = 'x'") == 1


@pytest.mark.parametrize("column", ["name", "name_key", "public_id"])
def test_update__fixed_column_of_a_namespace__is_refused(
    world: World, namespace: Namespace, column: str
) -> None:
    refused("fixed after creation", f"UPDATE registry_namespace SET {column} = NULL")


@pytest.mark.parametrize("column", ["name", "public_id"])
def test_update__fixed_column_of_a_label__is_refused(world: World, column: str) -> None:
    refused("fixed after creation", f"UPDATE registry_label SET {column} = NULL")


def test_update__protection_taken_off__is_refused(world: World) -> None:
    refused(
        "stays protected",
        "UPDATE registry_label SET protected = %s WHERE id = %s",
        False,
        world.production.pk,
    )


def test_update__protection_put_on__passes(world: World) -> None:
    statement = "UPDATE registry_label SET protected = %s WHERE id = %s"
    assert sql(statement, True, world.staging.pk) == 1


# -- what is live ---------------------------------------------------------------------------

POINTER = "UPDATE registry_labelpointer SET {} WHERE prompt_id = %s AND label_id = %s"


@pytest.mark.parametrize(
    "change",
    [
        "version_id = {second}",
        "version_id = {second}, generation = generation + 1",
        "version_id = NULL, generation = generation + 1",
        "version_id = NULL",
        "generation = generation + 1",
        "generation = 0",
        "generation = generation - 1",
        "suspended = NOT suspended",
        "suspended = NOT suspended, generation = generation + 1",
        "label_id = {staging}",
        "id = id + 100",
        "generation = generation",
    ],
)
def test_update__pointer_without_a_release_row__is_refused(world: World, change: str) -> None:
    change = change.format(second=world.second.pk, staging=world.staging.pk)
    refused(
        "moves only with",
        POINTER.format(change),
        world.prompt.pk,
        world.production.pk,
    )


def insert_release(world: World, **changed: str) -> None:
    """Forge a Release row after the one there is."""
    columns = {
        "id": "id + 1000",
        "public_id": "'00000000-0000-4000-8000-000000000001'",
        "generation": "generation + 1",
        "from_version_id": "version_id",
        **changed,
    }
    sql(f"INSERT {copy_of('registry_release', world.row.pk, **columns)}")


def test_update__pointer_with_a_forged_release_row__passes_and_is_for_the_verifier(
    world: World,
) -> None:
    """A forged row is detected, not refused: `audit_verify` names it."""
    insert_release(world, version_id=str(world.second.pk))
    change = f"version_id = {world.second.pk}, generation = generation + 1"
    assert sql(POINTER.format(change), world.prompt.pk, world.production.pk) == 1


FORGED = "version_id = {second}, generation = generation + 1"


@pytest.mark.parametrize(
    ("row", "change"),
    [
        ({"version_id": "{second}"}, "version_id = {first}, generation = generation + 1"),
        ({"version_id": "{second}"}, "version_id = {second}, generation = generation + 2"),
        ({"version_id": "{second}"}, f"{FORGED}, suspended = NOT suspended"),
        ({"version_id": "{second}", "generation": "generation + 2"}, FORGED),
        ({"version_id": "{second}", "from_version_id": "NULL"}, FORGED),
        ({"version_id": "{second}", "from_version_id": "{second}"}, FORGED),
        ({"version_id": "{second}", "kind": "'suspend'"}, FORGED),
        ({"version_id": "{second}", "kind": "'resume'"}, FORGED),
        ({"kind": "'suspend'"}, "generation = generation + 1"),
        ({"kind": "'resume'"}, "generation = generation + 1"),
        ({"kind": "'suspend'"}, f"{FORGED}, suspended = NOT suspended"),
        ({"version_id": "{second}", "kind": "'suspend'"}, f"{FORGED}, suspended = NOT suspended"),
    ],
)
def test_update__pointer_unlike_its_release_row__is_refused(
    world: World, row: dict[str, str], change: str
) -> None:
    keys = {"first": world.first.pk, "second": world.second.pk}
    insert_release(world, **{name: value.format(**keys) for name, value in row.items()})
    refused(
        "moves only with",
        POINTER.format(change.format(**keys)),
        world.prompt.pk,
        world.production.pk,
    )


def test_update__pointer_of_another_label__needs_its_own_row(world: World) -> None:
    """The row of production at generation 1 does not move staging to generation 1."""
    change = f"version_id = {world.first.pk}, generation = 1"
    refused("moves only with", POINTER.format(change), world.prompt.pk, world.staging.pk)


@pytest.mark.parametrize(
    "columns",
    [
        {"version_id": "{first}"},
        {"version_id": "{first}", "generation": "0"},
        {"version_id": "NULL", "generation": "1"},
        {"version_id": "NULL", "generation": "0", "suspended": "NOT suspended"},
    ],
)
def test_insert__pointer_that_is_not_empty__is_refused(
    world: World, governance_owner: User, columns: dict[str, str]
) -> None:
    prompt_less = Label.objects.create(name="canary")
    columns = {name: value.format(first=world.first.pk) for name, value in columns.items()}
    pk = world.prompt.pointers.get(label=world.production).pk
    statement = copy_of(
        "registry_labelpointer", pk, id="id + 1000", label_id=str(prompt_less.pk), **columns
    )
    refused("begins empty", f"INSERT {statement}")


def test_insert__release_of_another_prompts_version__is_refused(
    world: World, make_prompt: Callable[..., Prompt]
) -> None:
    other = make_prompt("support/other")
    foreign = add_version(other, "Be loud.", author=world.author)
    statement = copy_of(
        "registry_release",
        world.row.pk,
        id="id + 1000",
        public_id="'00000000-0000-4000-8000-000000000001'",
        generation="2",
        version_id=str(foreign.pk),
    )
    refused("of its own prompt", f"INSERT {statement}")


def test_insert__release_placed_on_a_protected_label__is_refused(world: World) -> None:
    statement = copy_of(
        "registry_release",
        world.row.pk,
        id="id + 1000",
        public_id="'00000000-0000-4000-8000-000000000001'",
        generation="2",
        kind="'placed'",
    )
    refused("placed on a protected label", f"INSERT {statement}")


def test_insert__second_release_of_a_generation__is_refused(world: World) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_release(world, generation="generation")


def test_move__placed_before_protection__keeps_what_was_placed(
    world: World, governance_owner: User
) -> None:
    placed = move(
        world.prompt, world.staging, world.second, actor=world.author, kind=Release.Kind.PLACED
    )
    labels.protect_label(world.staging, actor=governance_owner)
    placed.refresh_from_db()
    assert placed.kind == Release.Kind.PLACED
