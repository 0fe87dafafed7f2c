"""Mail about a change set: what is said of many of its changes is one mail to each person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import Settings

from approvals import mail, services
from approvals.mail import outbox, together
from registry.models import OutboxMail, Prompt, User
from tests.approvals import desk as steps
from tests.approvals import sets_of as sets
from tests.approvals.desk import Desk
from tests.approvals.mail_owed import owed

pytestmark = pytest.mark.django_db

ASKED = "review_asked"


def waiting(kind: str, to: User) -> list[OutboxMail]:
    return list(OutboxMail.objects.filter(kind=kind, recipient=to, sent_at=None).order_by("pk"))


def told(outbox: list[EmailMessage], person: User) -> list[EmailMessage]:
    """What a person got, but for what was said of their account and their roles."""
    return [
        one for one in outbox if one.to == [person.email] and not one.subject.startswith("Gwen")
    ]


def sweep(*, later: timedelta = together.MOMENT) -> int:
    """Deliver all that is due after a while; how many mails went out."""
    with time_machine.travel(timezone.now() + later + timedelta(seconds=1)):
        return sum(outbox.deliver(pk) for pk in outbox.due(timezone.now()))


def test_deliver__member_of_a_set__waits_for_the_others(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    sets.in_review(desk)
    row = owed(ASKED, desk.engineer)
    # What comes from memory was owed a while ago.
    OutboxMail.objects.filter(pk=row.pk).update(created_at=timezone.now())
    assert outbox.deliver(row.pk) is False
    assert mailoutbox == []
    row.refresh_from_db()
    assert (row.attempts, row.next_try_at) == (0, row.created_at + together.MOMENT)


def test_deliver__many_members__are_one_mail_that_names_each_and_leads_to_the_set(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    made = sets.in_review(desk)
    count = len(sets.NAMES)
    assert len(waiting(ASKED, desk.engineer)) == count
    sweep()
    (sent,) = told(mailoutbox, desk.engineer)
    assert sent.subject == f"{count} changes of one change set ask for you"
    for name in sets.NAMES:
        assert sent.body.count(name) == 1
    assert sent.body.count("/change-sets/") == 1
    assert f"/change-sets/{made.public_id}/" in sent.body
    assert "/requests/" not in sent.body
    assert waiting(ASKED, desk.engineer) == []


def test_deliver__one_member_left_to_tell__is_its_own_mail(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    made = sets.in_review(desk)
    for member in sets.members(made)[1:]:
        services.withdraw(member.pk, actor=desk.author)
    sweep()
    (sent,) = told(mailoutbox, desk.engineer)
    assert sent.subject.startswith("Ada authors asks for your engineering sign-off")
    assert "/requests/" in sent.body
    left = OutboxMail.objects.filter(kind=ASKED, recipient=desk.engineer, sent_at=None)
    assert {row.last_error for row in left} == {"no_longer_asked"}


def test_deliver__server_refuses__puts_all_of_them_off_and_sends_them_later(
    desk: Desk, mailoutbox: list[EmailMessage], settings: Settings
) -> None:
    sets.in_review(desk)
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    sweep()
    assert told(mailoutbox, desk.engineer) == []
    rows = waiting(ASKED, desk.engineer)
    assert {(row.attempts, row.last_error) for row in rows} == {(1, "ConnectionRefusedError")}
    settings.EMAIL_BACKEND = backend
    sweep(later=timedelta(minutes=10))
    assert len(told(mailoutbox, desk.engineer)) == 1


def test_deliver__bad_row_among_them__keeps_no_other_back(
    desk: Desk, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets.in_review(desk)
    bad = waiting(ASKED, desk.engineer)[1]

    def compose(row: OutboxMail, now: object) -> mail.Letter:
        if row.pk == bad.pk:
            raise KeyError("bad")
        return mail.compose(row, now)  # type: ignore[arg-type]  # the time that it was given

    monkeypatch.setattr(outbox, "compose", compose)
    sweep()
    (sent,) = told(mailoutbox, desk.engineer)
    assert sent.subject == f"{len(sets.NAMES) - 1} changes of one change set ask for you"
    assert [row.pk for row in waiting(ASKED, desk.engineer)] == [bad.pk]


def test_deliver__another_set_of_the_same_author__is_a_mail_of_its_own(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    sets.in_review(desk)
    sets.in_review(desk, template=steps.SECOND)
    sweep()
    assert len(told(mailoutbox, desk.engineer)) == 2


def test_deliver__votes_on_many__tell_the_author_once(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    made = sets.in_review(desk)
    for member in sets.members(made):
        steps.approve(desk, member, "support_reviewer")
    sweep()
    (sent,) = told(mailoutbox, desk.author)
    assert sent.subject == f"{len(sets.NAMES)} sign-offs were given in one change set"


def test_deliver__changes_asked_for_in_many__brings_the_words_to_the_author(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    made = sets.in_review(desk)
    for member, words in zip(
        sets.members(made), ["Call it tariff.", "So too.", "So too."], strict=True
    ):
        services.review(
            member.pk,
            actor=desk.safety_reviewer,
            role="safety",
            decision="request_changes",
            comment=words,
            seen=member.revision_digest,
        )
    sweep()
    (sent,) = told(mailoutbox, desk.author)
    assert sent.body.count("Call it tariff.") == 1
    assert sent.body.count("So too.") == 1


def test_words__each_kind__is_one_that_exists() -> None:
    assert set(together._WORDS) <= set(mail.KINDS)


def test_deliver__set_rolled_back__is_one_mail_to_the_owner_that_tells_of_the_hold(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    made = sets.released_twice(desk)
    sweep()
    mailoutbox.clear()
    services.rollback_set(made.pk, actor=desk.responder, reason="Wrong number.")
    sweep()
    (sent,) = told(mailoutbox, desk.author)
    count = len(sets.NAMES)
    assert sent.subject == f"{count} prompts of one change set were rolled back"
    assert "lifts the hold" in sent.body
    assert "Wrong number." in sent.body
    assert [sent.body.count(f"rolled {name} back to v") for name in sets.NAMES] == [1] * count
    assert f"/change-sets/{made.public_id}/" in sent.body


def test_deliver__one_prompt_rolled_back__is_a_mail_of_its_own_at_once(
    desk: Desk, mailoutbox: list[EmailMessage]
) -> None:
    sets.released_twice(desk)
    sweep()
    mailoutbox.clear()
    prompt = Prompt.objects.get(name=sets.NAMES[0])
    services.rollback(prompt, desk.production, actor=desk.responder)
    sweep(later=timedelta())
    (sent,) = told(mailoutbox, desk.author)
    assert f"rolled {prompt} back to v1" in sent.subject
