"""The machine looks first: a text that was not scanned is read by those who wrote it only."""

from __future__ import annotations

import pytest

from approvals import scanning, services
from approvals.models import ApprovalRequest
from tests.approvals.desk import FIRST, SECOND, Desk, fresh, released, route, scan, submit, text
from tests.approvals.pages.browsing import look, signed_in
from tests.people import make_person

pytestmark = pytest.mark.django_db

SECRET = "AKIA" + "QWERTYUIOPASDFGH"
WORD = "warmly"


def places(change: ApprovalRequest) -> list[str]:
    """Every page that shows the text of a change."""
    number = change.version.number if change.version else 0
    prompt = "/prompts/support/refunds/"
    return [
        f"/requests/{change.pk}/",
        f"/requests/{change.pk}/live",
        f"/requests/{change.pk}/revise",
        prompt,
        f"{prompt}-/versions/{number}/",
        f"{prompt}-/propose?from={number}",
    ]


def shown_to(desk: Desk, name: str, change: ApprovalRequest) -> list[str]:
    client = signed_in(desk.people[name])
    return [place for place in places(change) if WORD in look(client, place).html]


def test_text__waiting_for_its_scan__is_read_by_its_author_only(desk: Desk) -> None:
    released(desk, FIRST)
    desk.people["colleague"] = make_person("cleo", "authors", by=desk.governance_owner)
    change = submit(desk, SECOND)
    request, _, revise, _, version, begun = places(change)
    assert shown_to(desk, "author", change) == [request, revise, version, begun]
    for name in ("colleague", "safety_reviewer", "governance_owner", "superuser"):
        assert shown_to(desk, name, change) == []
    page = look(signed_in(desk.safety_reviewer), request)
    assert "only those who wrote it see the text" in page.text
    assert look(signed_in(desk.people["colleague"]), revise).status == 422


def test_text__scanned__is_read_by_everybody(desk: Desk) -> None:
    released(desk, FIRST)
    change = route(scan(submit(desk, SECOND)))
    request, _, _, _, version, _ = places(change)
    assert shown_to(desk, "outsider", change) == [request, version]


def test_text__revised_after_review__is_hidden_until_scanned_again(desk: Desk) -> None:
    released(desk, FIRST)
    change = route(scan(submit(desk, "Greet {{customer}} by title.\n")))
    services.revise(change.pk, document=text(SECOND), rationale="Warmer", actor=desk.author)
    assert shown_to(desk, "safety_reviewer", fresh(change)) == []


def test_text__something_critical_found__stays_with_its_author(desk: Desk) -> None:
    released(desk, FIRST)
    change = submit(desk, SECOND)
    services.begin_scan(change.pk)
    report = scanning.scan_text(f"Use {SECRET} for it.")
    assert report.level == "critical"
    services.record_scan(change.pk, revision=1, report=report)
    route(fresh(change))
    assert fresh(change).state == "draft"
    assert shown_to(desk, "safety_reviewer", fresh(change)) == []
    page = look(signed_in(desk.safety_reviewer), f"/requests/{change.pk}/")
    assert "found something critical" in page.text
    assert f"/requests/{change.pk}/" in shown_to(desk, "author", fresh(change))


def test_live__scan_finished__says_that_there_is_more_to_show(desk: Desk) -> None:
    change = submit(desk, SECOND)
    client = signed_in(desk.safety_reviewer)
    before = client.get(f"/requests/{change.pk}/live")
    route(scan(fresh(change)))
    after = client.get(f"/requests/{change.pk}/live", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert before["X-Seen"] == after["X-Seen"]
    assert before["X-Mark"] != after["X-Mark"]
    page = look(client, f"/requests/{change.pk}/")
    assert page.has("div", data_mark=after["X-Mark"])
