"""The only writer of the ledger: a verb opens a recording, and leaving it appends its events."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.utils import timezone

from audit.canonical import CanonicalError, canonical, check_text
from audit.compiled import CompiledQuery, in_one
from audit.models import AuditBlob, AuditEvent, AuditHead
from audit.payload import (
    ACTOR,
    ERASED,
    WORD,
    Draft,
    PayloadError,
    Place,
    build,
    check_draft,
    check_form,
    columns,
    leaf_hash,
)

Reference = tuple[str, UUID | str]

_open: ContextVar["Recording | None"] = ContextVar("audit_recording", default=None)


class NestedRecording(RuntimeError):
    """A recording was opened inside another one: a verb called a verb."""


class LedgerMisuse(RuntimeError):
    """Code used a recording in a way that would leave the ledger incomplete."""


class LedgerBroken(RuntimeError):
    """The ledger has no head row, so nothing can be recorded; `audit_verify` says more."""


class Recording:
    """One open transaction of one actor, buffering the events that its end will append."""

    def __init__(self, actor: str, using: str) -> None:
        check_form("actor", actor, ACTOR)
        self.actor = actor
        self.using = using
        #: The one time of this recording: aware, UTC, the `ts` of each of its events.
        self.at: datetime = timezone.now().astimezone(UTC)
        #: The appended events with their numbers; empty until the recording has ended.
        self.events: tuple[AuditEvent, ...] = ()
        self._drafts: list[Draft] = []
        self._committed: set[str] = set()
        self._erased: list[str] = []
        self._closed = False

    @property
    def recorded(self) -> int:
        """How many events have been recorded so far."""
        return len(self._drafts)

    def record(
        self,
        action: str,
        subject: Reference,
        *,
        change: UUID | str | None = None,
        related: Iterable[Reference] = (),
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        blobs: Mapping[str, AuditBlob] | None = None,
    ) -> None:
        """Buffer one event; raises PayloadError, naming the key, for what a payload may not hold.

        The event also names, in `data.erased`, the texts erased since the event before it.
        A savepoint that is rolled back does not take back what was recorded inside it.
        """
        self._must_be_open()
        if data and ERASED in data:
            raise PayloadError(f"data: the key {ERASED!r} belongs to the ledger; call erase()")
        erased = {ERASED: sorted(self._erased)} if self._erased else {}
        draft = Draft(
            action=action,
            subject=_reference(subject),
            change=None if change is None else _uuid("change", change),
            related=tuple(_reference(item) for item in related),
            before=before or {},
            after=after or {},
            data={**(data or {}), **erased},
            commitments={name: blob.digest for name, blob in (blobs or {}).items()},
        )
        check_draft(draft)
        # The verb may go on changing the dicts it gave.
        self._drafts.append(deepcopy(draft))
        self._committed.difference_update(draft.commitments.values())
        self._erased.clear()

    def commit(self, text: str) -> AuditBlob:
        """Save an erasable text with a fresh salt and return its row, to be named in `blobs`.

        Raises PayloadError for U+0000 or a lone surrogate; the recording raises LedgerMisuse at
        its end if no event named the text.
        """
        self._must_be_open()
        try:
            check_text(text, "text")
        except CanonicalError as error:
            raise PayloadError(str(error)) from error
        salt = secrets.token_bytes(32)
        blob = AuditBlob(digest=commitment(salt, text), salt=salt, value=text)
        blob.save(force_insert=True, using=self.using)
        self._committed.add(blob.digest)
        return blob

    def erase(self, blob: AuditBlob | str) -> bool:
        """Erase a committed text and its salt; False if it was erased before.

        The next event recorded names it; raises LedgerMisuse for a digest that has no row.
        """
        self._must_be_open()
        digest = blob if isinstance(blob, str) else blob.digest
        # The model's own manager refuses every update; the guard allows exactly this one.
        rows: models.QuerySet[AuditBlob] = models.QuerySet(model=AuditBlob, using=self.using)
        rows = rows.filter(digest=digest)
        if not rows.filter(erased_at=None).update(value=None, salt=None, erased_at=self.at):
            if not rows.exists():
                raise LedgerMisuse(f"no text is stored under the digest {digest}")
            return False
        if isinstance(blob, AuditBlob):
            blob.value, blob.salt, blob.erased_at = None, None, self.at
        self._erased.append(digest)
        return True

    def _must_be_open(self) -> None:
        if self._closed:
            raise LedgerMisuse("this recording has ended")

    def _finish(self) -> None:
        """Append the buffered events behind the head, whose lock is the last one taken."""
        if self._committed:
            raise LedgerMisuse("a text was committed that no event names")
        if self._erased:
            raise LedgerMisuse("a text was erased and no event was recorded after it")
        if not self._drafts:
            return
        last = _locked_head(self.using)
        mode = getattr(settings, "AUDIT_MODE", "standard")
        check_form("AUDIT_MODE", mode, WORD)
        events: list[AuditEvent] = []
        for draft in self._drafts:
            place = Place(last.origin, last.size, bytes(last.last_leaf), self.at, mode, self.actor)
            events.append(_event(draft, place))
            last.size += 1
            last.last_leaf = events[-1].leaf
        _append(events, last, self.using)
        self.events = tuple(events)


@contextmanager
def recording(
    *, actor: str, using: str = DEFAULT_DB_ALIAS, within: Recording | None = None
) -> Iterator[Recording]:
    """Open the transaction of one verb by `actor` and append its events when it ends well.

    A verb that is a part of another one's work gets that one's recording as `within`: it records
    there, and what is recorded is appended when the whole ends well.

    `actor` is "user:<uuid>", "token:<uuid>" or "system:<task>". An exception rolls back rows and
    events alike; nothing recorded leaves the ledger untouched. Raises NestedRecording inside
    another recording, RuntimeError inside an open transaction, PayloadError for a wrong actor,
    LedgerMisuse where `within` has ended or is of another actor.
    """
    if within is not None:
        within._must_be_open()
        if within.actor != actor:
            raise LedgerMisuse("a recording is of one actor; this step is of another")
        yield within
        return
    if _open.get() is not None:
        raise NestedRecording("A recording is already open: verbs do not call verbs.")
    log = Recording(actor, using)
    with transaction.atomic(using=using, durable=True):
        # The mark is gone before the commit, so that what runs on commit may record in its turn.
        token = _open.set(log)
        try:
            yield log
            log._finish()
        finally:
            log._closed = True
            _open.reset(token)


def head(using: str = DEFAULT_DB_ALIAS) -> AuditHead:
    """Return the head row as it is now, unlocked; raises LedgerBroken where there is none."""
    found = AuditHead.objects.using(using).first()
    if found is None:
        raise LedgerBroken("The audit log has no head row.")
    return found


def commitment(salt: bytes, text: str) -> str:
    """Return the hex digest by which the ledger commits to `text`: SHA-256(salt, UTF-8 text)."""
    return hashlib.sha256(salt + text.encode("utf-8")).hexdigest()


def verify_commitment(blob: AuditBlob) -> bool:
    """Tell whether a text that is not erased still has the digest that the ledger holds."""
    if blob.salt is None or blob.value is None:
        return False
    return hmac.compare_digest(commitment(bytes(blob.salt), blob.value), blob.digest)


def _locked_head(using: str) -> AuditHead:
    found = _head() if using == DEFAULT_DB_ALIAS else list(_rows_of_head().using(using))
    if not found:
        raise LedgerBroken("The audit log has no head row.")
    return found[0]


def _rows_of_head() -> models.QuerySet[AuditHead]:
    return AuditHead.objects.select_for_update().order_by("pk")[:1]


_head = CompiledQuery(_rows_of_head)


def _append(events: list[AuditEvent], last: AuditHead, using: str) -> None:
    """Insert the events and move the head, in one journey where the database takes both at once."""
    connection: Any = connections[using]
    fields = AuditEvent._meta.concrete_fields
    rows = [
        [field.get_db_prep_save(getattr(event, field.attname), connection) for field in fields]
        for event in events
    ]
    quoted = connection.ops.quote_name
    names = ", ".join(quoted(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    events_table, head_table = (quoted(m._meta.db_table) for m in (AuditEvent, AuditHead))
    # Names of our own only; what was recorded goes by parameters.
    texts = [
        (f"INSERT INTO {events_table} ({names}) VALUES ({places})", tuple(row))  # noqa: S608
        for row in rows
    ]
    moved = f"UPDATE {head_table} SET size = %s, last_leaf = %s WHERE id = %s"  # noqa: S608
    texts.append((moved, (last.size, last.last_leaf, last.pk)))
    with connection.cursor() as cursor:
        for text in in_one(connection, texts):
            cursor.execute(*text)
    for event in events:
        event._state.adding, event._state.db = False, using


def _event(draft: Draft, place: Place) -> AuditEvent:
    payload = build(draft, place)
    text = canonical(payload)
    return AuditEvent(
        seq=place.seq,
        prev=place.prev,
        leaf=leaf_hash(text),
        payload=text,
        **columns(payload),
    )


def _reference(item: Reference) -> tuple[str, UUID]:
    kind, identity = item
    return kind, _uuid(f"id of {kind}", identity)


def _uuid(key: str, value: UUID | str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except (AttributeError, TypeError, ValueError) as error:
        raise PayloadError(f"{key}: {value!r} is not a UUID") from error
