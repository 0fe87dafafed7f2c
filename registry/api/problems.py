"""Refusals that only the API makes, and how the schema lists the refusals of an address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from http.client import responses
from typing import Any

from django.http import HttpRequest

from registry.errors import BadInput, Refusal

MEDIA_TYPE = "application/problem+json"


class Unauthorized(Refusal):
    """No token, or one that is unknown, expired or revoked: the answer is the same."""

    code = "unauthorized"
    title = "A valid token is needed"
    status = 401


class CsrfFailed(Refusal):
    """A session without its CSRF token: another site may have sent this."""

    code = "csrf_failed"
    title = "The CSRF token is missing or wrong"
    status = 403


class BadRequest(BadInput):
    code = "bad_request"
    title = "The request cannot be read"
    status = 400


class MalformedJson(BadRequest):
    code = "malformed_json"
    title = "The body is not JSON"


class InvalidRequest(BadInput):
    code = "invalid_request"
    title = "A value is missing or not valid"


class UnknownParameter(BadInput):
    code = "unknown_parameter"
    title = "There is no such parameter"


class RepeatedParameter(BadInput):
    """A name with two values where one counts: neither is taken."""

    code = "repeated_parameter"
    title = "A value is given twice"


class InvalidCursor(BadInput):
    code = "invalid_cursor"
    title = "This cursor cannot be used"


#: What every address that needs a token may answer, with a sentence as it would be.
COMMON: dict[type[Refusal], str] = {
    Unauthorized: "Send a live token (Authorization: Bearer …) where this takes one, or sign in.",
    BadRequest: "The request cannot be read. Check how it is sent.",
    InvalidRequest: "The value of “version” is not valid: Input should be a valid integer.",
    UnknownParameter: "“lable” is not a parameter here. Use some of: label, version.",
    RepeatedParameter: "“label” is given 2 times. Send it once.",
}


def refuse_unknown(request: HttpRequest, known: Collection[str] = ()) -> None:
    """Raise UnknownParameter for a query parameter not among `known`, RepeatedParameter for two.

    A selector that is misspelt would otherwise be one that is absent, and mean production; of two
    the last would be taken, whichever was meant.
    """
    for name, values in request.GET.lists():
        if name not in known:
            use = f"Use some of: {', '.join(known)}." if known else "There are none."
            raise UnknownParameter(f"“{name[:100]}” is not a parameter here. {use}")
        if len(values) > 1:
            raise RepeatedParameter(f"“{name}” is given {len(values)} times. Send it once.")


def type_of(code: str) -> str:
    """Return the `type` of a problem, which is an identifier and no address."""
    return f"urn:problem-type:countersign:{code}"


def problem_body(refusal: Refusal) -> dict[str, Any]:
    """Return the members that every problem has."""
    return {
        "type": type_of(refusal.code),
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.sentence,
    }


def listed(refusals: Mapping[type[Refusal], str]) -> dict[int, Any]:
    """Return the OpenAPI responses of these refusals and COMMON, by status, an example each."""
    by_status: dict[int, list[Refusal]] = defaultdict(list)
    for kind, sentence in {**COMMON, **refusals}.items():
        by_status[kind.status].append(kind(sentence))
    return {status: _response(status, found) for status, found in sorted(by_status.items())}


def _response(status: int, refusals: list[Refusal]) -> dict[str, Any]:
    codes = [refusal.code for refusal in refusals]
    one_of_these = {
        "type": "object",
        "properties": {"status": {"const": status}, "code": {"enum": codes}},
    }
    response: dict[str, Any] = {
        "description": f"{responses[status]}: {', '.join(f'`{code}`' for code in codes)}",
        "content": {
            MEDIA_TYPE: {
                "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, one_of_these]},
                "examples": {r.code: {"value": problem_body(r)} for r in refusals},
            }
        },
    }
    if status == Unauthorized.status:
        response["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return response
