"""The guard engine on tables of its own: what each kind allows, and what a migration leaves."""

import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from audit import guards
from audit.triggers import trigger_name
from tests.audit.samples import sql

# Remaking a table on SQLite is not possible inside the transaction of a test.
pytestmark = pytest.mark.django_db(transaction=True)

GUARD = "^countersign guard: "
PATH = "desk_guards.SPECS"
# In the order in which they can be dropped.
TABLES = ["desk_move", "desk_pointer", "desk_scan", "desk_note"]
Migrate = Callable[..., None]


@pytest.fixture
def specs(monkeypatch: pytest.MonkeyPatch) -> list[guards.Spec]:
    """The list of guards that `PATH` names, empty."""
    module = ModuleType("desk_guards")
    found: list[guards.Spec] = []
    module.SPECS = found  # type: ignore[attr-defined]  # a module made of nothing
    monkeypatch.setitem(sys.modules, "desk_guards", module)
    return found


@pytest.fixture
def migrate() -> Iterator[Migrate]:
    """Run operations as one migration of an app `desk`, and drop its tables at the end."""
    state = ProjectState()

    def run(*operations: Operation) -> None:
        nonlocal state
        with connection.schema_editor(atomic=True) as editor:
            for operation in operations:
                after = state.clone()
                operation.state_forwards("desk", after)
                operation.database_forwards("desk", editor, state, after)
                state = after

    yield run
    cascade = " CASCADE" if connection.vendor == "postgresql" else ""
    for table in TABLES:
        sql(f"DROP TABLE IF EXISTS {table}{cascade}")


def table(
    name: str, options: dict[str, Any] | None = None, /, **fields: models.Field
) -> migrations.CreateModel:
    """Return the operation that makes a table of app `desk` with a number as its key."""
    columns: Sequence[tuple[str, models.Field]] = [
        ("id", models.BigAutoField(primary_key=True)),
        *fields.items(),
    ]
    return migrations.CreateModel(name, list(columns), options)


def installed() -> migrations.RunPython:
    return guards.migrate_operation(PATH)


def refused(statement: str) -> None:
    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        sql(statement)


