"""The story: one change from proposal to production and back, each step checked from outside.

A step acts through the product's own verbs or doors; its check then looks at HTTP, mail files
or rows by a second connection, never at what the act returned. DEMO_WITHOUT=<step> leaves one
act out, and its check must then fail: that is how the checks are tested.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from django.conf import settings

from approvals import services
from approvals.models import ApprovalRequest
from config.children import Children
from config.demo import cast as people
from config.demo import texts
from config.demo.cast import Cast
from config.demo.outside import NotSeen, Outside
from config.demo.place import Place
from registry.documents import build

DRAFTER, ANSWER, INTRO = "support/reply-drafter", "support/refund-answer", "sales/quote-intro"
ROLE = {people.ENGINEER: "engineering", people.SUPPORT: "support", people.SAFETY: "safety"}

#: seconds that the check of a step which was left out looks for what is not there
PATIENCE_WITHOUT = 2.0

Act = Callable[["Story"], None]


@dataclass(frozen=True)
class Step:
    """A word for DEMO_WITHOUT, a line for people, what is done, and what must then be seen."""

    word: str
    line: str
    act: Act
    check: Act


@dataclass
class Story:
    """Everything that the steps share."""

    place: Place
    children: Children
    outside: Outside
    cast: Cast = field(default_factory=Cast)
    requests: dict[str, int] = field(default_factory=dict)
    tried: str = ""

    def propose(self, prompt: str, text: str, why: str, *, when_ready: bool = False) -> int:
        """A draft by the product manager; submitting is a step of its own."""
        document = build(type="text", template=text, template_format="mustache")
        request = services.propose(
            self.cast.prompts[prompt],
            label=self.cast.production,
            document=document,
            rationale=why,
            actor=self.cast[people.PM],
        )
        self.requests[prompt] = request.pk
        return request.pk

    def submit(self, prompt: str, *, when_ready: bool = False) -> None:
        services.submit(
            self.requests[prompt], actor=self.cast[people.PM], release_when_ready=when_ready
        )

    def sign(self, prompt: str, who: str, comment: str = "") -> None:
        """A vote of one person, bound to the change as it is now."""
        request = ApprovalRequest.objects.with_parts().get(pk=self.requests[prompt])
        services.review(
            request.pk,
            actor=self.cast[who],
            role=ROLE[who],
            decision="approve",
            comment=comment,
            seen=request.revision_digest,
            auth_method="demo",
        )

    # -- looks from outside -----------------------------------------------------------------

    def state(self, prompt: str) -> str:
        found = self.outside.row(
            "SELECT state FROM approvals_approvalrequest WHERE id = ?", self.requests.get(prompt, 0)
        )
        return str(found[0]) if found else ""

    def wait_state(self, prompt: str, *states: str) -> None:
        self.outside.wait(
            f"the change of {prompt} is not {' or '.join(states)}",
            lambda: self.state(prompt) in states,
        )

    def wait_served(self, prompt: str, text: str, label: str = "production") -> None:
        token = self.cast.tokens[people.APP_TOKEN if label == "production" else people.CI_TOKEN]
        self.outside.wait(
            f"{label} does not serve the expected text of {prompt}",
            lambda: self.outside.serves(prompt, token, label) == text,
        )

    def wait_mail(self, who: str, words: str) -> None:
        address = self.cast[who].email
        self.outside.wait(
            f"no mail to {address} about {words}", lambda: self.outside.mailed(address, words)
        )

    def votes(self, prompt: str) -> int:
        found = self.outside.row(
            "SELECT count(*) FROM approvals_review WHERE request_id = ? AND decision = 'approve'",
            self.requests.get(prompt, 0),
        )
        return int(found[0]) if found else 0

    def wait_votes(self, prompt: str, count: int) -> None:
        self.outside.wait(
            f"{prompt} does not have {count} approvals", lambda: self.votes(prompt) == count
        )

    def link(self, prompt: str) -> str:
        return f"{self.place.url}/requests/{self.requests.get(prompt, 0)}/"


# -- the steps ------------------------------------------------------------------------------


def _serve(story: Story) -> None:
    story.children.web(story.place.port)


def _is_served(story: Story) -> None:
    story.outside.wait("the app does not answer", lambda: story.outside.get("/healthz")[0] == 200)


def _work(story: Story) -> None:
    story.children.worker()
    story.children.scheduler()


def _is_scanned_first(story: Story) -> None:
    for prompt in (DRAFTER, ANSWER, INTRO):
        story.wait_state(prompt, "review")


def _today(story: Story) -> None:
    for prompt in (DRAFTER, ANSWER, INTRO):
        for who in ROLE:
            if ApprovalRequest.objects.get(pk=story.requests[prompt]).state == "review":
                story.sign(prompt, who)
        services.release(story.requests[prompt], actor=story.cast[people.RELEASER])


def _is_today(story: Story) -> None:
    story.wait_served(DRAFTER, texts.TODAY)
    story.wait_served(ANSWER, texts.REFUND)
    story.requests.pop(DRAFTER)


def _propose(story: Story) -> None:
    story.propose(DRAFTER, texts.WARMER, texts.WHY_WARMER)


def _is_proposed(story: Story) -> None:
    story.wait_state(DRAFTER, "draft")
    story.wait_served(DRAFTER, texts.TODAY)


def _submit(story: Story) -> None:
    story.submit(DRAFTER)


def _is_scanned(story: Story) -> None:
    """By the worker process: this one starts no scan, and the row names the scan's digest."""
    story.wait_state(DRAFTER, "review")
    scanned = story.outside.row(
        "SELECT s.level FROM approvals_riskscan s JOIN approvals_approvalrequest r "
        "ON r.scan_id = s.id WHERE r.id = ?",
        story.requests[DRAFTER],
    )
    if scanned is None:
        raise NotSeen("the request has no finished scan")
    for who in ROLE:
        story.wait_mail(who, story.link(DRAFTER))


