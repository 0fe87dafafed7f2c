"""ask_again: the author asks once more for what is missing. It is mail, and nothing but mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from approvals.errors import AskedRecently, NotEligible
from approvals.models import ApprovalRequest
from approvals.policies import Requirement
from approvals.services import _checks as checks
from approvals.services import _common as common
from approvals.services import _mail as mail
from approvals.services.routing import asked
from audit.ledger import recording
from registry.actors import Actor
from registry.errors import NotAllowed, WrongState
from registry.models import OutboxMail, User

State = ApprovalRequest.State

#: nobody is asked for the same change more often than this
QUIET = timedelta(hours=4)
#: mail that asks somebody to look
_ASKS = ("review_asked", "back_in_review", "asked_again")


def ask_again(
    request_id: int, *, actor: Actor, people: Iterable[User] = (), key: str = ""
) -> ApprovalRequest:
    """Ask the named people, or all who could give what is missing, once more.

    A contributor who may propose, in review. Who was asked within the last hours is left out.
    Raises PersonNeeded, NotAllowed, WrongState, NotEligible, AskedRecently.
    """
    named = sorted({person.pk for person in people})
    with recording(actor=actor.ref) as log:
        request, pointer = common.lock_request(request_id)
        about = common.about(request.public_id, named)
        if common.repeated(actor, key, "ask_again", about) is not None:
            return request
        common.check_visible(request, actor)
        account = common.person(actor)
        checks.proposer(pointer.prompt, actor)
        if not request.has_contributor(account):
            raise NotAllowed("Somebody who wrote this change asks for its reviews.")
        if request.state != State.REVIEW:
            raise WrongState(
                f"This change is {request.get_state_display().lower()}; reviewers are asked while "
                "it is in review."
            )
        _, requirements = common.judge(request, log.at)
        wanted = _wanted(requirements, named) - {account.pk}
        chosen = wanted - asked_recently(request, log.at)
        if not chosen:
            raise AskedRecently(_why_nobody(wanted))
        before = common.state_of(request)
        mail.owe("asked_again", chosen, (common.REQUEST, request.public_id), at=log.at)
        common.remember(actor, key, "ask_again", about, str(request.pk), log.at)
        refs = [person.ref for person in _in_order(chosen)]
        common.record(log, "asked_again", request, before, data={"people": refs})
        return request


def can_be_asked(requirements: Sequence[Requirement]) -> set[int]:
    """Who could give a missing sign-off, and who could settle a wish for changes."""
    wishes = (r for r in requirements if r.code == "changes_requested" and r.blocks)
    return asked([*requirements]) | {who.id for rule in wishes for who in rule.who}


def asked_recently(request: ApprovalRequest, at: datetime) -> set[int]:
    """Who got a mail about this change that asks them to look, within the last hours."""
    rows = OutboxMail.objects.filter(
        subject_type=common.REQUEST,
        subject_id=request.public_id,
        kind__in=_ASKS,
        created_at__gt=at - QUIET,
    )
    return set(rows.values_list("recipient_id", flat=True))


def _wanted(requirements: Sequence[Requirement], named: list[int]) -> set[int]:
    able = can_be_asked(requirements)
    if not named:
        return able
    strangers = _in_order(set(named) - able)
    if strangers:
        who = ", ".join(map(str, strangers))
        raise NotEligible(f"Nothing that is missing can come from {who}.")
    return set(named)


def _why_nobody(wanted: set[int]) -> str:
    if not wanted:
        return "There is nobody to ask: no sign-off is missing that a person could give now."
    hours = int(QUIET.total_seconds()) // 3600
    return f"Everybody who could help was asked within the last {hours} hours."


def _in_order(people: set[int]) -> list[User]:
    return list(User.objects.filter(pk__in=people, is_active=True).order_by("pk"))
