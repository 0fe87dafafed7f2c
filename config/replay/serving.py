"""Reading what production serves, from outside: over HTTP, with a token."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote, urlsplit

from config.replay.tally import Expected

#: seconds that a server may take to come up, and to give one answer
START_SECONDS = 60.0
ANSWER_SECONDS = 30.0
_OK, _NOT_FOUND = 200, 404


def wait_until_up(url: str) -> None:
    """Return once the server answers at all; raises OSError when it does not in a minute."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _get(url, "/healthz", "")
            return
        except (OSError, HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def differences(url: str, token: str, wanted: Iterable[Expected]) -> Iterator[str]:
    """Yield a line for each prompt whose served text is not, byte for byte, the one expected."""
    for expected in wanted:
        status, body = _get(url, f"/api/v1/prompts/{quote(expected.name, safe='/')}", token)
        if expected.digest is None:
            if status != _NOT_FOUND:
                yield f"{expected.name}: answers {status}, and nothing was accepted"
        elif status != _OK:
            yield f"{expected.name}: answers {status}"
        elif _digest(body) != expected.digest:
            yield f"{expected.name}: serves another text than the last one accepted"


def _digest(body: bytes) -> str:
    try:
        template = json.loads(body)["template"]
    except (ValueError, KeyError, TypeError):
        return ""
    return hashlib.sha256(template.encode("utf-8")).hexdigest() if template else ""


def _get(url: str, path: str, token: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", parts.path.rstrip("/") + path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
