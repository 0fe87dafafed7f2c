"""Threads, questions and suggestions on a change of the desk, made by the verbs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest, Remark, Review, Thread
from registry.errors import Refusal
from registry.models import OutboxMail, User
from tests.approvals import desk as steps
from tests.approvals.desk import SECOND, Desk, fresh

#: what the first line of SECOND should read instead
KINDER = "Greet {{customer}} kindly by name."


def say(desk: Desk, request: ApprovalRequest, **given: Any) -> Thread:
    """A thread by the safety reviewer on the first line, or what `given` says."""
    said: dict[str, Any] = {
        "actor": desk.safety_reviewer,
        "text": "Is this too warm?",
        "path": "template",
        "line": 1,
        "seen": fresh(request).revision_digest,
        **given,
    }
    return services.open_thread(request.pk, **said)


def ask(desk: Desk, request: ApprovalRequest, **given: Any) -> Thread:
    return say(desk, request, question=True, **given)


def suggest(desk: Desk, request: ApprovalRequest, **given: Any) -> Remark:
    """A suggestion on the first line; what is to be applied is the remark."""
    thread = say(desk, request, **{"suggestion": KINDER, **given})
    return thread.remarks.get()


def with_thread(desk: Desk) -> Thread:
    return say(desk, steps.in_review(desk, SECOND))


def with_question(desk: Desk) -> Thread:
    return ask(desk, steps.in_review(desk, SECOND))


def with_answer(desk: Desk) -> Thread:
    thread = with_question(desk)
    services.reply(thread.pk, actor=desk.author, text="It is not.")
    return newest()


def with_resolved(desk: Desk) -> Thread:
    thread = with_thread(desk)
    return services.resolve_thread(thread.pk, actor=desk.safety_reviewer)


def with_suggestion(desk: Desk) -> Remark:
    return suggest(desk, steps.in_review(desk, SECOND))


def asked_long_ago(desk: Desk) -> ApprovalRequest:
    """In review, and the mails that asked for it are five hours old."""
    request = steps.in_review(desk, SECOND)
    forget_asking()
    return request


def forget_asking() -> None:
    """Let five hours pass since whatever mail was written."""
    OutboxMail.objects.update(created_at=timezone.now() - timedelta(hours=5))


def newest() -> Thread:
    found: Thread = Thread.objects.latest("pk")
    return found


def refuse(desk: Desk, request: ApprovalRequest, **given: Any) -> Review:
    """The safety reviewer (or `actor`) asks for changes; the request is a draft after it."""
    vote: dict[str, Any] = {"actor": desk.safety_reviewer, "role": "safety", **given}
    return services.review(
        request.pk,
        decision="request_changes",
        comment="Mind the tone.",
        seen=fresh(request).revision_digest,
        **vote,
    )


def refused(desk: Desk) -> Review:
    return refuse(desk, steps.in_review(desk, SECOND))


def again_in_review(desk: Desk, request: ApprovalRequest) -> ApprovalRequest:
    """Submitted once more as it is, scanned and routed."""
    services.submit(request.pk, actor=desk.author)
    return steps.route(steps.scan(fresh(request)))


def code_of(verb: Any, *args: Any, **kwargs: Any) -> str:
    """The code by which a verb refuses."""
    with pytest.raises(Refusal) as refused:
        verb(*args, **kwargs)
    return refused.value.code


def mails(kind: str) -> set[User]:
    """Who is owed a mail of this kind."""
    rows = OutboxMail.objects.filter(kind=kind).select_related("recipient")
    return {row.recipient for row in rows}