def test_alter__guarded_table_gains_a_column__the_guard_covers_it(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs.append(guards.EraseOnce("desk_note", "id", erasable=("text",)))
    text = models.TextField(null=True)
    erased_at = models.DateTimeField(null=True)
    migrate(table("Note", text=text, erased_at=erased_at), installed())
    migrate(
        # A default that the database cannot add in place makes SQLite remake the table.
        migrations.AddField("Note", "kind", models.CharField(max_length=9, default="a")),
        installed(),
    )
    sql("INSERT INTO desk_note (text, kind) VALUES ('warm', 'b')")
    refused("UPDATE desk_note SET text = NULL, erased_at = CURRENT_TIMESTAMP, kind = 'c'")
    sql("UPDATE desk_note SET text = NULL, erased_at = CURRENT_TIMESTAMP")
    assert guards.missing(specs, connection) == []


def test_alter__guarded_table_without_reinstalling__is_named(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs.append(guards.EraseOnce("desk_note", "id", erasable=("text",)))
    text = models.TextField(null=True)
    erased_at = models.DateTimeField(null=True)
    migrate(table("Note", text=text, erased_at=erased_at), installed())
    migrate(migrations.AddField("Note", "kind", models.CharField(max_length=9, default="a")))
    assert any("guard_desk_note_update" in name for name in guards.missing(specs, connection))


def test_alter__table_that_another_guard_reads__works_between_lift_and_install(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs += [_pointer_guard(), guards.AppendOnly("desk_move")]
    number = models.IntegerField()
    migrate(table("Pointer", target=number), table("Move", target=number), installed())
    migrate(
        guards.lift_operation(PATH),
        migrations.AlterField("Move", "target", models.BigIntegerField()),
        migrations.AddField("Move", "note", models.CharField(max_length=9, default="-")),
        installed(),
    )
    assert guards.missing(specs, connection) == []
    sql("INSERT INTO desk_pointer (target) VALUES (1)")
    refused("UPDATE desk_pointer SET target = 2")


def test_install__table_of_a_later_migration__waits_for_it(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs += [_pointer_guard(), guards.AppendOnly("desk_move")]
    number = models.IntegerField()
    migrate(table("Pointer", target=number), installed())
    assert guards.missing(specs, connection) == [
        "desk_pointer: desk_move.target does not exist",
        "desk_move: desk_move does not exist",
    ]
    migrate(table("Move", target=number), installed())
    assert guards.missing(specs, connection) == []


def test_install__column_erasable_in_a_later_migration__guards_the_others_now(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs.append(guards.EraseOnce("desk_note", "id", erasable=("text", "title")))
    text = models.TextField(null=True)
    erased_at = models.DateTimeField(null=True)
    migrate(table("Note", text=text, erased_at=erased_at), installed())
    sql("INSERT INTO desk_note (text) VALUES ('warm')")
    refused("UPDATE desk_note SET text = 'cold'")
    sql("UPDATE desk_note SET text = NULL, erased_at = CURRENT_TIMESTAMP")


def test_install__rows_with_foreign_keys_of_the_same_migration__works(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs.append(guards.AppendOnly("desk_move"))
    pointer = models.ForeignKey("desk.Pointer", models.PROTECT)
    migrate(table("Pointer", target=models.IntegerField()), table("Move", pointer=pointer))
    migrate(
        migrations.RunSQL("INSERT INTO desk_pointer (id, target) VALUES (1, 1)"),
        migrations.RunSQL("INSERT INTO desk_move (pointer_id) VALUES (1)"),
        installed(),
    )
    assert guards.missing(specs, connection) == []


def test_install__twice__is_the_same_as_once(migrate: Migrate, specs: list[guards.Spec]) -> None:
    specs.append(guards.NoDelete("desk_pointer"))
    migrate(table("Pointer", target=models.IntegerField()), installed(), installed())
    assert guards.missing(specs, connection) == []


def test_move_pointer__with_its_row__is_allowed(migrate: Migrate, specs: list[guards.Spec]) -> None:
    specs.append(_pointer_guard())
    number = models.IntegerField(null=True)
    migrate(table("Pointer", target=number), table("Move", target=number), installed())
    sql("INSERT INTO desk_pointer (target) VALUES (1)")
    sql("INSERT INTO desk_move (target) VALUES (2)")
    sql("UPDATE desk_pointer SET target = 2")
    refused("UPDATE desk_pointer SET target = 3")
    refused("UPDATE desk_pointer SET target = NULL")


def test_refuse__condition_is_null__refuses(migrate: Migrate, specs: list[guards.Spec]) -> None:
    specs.append(guards.Refuse("low", "desk_pointer", "insert", "NEW.target < 1", "low"))
    migrate(table("Pointer", target=models.IntegerField(null=True)), installed())
    sql("INSERT INTO desk_pointer (target) VALUES (1)")
    refused("INSERT INTO desk_pointer (target) VALUES (NULL)")


def test_change__frozen_row__is_refused(migrate: Migrate, specs: list[guards.Spec]) -> None:
    specs.append(guards.FrozenWhen("desk_scan", "OLD.done"))
    done = models.BooleanField()
    migrate(table("Scan", done=done, points=models.IntegerField(default=0)), installed())
    sql("INSERT INTO desk_scan (done, points) VALUES (false, 0)")
    sql("UPDATE desk_scan SET points = 3, done = true")
    refused("UPDATE desk_scan SET points = 4")
    refused("UPDATE desk_scan SET done = false")
    refused("DELETE FROM desk_scan")


def test_delete__kept_row__is_refused_and_changing_is_not(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs.append(guards.NoDelete("desk_pointer"))
    migrate(table("Pointer", target=models.IntegerField()), installed())
    sql("INSERT INTO desk_pointer (id, target) VALUES (1, 1)")
    sql("UPDATE desk_pointer SET target = 2")
    refused("DELETE FROM desk_pointer")
    if connection.vendor == "sqlite":
        refused("REPLACE INTO desk_pointer (id, target) VALUES (1, 3)")
    else:
        refused("TRUNCATE desk_pointer")


def test_replace__unique_under_a_condition__is_refused_only_where_it_holds(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite replaces a row on insert")
    specs.append(guards.AppendOnly("desk_move"))
    unique = models.UniqueConstraint(
        fields=["target"], condition=models.Q(live=True), name="desk_one_live"
    )
    # Such an index is made at the end of a migration, after its last operation.
    options = {"constraints": [unique]}
    number, live = models.IntegerField(), models.BooleanField()
    migrate(table("Move", options, target=number, live=live), installed())
    assert guards.missing(specs, connection) == []
    sql("INSERT INTO desk_move (target, live) VALUES (1, 1)")
    refused("INSERT OR REPLACE INTO desk_move (target, live) VALUES (1, 1)")
    sql("INSERT OR REPLACE INTO desk_move (target, live) VALUES (1, 0)")
    sql("INSERT OR REPLACE INTO desk_move (target, live) VALUES (2, 1)")


def test_replace__named_unique_set__is_refused(migrate: Migrate, specs: list[guards.Spec]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite replaces a row on insert")
    specs.append(guards.AppendOnly("desk_move", unique=(("target", "live"),)))
    migrate(table("Move", target=models.IntegerField(), live=models.BooleanField()), installed())
    sql("INSERT INTO desk_move (target, live) VALUES (1, 1)")
    sql("INSERT INTO desk_move (target, live) VALUES (1, 0)")
    refused("INSERT INTO desk_move (target, live) VALUES (1, 1)")


def _custom() -> guards.Custom:
    name = "guard_desk_pointer_even"
    words = "countersign guard: a pointer is even"
    return guards.Custom(
        "even",
        "desk_pointer",
        sqlite=(
            f"CREATE TRIGGER {name} BEFORE INSERT ON desk_pointer WHEN NEW.target % 2 "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END;",
        ),
        postgresql=(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN "
            f"IF NEW.target % 2 <> 0 THEN RAISE EXCEPTION USING MESSAGE = '{words}', "
            "ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END $f$",
            f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON desk_pointer "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()",
        ),
    )


def test_install__hand_written_trigger__works_and_is_checked(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs.append(_custom())
    migrate(table("Pointer", target=models.IntegerField()), installed(), installed())
    assert guards.missing(specs, connection) == []
    sql("INSERT INTO desk_pointer (target) VALUES (2)")
    refused("INSERT INTO desk_pointer (target) VALUES (3)")
    on_table = " ON desk_pointer" if connection.vendor == "postgresql" else ""
    sql(f"DROP TRIGGER guard_desk_pointer_even{on_table}")
    assert guards.missing(specs, connection) == ["desk_pointer: guard_desk_pointer_even is absent"]


def test_install__statement_that_is_no_trigger__is_refused(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs.append(guards.Custom("x", "desk_pointer", ("DROP TABLE x",), ("DROP TABLE x",)))
    with pytest.raises(guards.GuardError, match="desk_pointer: not a"):
        migrate(table("Pointer", target=models.IntegerField()), installed())


def test_install__two_guards_of_one_name__is_refused(
    migrate: Migrate, specs: list[guards.Spec]
) -> None:
    specs += [guards.NoDelete("desk_pointer"), guards.AppendOnly("desk_pointer")]
    with pytest.raises(guards.GuardError, match="two guards are named guard_desk_pointer_delete"):
        migrate(table("Pointer", target=models.IntegerField()), installed())


def test_name__long_table__fits_every_database() -> None:
    names = [trigger_name("x" * 60, event) for event in ("update", "delete")]
    assert len(set(names)) == 2
    assert {len(name) for name in names} == {63}


def _pointer_guard() -> guards.Refuse:
    return guards.Refuse(
        "moves",
        "desk_pointer",
        "update",
        "NEW.target IS DISTINCT FROM OLD.target AND NOT EXISTS "
        "(SELECT 1 FROM desk_move m WHERE m.target = NEW.target)",
        "a pointer only moves with its row",
        requires=("desk_move.target",),
    )
