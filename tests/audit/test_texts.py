"""Committed texts: hidden from the log, provable while they are there, gone when erased."""

import pytest

from audit import ledger
from audit.canonical import parse_canonical
from audit.models import AuditBlob, AuditEvent
from audit.payload import PayloadError
from tests.audit.samples import ACTOR, SUBJECT, append_text

pytestmark = pytest.mark.django_db


def test_commit__a_text__can_be_verified_and_differs_each_time() -> None:
    first, second = append_text("warmer"), append_text("warmer")
    assert first.digest != second.digest
    assert ledger.verify_commitment(AuditBlob.objects.get(digest=first.digest))


def test_commit__a_text__leaves_no_trace_of_it_in_the_event() -> None:
    append_text("warmer, said anna@example.com")
    assert "anna" not in AuditEvent.objects.get().payload


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_commit__text_that_cannot_be_stored__is_refused(text: str) -> None:
    with pytest.raises(PayloadError, match="text: "), ledger.recording(actor=ACTOR) as log:
        log.commit(text)


def _commit_in_vain() -> None:
    with ledger.recording(actor=ACTOR) as log:
        log.commit("a reason")
        log.record("desk.request.moved", SUBJECT)


def test_commit__no_event_names_it__is_refused() -> None:
    with pytest.raises(ledger.LedgerMisuse, match="no event names"):
        _commit_in_vain()


def test_erase__a_text__takes_value_and_salt_and_names_it_in_the_next_event() -> None:
    blob = append_text("warmer")
    with ledger.recording(actor=ACTOR) as log:
        assert log.erase(blob) is True
        log.record("desk.request.erased", SUBJECT)
        log.record("desk.request.closed", SUBJECT)
    stored = AuditBlob.objects.get()
    assert (stored.value, stored.salt, stored.erased_at) == (None, None, log.at)
    assert (blob.value, blob.salt) == (None, None)
    data = [parse_canonical(event.payload)["data"] for event in log.events]
    assert data == [{"erased": [blob.digest]}, {}]


def test_erase__a_second_time__changes_nothing() -> None:
    blob = append_text("warmer")
    with ledger.recording(actor=ACTOR) as log:
        log.erase(blob.digest)
        log.record("desk.request.erased", SUBJECT)
    with ledger.recording(actor=ACTOR) as log:
        assert log.erase(blob.digest) is False
    assert AuditEvent.objects.count() == 2


def _erase_only(digest: str) -> None:
    with ledger.recording(actor=ACTOR) as log:
        log.erase(digest)


@pytest.mark.django_db(transaction=True)
def test_erase__no_event_follows__is_refused_and_the_text_stays() -> None:
    blob = append_text("warmer")
    with pytest.raises(ledger.LedgerMisuse, match="no event was recorded after"):
        _erase_only(blob.digest)
    assert AuditBlob.objects.get().value == "warmer"


def test_erase__unknown_digest__is_refused() -> None:
    with pytest.raises(ledger.LedgerMisuse, match="no text is stored"):
        _erase_only("0" * 64)


def test_verify_commitment__erased_text__is_false() -> None:
    blob = append_text("warmer")
    with ledger.recording(actor=ACTOR) as log:
        log.erase(blob)
        log.record("desk.request.erased", SUBJECT)
    assert not ledger.verify_commitment(AuditBlob.objects.get())
