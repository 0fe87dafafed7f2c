"""Errors of the API, each as problem+json, whichever layer it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.client import responses
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from approvals.presenters.needs import told
from registry.api.answers import for_one_reader
from registry.api.problems import (
    COMMON,
    MEDIA_TYPE,
    BadRequest,
    InvalidRequest,
    MalformedJson,
    Unauthorized,
    problem_body,
    type_of,
)
from registry.errors import ContentTooLarge, NotFound, Refusal

#: Facts of a refusal that are plain values and help a program; other facts stay inside.
_TOLD = (
    *("generation", "limit", "size", "line", "column", "character", "field"),
    *("revision_digest", "diff", "conflicts"),
)
_PLACES = {
    "path": "The part “{}” of the address",
    "query": "The parameter “{}”",
    "header": "The header “{}”",
    "body": "“{}” of the body",
}
#: Codes of statuses that come from no refusal of ours.
_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "content_too_large",
    500: "internal_error",
}
_SENTENCES = {
    404: "There is no such address. /api/v1/openapi.json lists those that there are.",
    405: "This address does not take this method. The header Allow lists those that it takes.",
    500: "Something went wrong here, and it is logged. Try again later.",
}


def problem(refusal: Refusal, **more: Any) -> HttpResponse:
    """Return a refusal as problem+json with its requirements and the facts that a program uses."""
    body = problem_body(refusal)
    if refusal.requirements:
        body["requirements"] = [told(requirement) for requirement in refusal.requirements]
    body |= {name: refusal.extra[name] for name in _TOLD if name in refusal.extra}
    return _response(refusal.status, {**body, **more})


def problems_of_the_api(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Turn every other error under /api/ (no such address, wrong method) into problem+json.

    There it also leaves out the body of an answer to HEAD, whose length is told.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path_info.startswith("/api/"):
            return response
        if response.status_code >= 400:
            response = _as_problem(response)
        if request.method == "HEAD" and response.content:
            response["Content-Length"] = str(len(response.content))
            response.content = b""
        return response

    return middleware


def handle_errors(api: NinjaAPI) -> None:
    """Register how the API answers refusals, bad tokens and requests that cannot be read."""
    api.add_exception_handler(Refusal, _refused)
    api.add_exception_handler(AuthenticationError, _unauthorized)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _http_error)
    api.add_exception_handler(Http404, _no_such)
    api.add_exception_handler(RequestDataTooBig, _too_big)
    api.add_exception_handler(SuspiciousOperation, _unreadable)
    api.add_exception_handler(UnreadablePostError, _unreadable)
    api.add_exception_handler(Exception, _raise)


# -- handlers -------------------------------------------------------------------------------


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(error)


def _unauthorized(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(Unauthorized(COMMON[Unauthorized]))
    challenge = 'Bearer realm="Countersign"'
    # What is wrong with a token is not told; that there was one is no news to whoever sent it.
    sent = "authorization" in request.headers
    response["WWW-Authenticate"] = f'{challenge}, error="invalid_token"' if sent else challenge
    return response


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    found = [_named(one) for one in error.errors]
    sentence = f"{found[0][0]} is not valid: {found[0][1]}." if found else "A value is not valid."
    errors = [{"where": where, "message": message} for where, message in found]
    return problem(InvalidRequest(sentence), errors=errors)


def _named(error: Mapping[str, Any]) -> tuple[str, str]:
    source, *rest = error["loc"]
    # A body is one object; its name in our code is no word of the API.
    names = rest[1:] if source == "body" else rest
    name = ".".join(str(part) for part in names)
    where = _PLACES.get(source, "“{}”").format(name) if name else "The body"
    return where, str(error["msg"])


def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    if isinstance(error.__cause__, Refusal):
        # What reads a body says that it cannot, and hides why.
        return problem(error.__cause__)
    if error.status_code == 400:
        return problem(MalformedJson("The body is not JSON. Send an object."))
    return _plain(error.status_code)


def _no_such(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(NotFound(_SENTENCES[404]))


def _too_big(request: HttpRequest, error: Any) -> HttpResponse:
    limit, sent = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, request.headers.get("Content-Length", "")
    known: dict[str, Any] = {"size": int(sent)} if sent.isdecimal() else {}
    sentence = f"The request is larger than {limit:,} bytes. Send less."
    return problem(ContentTooLarge(sentence, limit=limit, **known))


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(BadRequest("The request cannot be read. Check how it is sent."))


def _raise(request: HttpRequest, error: Any) -> HttpResponse:
    raise error


# -- parts ----------------------------------------------------------------------------------


def _as_problem(response: HttpResponse) -> HttpResponse:
    if response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        return response
    if settings.DEBUG and response.status_code == 500:
        return response
    found = _plain(response.status_code)
    if response.has_header("Allow"):
        found["Allow"] = response["Allow"]
    return found


def _plain(status: int) -> HttpResponse:
    phrase = responses.get(status, "Error")
    code = _CODES.get(status) or phrase.lower().replace(" ", "_").replace("-", "_")
    body = {
        "type": type_of(code),
        "title": phrase,
        "status": status,
        "code": code,
        "detail": _SENTENCES.get(status, f"{phrase}."),
    }
    return _response(status, body)


def _response(status: int, body: Mapping[str, Any]) -> HttpResponse:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    response = HttpResponse(content, status=status, content_type=MEDIA_TYPE)
    # The layer that gives others theirs may have been passed already.
    response["Content-Length"] = str(len(content))
    return for_one_reader(response)
