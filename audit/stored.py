"""What the ledger's tables really hold, read so that no damage to a row can stop the reading.

The ORM would raise on a time, UUID or UTF-8 text that someone has spoilt; the verifier has to go
on and name the event.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.models import AuditBlob, AuditEvent, AuditHead

BlobState = Literal["whole", "altered", "erased"]

_CHUNK = 500
_TEXTS_CHUNK = 20
_TEXT_COLUMNS = ("payload", "ts", "actor", "action", "subject_type", "subject_id", "change_id")


@dataclass(frozen=True)
class Row:
    """One stored event; a value that is not what its column should hold is left as it came."""

    seq: object
    prev: object
    leaf: object
    payload: object
    ts: object
    actor: object
    action: object
    subject_type: object
    subject_id: object
    change_id: object


@dataclass(frozen=True)
class Head:
    """One stored head row."""

    origin: object
    size: object
    last_leaf: object


@contextmanager
def snapshot(using: str) -> Iterator[None]:
    """Read one state of the database throughout, without keeping writers out.

    Inside an open transaction this leaves matters as they are.
    """
    connection = connections[using]
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(using=using), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django's own transaction would take the write lock at once (IMMEDIATE).
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def rows(using: str) -> Iterator[Row]:
    """Yield every stored event by its number, a few hundred in memory at a time."""
    connection = connections[using]
    names = ", ".join(
        _bytes(connection, name) if name in _TEXT_COLUMNS else name for name in Row.__annotations__
    )
    sql = f"SELECT {names} FROM {_table(AuditEvent)} ORDER BY seq"  # noqa: S608 - own names
    for values in _fetched(connection, sql, (), _CHUNK):
        yield Row(*(_plain(value) for value in values[:3]), *_texts(connection, values[3:]))


def heads(using: str) -> list[Head]:
    """Return the head rows, of which there should be one; at most two are read."""
    connection = connections[using]
    names = f"{_bytes(connection, 'origin')}, size, last_leaf"
    sql = f"SELECT {names} FROM {_table(AuditHead)} LIMIT 2"  # noqa: S608 - own names
    found = _fetched(connection, sql, (), 2)
    return [Head(_text(origin), size, _plain(leaf)) for origin, size, leaf in found]


def blob_states(digests: Collection[str], using: str) -> dict[str, BlobState]:
    """Return the state of each text that has a row, by its digest."""
    if not digests:
        return {}
    connection = connections[using]
    names = f"digest, salt, {_bytes(connection, 'value')}, erased_at IS NOT NULL"
    marks = ", ".join(["%s"] * len(digests))
    sql = f"SELECT {names} FROM {_table(AuditBlob)} WHERE digest IN ({marks})"  # noqa: S608
    found = _fetched(connection, sql, tuple(digests), _TEXTS_CHUNK)
    return {row[0]: _state(row[0], _plain(row[1]), row[2], bool(row[3])) for row in found}


def _state(digest: str, salt: object, value: object, erased: bool) -> BlobState:
    if salt is None and value is None and erased:
        return "erased"
    stored = value.encode("utf-8") if isinstance(value, str) else value
    if erased or not isinstance(salt, bytes) or not isinstance(stored, bytes):
        return "altered"
    return "whole" if hashlib.sha256(salt + stored).hexdigest() == digest else "altered"


def _fetched(
    connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any], size: int
) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, params)
        while found := cursor.fetchmany(size):
            yield from found


def _bytes(connection: BaseDatabaseWrapper, name: str) -> str:
    """Return the expression by which a text column is read: as bytes where it may be spoilt."""
    return f"CAST({name} AS BLOB)" if connection.vendor == "sqlite" else name


def _texts(connection: BaseDatabaseWrapper, values: Sequence[Any]) -> Iterator[object]:
    for name, value in zip(_TEXT_COLUMNS, values, strict=True):
        text = _text(value)
        if isinstance(text, str) and name == "ts":
            yield _time(connection, text)
        elif isinstance(text, str) and name in ("subject_id", "change_id"):
            yield _uuid(text)
        else:
            yield text


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value


def _text(value: object) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _time(connection: BaseDatabaseWrapper, text: str) -> object:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=connection.timezone)
    except ValueError:
        return text


def _uuid(text: str) -> object:
    try:
        return UUID(hex=text)
    except ValueError:
        return text


def _table(model: type[models.Model]) -> str:
    return f'"{model._meta.db_table}"'
