"""Un-protecting a label while something else happens to it: one outcome, and a whole log."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from approvals import services
from audit.models import AuditEvent
from registry.models import Label, Release, Unprotection
from tests.approvals import desk as steps
from tests.approvals.desk import Desk, fresh
from tests.approvals.test_races import together
from tests.approvals.unprotecting_of import asked, decide, greta, now
from tests.people import make_person

pytestmark = pytest.mark.django_db(transaction=True)


def test_decide_unprotect__by_two_owners_at_once__is_decided_by_one(desk: Desk) -> None:
    request = asked(desk)
    gil = make_person("gil", "governance-owners", by=desk.governance_owner)
    owner = greta(desk)
    said = together(lambda: decide(request, owner), lambda: decide(request, gil))
    assert said == ["ok", "wrong_state"]
    assert not now(desk.production).protected
    assert Unprotection.objects.count() == 1
    decided = AuditEvent.objects.filter(action="approvals.request.unprotect_decided")
    assert decided.count() == 1
    call_command("audit_verify")


def test_decide_unprotect__approved_and_rejected_at_once__is_what_came_first(desk: Desk) -> None:
    request = asked(desk)
    gil = make_person("gil", "governance-owners", by=desk.governance_owner)
    owner = greta(desk)
    said = together(
        lambda: decide(request, owner),
        lambda: decide(request, gil, "reject", comment="We still need it."),
    )
    assert said == ["ok", "wrong_state"]
    agreed = fresh(request).state == "released"
    assert Label.objects.get(pk=desk.production.pk).protected is not agreed
    call_command("audit_verify")


def test_decide_unprotect__while_a_change_is_released_there__one_comes_first(desk: Desk) -> None:
    change, request = steps.approved(desk), asked(desk)
    owner = greta(desk)
    said = together(
        lambda: decide(request, owner),
        lambda: services.release(change.pk, actor=desk.release_manager),
    )
    assert said in (["ok", "ok"], ["ok", "requirements_unmet"])
    assert not now(desk.production).protected
    moves = Release.objects.filter(prompt=desk.prompt, label=desk.production)
    assert moves.count() == said.count("ok") - 1
    call_command("audit_verify")
