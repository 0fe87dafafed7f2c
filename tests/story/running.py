"""The product as people meet it: its web server and its worker, and a browser window each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from approvals import services, tasks
from approvals.models import ApprovalRequest
from config import celery_app
from config.children import HOST, Children
from registry import roles
from registry.documents import build
from registry.models import Label, OutboxMail, Prompt, User
from registry.permissions import CREATE
from registry.services import grants, memberships, namespaces, people, prompts
from tests.people import TEMPLATE
from tests.story import rest

PASSWORD = "paper lantern, 41 windows"
#: seconds; an idle machine needs two, a busy one much longer
PATIENCE = 60.0
#: the same for the browser, which counts in milliseconds
SOON = PATIENCE * 1000
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Site:
    """A running web server with its worker, seen from outside."""

    port: int
    children: Children

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def serves(self, prompt: Prompt, secret: str, label: str = "production") -> str:
        """The text that an application reads over HTTP; "" when it gets none."""
        address = f"{self.url}/api/v1/prompts/{quote(prompt.name)}?label={label}"
        asked = Request(address, headers={"Authorization": f"Bearer {secret}"})  # noqa: S310
        try:
            with urlopen(asked, timeout=30) as answer:  # noqa: S310  # our own address
                return str(json.load(answer)["template"])
        except HTTPError:
            return ""

    def wait(self, what: str, look: Callable[[], Any]) -> None:
        """Look until it is so; fail with `what` after the patience, or when a process ended."""
        deadline = time.monotonic() + PATIENCE
        while not look():
            self.children.check()
            assert time.monotonic() < deadline, f"{what}\n{self.children.last_lines('worker')}"
            time.sleep(LOOK_SECONDS)


@dataclass
class Town:
    """Who works here, on which site, and their windows."""

    site: Site
    chrome: Browser
    owner: User
    production: Label
    marks: Path
    contexts: list[BrowserContext] = field(default_factory=list)

    def person(self, username: str, *joins: str, password: str | None = None) -> User:
        """Somebody in roles; with a password for those who use the sign-in page."""
        made = people.create_person(
            username,
            email=f"{username}@example.org",
            display_name=username.capitalize(),
            password=password,
            actor=self.owner,
        )
        for role in joins:
            memberships.join(made, role, actor=self.owner)
        return made

    def namespace(self, name: str) -> None:
        """A namespace in which authors make prompts."""
        made = namespaces.create_namespace(name, grant_template=TEMPLATE, actor=self.owner)
        authors = Group.objects.get(name=roles.AUTHORS)
        grants.grant_on_namespace(made, CREATE, authors, actor=self.owner)

    def live(self, name: str, template: str, author: User, signers: Mapping[str, User]) -> Prompt:
        """A prompt whose first text came to production as every text does."""
        prompt = prompts.create_prompt(name, actor=author)
        request = self.asked(prompt, template, author)
        for role, person in signers.items():
            services.review(
                request.pk,
                actor=person,
                role=role,
                decision="approve",
                seen=request.revision_digest,
            )
        self.wait_state(request.pk, "released")
        return prompt

    def asked(self, prompt: Prompt, template: str, author: User) -> ApprovalRequest:
        """A change that the worker has scanned and that people are asked about."""
        request = services.propose(
            prompt,
            label=self.production,
            document=build(type="text", template=template, template_format="mustache"),
            rationale="The text as it is in use.",
            actor=author,
        )
        services.submit(request.pk, actor=author, release_when_ready=True)
        self.wait_state(request.pk, "review")
        return self.change(request.pk)

    def change(self, pk: int) -> ApprovalRequest:
        """A change as the database has it now."""
        found: ApprovalRequest = ApprovalRequest.objects.with_parts().get(pk=pk)
        return found

    def wait_state(self, pk: int, state: str) -> None:
        rows = ApprovalRequest.objects.filter(pk=pk, state=state)
        self.site.wait(f"change {pk} is not {state}", rows.exists)

    # -- windows ----------------------------------------------------------------------------

    def window(self, person: User | None = None, **options: Any) -> Page:
        """A new window with cookies of its own, in which `person` has signed in before."""
        context = self.chrome.new_context(base_url=self.site.url, **options)
        context.set_default_timeout(SOON)
        self.contexts.append(context)
        if person is not None:
            client = Client()
            client.force_login(person)
            cookie = client.cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": self.site.url}])
        return context.new_page()

    def close(self) -> None:
        """Close all windows and let the worker finish: the tables are emptied next."""
        for context in self.contexts:
            context.close()
        # This site has no scheduler, and mail about people waits for its sweep.
        cache.clear()
        tasks.sweep()
        waiting = ApprovalRequest.objects.filter(state="scanning")
        owed = OutboxMail.objects.filter(sent_at=None, given_up_at=None)
        self.site.wait("the worker is not done", lambda: not (waiting.exists() or owed.exists()))
        # Twice, because the task before the first mark may have sent another after it.
        for name in ("first", "second"):
            mark = self.marks / name
            celery_app.send_task(rest.NAME, args=[str(mark)])
            self.site.wait("the worker is not at rest", mark.exists)


def sign_in(page: Page, username: str) -> None:
    """Sign in with a password, by the page for it."""
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=SOON)


def says(page: Page, words: str) -> None:
    """Wait for the words in the line that tells what was just done."""
    expect(page.locator(".panel.done[role=status]")).to_contain_text(words, timeout=SOON)


def in_state(page: Page, word: str) -> None:
    """Wait for the state that an open page of a change shows; nobody reloads it."""
    expect(page.locator("[data-state]")).to_contain_text(word, timeout=SOON, ignore_case=True)


def number_in(page: Page) -> int:
    """The number of the change whose page is open."""
    return int(page.url.rstrip("/").rsplit("/", 1)[-1])
