"""The daily mail about changes that went live without people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from approvals import mail, services, tasks
from approvals.models import ApprovalRequest
from config import celery_app
from registry.models import OutboxMail, Prompt, User
from registry.services import people, prompts
from tests.approvals.desk import Desk, fresh
from tests.approvals.mail_owed import bodies, letter, owed
from tests.approvals.test_fast_lane import QUOTE, pushed, sales

__all__ = ["sales"]
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def live_alone(desk: Desk, word: str, at: datetime = NOON) -> ApprovalRequest:
    """A small change that went live without people at a moment."""
    request = pushed(desk, QUOTE.replace("friendly", word))
    assert request.automatic
    services.release(request.pk, actor=desk.author, automatic=True)
    ApprovalRequest.objects.filter(pk=request.pk).update(released_at=at)
    return fresh(request)


def told() -> list[User]:
    rows = OutboxMail.objects.filter(kind="automatic_digest").order_by("pk")
    return [row.recipient for row in rows.select_related("recipient")]


def test_release__without_people__sends_no_mail_of_its_own(sales: Desk) -> None:
    Prompt.objects.filter(pk=sales.prompt.pk).update(owner=sales.release_manager)
    before = OutboxMail.objects.count()
    live_alone(sales, "kind")
    assert OutboxMail.objects.count() == before


def test_owe_digests__a_day_with_two__owes_author_and_owner_one_mail(sales: Desk) -> None:
    Prompt.objects.filter(pk=sales.prompt.pk).update(owner=sales.release_manager)
    live_alone(sales, "kind")
    live_alone(sales, "calm", NOON + timedelta(hours=1))
    assert services.owe_digests(now=NOON + DAY) == 2
    assert {person.username for person in told()} == {
        sales.author.username,
        sales.release_manager.username,
    }
    said = letter("automatic_digest", sales.author)
    assert said.subject == "2 changes went live by themselves on 3 March 2026"
    assert [line for line in said.lead if line.startswith("sales/quote v3 on production")]


def test_owe_digests__run_again_and_an_hour_later__owes_nothing_more(sales: Desk) -> None:
    live_alone(sales, "kind")
    assert services.owe_digests(now=NOON + DAY) == 1
    assert services.owe_digests(now=NOON + DAY) == 0
    assert services.owe_digests(now=NOON + DAY + timedelta(hours=1)) == 0


@pytest.mark.parametrize(
    ("later", "new"),
    [(timedelta(hours=11), 0), (timedelta(hours=12), 1), (3 * DAY, 1), (4 * DAY, 0)],
    ids=["before the day ended", "when it ended", "three days later", "too late to be news"],
)
def test_owe_digests__at_a_time__looks_at_the_last_three_ended_days(
    sales: Desk, later: timedelta, new: int
) -> None:
    live_alone(sales, "kind")
    assert services.owe_digests(now=NOON + later) == new


def test_owe_digests__approved_by_people__owes_nothing(sales: Desk) -> None:
    ApprovalRequest.objects.filter(state="released").update(released_at=NOON)
    assert services.owe_digests(now=NOON + DAY) == 0


def test_owe_digests__account_closed__owes_it_to_nobody(sales: Desk) -> None:
    live_alone(sales, "kind")
    people.deactivate(sales.author, actor=sales.governance_owner)
    assert services.owe_digests(now=NOON + DAY) == 0


def test_digest__prompt_no_longer_seen__is_not_sent(sales: Desk) -> None:
    Prompt.objects.filter(pk=sales.prompt.pk).update(owner=sales.outsider)
    live_alone(sales, "kind")
    services.owe_digests(now=NOON + DAY)
    prompts.edit_prompt(sales.prompt, actor=sales.author, confidential=True)
    with pytest.raises(mail.NotOwed) as none:
        letter("automatic_digest", sales.outsider)
    assert none.value.code == "not_visible"


def test_digest__text_and_html__name_each_change_and_have_one_link(sales: Desk) -> None:
    live_alone(sales, "kind")
    services.owe_digests(now=NOON + DAY)
    for body in bodies(owed("automatic_digest", sales.author)):
        assert "sales/quote v2 on production" in body
        assert body.count("http://") == 1


def test_digest_task__run_by_the_scheduler__owes_for_yesterday(sales: Desk) -> None:
    live_alone(sales, "kind", timezone.now() - DAY)
    tasks.digest()
    assert told() == [sales.author]


def test_schedule__of_beat__runs_it_every_hour() -> None:
    entry = celery_app.conf.beat_schedule["digest"]
    assert entry["task"] == "approvals.digest"
    assert entry["task"] in celery_app.tasks
