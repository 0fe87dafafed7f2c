"""Mail about the members of a change set: what is said of many of them goes out as one mail.

A hundred changes for one reason would be a hundred mails to each reviewer, and taking them back as
many to their owner. So a mail about a member waits a moment, and takes along all the others of its
kind for its recipient. It is about a member whose request it names, or says of which set it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from approvals.mail.parts import Letter
from approvals.mail.texts import one_line, page_link
from approvals.models import ApprovalRequest
from registry.models import OutboxMail

#: how long a mail waits for others of its kind
MOMENT = timedelta(minutes=1)
#: changes that one mail names, and what was written about them, with its characters
MOST_NAMED, MOST_WORDS, MOST_QUOTED = 30, 10, 500

#: what is said of so many changes, by kind
_WORDS = {
    "review_asked": "{count} changes of one change set ask for you",
    "back_in_review": "{count} changes of one change set are back in review",
    "asked_again": "You are asked again for {count} changes of one change set",
    "signed_off": "{count} sign-offs were given in one change set",
    "approved": "{count} changes of one change set are approved",
    "changes_requested": "Something is to be changed in {count} changes of one change set",
    "rejected": "{count} changes of one change set were rejected",
    "released": "{count} changes of one change set went live",
    "rolled_back": "{count} prompts of one change set were rolled back",
    "expired": "{count} changes of one change set waited too long",
    "scan_failed": "The risk scan failed for {count} changes of one change set",
    "critical_finding": "Something critical was found in {count} changes of one change set",
}

_LEAD = "They were proposed together; their page tells the reason and shows the same change once."
#: what comes before the list, where it is not that
_LEADS = {
    "rolled_back": (
        "They were proposed together and taken back together. Nothing else goes live there until "
        "somebody with the release or respond permission lifts the hold on each prompt's page."
    ),
}


def set_of(mail: OutboxMail) -> UUID | None:
    """The change set that a mail of these kinds is about, if any."""
    if mail.kind not in _WORDS:
        return None
    if "change_set" in mail.data:
        return UUID(mail.data["change_set"])
    if mail.subject_type != "approvals.request":
        return None
    found = ApprovalRequest.objects.filter(public_id=mail.subject_id)
    change_set: UUID | None = found.values_list("change_set", flat=True).first()
    return change_set


def waits_until(mail: OutboxMail, at: datetime) -> datetime | None:
    """When a mail that was not tried yet may go out, where that is still to come."""
    if mail.attempts or set_of(mail) is None:
        return None
    ready = mail.created_at + MOMENT
    return ready if at < ready else None


def others_of(mail: OutboxMail, at: datetime) -> list[int]:
    """Keys of the mails that go out with this one: same kind, same person, same change set."""
    change_set = set_of(mail)
    if change_set is None:
        return []
    members = ApprovalRequest.objects.filter(change_set=change_set).values("public_id")
    rows = OutboxMail.objects.filter(
        Q(data__change_set=str(change_set))
        | Q(subject_type="approvals.request", subject_id__in=members),
        kind=mail.kind,
        recipient=mail.recipient_id,
        sent_at=None,
        given_up_at=None,
        next_try_at__lte=at + MOMENT,
    )
    return list(rows.exclude(pk=mail.pk).order_by("pk").values_list("pk", flat=True))


def one_of(mail: OutboxMail, letters: Sequence[Letter]) -> Letter:
    """One letter that stands for many: what each of them would have been called, and one link."""
    if len(letters) == 1:
        return letters[0]
    told = [f"• {letter.subject}" for letter in letters[:MOST_NAMED]]
    if len(letters) > MOST_NAMED:
        told.append(f"… and {len(letters) - MOST_NAMED} more")
    words = list(dict.fromkeys(letter.words for letter in letters if letter.words))
    if len(words) > 1:
        told += [f"{one.who}: {one_line(one.text, MOST_QUOTED)}" for one in words[:MOST_WORDS]]
    return Letter(
        subject=_WORDS[mail.kind].format(count=len(letters)),
        lead=(_LEADS.get(mail.kind, _LEAD), *told),
        link=page_link("approvals:change-set", set_of(mail)),
        link_words="Open the change set",
        words=words[0] if len(words) == 1 else None,
    )
