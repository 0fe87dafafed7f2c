"""Votes taken back, refusals lifted, reviewers asked once more."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from approvals import services
from approvals.explain import requirements_of
from approvals.facts import gather, with_vote
from approvals.models import ApprovalRequest, Review
from registry.models import OutboxMail, User
from registry.services import memberships, prompts
from tests.approvals import desk as steps
from tests.approvals import talking
from tests.approvals.ci import Ci
from tests.approvals.desk import SECOND, Desk, fresh
from tests.approvals.mail_owed import letter
from tests.approvals.talking import code_of, mails
from tests.people import make_person

pytestmark = pytest.mark.django_db


def status(request: ApprovalRequest, code: str) -> str:
    """How a requirement stands now."""
    found = {rule.code: str(rule.status) for rule in requirements_of(fresh(request))}
    return found[code]


def take_back(desk: Desk, request: ApprovalRequest, **given: Any) -> Review:
    said = {"actor": desk.safety_reviewer, "seen": fresh(request).revision_digest, **given}
    return services.take_back(request.pk, **said)


# -- take_back ------------------------------------------------------------------------------


def test_take_back__approval_in_review__counts_no_more_and_stays_as_it_was(desk: Desk) -> None:
    request = steps.approve(desk, steps.in_review(desk), "safety_reviewer")
    assert status(request, "sign_off:safety") == "SATISFIED"
    vote = take_back(desk, request)
    assert status(request, "sign_off:safety") == "UNSATISFIED"
    assert (vote.decision, vote.role) == ("take_back", "safety")
    assert Review.objects.filter(request=request, decision="approve").count() == 1
    assert mails("vote_taken_back") == {desk.author}
    assert letter("vote_taken_back").subject.startswith(f"{desk.safety_reviewer} took a vote back")


def test_take_back__change_was_approved__goes_back_to_review(desk: Desk) -> None:
    request = steps.approved(desk)
    take_back(desk, request)
    back = fresh(request)
    assert back.state == "review"
    assert back.due_at is not None
    assert back.decided_at is None
    assert mails("back_in_review") == set()
    call_command("audit_verify")


def test_take_back__somebody_else_could_sign__is_asked(desk: Desk) -> None:
    other = make_person("sia", "safety", by=desk.governance_owner)
    take_back(desk, steps.approved(desk))
    assert mails("back_in_review") == {other}


def test_take_back__wish_for_changes__lapses(desk: Desk) -> None:
    vote = talking.refused(desk)
    assert status(vote.request, "changes_requested") == "UNSATISFIED"
    take_back(desk, vote.request)
    assert status(vote.request, "changes_requested") == "SATISFIED"
    assert fresh(vote.request).state == "draft"


def test_take_back__wish_for_changes_was_all_that_stood_in_the_way__is_approved(
    desk: Desk,
) -> None:
    make_person("sia", "safety", by=desk.governance_owner)
    vote = talking.refused(desk)
    request = talking.again_in_review(desk, fresh(vote.request))
    steps.approve(desk, request, "support_reviewer", "engineer")
    services.review(
        request.pk,
        actor=User.objects.get(username="sia"),
        role="safety",
        decision="approve",
        seen=fresh(request).revision_digest,
    )
    assert fresh(request).state == "review"
    take_back(desk, request)
    assert fresh(request).state == "approved"
    assert mails("approved") == {desk.author}
    assert letter("approved").subject.startswith("Your change is approved")


def test_take_back__twice__no_vote_stands_any_more(desk: Desk) -> None:
    request = steps.approve(desk, steps.in_review(desk), "safety_reviewer")
    take_back(desk, request)
    assert code_of(take_back, desk, request) == "wrong_state"
    steps.approve(desk, request, "safety_reviewer")
    assert status(request, "sign_off:safety") == "SATISFIED"


def test_take_back__by_one_who_lost_the_role__still_may(desk: Desk) -> None:
    request = steps.approve(desk, steps.in_review(desk), "safety_reviewer")
    memberships.leave(desk.safety_reviewer, "safety", actor=desk.governance_owner)
    assert take_back(desk, request).decision == "take_back"


def test_take_back__older_page__is_stale(desk: Desk) -> None:
    request = steps.approve(desk, steps.in_review(desk), "safety_reviewer")
    assert code_of(take_back, desk, request, seen="another digest") == "stale"


def test_take_back__released__stays(desk: Desk) -> None:
    assert code_of(take_back, desk, steps.released(desk)) == "wrong_state"


# -- lift_refusal ---------------------------------------------------------------------------


def lift(desk: Desk, vote: Review, **given: Any) -> Any:
    said = {"actor": desk.governance_owner, "reason": "Settled by phone.", **given}
    return services.lift_refusal(vote.pk, **said)


def test_lift_refusal__by_a_governance_owner__is_waived_by_name(desk: Desk) -> None:
    vote = talking.refused(desk)
    lift(desk, vote)
    assert status(vote.request, "changes_requested") == "OVERRIDDEN"
    assert mails("refusal_lifted") == {desk.author, desk.safety_reviewer}
    said = letter("refusal_lifted", desk.safety_reviewer)
    assert said.words is not None
    assert said.words.text == "Settled by phone."
    assert said.lead[0].startswith("You asked for changes")


def test_lift_refusal__last_thing_in_the_way__is_approved_by_the_next_look(desk: Desk) -> None:
    make_person("sia", "safety", by=desk.governance_owner)
    vote = talking.refused(desk)
    request = talking.again_in_review(desk, fresh(vote.request))
    steps.approve(desk, request, "support_reviewer", "engineer")
    services.review(
        request.pk,
        actor=User.objects.get(username="sia"),
        role="safety",
        decision="approve",
        seen=fresh(request).revision_digest,
    )
    lift(desk, vote)
    services.reassess(request.pk)
    assert fresh(request).state == "approved"
    call_command("audit_verify")


def test_lift_refusal__any_other_person__may_not(desk: Desk) -> None:
    vote = talking.refused(desk)
    for name in ("author", "engineer", "release_manager", "auditor", "superuser"):
        assert code_of(lift, desk, vote, actor=desk.people[name]) == "not_allowed", name


def test_lift_refusal__governance_owner_with_a_hand_in_it__may_not(desk: Desk) -> None:
    vote = talking.refused(desk)
    memberships.join(desk.author, "governance-owners", actor=desk.governance_owner)
    assert code_of(lift, desk, vote, actor=desk.author) == "own_change"


def test_lift_refusal__by_a_token__needs_a_person(desk: Desk, ci: Ci) -> None:
    assert code_of(lift, desk, talking.refused(desk), actor=ci.token) == "person_needed"


def test_lift_refusal__without_a_reason__is_refused(desk: Desk) -> None:
    assert code_of(lift, desk, talking.refused(desk), reason=" ") == "comment_needed"


def test_lift_refusal__twice__is_done_already(desk: Desk) -> None:
    vote = talking.refused(desk)
    lift(desk, vote)
    assert code_of(lift, desk, vote) == "already_done"


def test_lift_refusal__vote_that_is_no_standing_wish__is_refused(desk: Desk) -> None:
    vote = talking.refused(desk)
    take_back(desk, vote.request)
    assert code_of(lift, desk, vote) == "wrong_state"
    assert code_of(lift, desk, Review.objects.latest("pk")) == "wrong_state"


def test_lift_refusal__confidential_prompt_without_view__is_not_found(desk: Desk) -> None:
    vote = talking.refused(desk)
    prompts.edit_prompt(desk.prompt, confidential=True, actor=desk.author)
    assert code_of(lift, desk, vote) == "not_found"


# -- ask_again ------------------------------------------------------------------------------


def ask(desk: Desk, request: ApprovalRequest, **given: Any) -> Any:
    return services.ask_again(request.pk, **{"actor": desk.author, **given})


def test_ask_again__hours_later__mails_those_who_could_still_sign(desk: Desk) -> None:
    request = steps.approve(desk, talking.asked_long_ago(desk), "engineer")
    ask(desk, request)
    assert mails("asked_again") == {desk.support_reviewer, desk.safety_reviewer}
    said = letter("asked_again", desk.safety_reviewer)
    assert said.subject.startswith(f"{desk.author} asks once more for your safety sign-off")


def test_ask_again__named_person__asks_nobody_else(desk: Desk) -> None:
    ask(desk, talking.asked_long_ago(desk), people=[desk.engineer])
    assert mails("asked_again") == {desk.engineer}


def test_ask_again__just_asked__is_refused_and_mails_nobody(desk: Desk) -> None:
    request = talking.asked_long_ago(desk)
    ask(desk, request, people=[desk.engineer])
    assert code_of(ask, desk, request, people=[desk.engineer]) == "asked_recently"
    ask(desk, request)
    assert code_of(ask, desk, request) == "asked_recently"
    assert OutboxMail.objects.filter(kind="asked_again").count() == 3


def test_ask_again__who_asked_for_changes__is_asked_to_look_again(desk: Desk) -> None:
    make_person("sia", "safety", by=desk.governance_owner)
    vote = talking.refused(desk)
    request = talking.again_in_review(desk, fresh(vote.request))
    services.review(
        request.pk,
        actor=User.objects.get(username="sia"),
        role="safety",
        decision="approve",
        seen=fresh(request).revision_digest,
    )
    talking.forget_asking()
    ask(desk, request, people=[desk.safety_reviewer])
    said = letter("asked_again", desk.safety_reviewer)
    assert said.subject.startswith(f"{desk.author} asks you to look at a change once more")


def test_ask_again__person_who_can_give_nothing__is_refused(desk: Desk) -> None:
    request = talking.asked_long_ago(desk)
    assert code_of(ask, desk, request, people=[desk.outsider]) == "not_eligible"


def test_ask_again__by_anybody_but_a_contributor__is_refused(desk: Desk, ci: Ci) -> None:
    request = talking.asked_long_ago(desk)
    other = make_person("otis", "authors", by=desk.governance_owner)
    assert code_of(ask, desk, request, actor=other) == "not_allowed"
    assert code_of(ask, desk, request, actor=ci.token) == "person_needed"


def test_ask_again__not_in_review__is_refused(desk: Desk) -> None:
    assert code_of(ask, desk, steps.approved(desk, SECOND)) == "wrong_state"


def test_with_vote__after_any_decision__says_what_reading_all_again_says(desk: Desk) -> None:
    request = steps.in_review(desk)
    for decision in ("approve", "take_back", "approve"):
        before = gather(fresh(request))
        given: dict[str, Any] = {"actor": desk.engineer, "seen": request.revision_digest}
        if decision == "take_back":
            vote = services.take_back(request.pk, **given)
        else:
            vote = services.review(request.pk, role="engineering", decision=decision, **given)
        assert with_vote(before, vote) == gather(fresh(request))
