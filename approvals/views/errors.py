"""Answers to a request that could not even be read."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

from registry.documents import MAX_MESSAGES


class BodyTooLarge(RequestDataTooBig):
    """A body is longer than this address reads from this caller."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is longer than {limit} bytes.")
        self.limit = limit


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """413 with limit and size for a body or fields that are too many to be read, else 400."""
    if isinstance(exception, TooManyFieldsSent):
        limits = {
            "fields": f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,}",
            "messages": f"{MAX_MESSAGES:,}",
        }
        return render(request, "413.html", limits, status=413)
    if not isinstance(exception, RequestDataTooBig):
        filtered = isinstance(exception, DisallowedModelAdminLookup)
        return render(request, "400.html", {"filtered": filtered}, status=400)
    sent = request.headers.get("Content-Length", "")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if isinstance(exception, BodyTooLarge):
        limit = exception.limit
    context = {
        "size": filesizeformat(int(sent)) if sent.isdecimal() else "more",
        "limit": filesizeformat(limit),
        "text_limit": filesizeformat(settings.MAX_PROMPT_BYTES),
    }
    return render(request, "413.html", context, status=413)