def _try(story: Story) -> None:
    """The engineer's own script reads staging with the engineer's own token."""
    token = story.cast.tokens[people.ENGINEER_TOKEN]
    story.tried = story.outside.serves(DRAFTER, token, "staging")


def _is_tried(story: Story) -> None:
    used = story.outside.row(
        "SELECT last_used_at FROM registry_servicetoken WHERE name = ?", "engineer-script"
    )
    if story.tried != texts.WARMER or not used or used[0] is None:
        raise NotSeen("the engineer did not read the new text on staging")
    story.wait_served(DRAFTER, texts.TODAY)


def _signs(who: str) -> Act:
    return lambda story: story.sign(DRAFTER, who)


def _has_votes(count: int, state: str) -> Act:
    def check(story: Story) -> None:
        story.wait_votes(DRAFTER, count)
        story.wait_state(DRAFTER, state)
        story.wait_served(DRAFTER, texts.TODAY)

    return check


def _release(story: Story) -> None:
    services.release(story.requests[DRAFTER], actor=story.cast[people.RELEASER])


def _is_released(story: Story) -> None:
    story.wait_served(DRAFTER, texts.WARMER)
    story.wait_mail(people.PM, story.link(DRAFTER))
    story.outside.wait(
        "no mail says that it is live",
        lambda: story.outside.mailed(story.cast[people.PM].email, "production"),
    )


def _roll_back(story: Story) -> None:
    services.rollback(
        story.cast.prompts[DRAFTER],
        story.cast.production,
        actor=story.cast[people.RELEASER],
        reason="The new opening hides the ticket number.",
    )


def _is_rolled_back(story: Story) -> None:
    story.wait_served(DRAFTER, texts.TODAY)
    story.outside.wait(
        "no mail tells the owner of the rollback",
        lambda: story.outside.mailed(story.cast[people.PM].email, "roll"),
    )


