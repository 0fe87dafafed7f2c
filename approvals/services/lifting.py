"""lift_refusal: a governance owner lifts somebody's wish for changes that nobody settles."""

from __future__ import annotations

from approvals import queue
from approvals.errors import AlreadyDone, CommentNeeded, OwnChange
from approvals.models import Lift, Review
from approvals.services import _common as common
from approvals.services import _mail as mail
from audit.ledger import recording
from audit.payload import time_text
from registry import permissions
from registry.actors import Actor
from registry.errors import NotFound, WrongState


def lift_refusal(vote_id: int, *, actor: Actor, reason: str, key: str = "") -> Lift:
    """Lift a standing wish for changes; a governance owner with no hand in the change.

    The vote stays as it was given. Raises PersonNeeded, NotAllowed, OwnChange, WrongState,
    AlreadyDone, CommentNeeded.
    """
    with recording(actor=actor.ref) as log:
        found = Review.objects.filter(pk=vote_id).values_list("request_id", flat=True).first()
        if found is None:
            raise NotFound("There is no such vote.")
        request, _ = common.lock_request(found)
        vote = Review.objects.select_related("reviewer", "lift").get(pk=vote_id)
        about = common.about(vote.public_id, reason)
        done = common.repeated(actor, key, "lift_refusal", about)
        if done is not None:
            return Lift.objects.get(pk=done)
        common.check_visible(request, actor)
        account = common.person(actor)
        permissions.require_governance(actor)
        if request.has_contributor(account):
            raise OwnChange("You have a hand in this change; another governance owner can do it.")
        if not request.is_open:
            raise WrongState(f"This change is {request.get_state_display().lower()}; it has ended.")
        newest = Review.objects.filter(request=request, reviewer=vote.reviewer).order_by("-pk")[0]
        if newest.pk != vote.pk or vote.decision != Review.Decision.REQUEST_CHANGES:
            raise WrongState("This is no wish for changes that stands; there is nothing to lift.")
        if hasattr(vote, "lift"):
            raise AlreadyDone("This wish for changes is lifted already.")
        if not reason.strip():
            raise CommentNeeded("Say in a sentence why it need not hold.", field="reason")
        before = common.state_of(request)
        lift = Lift.objects.create(
            review=vote,
            account=account,
            reason=common.keep_text(log, reason, "reason"),
            at=log.at,
        )
        told = {
            "id": str(lift.public_id),
            "vote": str(vote.public_id),
            "account": account.ref,
            "reason": lift.reason_id,
            "at": time_text(log.at),
        }
        common.remember(actor, key, "lift_refusal", about, str(lift.pk), log.at)
        common.record(
            log,
            "refusal_lifted",
            request,
            before,
            related=[("approvals.review", vote.public_id)],
            data={"lift": told},
            blobs={"reason": lift.reason},
        )
        mail.owe(
            "refusal_lifted",
            [request.author_id, vote.reviewer_id],
            (common.REQUEST, request.public_id),
            at=log.at,
            besides=account,
        )
        queue.later(queue.REASSESS, request.pk)
        return lift
