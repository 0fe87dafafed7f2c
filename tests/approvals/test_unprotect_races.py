"""Un-protecting a label while something else happens to it: one outcome, and a whole log."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from approvals import services
from approvals.services import _common as common
from audit.models import AuditEvent
from registry.models import Label, Release, Unprotection
from registry.services import labels
from tests.approvals import desk as steps
from tests.approvals.desk import Desk, fresh
from tests.approvals.test_races import together
from tests.approvals.unprotecting_of import asked, decide, greta, now, unprotected
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


@pytest.mark.skipif(connection.vendor == "sqlite", reason="its write lock lets one verb in at once")
def test_protect_label__while_a_version_is_placed_by_hand__waits_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = steps.in_review(desk)
    label = unprotected(desk)
    real = common.remember
    owner, begun = desk.governance_owner, []

    def protect() -> None:
        try:
            labels.protect_label(label, actor=owner)
        finally:
            connection.close()

    def remember(actor: Any, key: str, verb: str, *rest: Any) -> None:
        real(actor, key, verb, *rest)
        if verb == "place":
            begun.append(threading.Thread(target=protect))
            begun[0].start()
            # Long enough for a step that waits for nobody to be done.
            begun[0].join(2)
            assert begun[0].is_alive()

    monkeypatch.setattr(common, "remember", remember)
    assert change.version is not None
    services.place(desk.prompt, change.version, label, actor=desk.author)
    begun[0].join(60)
    assert now(label).protected
    words = AuditEvent.objects.order_by("-seq").values_list("action", flat=True)[:2]
    assert list(words) == ["registry.label.protected", "approvals.version.placed"]
