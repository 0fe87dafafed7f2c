"""What every response and request passes: whom to believe, and what a page may load."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.multipartparser import MultiPartParser
from typing_extensions import override

from approvals.views.errors import BodyTooLarge
from approvals.views.frame import show
from approvals.views.kept import texts_in, word_of
from registry.errors import InvalidText

_FORWARDED = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST")
# The admin's theme runs Alpine, which evaluates attributes and sets styles. No page of ours does.
_ADMIN_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
#: pages with a form that holds the whole text of a prompt
_WHOLE_TEXTS = frozenset(
    f"approvals:{name}" for name in ("new-prompt", "propose", "revise", "rebase", "request")
)
#: bytes of any other form: comments, reasons, a policy
_SHORT = 1024 * 1024
#: a newline, which is one byte of a text, is sent as %0D%0A
_WORST_ENCODING = 6


def trusted_proxy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Drop X-Forwarded-* headers that did not come from an address in TRUSTED_PROXY.

    Where they did, REMOTE_ADDR becomes the address that the last proxy before ours had to do with:
    what stands further left in X-Forwarded-For anybody may have written.
    """
    unix = "unix" in settings.TRUSTED_PROXY
    networks = [ipaddress.ip_network(word) for word in settings.TRUSTED_PROXY if word != "unix"]

    def is_trusted(address: str) -> bool:
        if not address:
            return unix
        peer = ipaddress.ip_address(address)
        return any(peer in network for network in networks)

    def middleware(request: HttpRequest) -> HttpResponse:
        if not is_trusted(request.META.get("REMOTE_ADDR", "")):
            for name in _FORWARDED:
                request.META.pop(name, None)
        elif came := request.META.get("HTTP_X_FORWARDED_FOR"):
            request.META["REMOTE_ADDR"] = _client(came, is_trusted)
        return get_response(request)

    return middleware


def _client(forwarded_for: str, is_trusted: Callable[[str], bool]) -> str:
    """The last address of the list that is no proxy of ours; empty where there is none."""
    for word in reversed(forwarded_for.split(",")):
        try:
            address = str(ipaddress.ip_address(word.strip()))
        except ValueError:
            return ""
        if not is_trusted(address):
            return address
    return ""


class BodyLimit:
    """Refuse by its length a body that nobody would send to this address, before it is read.

    Reading is what costs: a body of many megabytes keeps a web process busy for seconds. The forms
    that hold a whole text read, for who is signed in, even one that is far too long, because they
    give it back; for who is not, any text that may be stored, so that it outlives its session. The
    API asks for its caller before it reads.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> None:
        """Raise BodyTooLarge, which is answered with 413; runs before CSRF looks into the form."""
        match = request.resolver_match
        if match is None or "api" in match.namespaces:
            return
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if match.view_name not in _WHOLE_TEXTS:
            limit = min(limit, _SHORT)
        elif not request.user.is_authenticated:
            limit = min(limit, _WORST_ENCODING * settings.MAX_PROMPT_BYTES + _SHORT)
        _check_length(request, limit)


def _check_length(request: HttpRequest, limit: int) -> None:
    sent = request.META.get("CONTENT_LENGTH") or ""
    if sent.isdecimal() and int(sent) > limit:
        raise BodyTooLarge(limit)


class ReadableForms:
    """Refuses a form in which something is not UTF-8, and names the field.

    Django would put U+FFFD there and say nothing; what is then stored was never typed. It stands
    behind the check of the form's token: what came from elsewhere is not given back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.content_type == _MULTIPART:
            # No page of ours sends its form so, nor takes files.
            _check_length(request, _SHORT)
            with suppress(UnreadablePostError):
                # Read whole, it can be looked at again.
                _ = request.body
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Answer a form that cannot be read; None for every other request."""
        if request.method != "POST" or request.path_info.startswith("/api/"):
            return None
        field = _unreadable_field(request)
        if field is None:
            return None
        if "X-Fragment" in request.headers:
            return HttpResponse(status=422)
        refusal = InvalidText(
            f"What was sent in the field “{word_of(field)}” is not UTF-8, so that some of its "
            "characters cannot be read. Send the form as UTF-8; a lone surrogate cannot be sent "
            "at all.",
            field=field,
        )
        return show(request, "unreadable.html", {"typed_texts": texts_in(request)}, refusal=refusal)


def _unreadable_field(request: HttpRequest) -> str | None:
    """The first field whose name or value is not text in the form's encoding."""
    if not _is_doubtful(request):
        return None
    encoding = request.encoding or settings.DEFAULT_CHARSET
    for name, value in _fields(request):
        try:
            name.decode(encoding)
            value.decode(encoding)
        except UnicodeDecodeError:
            return name.decode(encoding, "replace")
    return None


def _is_doubtful(request: HttpRequest) -> bool:
    """Whether something may have been replaced; somebody may also have typed a U+FFFD."""
    if request.content_type == _URLENCODED:
        try:
            request.body.decode()
        except UnicodeDecodeError:
            return True
    elif request.content_type != _MULTIPART:
        return False
    return any(
        "\ufffd" in text for name, values in request.POST.lists() for text in (name, *values)
    )


def _fields(request: HttpRequest) -> Iterator[tuple[bytes, bytes]]:
    """Every field of a form as the bytes that were sent: in Latin-1 each byte is a character."""
    if request.content_type == _URLENCODED:
        pairs = parse_qsl(request.body.decode("latin-1"), True, encoding="latin-1")
    else:
        body = BytesIO(request.body)
        sent, _ = MultiPartParser(request.META, body, [], "latin-1").parse()
        pairs = [(name, value) for name, values in sent.lists() for value in values]
    for name, value in pairs:
        yield str(name).encode("latin-1"), str(value).encode("latin-1")


class ContentSecurityPolicy(CSPMiddleware):
    """Sends the strict policy of the settings, and a wider one under /admin/ only."""

    @override
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path_info.startswith("/admin/"):
            parts.update = {**_ADMIN_POLICY, **(parts.update or {})}
        return parts
