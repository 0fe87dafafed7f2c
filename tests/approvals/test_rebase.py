"""Bringing a change up to date: merged onto what is live, approvals kept or no longer counted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from approvals import services
from approvals.errors import MergeConflict
from approvals.facts import gather
from approvals.merging import LIVE as MARK
from approvals.models import ApprovalRequest, Contributor, Policy, Review
from approvals.policies import evaluate
from approvals.services import rebasing
from approvals.votes import digest_of
from audit.ledger import head
from audit.models import AuditEvent
from registry.errors import Refusal
from registry.models import OutboxMail, Version
from registry.services import grants, memberships
from tests.approvals import desk as steps
from tests.approvals.bases import (
    BOTH,
    COOL,
    LIVE,
    OVERTAKEN,
    WARM,
    carrying,
    letter,
    live_digest,
    overtaken,
    rebase,
)
from tests.approvals.desk import Desk, fresh, text
from tests.approvals.documents_of import in_force
from tests.approvals.mail_owed import letter as mailed
from tests.people import make_person

pytestmark = pytest.mark.django_db


def told(change: ApprovalRequest, action: str = "routed") -> dict[str, Any]:
    """What the newest event of this kind says of the change, in `data`."""
    events = AuditEvent.objects.filter(action=f"approvals.request.{action}")
    payloads = [json.loads(event.payload) for event in events.order_by("-seq")]
    return next(p["data"] for p in payloads if p["subject"]["id"] == str(change.public_id))


def on_to_people(change: ApprovalRequest) -> ApprovalRequest:
    return steps.route(steps.scan(change))


def why_dismissed(change: ApprovalRequest) -> set[str]:
    return set(told(change)["dismissed"].values())


def needs(change: ApprovalRequest) -> dict[str, str]:
    facts = gather(fresh(change))
    return {r.code: str(r.status) for r in evaluate(facts, change.updated_at + timedelta(1))}


def code_of(call: Any) -> str:
    with pytest.raises(Refusal) as refused:
        call()
    return refused.value.code


# -- the merge ------------------------------------------------------------------------------


def test_rebase__overtaken_in_review__is_merged_pinned_and_scanned_again(desk: Desk) -> None:
    change = overtaken(desk)
    assert needs(change)["base"] == "UNSATISFIED"
    before = head().size
    done = rebase(change, desk.author)
    assert head().size == before + 1
    assert done.state == "scanning"
    assert done.revision == 2
    assert done.version is not None
    assert done.version.body["template"] == BOTH
    assert done.base_version is not None
    assert done.base_version.content_digest == live_digest(done)
    assert (done.submitted_at, done.policy) == (change.submitted_at, change.policy)
    assert done.rationale == change.rationale
    assert needs(on_to_people(done))["base"] == "SATISFIED"
    call_command("audit_verify")


def test_rebase__a_draft__stays_a_draft(desk: Desk) -> None:
    steps.released(desk, LIVE)
    draft = steps.propose(desk, WARM)
    steps.released(desk, OVERTAKEN)
    done = rebase(draft, desk.author)
    assert (done.state, done.revision, done.submitted_at) == ("draft", 2, None)
    call_command("audit_verify")


def test_rebase__asked_for_changes__stays_with_its_author(desk: Desk) -> None:
    change = overtaken(desk)
    services.review(
        change.pk,
        actor=desk.engineer,
        role="engineering",
        decision="request_changes",
        comment="Shorter.",
        seen=change.revision_digest,
    )
    assert rebase(change, desk.author).state == "draft"


def test_rebase__by_somebody_else_who_may_propose__makes_them_a_contributor(desk: Desk) -> None:
    change = overtaken(desk)
    amy = make_person("amy", "authors", by=desk.governance_owner)
    done = rebase(change, amy)
    assert done.author == desk.author
    assert Contributor.objects.filter(request=done, account=amy, revision=2).exists()


def test_rebase__both_changed_a_line__is_refused_with_both_and_nothing_changes(desk: Desk) -> None:
    change = overtaken(desk, by=COOL)
    before = head().size
    with pytest.raises(MergeConflict) as refused:
        rebase(change, desk.author)
    (conflict,) = refused.value.extra["merge"].conflicts
    assert refused.value.status == 409
    assert conflict.live == ("Greet {{customer}} briefly.\n",)
    assert conflict.mine == ("Greet {{customer}} warmly by name.\n",)
    assert (head().size, fresh(change).revision) == (before, 1)


def test_rebase__with_a_persons_own_text__takes_it_and_dismisses_every_approval(
    desk: Desk,
) -> None:
    change = overtaken(desk, by=COOL)
    chosen = letter(top="Greet {{customer}} briefly and warmly.")
    done = on_to_people(rebase(change, desk.author, document=text(chosen)))
    assert done.version is not None
    assert done.version.body["template"] == chosen
    assert why_dismissed(done) == {"wording"}
    assert "carried" not in told(done)
    assert told(done, "rebased")["by_hand"] is True


def test_rebase__with_a_mark_left_in_the_text__is_refused(desk: Desk) -> None:
    change = overtaken(desk, by=COOL)
    left = text(f"{MARK}\nGreet {{{{customer}}}}.\n")
    assert code_of(lambda: rebase(change, desk.author, document=left)) == "merge_conflict"


def test_rebase__with_a_secret_in_the_text__is_refused_before_others_read_it(desk: Desk) -> None:
    change = overtaken(desk)
    secret = text(f"{BOTH}Use {'AKIA' + 'IOSFODNN7EXAMPLQ'} and -----BEGIN RSA PRIVATE KEY-----\n")
    assert code_of(lambda: rebase(change, desk.author, document=secret)) == "secret_found"


def test_rebase__nothing_moved__is_refused(desk: Desk) -> None:
    steps.released(desk, LIVE)
    change = steps.in_review(desk, WARM)
    assert code_of(lambda: rebase(change, desk.author)) == "nothing_changed"


def test_rebase__the_same_went_live__is_refused(desk: Desk) -> None:
    change = overtaken(desk, by=WARM)
    assert code_of(lambda: rebase(change, desk.author)) == "nothing_changed"


def test_rebase__another_revision_or_another_live_seen__is_stale(desk: Desk) -> None:
    change = overtaken(desk)
    assert code_of(lambda: rebase(change, desk.author, seen_live="0" * 64)) == "stale"
    assert code_of(lambda: rebase(change, desk.author, seen="0" * 64)) == "stale"


def test_rebase__posted_twice_with_one_key__is_done_once(desk: Desk) -> None:
    change = overtaken(desk)
    seen: dict[str, Any] = {
        "seen": change.revision_digest,
        "seen_live": live_digest(change),
        "key": "k1",
    }
    services.rebase(change.pk, actor=desk.author, **seen)
    before = head().size
    again = services.rebase(change.pk, actor=desk.author, **seen)
    assert (head().size, again.revision) == (before, 2)


def test_rebase__where_it_leaves_nobody_to_sign__is_refused(desk: Desk) -> None:
    change = overtaken(desk)
    grants.grant(desk.prompt, "propose_prompt", desk.engineer, actor=desk.governance_owner)
    code = code_of(lambda: rebase(change, desk.engineer))
    assert (code, fresh(change).revision) == ("no_eligible_reviewer", 1)


def test_rebase__overtaken__is_open_to_those_who_may_propose_and_to_nobody_else(
    desk: Desk,
) -> None:
    change = overtaken(desk)
    amy = make_person("amy", "authors", by=desk.governance_owner)
    found: dict[str, str] = {}
    for name, person in {**desk.people, "amy": amy}.items():
        point = transaction.savepoint()
        try:
            found[name] = rebase(change, person).state
        except Refusal as refusal:
            found[name] = refusal.code
        transaction.savepoint_rollback(point)
    expected = dict.fromkeys(desk.people, "not_allowed")
    assert found == {**expected, "author": "scanning", "amy": "scanning"}


def test_rebase__what_is_live_moved_between_the_merge_and_the_lock__is_stale(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = overtaken(desk)
    other = steps.approved(desk, letter(bottom="Say thanks."))
    seen_live = Version.objects.get(requests=other).content_digest
    real = rebasing.merged_with_live

    def slow(*sides: Any) -> Any:
        merged = real(*sides)
        services.release(other.pk, actor=desk.release_manager)
        return merged

    # The merge itself is the real one; the other release only comes at the worst moment.
    monkeypatch.setattr(rebasing, "merged_with_live", slow)
    assert code_of(lambda: rebase(change, desk.author, seen_live=seen_live)) == "stale"
    assert fresh(change).revision == 1


# -- approvals kept -------------------------------------------------------------------------


def test_route__the_same_change_on_another_base__keeps_each_approval_as_a_new_row(
    desk: Desk,
) -> None:
    change = overtaken(desk)
    given = {vote.role: vote for vote in Review.objects.filter(request=change)}
    done = on_to_people(rebase(change, desk.author))
    kept = Review.objects.filter(request=done, copied_from__isnull=False)
    assert {vote.role for vote in kept} == {"support", "safety"}
    assert done.version is not None
    assert done.base_version is not None
    assert done.scan is not None
    for vote in kept:
        was = given[vote.role]
        assert vote.copied_from == was
        assert vote.digest == digest_of(vote)
        assert (vote.revision, vote.content_digest) == (2, done.version.content_digest)
        assert vote.base_digest == done.base_version.content_digest
        assert vote.scan_digest == done.scan.digest
        assert (vote.reviewer, vote.meaning, vote.answers) == (
            was.reviewer,
            was.meaning,
            was.answers,
        )
        assert (vote.auth_method, vote.auth_at) == (was.auth_method, was.auth_at)
    assert told(done)["carried"] == {str(vote.public_id): vote.digest for vote in kept}
    assert "dismissed" not in told(done)
    found = needs(done)
    assert (found["sign_off:support"], found["sign_off:engineering"]) == (
        "SATISFIED",
        "UNSATISFIED",
    )
    call_command("audit_verify")


def test_route__kept_approvals_complete_the_list__approves_and_tells_the_author(
    desk: Desk,
) -> None:
    change = overtaken(desk)
    steps.released(desk, letter(bottom="Thank them."))  # moves once more before the last vote
    change = fresh(change)
    steps.approve(desk, change, "engineer")
    assert fresh(change).state == "review"
    before = head().size
    done = on_to_people(rebase(change, desk.author))
    assert done.state == "approved"
    assert head().size == before + 5  # rebased, scan started, scanned, placed, routed
    assert told(done)["way"] == "kept"
    assert OutboxMail.objects.filter(kind="approved", recipient=desk.author).exists()
    services.release(done.pk, actor=desk.author)
    call_command("audit_verify")


def test_route__approved_then_overtaken__is_approved_again_without_a_new_vote(desk: Desk) -> None:
    steps.released(desk, LIVE)
    change = steps.approved(desk, WARM)
    steps.released(desk, OVERTAKEN)
    services.reassess(change.pk)
    assert fresh(change).state == "review"
    assert on_to_people(rebase(change, desk.author)).state == "approved"


def test_route__brought_up_to_date_twice__keeps_the_approval_from_where_it_was_given(
    desk: Desk,
) -> None:
    change = rebase(overtaken(desk), desk.author)
    steps.released(desk, letter(bottom="Say thanks."))  # before anybody saw the second revision
    change = on_to_people(change)
    done = on_to_people(rebase(change, desk.author))
    kept = Review.objects.filter(request=done, revision=3)
    assert kept.count() == 2
    assert {vote.copied_from.revision for vote in kept if vote.copied_from} == {1}
    call_command("audit_verify")


def test_revise__only_the_reason_is_new__keeps_the_approvals(desk: Desk) -> None:
    change = steps.in_review(desk)
    steps.approve(desk, change, "support_reviewer")
    services.revise(
        change.pk, document=text(steps.FIRST), rationale="A better reason.", actor=desk.author
    )
    services.submit(change.pk, actor=desk.author)
    done = on_to_people(fresh(change))
    assert Review.objects.filter(request=done, revision=2, copied_from__isnull=False).exists()
    call_command("audit_verify")


# -- approvals dismissed --------------------------------------------------------------------


def test_revise__the_text_is_new__dismisses_them_once_and_for_all(desk: Desk) -> None:
    change = steps.in_review(desk)
    steps.approve(desk, change, "support_reviewer")
    for document in (steps.SECOND, steps.FIRST):
        services.revise(change.pk, document=text(document), rationale="Again.", actor=desk.author)
        services.submit(change.pk, actor=desk.author)
        on_to_people(fresh(change))
        if document == steps.SECOND:
            assert why_dismissed(change) == {"wording"}
    # The first text is back, but what was dismissed stays so, and nobody is told twice.
    assert "dismissed" not in told(change)
    assert not Review.objects.filter(copied_from__isnull=False).exists()
    assert OutboxMail.objects.filter(kind="approval_dismissed").count() == 1
    call_command("audit_verify")


@pytest.mark.parametrize("which", ["pinned", "current"])
def test_route__one_policy_does_not_keep_them__dismisses(desk: Desk, which: str) -> None:
    regulated = Policy.objects.get(name="Regulated")
    owner = desk.governance_owner
    if which == "pinned":
        in_force(regulated, carrying("NO_CHANGE"), by=owner)
        change = overtaken(desk)
        in_force(regulated, carrying("TRIVIAL_REBASE"), by=owner)
    else:
        change = overtaken(desk)
        in_force(regulated, carrying("NO_CHANGE"), by=owner)
    done = on_to_people(rebase(change, desk.author))
    assert why_dismissed(done) == {"policy"}


def test_route__the_voter_left_the_role__dismisses_that_approval_alone(desk: Desk) -> None:
    change = overtaken(desk)
    memberships.leave(desk.safety_reviewer, "safety", actor=desk.governance_owner)
    make_person("sid", "safety", by=desk.governance_owner)
    done = on_to_people(rebase(change, desk.author))
    assert why_dismissed(done) == {"not_eligible"}
    assert len(told(done)["carried"]) == 1


def test_route__the_interface_changes__never_keeps_an_approval(desk: Desk) -> None:
    steps.released(desk, LIVE)
    change = steps.in_review(desk, letter(top="Greet {{customer}} of {{country}}."))
    steps.approve(desk, change, "support_reviewer")
    steps.released(desk, OVERTAKEN)
    assert why_dismissed(on_to_people(rebase(change, desk.author))) == {"interface_change"}


def test_route__the_model_changes__never_keeps_an_approval(desk: Desk) -> None:
    steps.released(desk, LIVE)
    document = text(WARM, model_settings={"temperature": 1})
    change = services.propose(
        desk.prompt,
        label=desk.production,
        document=document,
        rationale="Livelier.",
        actor=desk.author,
    )
    services.submit(change.pk, actor=desk.author)
    steps.approve(desk, on_to_people(fresh(change)), "support_reviewer")
    steps.released(desk, OVERTAKEN)
    assert why_dismissed(on_to_people(rebase(change, desk.author))) == {"model_change"}


def test_route__part_of_it_went_live_meanwhile__dismisses(desk: Desk) -> None:
    steps.released(desk, LIVE)
    change = steps.in_review(desk, BOTH)
    steps.approve(desk, change, "support_reviewer")
    steps.released(desk, WARM)
    assert why_dismissed(on_to_people(rebase(change, desk.author))) == {"wording"}


def test_route__an_approval_was_taken_back_by_a_wish__is_not_brought_back(desk: Desk) -> None:
    change = overtaken(desk)
    services.review(
        change.pk,
        actor=desk.safety_reviewer,
        role="safety",
        decision="request_changes",
        comment="On reflection, no.",
        seen=change.revision_digest,
    )
    change = rebase(change, desk.author)
    services.submit(change.pk, actor=desk.author)
    done = on_to_people(fresh(change))
    kept = Review.objects.filter(request=done, copied_from__isnull=False)
    assert [vote.role for vote in kept] == ["support"]
    assert needs(done)["changes_requested"] == "UNSATISFIED"


def test_route__a_kept_approval__can_still_be_followed_by_a_wish(desk: Desk) -> None:
    done = on_to_people(rebase(overtaken(desk), desk.author))
    services.review(
        done.pk,
        actor=desk.safety_reviewer,
        role="safety",
        decision="request_changes",
        comment="Now that I read it beside the other one.",
        seen=done.revision_digest,
    )
    assert fresh(done).state == "draft"
    call_command("audit_verify")


# -- mail -----------------------------------------------------------------------------------


def test_mail__kept__says_so_and_asks_for_nothing(desk: Desk) -> None:
    on_to_people(rebase(overtaken(desk), desk.author))
    said = mailed("approval_kept", desk.support_reviewer)
    assert said.subject.startswith("Your approval was kept")
    assert "You approved revision 1" in said.lead[0]
    assert said.missing == 0
    at = OutboxMail.objects.filter(kind="approval_kept").latest("pk").created_at
    asked = OutboxMail.objects.filter(kind="review_asked", created_at=at)
    assert {mail.recipient for mail in asked} == {desk.engineer}


def test_mail__no_longer_counts__says_why_and_asks_again_in_the_same_mail(desk: Desk) -> None:
    change = overtaken(desk, by=COOL)
    chosen = text(letter(top="Greet {{customer}} briefly and warmly."))
    on_to_people(rebase(change, desk.author, document=chosen))
    said = mailed("approval_dismissed", desk.support_reviewer)
    assert any("because the text was edited since" in line for line in said.lead)
    assert any("support sign-off is asked for again" in line for line in said.lead)
    assert said.missing
    at = OutboxMail.objects.filter(kind="approval_dismissed").latest("pk").created_at
    asked = OutboxMail.objects.filter(kind="review_asked", created_at=at)
    assert {mail.recipient for mail in asked} == {desk.engineer}
