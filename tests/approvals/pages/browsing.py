"""A person at a page without JavaScript: reads it, fills in a form and presses a button.

Fields are read and sent as a browser does it: a line end right after <textarea> is not content,
and every line end is sent as CR LF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from typing_extensions import override

from registry.models import User

VOID = {"input", "meta", "link", "br", "img", "col", "hr"}


@dataclass
class Form:
    """One form of a page: where it goes, what its fields hold, and its buttons by their words."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return next(value for key, value in self.fields if key == name)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


class Page(HTMLParser):
    """A page as it arrived: its words, its forms, and every tag with its attributes."""

    def __init__(self, response: Any) -> None:
        super().__init__(convert_charrefs=True)
        self.html = response.content.decode()
        self.status = response.status_code
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._text: list[str] = []
        self._inside: list[str] = []
        self._field: tuple[str, list[str]] | None = None
        self._button: tuple[str, str, list[str]] | None = None
        self._select = ""
        self._chosen: str | None = None
        self._option: tuple[str | None, bool, list[str]] | None = None
        self.feed(self.html)

    @property
    def text(self) -> str:
        """The words of the page, every run of blanks as one."""
        return re.sub(r"\s+", " ", "".join(self._text)).strip()

    def has(self, tag: str, **attributes: str) -> bool:
        wanted = {key.replace("_", "-"): value for key, value in attributes.items()}
        return any(name == tag and wanted.items() <= found.items() for name, found in self.tags)

    def words_in(self, tag: str) -> list[str]:
        """The words inside each element of this tag."""
        found = re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", self.html, re.DOTALL)
        return [Words(part).text for part in found]

    @property
    def buttons(self) -> set[str]:
        return {words for form in self.forms for words in form.buttons} - {"Sign out"}

    def form_with(self, button: str) -> Form:
        return next(form for form in self.forms if button in form.buttons)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.tags.append((tag, found))
        if tag not in VOID:
            self._inside.append(tag)
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get")))
        if tag == "input":
            self._input(found)
        if tag == "textarea" and "name" in found:
            self._field = (found["name"], [])
        if tag == "button":
            self._button = (found.get("name", ""), found.get("value", ""), [])
        if tag == "select":
            self._select, self._chosen = found["name"], None
        if tag == "option":
            self._option = (found.get("value"), "selected" in found, [])

    @override
    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass
        if tag == "textarea" and self._field:
            name, parts = self._field
            value = re.sub(r"\r\n|\r", "\n", "".join(parts))
            self.forms[-1].fields.append((name, value[1:] if value[:1] == "\n" else value))
            self._field = None
        if tag == "button" and self._button and self.forms:
            name, value, parts = self._button
            self.forms[-1].buttons["".join(parts).strip()] = (name, value)
            self._button = None
        if tag == "option" and self._option:
            given, selected, parts = self._option
            if selected or self._chosen is None:
                self._chosen = "".join(parts) if given is None else given
            self._option = None
        if tag == "select":
            self.forms[-1].fields.append((self._select, self._chosen or ""))

    @override
    def handle_data(self, data: str) -> None:
        for parts in (self._field, self._button, self._option):
            if parts:
                parts[-1].append(data)
        if not {"script", "style", "head", "textarea"} & {*self._inside}:
            self._text.append(data)

    def _input(self, found: dict[str, str]) -> None:
        kind = found.get("type", "text")
        ticked = kind in ("checkbox", "radio")
        off = ticked and "checked" not in found
        if self.forms and "name" in found and not off:
            value = found.get("value", "on" if ticked else "")
            self.forms[-1].fields.append((found["name"], value))


class Words(HTMLParser):
    """The words of a piece of markup."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self.feed(html)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self._parts)).strip()

    @override
    def handle_data(self, data: str) -> None:
        self._parts.append(data)


def signed_in(person: User) -> Client:
    """A browser in which this person is signed in; forms need their token, as in real life."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def look(client: Client, address: str) -> Page:
    return Page(client.get(address))


def press(
    client: Client, page: Page, button: str, at: str, *, form: Form | None = None, **typed: Any
) -> Page:
    """The page that comes after filling in fields and pressing a button, redirects followed.

    `at` is the page's own address; a typed None unticks a box; a list fills fields of one name.
    """
    own = form or page.form_with(button)
    pairs = [(name, value) for name, value in own.fields if name not in typed]
    for name, value in typed.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        pairs += [(name, str(one)) for one in values]
    name, value = own.buttons[button]
    if name:
        pairs.append((name, value))
    data: dict[str, list[str]] = {}
    for key, sent in pairs:
        data.setdefault(key, []).append(re.sub(r"\r\n|\r|\n", "\r\n", sent))
    body = urlencode(data, doseq=True)
    kind = "application/x-www-form-urlencoded"
    return Page(client.post(own.action or at, body, content_type=kind, follow=True))
