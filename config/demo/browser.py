"""A small browser for the attacks: it keeps cookies, sends forms with their hidden fields."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_CODE = re.compile(r"Nothing was changed\. <code>([a-z_]+)</code>")
_SENTENCE = re.compile(r'<h2 id="refusal-title">(.*?)</h2>\s*<p>(.*?)</p>', re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """What the app answered: status, text, and the refusal it names, if it names one."""

    status: int
    text: str

    @property
    def code(self) -> str:
        found = _CODE.search(self.text)
        return found.group(1) if found else ""

    @property
    def sentence(self) -> str:
        found = _SENTENCE.search(self.text)
        return unescape(" ".join(found.group(2).split())) if found else ""

    def hidden(self) -> dict[str, str]:
        """The hidden fields of the page's forms; the last of a name wins."""
        return {name: unescape(value) for name, value in _HIDDEN.findall(self.text)}


class Visitor:
    """One person at the running app, over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = CookieJar()
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> Answer:
        return self._send(Request(self.url + path))  # noqa: S310  # our own loopback address

    def post(self, path: str, **fields: str) -> Answer:
        token = next((c.value for c in self.cookies if c.name == "csrftoken"), "") or ""
        data = urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        return self._send(Request(self.url + path, data))  # noqa: S310

    def call(self, path: str, token: str, body: dict[str, Any]) -> Answer:
        """A POST of JSON with a bearer token."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = Request(self.url + path, json.dumps(body).encode(), headers)  # noqa: S310
        return self._send(request)

    def become(self, username: str) -> None:
        """Switch person, as the button of the demo does."""
        self.get("/")
        self.post("/demo/switch/", username=username, next="/")

    def _send(self, request: Request) -> Answer:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.read().decode("utf-8", "replace"))
        except HTTPError as error:
            return Answer(error.code, error.read().decode("utf-8", "replace"))
