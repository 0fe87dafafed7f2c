"""What mail about accounts, roles, permissions and tokens says, and what it keeps to itself."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from pytest_django.fixtures import Settings

from approvals import mail
from approvals.mail import letters as mail_letters
from approvals.mail import outbox as mail_outbox
from registry import permissions, roles
from registry.models import (
    Namespace,
    OutboxMail,
    Prompt,
    PromptGroupObjectPermission,
    User,
)
from registry.services import details, grants, memberships, passwords, people, prompts, tokens
from tests.approvals.desk import Desk
from tests.approvals.mail_owed import bodies, letter, owed
from tests.people import make_person

pytestmark = pytest.mark.django_db

PASSWORD = "paper lantern, 41 windows"


@pytest.fixture
def greta(desk: Desk) -> User:
    """A second governance owner, who may enter the admin."""
    greta = make_person("greta", roles.GOVERNANCE_OWNERS, by=desk.governance_owner)
    return people.set_flags(greta, is_staff=True, actor=desk.governance_owner)


def said_to(row: OutboxMail) -> str:
    """All that a mail says, in one text."""
    return "\n".join((mail.compose(row, timezone.now()).subject, *bodies(row)))


def hide(desk: Desk) -> None:
    """Make the prompt confidential; the outsider has no permission to view it."""
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)


# -- accounts -------------------------------------------------------------------------------


def test_compose__account_made__says_who_and_the_user_name(desk: Desk) -> None:
    said = letter("account_made", desk.outsider)
    assert said.subject == "Gwen Owner made you an account in Countersign"
    assert "Your user name is otto." in said.lead[0]
    assert "A governance owner sets your first password" in said.lead[1]
    assert said.link.endswith("/accounts/login/")


def test_compose__account_with_a_password__says_who_tells_it_and_not_what(desk: Desk) -> None:
    passwords.set_first_password(desk.outsider, PASSWORD, actor=desk.governance_owner)
    for kind in ("account_made", "password_given"):
        said = said_to(owed(kind, desk.outsider))
        assert "Gwen Owner" in said
        assert PASSWORD not in said
    assert "Gwen Owner tells you" in letter("account_made", desk.outsider).lead[1]


def test_compose__deactivated__reaches_the_closed_account(desk: Desk) -> None:
    people.deactivate(desk.outsider, actor=desk.governance_owner)
    said = letter("account_deactivated", desk.outsider)
    assert said.subject == "Gwen Owner deactivated your account"
    assert "You can no longer sign in" in said.lead[0]


def test_compose__deactivated__any_other_letter_is_owed_no_longer(desk: Desk) -> None:
    people.deactivate(desk.outsider, actor=desk.governance_owner)
    with pytest.raises(mail.NotOwed, match="recipient_closed"):
        letter("account_made", desk.outsider)


def test_compose__deactivated_and_reactivated_since__says_only_the_latter(desk: Desk) -> None:
    people.deactivate(desk.outsider, actor=desk.governance_owner)
    people.reactivate(desk.outsider, actor=desk.governance_owner)
    with pytest.raises(mail.NotOwed, match="no_longer_true"):
        letter("account_deactivated", desk.outsider)
    said = letter("account_reactivated", desk.outsider)
    assert said.subject == "Gwen Owner reactivated your account"


def test_compose__flags__names_those_that_changed(desk: Desk) -> None:
    people.set_flags(desk.superuser, is_superuser=False, actor=desk.governance_owner)
    rows = OutboxMail.objects.filter(kind="flags_set", recipient=desk.superuser).order_by("pk")
    both, one = [mail.compose(row, timezone.now()).lead[1:] for row in rows]
    assert both == (
        "You may enter the admin and look at it.",
        "You are a superuser, which grants nothing on prompts.",
    )
    assert one == ("You are no longer a superuser.",)


def test_compose__roles__names_the_role(desk: Desk) -> None:
    memberships.leave(desk.engineer, roles.ENGINEERING, actor=desk.governance_owner)
    joined, left = letter("role_joined", desk.engineer), letter("role_left", desk.engineer)
    assert joined.subject == "Gwen Owner added you to the role engineering"
    assert left.subject == "Gwen Owner took you out of the role engineering"


def test_compose__time_of_what_happened__is_in_the_recipients_zone(desk: Desk) -> None:
    User.objects.filter(pk=desk.engineer.pk).update(time_zone="Asia/Tokyo")
    assert "(JST)" in letter("role_joined", desk.engineer).lead[0]


# -- permissions ----------------------------------------------------------------------------


def test_compose__permission_given__names_it_and_links_to_the_prompt(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.RELEASE, desk.outsider, actor=desk.author)
    said = letter("permission_given", desk.outsider)
    assert said.subject == "Ada authors gave you the permission to release on support/refunds"
    assert said.link.endswith("/prompts/support/refunds/")


def test_compose__permission_revoked__names_it(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.RELEASE, desk.outsider, actor=desk.author)
    grants.revoke(desk.prompt, permissions.RELEASE, desk.outsider, actor=desk.author)
    said = letter("permission_revoked", desk.outsider)
    assert said.subject == "Ada authors took from you the permission to release on support/refunds"


def test_compose__permission_on_a_namespace__names_it(desk: Desk) -> None:
    namespace, gwen = Namespace.objects.get(name="support"), desk.governance_owner
    grants.grant_on_namespace(namespace, permissions.CREATE, desk.outsider, actor=gwen)
    grants.revoke_on_namespace(namespace, permissions.CREATE, desk.outsider, actor=gwen)
    given, revoked = letter("permission_given"), letter("permission_revoked")
    assert given.subject == "Gwen Owner gave you the permission to create prompts in support"
    assert given.link.endswith("/prompts/-/new")
    assert revoked.subject == "Gwen Owner took from you the permission to create prompts in support"


def test_compose__given_on_what_became_confidential__is_owed_no_longer(desk: Desk) -> None:
    grants.grant(desk.prompt, permissions.RELEASE, desk.outsider, actor=desk.author)
    hide(desk)
    with pytest.raises(mail.NotOwed, match="not_visible"):
        letter("permission_given", desk.outsider)


def test_compose__given_on_a_confidential_prompt_with_view__names_it(desk: Desk) -> None:
    hide(desk)
    grants.grant(desk.prompt, permissions.VIEW, desk.outsider, actor=desk.author)
    assert letter("permission_given", desk.outsider).subject.endswith("view on support/refunds")


def test_compose__view_revoked_on_a_confidential_prompt__tells_it_without_the_name(
    desk: Desk,
) -> None:
    hide(desk)
    grants.grant(desk.prompt, permissions.VIEW, desk.outsider, actor=desk.author)
    grants.revoke(desk.prompt, permissions.VIEW, desk.outsider, actor=desk.author)
    row = owed("permission_revoked", desk.outsider)
    said = said_to(row)
    assert "Ada authors took from you the permission to view on a confidential prompt" in said
    assert "refunds" not in said
    assert "support/" not in said


# -- tokens ---------------------------------------------------------------------------------


def test_compose__token_made__says_what_it_may_and_no_prompt_or_secret(
    desk: Desk, greta: User
) -> None:
    robot = people.create_service_account("ci", actor=desk.governance_owner)
    _, secret = tokens.create_token(
        robot,
        name="Checkout",
        scopes=["read", "preview"],
        labels=["staging"],
        names=["support/refunds"],
        expires_at=timezone.now() + timedelta(days=30),
        actor=desk.governance_owner,
    )
    row = owed("token_made", greta)
    said = said_to(row)
    assert "Gwen Owner made a token: Checkout" in said
    assert "Scopes: read, preview. Labels: staging. It ends on" in said
    assert "the service account ci" in said
    assert "refunds" not in said
    assert secret.split("_")[-1] not in said
    assert "/admin/registry/servicetoken/" in mail.compose(row, timezone.now()).link


def test_compose__token_revoked_to_somebody_outside_the_admin__leads_to_their_reviews(
    desk: Desk, greta: User, settings: Settings
) -> None:
    robot = people.create_service_account("ci", actor=desk.governance_owner)
    token, _ = tokens.create_token(robot, name="x", scopes=["read"], actor=greta)
    people.set_flags(greta, is_staff=False, actor=desk.governance_owner)
    tokens.revoke_token(token, actor=desk.governance_owner)
    said = letter("token_revoked", greta)
    assert said.subject == "Gwen Owner revoked a token: x"
    assert said.link == f"{settings.BASE_URL}/"


def test_compose__tokens_ended_with_their_account__says_how_many(desk: Desk, greta: User) -> None:
    robot = people.create_service_account("ci", actor=desk.governance_owner)
    for name in ("x", "y"):
        tokens.create_token(robot, name=name, scopes=["read"], actor=greta)
    people.deactivate(robot, actor=desk.governance_owner)
    said = letter("tokens_ended", greta)
    assert said.subject == "Gwen Owner deactivated the service account ci"
    assert "Its 2 tokens were revoked for good" in said.lead[0]


# -- all of them ----------------------------------------------------------------------------


def test_compose__every_kind_about_people__is_known_and_holds_one_link(
    desk: Desk, greta: User
) -> None:
    gwen, otto = desk.governance_owner, desk.outsider
    User.objects.filter(pk=gwen.pk).update(display_name="Eve https://evil.example\r\nBcc: x")
    gwen.refresh_from_db()
    robot = people.create_service_account("ci", actor=gwen)
    token, _ = tokens.create_token(robot, name="http://evil.example", scopes=["read"], actor=gwen)
    tokens.revoke_token(token, actor=gwen)
    tokens.create_token(robot, name="y", scopes=["read"], actor=gwen)
    people.deactivate(robot, actor=gwen)
    memberships.join(otto, roles.AUDITORS, actor=gwen)
    memberships.leave(otto, roles.AUDITORS, actor=gwen)
    people.set_flags(otto, is_staff=True, actor=gwen)
    passwords.set_first_password(otto, PASSWORD, actor=gwen)
    grants.grant(desk.prompt, permissions.VIEW, otto, actor=gwen)
    grants.revoke(desk.prompt, permissions.VIEW, otto, actor=gwen)
    people.deactivate(desk.auditor, actor=gwen)
    people.reactivate(desk.auditor, actor=gwen)
    people.deactivate(desk.responder, actor=gwen)
    kinds = set(OutboxMail.objects.values_list("kind", flat=True))
    assert kinds <= mail.KINDS.keys()
    assert len(kinds) == 12
    composed = set()
    for row in OutboxMail.objects.all():
        try:
            body, html = bodies(row)
        except mail.NotOwed:
            continue
        composed.add(row.kind)
        assert len(re.findall("://", body)) == 1, row.kind
        assert len(re.findall("href=", html)) == 1, row.kind
        assert "\nBcc" not in body
    assert composed == kinds


# -- the account's own details --------------------------------------------------------------


def test_compose__address_changed__goes_to_the_old_address_and_to_the_new(desk: Desk) -> None:
    details.change_email(desk.outsider, "new@example.org", actor=desk.governance_owner)
    rows = OutboxMail.objects.filter(kind="email_changed", recipient=desk.outsider)
    letters = [mail_outbox.message(row, mail_letters.compose(row, timezone.now())) for row in rows]
    assert {to for message in letters for to in message.to} == {
        "otto@example.org",
        "new@example.org",
    }
    assert all("changed the e-mail address" in message.subject for message in letters)


def test_compose__name_corrected__says_so(desk: Desk) -> None:
    details.edit_person(desk.outsider, display_name="Otto N.", actor=desk.governance_owner)
    assert "corrected your account" in letter("details_edited", desk.outsider).subject


def test_compose__own_password_changed__is_told_to_oneself_too(desk: Desk) -> None:
    passwords.set_first_password(desk.outsider, "first-Word-9", actor=desk.governance_owner)
    person = User.objects.get(pk=desk.outsider.pk)
    passwords.change_password("first-Word-9", "other-Word-9", actor=person)
    assert letter("password_set", person).subject == "Your password was changed"


def test_compose__confidential_prompt_handed_over__says_how_many_and_no_name(desk: Desk) -> None:
    hidden = prompts.create_prompt("support/hidden", actor=desk.author, confidential=True)
    for group in hidden_groups(hidden):
        grants.revoke(hidden, permissions.VIEW, group, actor=desk.author)
    people.deactivate(desk.author, actor=desk.governance_owner, heir=desk.engineer)
    said = letter("handed_over", desk.engineer)
    assert "handed over a confidential prompt to you" in said.subject
    assert "hidden" not in " ".join([said.subject, *said.lead])


def hidden_groups(prompt: Prompt) -> list[Group]:
    """The roles that see a prompt."""
    rows = PromptGroupObjectPermission.objects.filter(
        content_object=prompt, permission__codename=permissions.VIEW
    )
    return [row.group for row in rows.select_related("group")]
