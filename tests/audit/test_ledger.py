"""Recording: one transaction, one time, a chain without gaps; nothing where nothing happened."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from audit import ledger
from audit.appendonly import AppendOnlyError
from audit.canonical import canonical, parse_canonical
from audit.models import NO_LEAF, AuditBlob, AuditEvent, AuditHead
from audit.payload import PayloadError
from tests.audit.samples import ACTOR, CHANGE, SUBJECT, append, sql
from tests.guards import lifted

pytestmark = pytest.mark.django_db


def test_append__several_recordings__make_a_chain_from_zero() -> None:
    append(3)
    events = list(AuditEvent.objects.order_by("seq"))
    assert [event.seq for event in events] == [0, 1, 2]
    assert [bytes(event.prev) for event in events] == [
        NO_LEAF,
        bytes(events[0].leaf),
        bytes(events[1].leaf),
    ]
    head = ledger.head()
    assert (head.size, bytes(head.last_leaf)) == (3, bytes(events[2].leaf))


def test_append__several_events_in_one_recording__share_actor_and_time() -> None:
    with ledger.recording(actor=ACTOR) as log:
        log.record("desk.one.done", SUBJECT)
        log.record("desk.two.done", SUBJECT)
    assert log.recorded == 2
    assert [event.seq for event in log.events] == [0, 1]
    stored = AuditEvent.objects.order_by("seq")
    assert {(event.actor, event.ts) for event in stored} == {(ACTOR, log.at)}


def test_append__any_event__hashes_exactly_the_stored_text() -> None:
    [event] = append()
    stored = AuditEvent.objects.get()
    digest = hashlib.sha256(b"\x00" + stored.payload.encode()).digest()
    assert bytes(stored.leaf) == digest == event.leaf


@time_machine.travel(datetime(2026, 3, 1, 12, 30, tzinfo=UTC), tick=False)
def test_append__full_event__writes_the_payload_of_version_1() -> None:
    with ledger.recording(actor=ACTOR) as log:
        blob = log.commit("warmer")
        log.record(
            "desk.request.moved",
            SUBJECT,
            change=CHANGE,
            related=[("desk.prompt", str(CHANGE))],
            before={"state": "draft"},
            after={"state": "review"},
            data={"n": 1, "list": [True, None]},
            blobs={"reason": blob},
        )
    stored = AuditEvent.objects.get()
    assert parse_canonical(stored.payload) == {
        "v": 1,
        "log": ledger.head().origin,
        "seq": 0,
        "prev": "00" * 32,
        "ts": "2026-03-01T12:30:00.000000Z",
        "mode": "standard",
        "actor": ACTOR,
        "action": "desk.request.moved",
        "subject": {"type": "desk.request", "id": str(SUBJECT[1])},
        "change": str(CHANGE),
        "related": [{"type": "desk.prompt", "id": str(CHANGE)}],
        "from": {"state": "draft"},
        "to": {"state": "review"},
        "data": {"n": 1, "list": [True, None]},
        "commitments": {"reason": blob.digest},
    }
    assert stored.payload == canonical(parse_canonical(stored.payload))


def test_append__full_event__fills_the_search_columns() -> None:
    append()
    event = AuditEvent.objects.get()
    assert (event.actor, event.action) == (ACTOR, "desk.request.moved")
    assert (event.subject_type, event.subject_id, event.change_id) == (*SUBJECT, CHANGE)


def test_append__demo_mode__says_so_in_the_payload(settings: Settings) -> None:
    settings.AUDIT_MODE = "demo"
    append()
    assert parse_canonical(AuditEvent.objects.get().payload)["mode"] == "demo"


def test_append__the_verb_changes_its_own_dicts_later__keeps_what_was_recorded() -> None:
    data = {"list": [1]}
    with ledger.recording(actor=ACTOR) as log:
        log.record("desk.request.moved", SUBJECT, data=data)
        data["list"].append(2)
    assert parse_canonical(AuditEvent.objects.get().payload)["data"] == {"list": [1]}


def test_record__nothing__leaves_the_ledger_untouched() -> None:
    append()
    before = AuditHead.objects.values().get()
    with ledger.recording(actor=ACTOR) as log:
        pass
    assert log.recorded == 0
    assert AuditHead.objects.values().get() == before
    assert AuditEvent.objects.count() == 1


def test_record__nothing__does_not_lock_the_head(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(2), ledger.recording(actor=ACTOR):
        pass  # the two are the savepoint that a test's transaction turns `atomic` into


def _nest() -> None:
    with ledger.recording(actor=ACTOR) as log:
        log.record("desk.request.moved", SUBJECT)
        append()


def test_open__inside_another_recording__is_refused_and_nothing_is_kept() -> None:
    with pytest.raises(ledger.NestedRecording):
        _nest()
    assert not AuditEvent.objects.exists()


def test_open__within_another_recording__records_there() -> None:
    with ledger.recording(actor=ACTOR) as log:
        with ledger.recording(actor=ACTOR, within=log) as inner:
            inner.record("desk.one.done", SUBJECT)
        assert not AuditEvent.objects.exists()
        log.record("desk.two.done", SUBJECT)
    actions = AuditEvent.objects.order_by("seq").values_list("action", flat=True)
    assert [*actions] == ["desk.one.done", "desk.two.done"]


def test_open__within_one_that_has_ended__is_refused() -> None:
    with ledger.recording(actor=ACTOR) as log:
        pass
    with pytest.raises(ledger.LedgerMisuse), ledger.recording(actor=ACTOR, within=log):
        pass


def test_open__within_one_of_another_actor__is_refused() -> None:
    with ledger.recording(actor=ACTOR) as log:
        other = ledger.recording(actor="system:other", within=log)
        with pytest.raises(ledger.LedgerMisuse, match="of one actor"):
            other.__enter__()


def test_open__after_a_refused_one__works() -> None:
    with pytest.raises(ledger.NestedRecording):
        _nest()
    append()
    assert AuditEvent.objects.count() == 1


def test_open__after_an_error__works() -> None:
    with pytest.raises(ZeroDivisionError), ledger.recording(actor=ACTOR):
        raise ZeroDivisionError
    append()
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_open__inside_a_transaction__is_refused() -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        append()


@pytest.mark.django_db(transaction=True)
def test_open__on_commit_of_another__works() -> None:
    with ledger.recording(actor=ACTOR) as log:
        log.record("desk.request.moved", SUBJECT)
        transaction.on_commit(append)
    assert AuditEvent.objects.count() == 2


def _fail_after_recording() -> None:
    with ledger.recording(actor=ACTOR) as log:
        blob = log.commit("a reason")
        log.record("desk.request.moved", SUBJECT, blobs={"reason": blob})
        raise ZeroDivisionError


@pytest.mark.django_db(transaction=True)
def test_leave__with_an_error__keeps_neither_rows_nor_events() -> None:
    before = AuditHead.objects.values().get()
    with pytest.raises(ZeroDivisionError):
        _fail_after_recording()
    assert not AuditEvent.objects.exists()
    assert not AuditBlob.objects.exists()
    assert AuditHead.objects.values().get() == before


def test_record__after_leaving__is_refused() -> None:
    with ledger.recording(actor=ACTOR) as log:
        pass
    with pytest.raises(ledger.LedgerMisuse, match="has ended"):
        log.record("desk.request.moved", SUBJECT)


def test_append__without_a_head_row__is_refused(own_guards: None) -> None:
    with lifted(connection):
        sql("DELETE FROM audit_audithead")
    with pytest.raises(ledger.LedgerBroken):
        append()


@pytest.mark.parametrize(
    "actor",
    [
        "user:1",
        "user:0B5D53E6-7A0C-4F57-9D2C-5F0A3F7F1C11",
        ACTOR + "\n",
        "system:",
        "system:Sweep",
        "system:a b",
        "anna@example.com",
        "",
    ],
)
def test_open__actor_of_another_form__is_refused(actor: str) -> None:
    with pytest.raises(PayloadError, match="actor"), ledger.recording(actor=actor):
        pass


@pytest.mark.parametrize("actor", [ACTOR, ACTOR.replace("user", "token"), "system:sweep_all"])
def test_open__actor_of_a_known_form__is_accepted(actor: str) -> None:
    with ledger.recording(actor=actor) as log:
        log.record("desk.request.moved", SUBJECT)
    assert AuditEvent.objects.get().actor == actor


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("action", {"action": "moved"}),
        ("action", {"action": "Desk.moved"}),
        ("action", {"action": "desk." + "x" * 100}),
        ("subject type", {"subject": ("request", SUBJECT[1])}),
        ("is not a UUID", {"subject": ("desk.request", "17")}),
        ("is not a UUID", {"subject": ("desk.request", None)}),
        ("change", {"change": "x"}),
        ("subject type", {"related": [("Prompt", SUBJECT[1])]}),
        ("from.risk: floats", {"before": {"risk": 0.5}}),
        (r"to.a\[0\]: floats", {"after": {"a": [0.5]}}),
        ("data.at: datetime is not allowed", {"data": {"at": datetime.now(tz=UTC)}}),
        ("data.text: U.0000", {"data": {"text": "\x00"}}),
        ("data.text: lone surrogate", {"data": {"text": "\udc80"}}),
        ("belongs to the ledger", {"data": {"erased": []}}),
        ("commitment name", {"blobs": {"Why not": AuditBlob(digest="0" * 64)}}),
        ("commitment reason", {"blobs": {"reason": AuditBlob(digest="x")}}),
    ],
)
def test_record__wrong_value__is_refused_by_name(words: str, wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"action": "desk.request.moved", "subject": SUBJECT, **wrong}
    with pytest.raises(PayloadError, match=words), ledger.recording(actor=ACTOR) as log:
        log.record(**given)


@pytest.mark.parametrize("model", [AuditEvent, AuditHead, AuditBlob])
@pytest.mark.parametrize("verb", ["update", "delete", "bulk_update"])
def test_change__by_queryset__is_refused(model: Any, verb: str) -> None:
    arguments: tuple[Any, ...] = {"bulk_update": ([], ["x"])}.get(verb, ())
    with pytest.raises(AppendOnlyError, match="append-only"):
        getattr(model.objects.all(), verb)(*arguments)


@pytest.mark.parametrize("row", [AuditEvent(seq=1), AuditHead(), AuditBlob(digest="0" * 64)])
def test_delete__by_instance__is_refused(row: Any) -> None:
    with pytest.raises(AppendOnlyError, match="never deleted"):
        row.delete()


def test_origin__of_an_installation__is_random_and_in_every_payload() -> None:
    append(2)
    origin = ledger.head().origin
    assert origin.startswith("countersign.")
    assert len(origin) == len("countersign.") + 32
    payloads = [parse_canonical(event.payload) for event in AuditEvent.objects.all()]
    assert {payload["log"] for payload in payloads} == {origin}
