"""Payload version 1 of an event: how it is built, read, hashed and turned into search columns."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from audit.canonical import CanonicalError, check_value, parse_canonical

VERSION = 1
KEYS = {
    *("v", "log", "seq", "prev", "ts", "mode", "actor", "action", "subject", "change", "related"),
    *("from", "to", "data", "commitments"),
}
UUID_FORM = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ACTOR = re.compile(rf"(user|token):{UUID_FORM}|system:[a-z_]+", re.ASCII)
DOTTED = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
NAME_LIMIT = 100
# Put into `data` by the ledger itself: the digests whose texts the event erased.
ERASED = "erased"


class PayloadError(ValueError):
    """An event that breaks a rule of the payload; the message names the key and the rule."""


@dataclass(frozen=True)
class Draft:
    """One event as a verb records it, before the ledger gives it a number and a place."""

    action: str
    subject: tuple[str, UUID]
    change: UUID | None = None
    related: tuple[tuple[str, UUID], ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    commitments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """What the recording and the head give an event: log, number, link, time, mode, actor."""

    log: str
    seq: int
    prev: bytes
    ts: datetime
    mode: str
    actor: str


def build(draft: Draft, place: Place) -> dict[str, Any]:
    """Return the payload of `draft` at `place` as a plain dict, not yet canonical text."""
    return {
        "v": VERSION,
        "log": place.log,
        "seq": place.seq,
        "prev": place.prev.hex(),
        "ts": time_text(place.ts),
        "mode": place.mode,
        "actor": place.actor,
        "action": draft.action,
        "subject": _reference(draft.subject),
        "change": None if draft.change is None else str(draft.change),
        "related": [_reference(item) for item in draft.related],
        "from": dict(draft.before),
        "to": dict(draft.after),
        "data": dict(draft.data),
        "commitments": dict(draft.commitments),
    }


def check_draft(draft: Draft) -> None:
    """Raise PayloadError where a name, digest or value of `draft` breaks a rule of the payload."""
    check_form("action", draft.action, DOTTED)
    for kind, _ in (draft.subject, *draft.related):
        check_form("subject type", kind, DOTTED)
    for name, digest in draft.commitments.items():
        check_form("commitment name", name, WORD)
        check_form(f"commitment {name}", digest, DIGEST)
    for key, value in (("from", draft.before), ("to", draft.after), ("data", draft.data)):
        try:
            check_value(dict(value), key)
        except CanonicalError as error:
            raise PayloadError(str(error)) from error


def check_form(key: str, value: object, form: re.Pattern[str]) -> None:
    """Raise PayloadError unless `value` is text of at most 100 characters that matches `form`."""
    if not isinstance(value, str) or len(value) > NAME_LIMIT or not form.fullmatch(value):
        raise PayloadError(f"{key}: {value!r} does not match {form.pattern}")


def read(text: str) -> dict[str, Any]:
    """Return the payload in `text`; raises PayloadError unless canonical and of version 1."""
    try:
        payload = parse_canonical(text)
    except CanonicalError as error:
        raise PayloadError(str(error)) from error
    if not isinstance(payload, dict) or payload.keys() != KEYS:
        raise PayloadError("its keys are not those of payload version 1")
    if payload["v"] != VERSION or isinstance(payload["v"], bool):
        raise PayloadError(f"payload version {payload['v']!r} is not known")
    _check_read(payload)
    return payload


def columns(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the search columns of AuditEvent that follow from a payload that `read` accepts."""
    change = payload["change"]
    return {
        "ts": time_of(payload["ts"]),
        "actor": payload["actor"],
        "action": payload["action"],
        "subject_type": payload["subject"]["type"],
        "subject_id": UUID(payload["subject"]["id"]),
        "change_id": None if change is None else UUID(change),
    }


def leaf_hash(text: str) -> bytes:
    """Return the RFC 6962 leaf hash of a payload text: SHA-256 over 0x00 and its UTF-8."""
    return hashlib.sha256(b"\x00" + text.encode("utf-8")).digest()


def time_text(moment: datetime) -> str:
    """Return an aware time as UTC RFC 3339 with exactly six fractional digits and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_of(text: str) -> datetime:
    """Return the time that `time_text` wrote; raises ValueError for any other form."""
    if not TIME.fullmatch(text):
        raise ValueError(f"{text!r} is not a UTC time with six digits")
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _reference(item: tuple[str, UUID]) -> dict[str, str]:
    return {"type": item[0], "id": str(item[1])}


def _check_read(payload: Mapping[str, Any]) -> None:
    check_form("actor", payload["actor"], ACTOR)
    check_form("action", payload["action"], DOTTED)
    check_form("mode", payload["mode"], WORD)
    check_form("prev", payload["prev"], DIGEST)
    references = payload["related"]
    if not isinstance(references, list):
        raise PayloadError("related: not a list")
    for item in (payload["subject"], *references):
        _check_reference(item)
    for key in ("from", "to", "data", "commitments"):
        if not isinstance(payload[key], dict):
            raise PayloadError(f"{key}: not an object")
    if payload["change"] is not None:
        check_form("change", payload["change"], re.compile(UUID_FORM))
    for name, digest in payload["commitments"].items():
        check_form(f"commitment {name}", digest, DIGEST)
    _check_erased(payload["data"].get(ERASED, []))
    if isinstance(payload["seq"], bool) or not isinstance(payload["seq"], int):
        raise PayloadError("seq: not a whole number")
    if not isinstance(payload["log"], str):
        raise PayloadError("log: not text")
    try:
        time_of(payload["ts"])
    except (TypeError, ValueError) as error:
        raise PayloadError(f"ts: {error}") from error


def _check_reference(item: object) -> None:
    if not isinstance(item, dict) or item.keys() != {"type", "id"}:
        raise PayloadError(f"reference: {item!r} is not a type and an id")
    check_form("subject type", item["type"], DOTTED)
    check_form("subject id", item["id"], re.compile(UUID_FORM))


def _check_erased(digests: Iterable[object]) -> None:
    if not isinstance(digests, list):
        raise PayloadError("data.erased: not a list")
    for digest in digests:
        check_form("data.erased", digest, DIGEST)
