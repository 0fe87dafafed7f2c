"""The verifier against every kind of damage: each is found, named by its code and its event."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from typing_extensions import override

from audit import report
from audit.canonical import canonical, parse_canonical
from audit.models import AuditBlob, AuditEvent
from audit.reconcile import Problem
from audit.report import EXIT_CODES, KEPT_PER_CODE, Report
from audit.verify import verify
from tests.audit.samples import append, append_erasure, append_text, sql
from tests.guards import lifted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_guards")]

EVENTS = 6
Damage = Callable[[], None]


def damaged(damage: Damage, events: int = EVENTS) -> Report:
    """Append events, do the damage with the guards lifted, and verify."""
    append(events)
    with lifted(connection):
        damage()
    return verify()


def found(made: Report) -> set[tuple[str, int | None]]:
    return {(problem.code, problem.seq) for problem in made.problems}


def payload_of(seq: int) -> dict[str, Any]:
    value = parse_canonical(AuditEvent.objects.get(seq=seq).payload)
    assert isinstance(value, dict)
    return value


def store(seq: int, text: str, *, with_leaf: bool = False) -> None:
    """Write a payload text into an event, and its fingerprint too where the forger is careful."""
    sql("UPDATE audit_auditevent SET payload = %s WHERE seq = %s", (text, seq))
    if with_leaf:
        leaf = hashlib.sha256(b"\x00" + text.encode()).digest()
        sql("UPDATE audit_auditevent SET leaf = %s WHERE seq = %s", (leaf, seq))


def rewrite(seq: int, /, **change: Any) -> None:
    """Change a payload's values and its fingerprint, as a careful forger would."""
    store(seq, canonical(payload_of(seq) | change), with_leaf=True)


def copy(column: str, of: int) -> str:
    return f"(SELECT {column} FROM audit_auditevent WHERE seq = {of})"


def test_verify__empty_ledger__is_whole() -> None:
    made = verify()
    assert (made.ok, made.events, made.head, made.exit_code) == (True, 0, "00" * 32, 0)


def test_verify__events_texts_and_erasures__are_whole() -> None:
    append(3)
    append_erasure(append_text("warmer"))
    append_text("colder")
    made = verify()
    assert made.problems == []
    assert (made.ok, made.events, made.erased) == (True, 6, 1)
    assert made.head == bytes(AuditEvent.objects.get(seq=5).leaf).hex()


def test_verify__payload_byte_flipped__names_the_event() -> None:
    def damage() -> None:
        text = AuditEvent.objects.get(seq=3).payload
        store(3, text.replace('"n":3', '"n":4'))

    assert found(damaged(damage)) == {("leaf", 3)}


def test_verify__payload_and_leaf_rewritten__names_the_broken_link() -> None:
    made = damaged(lambda: rewrite(3, data={"n": 4}))
    assert found(made) == {("prev", 4)}


def test_verify__last_payload_and_leaf_rewritten__does_not_fit_the_head() -> None:
    made = damaged(lambda: rewrite(5, data={"n": 4}))
    assert found(made) == {("head", None)}


def test_verify__leaf_changed__names_the_event() -> None:
    leaf = bytes(range(32))
    made = damaged(lambda: sql("UPDATE audit_auditevent SET leaf = %s WHERE seq = 3", (leaf,)))
    assert found(made) == {("leaf", 3), ("prev", 4)}
    assert made.exit_code == EXIT_CODES["leaf"]


def test_verify__prev_changed__names_the_event() -> None:
    prev = bytes(range(32))
    made = damaged(lambda: sql("UPDATE audit_auditevent SET prev = %s WHERE seq = 3", (prev,)))
    assert found(made) == {("prev", 3), ("derived", 3)}
    assert made.exit_code == EXIT_CODES["prev"]


@pytest.mark.parametrize("seq", [0, 3])
def test_verify__event_deleted__names_its_number(seq: int) -> None:
    made = damaged(lambda: sql("DELETE FROM audit_auditevent WHERE seq = %s", (seq,)))
    assert found(made) == {("sequence", seq), ("prev", seq + 1)}
    assert made.exit_code == EXIT_CODES["sequence"]


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_verify__tail_deleted__names_the_first_lost_number(kept: int) -> None:
    made = damaged(lambda: sql("DELETE FROM audit_auditevent WHERE seq >= %s", (kept,)))
    assert found(made) == {("head", kept)}
    assert made.exit_code == EXIT_CODES["head"]


