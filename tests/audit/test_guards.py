"""The ledger's guards against raw SQL, on the database that the run uses."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from audit import guards
from audit.checks import check_guards
from audit.models import AuditBlob, AuditEvent, AuditHead
from tests.audit.samples import append, append_text, sql
from tests.guards import lifted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_guards")]

GUARD = "^countersign guard: "
COLUMNS = "seq, prev, leaf, payload, ts, actor, action, subject_type, subject_id, change_id"
TABLES = ["audit_auditevent", "audit_audithead", "audit_auditblob"]


def refused(statement: str, params: tuple[object, ...] = (), words: str = "") -> None:
    """Assert that a guard refuses a statement, in words."""
    with pytest.raises(IntegrityError, match=GUARD + ".*" + words), transaction.atomic():
        sql(statement, params)


def only_on(vendor: str) -> None:
    """Skip a test whose statement the other database does not have."""
    if connection.vendor != vendor:
        pytest.skip(f"this statement exists on {vendor} only")


@pytest.mark.parametrize(
    "column", ["payload", "actor", "action", "subject_type", "prev", "leaf", "ts", "seq"]
)
def test_update__event_column__is_refused(column: str) -> None:
    append(2)
    refused(f"UPDATE audit_auditevent SET {column} = {column} WHERE seq = 0", words="never changed")


@pytest.mark.parametrize("table", TABLES)
def test_delete__row__is_refused(table: str) -> None:
    append_text("warmer")
    refused(f"DELETE FROM {table}", words="never deleted")


@pytest.mark.parametrize("table", TABLES)
def test_truncate__table__is_refused(table: str) -> None:
    only_on("postgresql")
    append_text("warmer")
    # Tables of other floors may refer to this one.
    refused(f"TRUNCATE {table} CASCADE", words="never emptied")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET actor = actor",
        "DELETE FROM audit_auditevent",
        "TRUNCATE audit_auditevent",
        "UPDATE audit_audithead SET size = 0",
        "DELETE FROM audit_auditblob",
    ],
)
def test_write__superuser_in_replica_mode__is_refused(statement: str) -> None:
    only_on("postgresql")
    append_text("warmer")
    sql("SET LOCAL session_replication_role = replica")
    refused(statement)


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"])
@pytest.mark.parametrize("same", ["seq", "prev", "leaf"])
def test_replace__event_by_any_unique_column__is_refused(verb: str, same: str) -> None:
    only_on("sqlite")
    append(2)
    values = [
        name if name == same or name not in ("seq", "prev", "leaf") else new
        for name, new in zip(
            COLUMNS.split(", "), ["99", "zeroblob(31)", "zeroblob(30)", *[""] * 7], strict=True
        )
    ]
    row = f"SELECT {', '.join(values)} FROM audit_auditevent WHERE seq = 1"
    refused(f"{verb} INTO audit_auditevent ({COLUMNS}) {row}", words="never replaced")
    assert AuditEvent.objects.count() == 2


def test_replace__event_by_hidden_row_number__is_refused() -> None:
    only_on("sqlite")
    append(2)
    row = "SELECT rowid, 99, zeroblob(31), zeroblob(30), payload, ts, actor, action, subject_type,"
    row += " subject_id, change_id FROM audit_auditevent WHERE seq = 1"
    refused(f"INSERT OR REPLACE INTO audit_auditevent (rowid, {COLUMNS}) {row}")


def test_upsert__event__is_refused() -> None:
    append(2)
    row = f"SELECT {COLUMNS} FROM audit_auditevent WHERE seq = 1"
    refused(
        f"INSERT INTO audit_auditevent ({COLUMNS}) {row} ON CONFLICT (seq)"
        " DO UPDATE SET payload = 'x'"
    )


@pytest.mark.parametrize(
    "change",
    [
        "size = size - 1",
        "size = size",
        "size = size + 1, origin = 'other'",
        "size = NULL",
        "last_leaf = last_leaf",
    ],
)
def test_update__head_other_than_growing__is_refused(change: str) -> None:
    append(2)
    refused(f"UPDATE audit_audithead SET {change}", words="size may only grow")


def test_insert__second_head__is_refused() -> None:
    refused(
        "INSERT INTO audit_audithead (id, origin, size, last_leaf)"
        " SELECT 2, origin, size, last_leaf FROM audit_audithead",
        words="one row only",
    )


def test_replace__head__is_refused() -> None:
    only_on("sqlite")
    refused(
        "INSERT OR REPLACE INTO audit_audithead (id, origin, size, last_leaf)"
        " SELECT id, 'other', 0, last_leaf FROM audit_audithead",
        words="one row only",
    )


NOW = "CURRENT_TIMESTAMP"


@pytest.mark.parametrize(
    "change",
    [
        "value = 'colder'",
        "value = NULL",
        f"erased_at = {NOW}",
        f"value = NULL, erased_at = {NOW}",
        f"salt = NULL, erased_at = {NOW}",
        f"value = '', salt = NULL, erased_at = {NOW}",
        "value = NULL, salt = NULL",
        f"value = NULL, salt = NULL, erased_at = {NOW}, digest = 'x'",
        "value = value",
    ],
)
def test_update__text_other_than_erasing_all__is_refused(change: str) -> None:
    append_text("warmer")
    refused(f"UPDATE audit_auditblob SET {change}", words="erased together")


def test_update__text_erased_whole__is_allowed() -> None:
    append_text("warmer")
    sql(f"UPDATE audit_auditblob SET value = NULL, salt = NULL, erased_at = {NOW}")
    assert AuditBlob.objects.get().value is None


@pytest.mark.parametrize(
    "change",
    [
        "value = 'back'",
        f"erased_at = {NOW}",
        "erased_at = NULL",
        f"value = NULL, salt = NULL, erased_at = {NOW}",
    ],
)
def test_update__text_already_erased__is_refused(change: str) -> None:
    append_text("warmer")
    sql(f"UPDATE audit_auditblob SET value = NULL, salt = NULL, erased_at = {NOW}")
    refused(f"UPDATE audit_auditblob SET {change}")


def test_replace__text__is_refused() -> None:
    only_on("sqlite")
    blob = append_text("warmer")
    refused(
        "INSERT OR REPLACE INTO audit_auditblob (digest, value) VALUES (%s, 'colder')",
        (blob.digest,),
        words="never replaced",
    )


def test_save__changed_event__is_refused() -> None:
    append()
    event = AuditEvent.objects.get()
    event.actor = "system:nobody"
    with pytest.raises(IntegrityError, match=GUARD), transaction.atomic():
        event.save()


def test_insert__event__is_allowed() -> None:
    append(2)
    assert AuditHead.objects.get().size == 2


def test_name__migrated_database__misses_nothing() -> None:
    assert guards.all_missing() == []


def test_name__every_trigger_dropped_in_turn__is_missing() -> None:
    for table, name in _installed():
        _drop(table, name)
        assert guards.all_missing() == [f"{table}: {name} is absent"]
        guards.install(guards.SPECS, connection)


def test_name__trigger_with_another_body__is_missing() -> None:
    name = "guard_audit_auditevent_delete"
    if connection.vendor == "sqlite":
        _drop("audit_auditevent", name)
        sql(f"CREATE TRIGGER {name} BEFORE DELETE ON audit_auditevent BEGIN SELECT 1; END")
    else:
        sql(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" SET search_path = public, pg_temp AS 'BEGIN RETURN OLD; END'"
        )
    assert guards.all_missing() == [f"audit_auditevent: {name} is not what it should be"]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE audit_auditevent DISABLE TRIGGER {name}",
        "ALTER TABLE audit_auditevent ENABLE TRIGGER {name}",
        "ALTER TABLE audit_auditevent ENABLE REPLICA TRIGGER {name}",
        "ALTER FUNCTION {name}() RESET search_path",
    ],
)
def test_name__trigger_weakened__is_missing(change: str) -> None:
    only_on("postgresql")
    sql(change.format(name="guard_audit_auditevent_delete"))
    assert len(guards.all_missing()) == 1


def test_lift__for_the_harness__opens_and_closes() -> None:
    append()
    with lifted(connection):
        assert _installed() == []
        sql("UPDATE audit_auditevent SET actor = 'x'")
    assert guards.all_missing() == []
    refused("UPDATE audit_auditevent SET actor = 'y'")


def test_check__guards_in_place__says_nothing() -> None:
    assert check_guards(None, databases=["default"]) == []


def test_check__guard_dropped__is_an_error() -> None:
    _drop("audit_auditevent", "guard_audit_auditevent_delete")
    [message] = check_guards(None, databases=["default"])
    assert message.id == "audit.E001"
    assert "guard_audit_auditevent_delete is absent" in message.msg


def test_check__no_database_asked_for__reads_none() -> None:
    _drop("audit_auditevent", "guard_audit_auditevent_delete")
    assert check_guards(None) == []


def test_check__migrations_to_come__says_nothing() -> None:
    _drop("audit_auditevent", "guard_audit_auditevent_delete")
    sql("DELETE FROM django_migrations WHERE app = 'audit'")
    assert check_guards(None, databases=["default"]) == []


def test_install_command__guard_dropped__puts_it_back(capsys: pytest.CaptureFixture[str]) -> None:
    _drop("audit_auditevent", "guard_audit_auditevent_delete")
    with pytest.raises(CommandError, match="1 guards are missing"):
        call_command("audit_guards")
    call_command("audit_guards", install=True)
    assert capsys.readouterr().out.splitlines() == [
        "audit_auditevent: guard_audit_auditevent_delete is absent",
        "All guards are in place.",
    ]


def _drop(table: str, name: str) -> None:
    on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
    sql(f"DROP TRIGGER {name}{on_table}")


def _installed() -> list[tuple[str, str]]:
    """The triggers on the ledger's tables, as the database lists them."""
    listing = {
        "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
        " WHERE NOT tgisinternal",
    }
    with connection.cursor() as cursor:
        cursor.execute(listing[connection.vendor])
        return sorted(row for row in cursor.fetchall() if row[0] in TABLES)
