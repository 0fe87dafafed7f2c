"""What people do on the page of a change beside deciding: talk, suggest, ask, think again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from approvals import lines, reads, services
from approvals.forms import free_text, line_text
from approvals.lines import Spot
from approvals.models import ApprovalRequest, Thread
from approvals.views.frame import SignedIn, key_of
from registry.errors import BadInput, NotFound
from registry.models import Version
from registry.numbers import whole


@dataclass(frozen=True)
class Typed:
    """What was typed into a form whose verb refused, to be found there again."""

    do: str = ""
    text: str = ""
    suggestion: str = ""


def typed_of(request: HttpRequest) -> Typed:
    sent = request.POST
    return Typed(sent.get("do", ""), sent.get("text", ""), sent.get("suggestion", ""))


def chosen_line(request: HttpRequest) -> tuple[str, int | None]:
    """Section and line that a link of the diff, or the form on it, names."""
    sent = request.POST if request.method == "POST" else request.GET
    return sent.get("path", ""), whole(sent.get("line"))


def _open(request: SignedIn, change: ApprovalRequest) -> str:
    _begin(request, change, question=False)
    return "Your thread is open."


def _ask(request: SignedIn, change: ApprovalRequest) -> str:
    _begin(request, change, question=True)
    return "The author is asked. The reviewers' time stands still until there is an answer."


def _begin(request: SignedIn, change: ApprovalRequest, *, question: bool) -> None:
    path, line = chosen_line(request)
    spot = Spot(path, line or 0)
    services.open_thread(
        change.pk,
        actor=request.user,
        text=free_text(request.POST.get("text", ""), "text"),
        path=spot.path,
        line=spot.line,
        question=question,
        suggestion=_suggestion(request, change.version, spot),
        seen=request.POST.get("seen", ""),
        key=key_of(request, "ask" if question else "open_thread"),
    )


def _reply(request: SignedIn, change: ApprovalRequest) -> str:
    thread = _thread(request, change)
    services.reply(
        thread.pk,
        actor=request.user,
        text=free_text(request.POST.get("text", ""), "text"),
        suggestion=_suggestion(request, thread.version, Spot(thread.path, thread.line)),
        key=key_of(request, f"reply:{thread.pk}"),
    )
    return "You replied."


def _resolve(request: SignedIn, change: ApprovalRequest) -> str:
    thread = _thread(request, change)
    if request.POST.get("text", "").strip():
        raise BadInput("You typed a reply. Send it first, or empty the field.", field="text")
    services.resolve_thread(
        thread.pk, actor=request.user, key=key_of(request, f"resolve:{thread.pk}")
    )
    return "The thread is resolved."


def _reopen(request: SignedIn, change: ApprovalRequest) -> str:
    thread = _thread(request, change)
    services.reopen_thread(
        thread.pk, actor=request.user, key=key_of(request, f"reopen:{thread.pk}")
    )
    return "The thread is open again."


def _apply(request: SignedIn, change: ApprovalRequest) -> str:
    remark = reads.remark_of(change, whole(_which(request)))
    if remark is None:
        raise NotFound("There is no such suggestion.")
    services.apply_suggestion(
        remark.pk,
        actor=request.user,
        seen=request.POST.get("seen", ""),
        key=key_of(request, f"apply:{remark.pk}"),
    )
    return "The edit is in a new revision. Submit it when it is ready."


def _take_back(request: SignedIn, change: ApprovalRequest) -> str:
    services.take_back(
        change.pk,
        actor=request.user,
        seen=request.POST.get("seen", ""),
        key=key_of(request, "take_back"),
    )
    return "You took your vote back. It stays in the history and counts no more."


def _ask_again(request: SignedIn, change: ApprovalRequest) -> str:
    services.ask_again(change.pk, actor=request.user, key=key_of(request, "ask_again"))
    return "The reviewers were asked once more, by mail."


def _lift(request: SignedIn, change: ApprovalRequest) -> str:
    vote = reads.vote_of(change, whole(_which(request)))
    if vote is None:
        raise NotFound("There is no such vote.")
    services.lift_refusal(
        vote.pk,
        actor=request.user,
        reason=free_text(request.POST.get("text", ""), "reason"),
        key=key_of(request, f"lift:{vote.pk}"),
    )
    return f"You lifted the wish of {vote.reviewer} for changes."


def _which(request: SignedIn) -> str:
    return request.POST.get("do", "").partition(":")[2]


def _thread(request: SignedIn, change: ApprovalRequest) -> Thread:
    found = reads.thread_of(change, whole(_which(request)))
    if found is None:
        raise NotFound("There is no such thread.")
    return found


def _suggestion(request: SignedIn, version: Version | None, spot: Spot) -> str | None:
    """The other text for the line; None where the field was left as it came, with the line."""
    sent = request.POST.get("suggestion")
    if sent is None or version is None or version.is_erased:
        return None
    suggestion = line_text(sent, "suggestion")
    return None if suggestion == lines.text_at(version.body, spot) else suggestion


#: what a button sends before the colon, and what it does
VERBS: dict[str, Callable[[SignedIn, ApprovalRequest], str]] = {
    "open_thread": _open,
    "ask": _ask,
    "reply": _reply,
    "resolve": _resolve,
    "reopen": _reopen,
    "apply": _apply,
    "take_back": _take_back,
    "ask_again": _ask_again,
    "lift": _lift,
}