def test_verify__event_put_behind_the_last__names_it() -> None:
    def damage() -> None:
        last = AuditEvent.objects.get(seq=5)
        text = canonical(payload_of(5) | {"seq": 6, "prev": bytes(last.leaf).hex()})
        leaf = hashlib.sha256(b"\x00" + text.encode()).digest()
        forged = AuditEvent.objects.get(seq=5)
        forged.seq, forged.prev, forged.leaf, forged.payload = 6, bytes(last.leaf), leaf, text
        forged.save(force_insert=True)

    assert found(damaged(damage)) == {("head", 6)}


def test_verify__event_put_between__names_it() -> None:
    def damage() -> None:
        sql("UPDATE audit_auditevent SET seq = seq + 10 WHERE seq > 2")
        sql("UPDATE audit_auditevent SET seq = seq - 9 WHERE seq > 9")
        forged = AuditEvent.objects.get(seq=2)
        forged.seq, forged.prev, forged.leaf = 3, bytes(range(32)), bytes(range(1, 33))
        forged.save(force_insert=True)

    made = damaged(damage)
    assert made.first_bad is not None
    assert (made.first_bad.code, made.first_bad.seq) == ("prev", 3)


def test_verify__two_events_swapped__names_the_first() -> None:
    def damage() -> None:
        sql("UPDATE audit_auditevent SET seq = 99 WHERE seq = 2")
        sql("UPDATE audit_auditevent SET seq = 2 WHERE seq = 3")
        sql("UPDATE audit_auditevent SET seq = 3 WHERE seq = 99")

    made = damaged(damage)
    assert made.first_bad is not None
    assert (made.first_bad.code, made.first_bad.seq) == ("prev", 2)
    assert {code for code, _ in found(made)} == {"prev", "derived"}


OTHER = "00000000-0000-4000-8000-000000000000"
COLUMNS = {
    "ts": "2020-01-01 00:00:00",
    "actor": "system:nobody",
    "action": "desk.request.deleted",
    "subject_type": "desk.other",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_verify__search_column_changed__names_the_event(column: str) -> None:
    statement = f"UPDATE audit_auditevent SET {column} = %s WHERE seq = 3"
    made = damaged(lambda: sql(statement, (COLUMNS[column],)))
    assert found(made) == {("derived", 3)}
    assert made.problems[0].message.endswith(column)


@pytest.mark.parametrize(
    ("column", "value"), [("subject_id", OTHER), ("change_id", OTHER), ("change_id", None)]
)
def test_verify__search_identity_changed__names_the_event(column: str, value: str | None) -> None:
    raw = value.replace("-", "") if value and connection.vendor == "sqlite" else value
    statement = f"UPDATE audit_auditevent SET {column} = %s WHERE seq = 3"
    made = damaged(lambda: sql(statement, (raw,)))
    assert found(made) == {("derived", 3)}


def test_verify__payload_of_another_number__names_the_event() -> None:
    made = damaged(lambda: rewrite(5, seq=4))
    assert ("derived", 5) in found(made)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": True},
        {"extra": 1},
        {"actor": "anna@example.com"},
        {"action": "moved"},
        {"mode": "Not a word"},
        {"ts": "2026-01-01T00:00:00Z"},
        {"ts": 5},
        {"change": "x"},
        {"related": {}},
        {"related": ["x"]},
        {"subject": {"type": "desk.x"}},
        {"from": []},
        {"commitments": {"reason": "x"}},
        {"data": {"erased": "x"}},
        {"data": {"erased": ["x"]}},
        {"seq": "3"},
        {"log": None},
        {"prev": "x"},
    ],
)
def test_verify__payload_of_another_form__names_the_event(change: dict[str, Any]) -> None:
    made = damaged(lambda: rewrite(3, **change))
    assert found(made) == {("payload", 3), ("prev", 4)}
    assert made.exit_code == EXIT_CODES["payload"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(",", ", "),
        lambda text: text[:-1],
        lambda text: '{"x":1.5}',
        lambda text: "[]",
        lambda text: "",
    ],
)
def test_verify__payload_not_canonical__names_the_event(spoil: Callable[[str], str]) -> None:
    def damage() -> None:
        store(3, spoil(AuditEvent.objects.get(seq=3).payload), with_leaf=True)

    assert ("payload", 3) in found(damaged(damage))


