"""open_campaign: what is live under other rules is looked at again, some a day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from approvals.errors import CommentNeeded, ConformsAlready
from approvals.governance import Effect, nonconforming
from approvals.models import AfterReview, Campaign, PolicyException
from approvals.services import _aftermath as aftermath
from approvals.services import _common as common
from audit.ledger import recording
from audit.payload import time_text
from registry import permissions, rules
from registry.actors import Actor
from registry.errors import BadInput
from registry.models import Release

#: reviews that one campaign opens, and that may be due on one day
MOST, MOST_A_DAY = 200, 50
#: days until the first ones are due
MOST_DAYS = 90
CAMPAIGN = "approvals.campaign"


def open_campaign(
    *, reason: str, a_day: int, days: int, actor: Actor, key: str = ""
) -> list[AfterReview]:
    """Open a review after the fact of each live version that today's policies do not let through.

    The first `a_day` of them are due in `days` days, as many more on each day after; a governance
    owner asks. Versions with an exception in force or with an open review are left out, and of
    more than 200 the rest. Raises NotAllowed, CommentNeeded, BadInput, ConformsAlready.
    """
    with recording(actor=actor.ref) as log:
        rules.hold_still()
        about = common.about("campaign", reason, a_day, days)
        done = common.repeated(actor, key, "open_campaign", about)
        if done is not None:
            return list(AfterReview.objects.filter(campaign=int(done)))
        permissions.require_governance(actor)
        account = common.person(actor)
        _check(reason, a_day, days)
        found = _to_review(nonconforming(), log.at)[:MOST]
        if not found:
            raise ConformsAlready(
                "Nothing is left to look at: what is live is what today's policies ask for, has "
                "an exception, or waits for a review already."
            )
        campaign = Campaign.objects.create(
            reason=common.keep_text(log, reason, "reason"),
            a_day=a_day,
            opened_by=account,
            opened_at=log.at,
        )
        reviews = [
            aftermath.open_review(
                row,
                zip(effect.lacks, effect.said, strict=True),
                account,
                log.at,
                hours=24 * (days + number // a_day),
                campaign=campaign,
            )
            for number, (effect, row) in enumerate(found)
        ]
        common.remember(actor, key, "open_campaign", about, str(campaign.pk), log.at)
        log.record(
            "approvals.campaign.opened",
            (CAMPAIGN, campaign.public_id),
            after={"reviews": len(reviews)},
            data={"campaign": told(campaign), "reviews": [_told(review) for review in reviews]},
            blobs={"reason": campaign.reason},
        )
        return reviews


def told(campaign: Campaign) -> dict[str, Any]:
    """What the event that opened a campaign says of it."""
    return {
        "id": str(campaign.public_id),
        "reason": campaign.reason_id,
        "a_day": campaign.a_day,
        "opened_by": campaign.opened_by.ref,
        "opened_at": time_text(campaign.opened_at),
    }


def _told(review: AfterReview) -> dict[str, Any]:
    said = aftermath.review_data(review)
    return {
        "id": said["after_review"],
        "prompt": str(review.prompt.public_id),
        "label": str(review.label.public_id),
        "release": str(review.release.public_id),
        "shortfalls": said["shortfalls_digest"],
        "due_at": said["due_at"],
    }


def _check(reason: str, a_day: int, days: int) -> None:
    if not reason.strip():
        raise CommentNeeded("Say in a sentence what should be looked at.", field="reason")
    if not 1 <= a_day <= MOST_A_DAY:
        raise BadInput(f"A day takes 1 to {MOST_A_DAY} of them.", field="a_day")
    if not 1 <= days <= MOST_DAYS:
        raise BadInput(f"The first ones are due in 1 to {MOST_DAYS} days.", field="days")


def _to_review(effects: Iterable[Effect], at: Any) -> list[tuple[Effect, Release]]:
    """What nobody excused or looks at yet, with the move that made it live, by prompt."""
    excused = set(
        PolicyException.objects.in_force(at).values_list("prompt_id", "label_id", "version_id")
    )
    asked = set(AfterReview.objects.filter(closed_at=None).values_list("release_id", flat=True))
    left = [effect for effect in effects if _key(effect) not in excused]
    moves = moves_of(left)
    found = [(effect, moves[_key(effect)]) for effect in left if _key(effect) in moves]
    found = [(effect, row) for effect, row in found if row.pk not in asked]
    return sorted(found, key=lambda one: (one[1].prompt.name_key, one[1].pk))


def moves_of(effects: Iterable[Effect]) -> dict[tuple[int, int, int], Release]:
    """The newest move that put each version on its label, by prompt, label and version."""
    versions = {effect.request.version_id or 0 for effect in effects}
    rows = Release.objects.filter(version__in=versions).exclude(kind__in=["suspend", "resume"])
    ordered = rows.select_related("prompt", "label", "version").order_by("pk")
    return {(row.prompt_id, row.label_id, row.version_id or 0): row for row in ordered}


def _key(effect: Effect) -> tuple[int, int, int]:
    request = effect.request
    return request.prompt_id or 0, request.label_id or 0, request.version_id or 0
