"""A suggested edit applied with one click: that line alone, and what it means for who may sign."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from approvals import services
from approvals.models import Contributor, Policy, Remark, Revision
from audit.ledger import recording
from registry.errors import Refusal
from registry.models import User
from registry.services import memberships
from tests.approvals import desk as steps
from tests.approvals import talking
from tests.approvals.ci import Ci
from tests.approvals.desk import SECOND, Desk, fresh, text
from tests.approvals.documents_of import in_force, ready
from tests.approvals.talking import code_of
from tests.people import make_person

pytestmark = pytest.mark.django_db


def apply(desk: Desk, remark: Remark, **given: Any) -> Any:
    said = {"actor": desk.author, "seen": fresh(remark.thread.request).revision_digest, **given}
    return services.apply_suggestion(remark.pk, **said)


def test_apply_suggestion__by_the_author__writes_the_next_revision_and_resolves(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    old = remark.thread.request
    request = fresh(apply(desk, remark))
    assert request.version is not None
    assert request.version.body["template"] == SECOND.replace(
        SECOND.splitlines()[0], talking.KINDER
    )
    assert (request.state, request.revision) == ("draft", 2)
    assert request.rationale_id == old.rationale_id
    assert request.base_generation == old.base_generation
    thread = talking.newest()
    assert thread.resolved_by == desk.author
    assert Revision.objects.get(request=request, number=2).author == desk.author


def test_apply_suggestion__whose_it_was__becomes_a_contributor_who_signs_nothing(
    desk: Desk,
) -> None:
    make_person("sia", "safety", by=desk.governance_owner)
    request = apply(desk, talking.with_suggestion(desk))
    hands = set(Contributor.objects.filter(request=request).values_list("account", "role"))
    assert hands == {
        (desk.author.pk, "author"),
        (desk.safety_reviewer.pk, "suggester"),
    }
    routed = talking.again_in_review(desk, fresh(request))
    assert code_of(steps.approve, desk, routed, "safety_reviewer") == "own_change"
    call_command("audit_verify")


def test_review__suggester_where_the_policy_lets_them__signs_beside_others(desk: Desk) -> None:
    lenient = ready("Regulated", suggesters_may_sign=True)
    policy = Policy.objects.get(name="Regulated")
    in_force(policy, lenient, by=desk.governance_owner)
    request = apply(desk, talking.with_suggestion(desk))
    routed = talking.again_in_review(desk, fresh(request))
    assert steps.approve(desk, routed).state == "approved"


def test_apply_suggestion__windows_line_ends__stay(desk: Desk) -> None:
    lines = SECOND.replace("\n", "\r\n")
    remark = talking.suggest(desk, steps.in_review(desk, lines))
    request = fresh(apply(desk, remark))
    assert request.version is not None
    expected = lines.replace(SECOND.splitlines()[0], talking.KINDER)
    assert request.version.body["template"] == expected


def test_apply_suggestion__line_moved_in_a_later_revision__is_changed_where_it_is(
    desk: Desk,
) -> None:
    remark = talking.with_suggestion(desk)
    moved = text(f"Be brief.\n{SECOND}")
    services.revise(
        remark.thread.request_id, document=moved, rationale="Shorter.", actor=desk.author
    )
    request = fresh(apply(desk, remark))
    assert request.version is not None
    assert request.version.body["template"].splitlines()[:2] == ["Be brief.", talking.KINDER]


def test_apply_suggestion__line_changed_since__is_outdated(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    changed = text(SECOND.replace("warmly", "gladly"))
    services.revise(remark.thread.request_id, document=changed, rationale="G.", actor=desk.author)
    assert code_of(apply, desk, remark) == "outdated_line"


def test_apply_suggestion__older_page__is_stale(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    assert code_of(apply, desk, remark, seen="another digest") == "stale"


def test_apply_suggestion__nobody_but_a_contributor_who_proposes__may(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    memberships.join(desk.outsider, "authors", actor=desk.governance_owner)
    people: list[User] = [desk.safety_reviewer, desk.governance_owner, desk.outsider]
    assert {code_of(apply, desk, remark, actor=person) for person in people} == {"not_allowed"}


def test_apply_suggestion__by_a_token__needs_a_person(desk: Desk, ci: Ci) -> None:
    remark = talking.with_suggestion(desk)
    assert code_of(apply, desk, remark, actor=ci.token) == "person_needed"


def test_apply_suggestion__makes_a_secret_whole__is_refused_as_in_a_revision(desk: Desk) -> None:
    body = f"Greet the customer.\n{'kX9s2Lq7Vb4N' * 4}\n"
    header = "-----BEGIN RSA " + "PRIVATE KEY-----"
    remark = talking.suggest(desk, steps.in_review(desk, body), suggestion=header)
    with pytest.raises(Refusal) as refused:
        apply(desk, remark)
    assert refused.value.code == "secret_found"
    assert "Nobody else has read" not in refused.value.sentence


def test_apply_suggestion__what_is_live_already__is_no_change(desk: Desk) -> None:
    steps.released(desk)
    live = steps.FIRST.splitlines()[0]
    remark = talking.suggest(desk, steps.in_review(desk, SECOND), suggestion=live)
    assert code_of(apply, desk, remark) == "nothing_changed"


def test_apply_suggestion__remark_without_one__is_refused(desk: Desk) -> None:
    remark = talking.with_thread(desk).remarks.get()
    assert code_of(apply, desk, remark) == "bad_input"


def test_apply_suggestion__resolved_thread__has_to_be_reopened(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    services.resolve_thread(remark.thread_id, actor=desk.safety_reviewer)
    assert code_of(apply, desk, remark) == "wrong_state"


def test_apply_suggestion__erased_words__are_refused(desk: Desk) -> None:
    remark = talking.with_suggestion(desk)
    assert remark.suggestion is not None
    with recording(actor=desk.governance_owner.ref) as log:
        log.erase(remark.suggestion.digest)
        log.record("approvals.text.erased", ("approvals.remark", remark.public_id))
    assert code_of(apply, desk, remark) == "erased"