@pytest.mark.parametrize(
    ("assignment", "code"),
    [
        ("payload = CAST(x'fffe' AS TEXT)", "payload"),
        ("ts = 'yesterday'", "derived"),
        ("subject_id = 'none'", "derived"),
        ("actor = CAST(x'ff' AS TEXT)", "derived"),
        ("leaf = 'text'", "leaf"),
        ("prev = 17", "prev"),
    ],
)
def test_verify__column_spoilt__names_the_event_and_reads_on(assignment: str, code: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps such values out of these columns")
    made = damaged(lambda: sql(f"UPDATE audit_auditevent SET {assignment} WHERE seq = 3"))
    assert (code, 3) in found(made)
    assert made.events == EVENTS


def test_verify__number_spoilt__is_found() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps such values out of this column")
    made = damaged(lambda: sql("UPDATE audit_auditevent SET seq = 'x' WHERE seq = 5"))
    assert ("sequence", 5) in found(made)


def test_verify__head_rolled_back__names_the_first_uncounted_event() -> None:
    leaf = copy("leaf", 3)
    made = damaged(lambda: sql(f"UPDATE audit_audithead SET size = 4, last_leaf = {leaf}"))
    assert found(made) == {("head", 4)}


def test_verify__head_holds_another_leaf__is_found() -> None:
    made = damaged(lambda: sql(f"UPDATE audit_audithead SET last_leaf = {copy('leaf', 3)}"))
    assert found(made) == {("head", None)}
    assert made.exit_code == EXIT_CODES["head"]


def test_verify__head_deleted__is_found() -> None:
    made = damaged(lambda: sql("DELETE FROM audit_audithead"))
    assert ("head", None) in found(made)


def test_verify__head_of_another_log__is_found() -> None:
    made = damaged(lambda: sql("UPDATE audit_audithead SET origin = 'countersign.other'"), 2)
    assert found(made) == {("origin", 0), ("origin", 1)}
    assert made.exit_code == EXIT_CODES["origin"]


def texts_damaged(damage: Callable[[AuditBlob], None]) -> Report:
    """Append an event, one with a text and another event, and damage the text's row."""
    append()
    blob = append_text("warmer")
    append()
    with lifted(connection):
        damage(blob)
    return verify()


@pytest.mark.parametrize(
    "assignment",
    ["value = 'colder'", "value = NULL", "salt = NULL", "erased_at = CURRENT_TIMESTAMP"],
)
def test_verify__text_altered__names_the_event(assignment: str) -> None:
    made = texts_damaged(lambda blob: sql(f"UPDATE audit_auditblob SET {assignment}"))
    assert found(made) == {("blob_altered", 1)}
    assert made.exit_code == EXIT_CODES["blob_altered"]


def test_verify__text_deleted__names_the_event() -> None:
    made = texts_damaged(lambda blob: sql("DELETE FROM audit_auditblob"))
    assert found(made) == {("blob_missing", 1)}
    assert made.exit_code == EXIT_CODES["blob_missing"]


def test_verify__text_erased_without_event__names_the_event() -> None:
    erase = "UPDATE audit_auditblob SET value = NULL, salt = NULL, erased_at = CURRENT_TIMESTAMP"
    made = texts_damaged(lambda blob: sql(erase))
    assert found(made) == {("blob_erasure", 1)}
    assert made.exit_code == EXIT_CODES["blob_erasure"]


def test_verify__erased_text_brought_back__names_the_erasing_event() -> None:
    def damage(blob: AuditBlob) -> None:
        whole = AuditBlob.objects.get()
        append_erasure(AuditBlob.objects.get())
        sql(
            "UPDATE audit_auditblob SET value = %s, salt = %s, erased_at = NULL",
            (whole.value, bytes(whole.salt or b"")),
        )

    made = texts_damaged(damage)
    assert found(made) == {("blob_erasure", 3)}


def test_verify__text_of_many_events__is_checked_in_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("audit.verify._BATCH", 2)
    for number in range(5):
        append_text(f"reason {number}")
    with lifted(connection):
        sql("UPDATE audit_auditblob SET value = 'x' WHERE value IN ('reason 1', 'reason 4')")
    assert found(verify()) == {("blob_altered", 1), ("blob_altered", 4)}


def test_verify__guard_dropped__is_found() -> None:
    append(2)
    on_table = " ON audit_auditevent" if connection.vendor == "postgresql" else ""
    sql(f"DROP TRIGGER guard_audit_auditevent_update{on_table}")
    made = verify()
    assert found(made) == {("guard", None)}
    assert made.exit_code == EXIT_CODES["guard"]


def test_verify__damage_of_two_kinds__leaves_with_the_first_event() -> None:
    def damage() -> None:
        sql("UPDATE audit_auditevent SET actor = 'system:nobody' WHERE seq = 4")
        sql("UPDATE audit_audithead SET size = 3")

    made = damaged(damage)
    assert found(made) == {("derived", 4), ("head", 3)}
    assert made.exit_code == EXIT_CODES["head"]


def test_verify__everything_damaged__counts_what_it_does_not_list() -> None:
    events = KEPT_PER_CODE + 5
    made = damaged(lambda: sql("UPDATE audit_auditevent SET actor = 'system:nobody'"), events)
    assert len(made.problems) == KEPT_PER_CODE
    assert made.counts == {"derived": events}
    assert "derived: 5 more of this kind" in made.lines()


@dataclass
class Sums:
    """A reconciler that adds up `data.n` and holds it against a number."""

    wanted: int
    events: list[dict[str, Any]] = field(default_factory=list)

    def feed(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    def finish(self) -> Iterable[Problem]:
        total = sum(event["data"]["n"] for event in self.events)
        if total != self.wanted:
            yield Problem("desk.sum", self.events[-1]["seq"], f"the sum is {total}")


def test_reconcile__rows_agree__is_whole() -> None:
    append(4)
    assert verify(reconcilers=[lambda using: Sums(6)]).ok


def test_reconcile__rows_differ__is_found() -> None:
    append(4)
    made = verify(reconcilers=[lambda using: Sums(7)])
    assert found(made) == {("desk.sum", 3)}
    assert made.exit_code == report.EXIT_RECONCILED


def test_reconcile__factory__is_given_the_alias() -> None:
    given: list[str] = []

    def factory(using: str) -> Sums:
        given.append(using)
        return Sums(0)

    verify(reconcilers=[factory])
    assert given == ["default"]


def test_reconcile__unreadable_event__is_not_fed() -> None:
    sums = Sums(9)
    append(4)
    with lifted(connection):
        store(1, "{}")
    verify(reconcilers=[lambda using: sums])
    assert [event["seq"] for event in sums.events] == [0, 2, 3]


class Broken:
    """A reconciler that fails where it is told to."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.fail("make")

    def fail(self, where: str) -> None:
        if where == self.where:
            raise KeyError(where)
        if where == "finish" and self.where == "query":
            sql("SELECT nothing FROM nowhere")

    def feed(self, event: dict[str, Any]) -> None:
        self.fail("feed")

    def finish(self) -> Iterable[Problem]:
        self.fail("finish")
        return []


class Asking(Sums):
    """A reconciler that reads its rows when the events are over."""

    @override
    def finish(self) -> Iterable[Problem]:
        sql("SELECT 1")
        return super().finish()


@pytest.mark.parametrize("where", ["make", "feed", "finish", "query"])
def test_reconcile__that_fails__is_loud_and_the_others_go_on(where: str) -> None:
    append(2)
    made = verify(reconcilers=[lambda using: Broken(where), lambda using: Asking(9)])
    assert found(made) >= {("desk.sum", 1)}
    assert made.counts == {"reconciler": 1, "desk.sum": 1}


def test_report__json__holds_every_problem() -> None:
    made = damaged(lambda: sql("UPDATE audit_auditevent SET actor = 'x' WHERE seq = 3"))
    value = made.as_dict()
    assert (value["ok"], value["exit_code"], value["events"]) == (False, 15, EVENTS)
    assert value["first_bad"] == {
        "code": "derived",
        "seq": 3,
        "message": "not what its payload says: actor",
    }
    assert value["problems"] == [value["first_bad"]]


def test_document__exit_codes__are_those_in_use() -> None:
    table = [line.split() for line in (report.__doc__ or "").splitlines() if line[:4] == "    "]
    written = {row[0]: int(row[1]) for row in table if row[1].isdigit()}
    assert written == {**EXIT_CODES, "(dotted)": report.EXIT_RECONCILED}
