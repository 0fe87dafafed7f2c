"""Looking at the demo from outside: HTTP, mail files, and rows by a second connection."""

from __future__ import annotations

import email
import email.policy
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.children import HOST

LOOK_SECONDS = 0.05


class NotSeen(Exception):
    """What a step should have done cannot be seen from outside; the message says what."""


@dataclass(frozen=True)
class Outside:
    """Everything the story's checks may look at: nothing of the product's own code."""

    port: int
    database: Path
    mail: Path
    patience: float
    #: raises when a process that should be running has ended
    alive: Callable[[], None]

    def wait(self, what: str, look: Callable[[], Any]) -> Any:
        """The first true answer of `look`; NotSeen after the patience."""
        deadline = time.monotonic() + self.patience
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                raise NotSeen(f"{what} (looked for {self.patience:.0f} seconds)")
            self.alive()
            time.sleep(LOOK_SECONDS)

    def get(self, path: str, token: str = "") -> tuple[int, str]:
        """Status and body of a GET over HTTP; status 0 when nothing listens."""
        connection = HTTPConnection(HOST, self.port, timeout=10)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8")
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def serves(self, prompt: str, token: str, label: str = "production") -> str:
        """The text that a label serves for a prompt over HTTP; empty when it serves nothing."""
        status, body = self.get(f"/api/v1/prompts/{quote(prompt)}?label={label}", token)
        return str(json.loads(body)["template"]) if status == 200 else ""

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query by a second, read-only connection."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as second:
            found: tuple[Any, ...] | None = second.execute(sql, values).fetchone()
            return found

    def mailed(self, to: str, words: str) -> bool:
        """True when a mail file has a letter to this person with these words."""
        for file in self.mail.glob("*"):
            for part in file.read_bytes().split(b"-" * 79 + b"\n"):
                if not part.strip():
                    continue
                letter = email.message_from_bytes(part.strip(), policy=email.policy.default)
                body = letter.get_body(("plain",))
                text = f"{letter['Subject']} {body.get_content() if body else ''}"
                if to in str(letter["To"]) and words in text:
                    return True
        return False
