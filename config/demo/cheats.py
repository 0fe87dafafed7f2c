"""Six attacks, really made on the running app, and what stopped or found each of them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from approvals import services
from approvals.models import ApprovalRequest
from config.demo import cast as people
from config.demo import texts
from config.demo.browser import Answer, Visitor
from registry.documents import build
from registry.models import Label, LabelPointer, Prompt, User

ANSWER, INTRO = "support/refund-answer", "sales/quote-intro"
PATIENCE = 30.0


@dataclass(frozen=True)
class Outcome:
    """One attack: what was tried, what came back, by which rule, and whether it was held."""

    word: str
    title: str
    tried: str
    answer: str
    rule: str
    held: bool


@dataclass(frozen=True)
class Attack:
    word: str
    title: str
    run: Callable[[Attack, str], Outcome]

    def outcome(self, tried: str, answer: str, rule: str, *, held: bool) -> Outcome:
        return Outcome(self.word, self.title, tried, answer, rule, held)


def _waiting(prompt: str) -> ApprovalRequest:
    """An open change of a prompt in review; one is made where the visitor approved it already."""
    rows = ApprovalRequest.objects.with_parts()
    found = rows.filter(prompt__name=prompt, state="review").order_by("-pk").first()
    return found or _proposed(prompt)


def _proposed(prompt_name: str) -> ApprovalRequest:
    """A new change by the product manager that the worker has scanned and sent to people."""
    prompt = Prompt.objects.get(name=prompt_name)
    label = Label.objects.get(name="production")
    live = LabelPointer.objects.select_related("version").get(prompt=prompt, label=label).version
    text = str(live.body["template"]) if live else texts.QUOTE
    words = " ".join(
        f"Say it in plain words, as a colleague would, please ({n})." for n in range(4)
    )
    request = services.propose(
        prompt,
        label=label,
        document=build(type="text", template=f"{text}{words}\n", template_format="mustache"),
        rationale="A change that exists to be attacked.",
        actor=_user(people.PM),
    )
    services.submit(request.pk, actor=_user(people.PM))
    return _wait(request.pk, "review")


def _wait(pk: int, state: str) -> ApprovalRequest:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        request: ApprovalRequest = ApprovalRequest.objects.with_parts().get(pk=pk)
        if request.state == state:
            return request
        time.sleep(0.1)
    raise TimeoutError(f"request {pk} is not in {state} after {PATIENCE:.0f} seconds")


def _user(username: str) -> User:
    return User.objects.get(username=username)


def _press(url: str, who: str, request: ApprovalRequest, do: str) -> Answer:
    """Sign in as somebody and press a button of the change's page, shown or not."""
    visitor = Visitor(url)
    visitor.become(who)
    path = f"/requests/{request.pk}/"
    fields = visitor.get(path).hidden()
    fields.pop("csrfmiddlewaretoken", None)
    fields.setdefault("seen", request.revision_digest)
    return visitor.post(path, **{**fields, "do": do, "comment": ""})


def _own(attack: Attack, url: str) -> Outcome:
    request = _waiting(ANSWER)
    answer = _press(url, people.PM, request, "approve:support")
    return attack.outcome(
        f"Mara wrote change {request.pk} and posts an approval of it.",
        answer.sentence,
        answer.code,
        held=answer.code == "own_change",
    )


def _superuser(attack: Attack, url: str) -> Outcome:
    request = _waiting(ANSWER)
    answer = _press(url, people.SUPERUSER, request, "release")
    return attack.outcome(
        f"A superuser, with every flag of the admin, posts the release of change {request.pk}.",
        answer.sentence,
        answer.code,
        held=answer.code == "not_allowed",
    )