def _verify(story: Story) -> None:
    """The verifier in a process of its own writes what it found."""
    report = story.place.folder / "verified.json"
    with report.open("wb") as out:
        subprocess.run(  # our own command
            [sys.executable, "manage.py", "audit_verify", "--json"],
            cwd=settings.BASE_DIR,
            env=story.children.environ,
            stdout=out,
            check=False,
        )


def _is_verified(story: Story) -> None:
    report = story.place.folder / "verified.json"
    events = story.outside.row("SELECT count(*) FROM audit_auditevent")
    text = report.read_text("utf-8") if report.is_file() else ""
    if '"ok": true' not in text or not events or f'"events": {events[0]}' not in text:
        raise NotSeen(f"the verifier does not call the log whole: {text[:300]}")


def _leave_one(story: Story) -> None:
    """A second request that lacks one sign-off: the visitor's."""
    story.propose(ANSWER, texts.REFUND_YOURS, texts.WHY_YOURS)
    story.submit(ANSWER, when_ready=True)
    story.wait_state(ANSWER, "review")
    story.sign(ANSWER, people.ENGINEER)
    story.sign(ANSWER, people.SUPPORT, "The wording is fine for us.")


def _is_left(story: Story) -> None:
    story.wait_votes(ANSWER, 2)
    story.wait_state(ANSWER, "review")
    findings = story.outside.row(
        "SELECT count(*) FROM approvals_finding f JOIN approvals_approvalrequest r "
        "ON r.scan_id = f.scan_id WHERE r.id = ?",
        story.requests[ANSWER],
    )
    if findings is None or findings[0] < 1:
        raise NotSeen("the second change has no finding")
    story.wait_mail(people.YOU, story.link(ANSWER))


STEPS: tuple[Step, ...] = (
    Step("serve", "The app answers on its port", _serve, _is_served),
    Step("work", "A real Celery worker scans what waited for it", _work, _is_scanned_first),
    Step("today", "Today's prompts are signed off and live", _today, _is_today),
    Step("propose", "Mara, product manager, proposes a warmer reply", _propose, _is_proposed),
    Step("submit", "The worker scans it; three reviewers get mail", _submit, _is_scanned),
    Step("try", "Eno, engineer, tries it on staging through the API", _try, _is_tried),
    Step(
        "engineer",
        "Eno signs off for engineering",
        _signs(people.ENGINEER),
        _has_votes(1, "review"),
    ),
    Step("support", "Tom signs off for support", _signs(people.SUPPORT), _has_votes(2, "review")),
    Step(
        "safety",
        "Priya signs off for safety: the list is complete",
        _signs(people.SAFETY),
        _has_votes(3, "approved"),
    ),
    Step("release", "Rita releases it: the application's read changes", _release, _is_released),
    Step("rollback", "Rita rolls back: the read changes back", _roll_back, _is_rolled_back),
    Step("verify", "The audit log verifies, in a process of its own", _verify, _is_verified),
    Step("second", "A second change waits for one sign-off: yours", _leave_one, _is_left),
)


def tell(story: Story) -> Iterator[tuple[Step, float]]:
    """Make the people, then act and check step by step; NotSeen ends it."""
    story.cast = people.make()
    for prompt, text in ((DRAFTER, texts.TODAY), (ANSWER, texts.REFUND), (INTRO, texts.QUOTE)):
        story.propose(prompt, text, texts.WHY_FIRST)
        story.submit(prompt)
    without = os.environ.get("DEMO_WITHOUT", "")
    for step in STEPS:
        began = time.monotonic()
        if step.word == without:
            story.outside = replace(story.outside, patience=PATIENCE_WITHOUT)
        else:
            step.act(story)
        step.check(story)
        story.children.check()
        yield step, time.monotonic() - began


def begin(place: Place, children: Children, patience: float) -> Story:
    """A story that has not begun."""
    outside = Outside(place.port, place.database, place.mail, patience, children.check)
    return Story(place, children, outside)
