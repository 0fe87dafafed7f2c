"""What each kind of mail says, to whom, and what it keeps to itself."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from approvals import mail, services
from registry import permissions, roles
from registry.models import OutboxMail, User
from registry.services import grants, memberships, people, prompts
from tests.approvals.desk import (
    FIRST,
    SECOND,
    Desk,
    approve,
    approved,
    in_review,
    reject,
    released,
    submit,
)
from tests.approvals.mail_owed import bodies, letter, owed
from tests.processes import on_embedded

pytestmark = pytest.mark.django_db


# -- what the letters say -------------------------------------------------------------------


def test_compose__review_asked__says_who_asks_what_in_the_subject(desk: Desk) -> None:
    in_review(desk)
    said = letter("review_asked", desk.safety_reviewer)
    assert said.subject == (
        "Ada authors asks for your safety sign-off: Customers read the opening as cold. "
        "(support/refunds)"
    )


def test_compose__review_asked__holds_the_list_as_the_page_says_it(desk: Desk) -> None:
    in_review(desk)
    needs = {need.code: need for need in letter("review_asked", desk.safety_reviewer).needs}
    assert needs["sign_off:safety"].can == "You can sign."
    assert needs["sign_off:support"].can == f"{desk.support_reviewer} can sign."
    assert needs["scan"].word == "Met"


def test_compose__review_asked_of_an_internal_prompt__shows_the_diff(desk: Desk) -> None:
    released(desk)
    in_review(desk, SECOND)
    body, html = bodies(owed("review_asked", desk.engineer))
    assert "- Greet {{customer}} by name." in body
    assert "+ Greet {{customer}} warmly by name." in body
    assert "<ins>warmly </ins>" in html or "<ins> warmly</ins>" in html


@pytest.mark.parametrize("data_class", ["customer", "education", "health"])
def test_compose__closed_data_class__quotes_nothing(desk: Desk, data_class: str) -> None:
    prompts.edit_prompt(desk.prompt, data_class=data_class, actor=desk.author)
    in_review(desk)
    text_body, html = bodies(owed("review_asked", desk.engineer))
    for said in (text_body, html):
        assert "Refunds above" not in said
        assert "read the opening as cold" not in said
        assert f"Its data class is {data_class}" in said


def test_compose__confidential__names_it_to_viewers_and_quotes_nothing(desk: Desk) -> None:
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    in_review(desk)
    row = owed("review_asked", desk.engineer)
    for said in (*bodies(row), mail.compose(row, timezone.now()).subject):
        assert "support/refunds" in said
        assert "Refunds above" not in said
        assert "read the opening as cold" not in said


def test_compose__confidential_without_view__is_owed_to_nobody(desk: Desk) -> None:
    in_review(desk)
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    engineering = desk.engineer.groups.get()
    grants.revoke(desk.prompt, permissions.VIEW, engineering, actor=desk.author)
    with pytest.raises(mail.NotOwed, match="not_visible"):
        letter("review_asked", desk.engineer)


def test_compose__personal_data_and_secrets__are_named_and_not_shown(desk: Desk) -> None:
    lines = "".join(f"Write to lena{n}@firma-nord.de.\n" for n in range(60))
    in_review(
        desk,
        FIRST + lines + "Log in with password: hunter2-Zebra-77\n",
        rationale="Lena asked for it: lena@firma-nord.de",
    )
    row = owed("review_asked", desk.engineer)
    for said in (*bodies(row), mail.compose(row, timezone.now()).subject):
        assert "@firma-nord.de" not in said
        assert "hunter2" not in said
    assert "Write to [e-mail address]" in bodies(row)[0]


def test_compose__any_letter__holds_exactly_one_link(desk: Desk, settings: Settings) -> None:
    settings.BASE_URL = "https://countersign.example"
    request = in_review(
        desk,
        FIRST + "See https://evil.example/now and http://also.example.\n",
        rationale="Go to https://evil.example/why <a href='https://evil.example'>here</a>",
    )
    body, html = bodies(owed("review_asked", desk.engineer))
    link = f"https://countersign.example/requests/{request.pk}/"
    assert re.findall(r"\S*://\S*", body) == [link]
    assert re.findall(r'href="([^"]*)"', html) == [link]
    assert unescape(html).count("://") == 1


def test_compose__label_moved__links_to_the_prompt(desk: Desk) -> None:
    released(desk)
    services.suspend(desk.prompt, desk.production, actor=desk.responder, reason="A wrong price.")
    said = letter("suspended", desk.author)
    assert said.link.endswith("/prompts/support/refunds/")
    assert said.subject == f"{desk.responder} suspended support/refunds on production"
    assert said.words is not None
    assert said.words.text == "A wrong price."


@on_embedded
def test_compose__every_kind_that_a_verb_owes__is_known(desk: Desk) -> None:
    """The whole story of a prompt: no verb owes a mail that nobody can write."""
    other = approve(desk, in_review(desk))
    services.review(
        other.pk,
        actor=desk.engineer,
        role="engineering",
        decision="request_changes",
        comment="Shorter, please.",
        seen=other.revision_digest,
    )
    reject(desk, in_review(desk, "Not this.\n"))
    released(desk)
    services.release(approved(desk, SECOND).pk, actor=desk.release_manager)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="Cold again.")
    services.suspend(desk.prompt, desk.production, actor=desk.responder, reason="Wait.")
    services.resume(desk.prompt, desk.production, actor=desk.responder, reason="Fine now.")
    version = other.version
    assert version is not None
    services.recall(version, actor=desk.responder, reason="It leaked.")
    kinds = set(OutboxMail.objects.values_list("kind", flat=True))
    assert kinds <= mail.KINDS.keys()
    assert kinds >= {
        "review_asked",
        "signed_off",
        "approved",
        "changes_requested",
        "rejected",
        "released",
        "rolled_back",
        "suspended",
        "resumed",
        "recalled",
    }
    for row in OutboxMail.objects.exclude(kind="review_asked"):
        said = mail.compose(row, timezone.now())
        assert said.subject
        assert len(bodies(row)[0]) > 80


def test_compose__changes_requested__carries_the_reviewers_words(desk: Desk) -> None:
    request = in_review(desk)
    services.review(
        request.pk,
        actor=desk.engineer,
        role="engineering",
        decision="request_changes",
        comment="Say who pays.\nAnd when.",
        seen=request.revision_digest,
    )
    said = letter("changes_requested", desk.author)
    assert said.subject.startswith(f"{desk.engineer} asks for changes:")
    assert said.words is not None
    assert said.words.text == "Say who pays.\nAnd when."


def test_compose__scan_failed__tells_author_and_owner_apart(desk: Desk) -> None:
    request = submit(desk)
    for _ in range(3):
        services.begin_scan(request.pk)
        services.note_scan_failure(request.pk, error="time_limit")
    assert letter("scan_failed", desk.author).subject.startswith("The risk scan of your change")
    told = letter("scan_failed", desk.governance_owner)
    assert told.subject.startswith("The risk scan of a change by Ada authors failed")


def test_compose__critical_finding__tells_the_author_and_quotes_nothing(desk: Desk) -> None:
    request = submit(desk, rationale="A plain reason.")
    services.begin_scan(request.pk)
    OutboxMail.objects.create(
        kind="critical_finding",
        recipient=desk.author,
        subject_type="approvals.request",
        subject_id=request.public_id,
        created_at=timezone.now(),
        next_try_at=timezone.now(),
    )
    said = letter("critical_finding")
    assert said.shown is None
    assert "critical" in said.subject


def test_compose__times__are_in_the_recipients_zone(desk: Desk) -> None:
    in_review(desk)
    User.objects.filter(pk=desk.engineer.pk).update(time_zone="Asia/Tokyo")
    User.objects.filter(pk=desk.support_reviewer.pk).update(time_zone="Nowhere/At-all")
    assert "(JST)" in bodies(owed("review_asked", desk.engineer))[0]
    assert "(UTC)" in bodies(owed("review_asked", desk.support_reviewer))[0]


def test_compose__nobody_left_to_sign__tells_who_can_grant(desk: Desk) -> None:
    request = approve(desk, in_review(desk), "support_reviewer", "safety_reviewer")
    memberships.leave(desk.engineer, roles.ENGINEERING, actor=desk.governance_owner)
    OutboxMail.objects.create(
        kind="back_in_review",
        recipient=people.reactivate(desk.governance_owner, actor=desk.governance_owner),
        subject_type="approvals.request",
        subject_id=request.public_id,
        created_at=timezone.now(),
        next_try_at=timezone.now(),
    )
    grants.revoke(desk.prompt, permissions.MANAGE, desk.author, actor=desk.governance_owner)
    said = letter("back_in_review", desk.governance_owner)
    assert said.subject.startswith("Nobody can sign off a change")
