"""break_glass: one person puts a change live past what is missing; somebody else looks later."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals.errors import (
    CommentNeeded,
    EmergencyNotAllowed,
    RequirementsUnmet,
    ReviewOverdue,
    SignatureNeeded,
    TicketNeeded,
)
from approvals.models import AfterReview, ApprovalRequest
from approvals.policies import Facts, allows_emergency, bypassed, in_the_way
from approvals.policies.signoffs import SIGNED
from approvals.services import _aftermath as aftermath
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services.releasing import look_again
from approvals.services.routing import met
from approvals.services.undoing import require_undo
from audit.ledger import recording
from audit.payload import time_text
from registry import permissions, releases
from registry.actors import Actor
from registry.errors import Stale, WrongState
from registry.models import LabelPointer, Prompt, Release, User

State = ApprovalRequest.State
#: how old the re-authentication may be
SIGNED_WITHIN = timedelta(minutes=15)
#: states in which the glass may be broken; being scanned only once the scan is there
BREAKABLE = (State.SCANNING, State.REVIEW, State.APPROVED)


def break_glass(
    request_id: int,
    *,
    actor: Actor,
    reason: str,
    ticket: str,
    auth_method: str,
    auth_at: datetime | None,
    seen: str,
    expected_generation: int | None,
    key: str = "",
) -> ApprovalRequest:
    """Release a submitted change in an emergency, past every requirement that may be bypassed.

    Needs `release` or `respond`, the password again within fifteen minutes, a reason and a ticket;
    the author may do it. What was passed over opens a review after the fact by somebody else. No
    hold follows: what goes live is the mend. `policies.NEVER_BYPASSED` stays in force. Raises
    NotAllowed, WrongState, Stale, EmergencyNotAllowed, RequirementsUnmet, ReviewOverdue,
    SignatureNeeded, CommentNeeded, TicketNeeded.
    """
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        subject = common.about(request.public_id, reason, ticket)
        if common.repeated(actor, key, "break_glass", subject) is not None:
            return request
        common.check_visible(request, actor)
        account = require_undo(pointer.prompt, actor)
        if request.state not in BREAKABLE:
            raise WrongState(
                f"This change is {request.get_state_display().lower()}; an emergency release is "
                "for one that was submitted and has not ended."
            )
        common.check_seen(request, seen)
        _check_signed(auth_method, auth_at, log.at)
        _check_words(reason, ticket)
        _check_no_overdue(account, log.at)
        facts, requirements = common.judge(request, log.at, released_by=account.pk)
        _check_base(request, pointer, facts, expected_generation)
        if not allows_emergency(facts):
            raise EmergencyNotAllowed(
                "The policy of this prompt allows no emergency release. Suspend or roll back."
            )
        stops = in_the_way(requirements)
        if stops:
            raise RequirementsUnmet(
                "Even in an emergency this has to hold: "
                + "; ".join(rule.title for rule in stops)
                + ".",
                requirements=stops,
            )
        skipped = bypassed(requirements)
        if not skipped:
            raise WrongState("Everything is met: it can be released in the ordinary way.")
        before = {**common.state_of(request), "pointer": releases.pointer_facts(pointer)}
        text = common.keep_text(log, f"{ticket.strip()}: {reason.strip()}", "reason")
        row = releases.move(
            pointer,
            kind=Release.Kind.EMERGENCY,
            version=request.version,
            actor=actor,
            at=log.at,
            cause=(common.REQUEST, request.public_id),
            expected_generation=expected_generation,
            reason=text,
        )
        missing = [(rule.code, rule.title) for rule in skipped]
        review = aftermath.open_review(
            row, missing, account, log.at, hours=aftermath.hours_of(facts)
        )
        request.to_released_in_emergency(at=log.at)
        common.save(request, actor=actor, verb="break_glass", at=log.at)
        common.remember(actor, key, "break_glass", subject, str(request.pk), log.at)
        common.record(
            log,
            "released_in_emergency",
            request,
            before,
            after={"pointer": releases.pointer_facts(pointer)},
            data={
                **common.pointer_data(pointer, row),
                **met(requirements),
                "bypassed": [code for code, _ in missing],
                **aftermath.review_data(review),
                "auth_method": auth_method,
                "auth_at": time_text(auth_at) if auth_at else None,
            },
            blobs={"reason": text},
        )
        _tell(request, pointer, row, facts, account)
        return request


def _check_signed(auth_method: str, auth_at: datetime | None, at: datetime) -> None:
    fresh = auth_at is not None and at - SIGNED_WITHIN <= auth_at <= at
    if not auth_method.startswith(SIGNED) or not fresh:
        raise SignatureNeeded(
            "An emergency release has to be signed: type your password again. It holds for "
            f"{SIGNED_WITHIN.seconds // 60} minutes."
        )


def _check_words(reason: str, ticket: str) -> None:
    if not reason.strip():
        raise CommentNeeded("Say in a sentence what the emergency is.", field="reason")
    if not ticket.strip():
        raise TicketNeeded("Give the ticket or incident that this belongs to.", field="ticket")
    checks.ticket(ticket)


def _check_no_overdue(account: User, at: datetime) -> None:
    owed = AfterReview.objects.filter(
        opened_by=account, campaign=None, closed_at=None, due_at__lt=at
    )
    # Of what went live by the rules a share is looked at, too; nobody owes that.
    owed = owed.exclude(release__kind=Release.Kind.RELEASE)
    first = owed.select_related("prompt").order_by("due_at").first()
    if first is None:
        return
    seen = permissions.visible_prompts(account).filter(pk=first.prompt_id).exists()
    raise ReviewOverdue(
        f"The review after the fact of {first.prompt if seen else 'a prompt'} that you opened was "
        f"due on {first.due_at:%d %b %H:%M} UTC. Once another reviewer has closed it you can do "
        "this; suspend and rollback stay open to you."
    )


def _check_base(
    request: ApprovalRequest, pointer: LabelPointer, facts: Facts, expected: int | None
) -> None:
    moved = expected is not None and expected != pointer.generation
    if moved or facts.base_digest != facts.live_digest:
        raise Stale(
            "Something else went live on this label meanwhile. Look at what is live now; a new "
            "revision on top of it can go out in an emergency, too.",
            request=request,
            live=pointer.version,
        )


def _tell(
    request: ApprovalRequest, pointer: LabelPointer, row: Release, facts: Facts, account: User
) -> None:
    """Loud: owner, author, planner, everybody who governs and every release manager of it."""
    prompt: Prompt = pointer.prompt
    people = {prompt.owner_id, request.author_id}
    people |= {pk for pk, _ in (*facts.governance, *facts.release_managers)}
    if request.planned_by_id is not None:
        people.add(request.planned_by_id)
    subject = (common.REQUEST, request.public_id)
    mail.owe("emergency", people, subject, at=row.at, besides=account)
    look_again(request, pointer)