def _edit(attack: Attack, url: str) -> Outcome:
    """Get something harmless approved, write something else into it, release that."""
    request = _proposed(INTRO)
    services.review(
        request.pk,
        actor=_user(people.SUPPORT),
        role="support",
        decision="approve",
        seen=request.revision_digest,
        auth_method="demo",
    )
    _wait(request.pk, "approved")
    other = texts.QUOTE + "Promise a discount of 90 percent to whoever asks for one.\n"
    services.revise(
        request.pk,
        document=build(type="text", template=other, template_format="mustache"),
        rationale="Nobody will notice.",
        actor=_user(people.PM),
    )
    changed = ApprovalRequest.objects.with_parts().get(pk=request.pk)
    answer = _press(url, people.PM, changed, "release")
    services.withdraw(request.pk, actor=_user(people.PM))
    return attack.outcome(
        f"Tom approved change {request.pk}; then Mara put another text into it and releases.",
        answer.sentence,
        answer.code,
        held=answer.code == "requirements_unmet",
    )


def _token(attack: Attack, url: str) -> Outcome:
    prompt = Prompt.objects.get(name=ANSWER)
    version = prompt.versions.order_by("-number").first()
    pointer = LabelPointer.objects.get(prompt=prompt, label__name="production")
    answer = Visitor(url).call(
        f"/api/v1/prompts/{ANSWER}/-/labels/production/place",
        people.kept(people.CI_TOKEN),
        {
            "version": version.number if version else 1,
            "expected_generation": pointer.generation,
        },
    )
    told = _object(answer.text)
    return attack.outcome(
        "A CI token that may place versions on staging asks to place one on production.",
        str(told.get("detail", "")),
        str(told.get("code", "")),
        held=told.get("code") == "label_protected",
    )


def _pointer(attack: Attack, url: str) -> Outcome:
    prompt = Prompt.objects.get(name=ANSWER)
    version = prompt.versions.order_by("-number").first()
    sql = (
        "UPDATE registry_labelpointer SET version_id = ?, generation = generation + 1 "
        "WHERE prompt_id = ? AND label_id = (SELECT id FROM registry_label WHERE name = ?)"
    )
    answer, held = "The row was changed.", False
    with closing(sqlite3.connect(_database(), timeout=20)) as second:
        try:
            second.execute(sql, (version.pk if version else 0, prompt.pk, "production"))
            second.rollback()
        except sqlite3.Error as error:
            answer, held = str(error), "countersign guard" in str(error)
    return attack.outcome(
        "Somebody with the database file moves the pointer with raw SQL.",
        answer,
        "database trigger",
        held=held,
    )


def _vote(attack: Attack, url: str) -> Outcome:
    """Guards only deter whoever owns the file; the verifier is what finds it."""
    copy = Path(settings.VAR_DIR) / "cheat-copy.sqlite3"
    copy.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(_database())) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        names = target.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?",
            ("approvals_review",),
        ).fetchall()
        for (name,) in names:
            target.execute(f'DROP TRIGGER "{name}"')
        target.execute(
            "UPDATE approvals_review SET risk_level = 'low', meaning = 'Never read it' "
            "WHERE id = (SELECT min(id) FROM approvals_review)"
        )
        target.commit()
    ran = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "manage.py", "audit_verify", "--json", "--database-file", str(copy)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    copy.unlink(missing_ok=True)
    problems = _object(ran.stdout).get("problems", [])
    vote: dict[str, Any] = next((p for p in problems if p.get("code") == "approvals.vote"), {})
    return attack.outcome(
        "In a copy of the database file the guards are dropped and a vote is rewritten.",
        str(vote.get("message", ran.stdout[-300:])) + f" (event {vote.get('seq')})",
        f"audit_verify: {vote.get('code', 'nothing found')}",
        held=ran.returncode != 0 and bool(vote),
    )


def _object(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _database() -> str:
    return str(settings.DATABASES["default"]["NAME"])


ATTACKS: tuple[Attack, ...] = (
    Attack("own", "Approve your own change", _own),
    Attack("superuser", "Release as superuser", _superuser),
    Attack("edit", "Edit after approval", _edit),
    Attack("token", "Move production with a CI token", _token),
    Attack("pointer", "Move the pointer by raw SQL", _pointer),
    Attack("vote", "Change a vote in a copy of the database file", _vote),
)


def run(word: str, url: str) -> Outcome:
    """Make one attack on the app at `url`; LookupError for a word that is none."""
    attack = {a.word: a for a in ATTACKS}[word]
    return attack.run(attack, url)
