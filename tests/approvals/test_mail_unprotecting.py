"""Mail about un-protecting a label: to the owners who decide, and to who asked."""

from __future__ import annotations

import pytest
from django.utils import timezone

from approvals import mail, services
from registry import roles
from registry.models import OutboxMail, User
from registry.services import people
from tests.approvals.desk import Desk
from tests.approvals.mail_owed import bodies, letter, owed
from tests.approvals.unprotecting_of import WHY, asked, decide, greta
from tests.people import make_person

pytestmark = pytest.mark.django_db


def told(kind: str) -> set[User]:
    return {row.recipient for row in OutboxMail.objects.filter(kind=kind)}


def test_propose_unprotect__owners__are_asked_but_not_who_asks(desk: Desk) -> None:
    second = greta(desk)
    request = asked(desk)
    assert told("unprotect_asked") == {second}
    said = letter("unprotect_asked", second)
    assert said.subject == f"Gwen Owner asks to un-protect production: {WHY}"
    assert "stays protected until another governance owner agrees" in said.lead[0]
    assert said.link.endswith(f"/admin/approvals/unprotectrequest/{request.pk}/change/")
    assert [need.code for need in said.needs] == ["sign_off:governance"]
    assert WHY in bodies(owed("unprotect_asked", second))[0]


def test_decide_unprotect__approved__everybody_who_governs_hears_but_who_did_it(
    desk: Desk,
) -> None:
    gil = make_person("gil", roles.GOVERNANCE_OWNERS, by=desk.governance_owner)
    decide(asked(desk), greta(desk), comment="Agreed.")
    assert told("unprotected") == {desk.governance_owner, gil}
    said = letter("unprotected", desk.governance_owner)
    assert said.subject == "production is not protected any more"
    assert said.words is not None
    assert said.words.text == "Agreed."


def test_decide_unprotect__rejected__who_asked_hears_why(desk: Desk) -> None:
    decide(asked(desk), greta(desk), "reject", comment="Not now.")
    assert told("unprotect_rejected") == {desk.governance_owner}
    said = letter("unprotect_rejected", desk.governance_owner)
    assert said.subject == f"{greta(desk)} refused to un-protect production"
    assert said.words is not None
    assert said.words.text == "Not now."


def test_compose__asked_and_ended_since__is_owed_no_longer(desk: Desk) -> None:
    second = greta(desk)
    request = asked(desk)
    services.withdraw_unprotect(request.pk, actor=desk.governance_owner)
    with pytest.raises(mail.NotOwed, match="decided"):
        mail.compose(owed("unprotect_asked", second), timezone.now())


def test_compose__recipient_governs_no_longer__hears_nothing(desk: Desk) -> None:
    second = greta(desk)
    asked(desk)
    people.leave(second, roles.GOVERNANCE_OWNERS, actor=desk.governance_owner)
    with pytest.raises(mail.NotOwed, match="not_visible"):
        letter("unprotect_asked", second)
