"""Answers whose tag is the digest of the bytes sent, so that a reader can ask for changes only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags

#: An answer is for one token, and a stop must be seen at the next read.
CACHE_CONTROL = "private, no-cache"
VARY = "Authorization, Accept"
#: … of an address that a session reads, too
VARY_BY_SESSION = f"{VARY}, Cookie"


def answer(
    request: HttpRequest, body: Mapping[str, Any], status: int = 200, *, vary: str = VARY
) -> HttpResponse:
    """Return a body as JSON with its ETag, or 304 where the reader has these very bytes."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    response: HttpResponse
    if request.method in ("GET", "HEAD") and _has(request.headers.get("If-None-Match", ""), etag):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(content, status=status, content_type="application/json")
    response["ETag"] = etag
    return for_one_reader(response, vary)


def for_one_reader(response: HttpResponse, vary: str = VARY) -> HttpResponse:
    """Mark an answer as one that nobody else may be given, and that is asked for again."""
    response["Cache-Control"] = CACHE_CONTROL
    response["Vary"] = vary
    return response


def _has(header: str, etag: str) -> bool:
    # A proxy that compresses may have made the tag weak; it still names these bytes.
    known = [tag.removeprefix("W/") for tag in parse_etags(header)]
    return etag in known or known == ["*"]


def conditional() -> dict[int, Any]:
    """Return what the schema says of the headers of `answer`, at 200 and 304."""
    text = {"required": True, "schema": {"type": "string"}}
    headers = {"ETag": text, "Cache-Control": text, "Vary": text}
    return {
        200: {"headers": headers},
        304: {"description": "You have it already (`If-None-Match`)", "headers": headers},
    }
