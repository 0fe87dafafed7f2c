"""Change sets: what is proposed, submitted and withdrawn together, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from approvals import services
from approvals.errors import CommentNeeded, NoEligibleReviewer, SecretFound
from approvals.models import ApprovalRequest, ChangeSet
from audit.models import AuditEvent
from registry import permissions
from registry.errors import NotAllowed, NotFound, NothingChanged, Refusal, Stale
from registry.models import OutboxMail, Prompt, User
from registry.services import memberships, prompts
from tests.approvals import desk as steps
from tests.approvals import sets_of as sets
from tests.approvals.desk import FIRST, SECOND, Desk, fresh, text
from tests.approvals.sets_of import NAMES, members, proposed, states
from tests.approvals.test_table import HIDDEN, LATE, NO, PEOPLE, STATES
from tests.approvals.timing_of import refused

pytestmark = pytest.mark.django_db


# -- propose_set ----------------------------------------------------------------------------


def test_propose_set__by_the_author__makes_a_request_of_its_own_for_each_prompt(desk: Desk) -> None:
    made = proposed(desk)
    assert [r.prompt.name for r in members(made) if r.prompt] == list(NAMES)
    assert states(made) == ["draft"] * 3
    assert {request.author for request in members(made)} == {desk.author}
    call_command("audit_verify")


def test_propose_set__one_reason__is_one_text_that_all_of_them_share(desk: Desk) -> None:
    made = proposed(desk)
    assert {request.rationale_id for request in members(made)} == {made.rationale_id}
    assert made.rationale.value == "The hotline has moved."


def test_propose_set__and_submit__all_wait_for_their_scans(desk: Desk) -> None:
    assert states(proposed(desk, and_submit=True)) == ["scanning"] * 3


def test_propose_set__one_is_what_is_live__none_is_proposed_and_the_prompt_is_named(
    desk: Desk,
) -> None:
    sets.released(desk, *NAMES[:2])
    with pytest.raises(NothingChanged, match=f"^{NAMES[0]}: This is exactly what is live"):
        proposed(desk)
    assert ChangeSet.objects.count() == 1


def test_propose_set__something_else_went_live_in_one__is_stale_and_names_it(desk: Desk) -> None:
    found = sets.prompts_of(desk)
    items = [services.SetItem(prompt, text(FIRST), seen_live="") for prompt in found]
    items[1] = services.SetItem(found[1], text(FIRST), seen_live="0" * 64)
    with pytest.raises(Stale, match=f"^{NAMES[1]}: "):
        services.propose_set(
            items, label=desk.production, rationale="Why.", actor=desk.author, whole=True
        )


def test_propose_set__nobody_may_sign_one__is_refused_and_names_it(desk: Desk) -> None:
    sets.prompts_of(desk)
    for who, role in steps.ROLES.items():
        memberships.leave(desk.people[who], role, actor=desk.governance_owner)
    with pytest.raises(NoEligibleReviewer, match=f"^{NAMES[0]}: "):
        proposed(desk, and_submit=True)
    assert not ChangeSet.objects.exists()


def test_propose_set__secret_in_the_rationale__is_refused(desk: Desk) -> None:
    with pytest.raises(SecretFound):
        proposed(desk, rationale="The key is sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc")


def test_propose_set__no_rationale__is_asked_for_one(desk: Desk) -> None:
    with pytest.raises(CommentNeeded):
        proposed(desk, rationale="  ")


def test_propose_set__somebody_without_propose__is_refused(desk: Desk) -> None:
    sets.prompts_of(desk)
    with pytest.raises(NotAllowed, match=f"^{NAMES[0]}: "):
        proposed(desk, actor=desk.support_reviewer)


def test_propose_set__confidential_prompt_of_others__is_never_named(desk: Desk) -> None:
    found = sets.prompts_of(desk)
    prompts.edit_prompt(found[0], confidential=True, actor=desk.author)
    with pytest.raises(NotFound) as refusal:
        proposed(desk, actor=desk.outsider)
    assert NAMES[0] not in refusal.value.sentence


@pytest.mark.parametrize(
    ("count", "code"), [(0, "bad_input"), (1, "bad_input"), (101, "bad_input")]
)
def test_propose_set__too_few_or_too_many__is_refused(desk: Desk, count: int, code: str) -> None:
    items = sets.items([desk.prompt] * count)
    assert (
        refused(
            lambda: services.propose_set(
                items, label=desk.production, rationale="Why.", actor=desk.author, whole=True
            )
        )
        == code
    )


def test_propose_set__a_prompt_twice__is_refused_by_name(desk: Desk) -> None:
    items = sets.items([desk.prompt, desk.prompt])
    with pytest.raises(Refusal, match=r"support/refunds stands here twice"):
        services.propose_set(
            items, label=desk.production, rationale="Why.", actor=desk.author, whole=True
        )


def test_propose_set__label_that_is_not_protected__is_refused(desk: Desk) -> None:
    items = sets.items(sets.prompts_of(desk))

    def propose() -> Any:
        return services.propose_set(
            items, label=desk.staging, rationale="Why.", actor=desk.author, whole=True
        )

    assert refused(propose) == "not_protected"


def test_propose_set__posted_twice__is_one_set(desk: Desk) -> None:
    first, again = proposed(desk, key="k1"), proposed(desk, key="k1")
    assert first == again
    assert ApprovalRequest.objects.count() == 3


def test_propose_set__one_key_for_another_set__is_stale(desk: Desk) -> None:
    proposed(desk, key="k1")
    assert refused(lambda: proposed(desk, template=SECOND, key="k1")) == "stale"


def test_propose_set__three_prompts__leaves_an_event_of_the_set_and_one_of_each(
    desk: Desk,
) -> None:
    before = AuditEvent.objects.count()
    sets.prompts_of(desk)
    made_prompts = AuditEvent.objects.count() - before
    made = proposed(desk, and_submit=True)
    found = AuditEvent.objects.order_by("seq")[before + made_prompts :]
    assert [event.action for event in found] == [
        "approvals.change_set.proposed",
        *["approvals.request.proposed"] * 3,
        *["approvals.request.submitted"] * 3,
    ]
    assert {str(made.public_id) in event.payload for event in found} == {True}


# -- one of them ----------------------------------------------------------------------------


def test_submit__member_of_a_whole_set_that_wants_out_at_once__is_refused(desk: Desk) -> None:
    one = members(proposed(desk))[0]

    def submit() -> Any:
        return services.submit(one.pk, actor=desk.author, release_when_ready=True)

    assert refused(submit) == "goes_together"


def test_submit__member_of_a_set_in_waves__may_want_out_at_once(desk: Desk) -> None:
    one = members(proposed(desk, whole=False))[0]
    services.submit(one.pk, actor=desk.author, release_when_ready=True)
    assert fresh(one).release_when_ready


def test_change_set__by_raw_sql__is_kept_as_it_was(desk: Desk) -> None:
    proposed(desk)
    for statement, said in (
        ("UPDATE approvals_changeset SET whole = NOT whole", "never changed"),
        ("DELETE FROM approvals_changeset", "never (deleted|removed)"),
        ("UPDATE approvals_approvalrequest SET change_set = NULL", "author and change set"),
    ):
        with (
            pytest.raises(DatabaseError, match=said),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


# -- the table ------------------------------------------------------------------------------

Verb = Callable[[ChangeSet, User], Any]

VERBS: dict[str, Verb] = {
    "submit_set": lambda made, actor: services.submit_set(made.pk, actor=actor),
    "release_set": lambda made, actor: services.release_set(made.pk, actor=actor),
    "rollback_set": lambda made, actor: services.rollback_set(made.pk, actor=actor),
    "withdraw_set": lambda made, actor: services.withdraw_set(made.pk, actor=actor),
}
NOT_READY = {"author": "set_not_ready", "release_manager": "set_not_ready", "_": NO}
NOTHING_LIVE = {"author": "never_live", "_": "never_live"}

TABLE: dict[str, dict[str, dict[str, str]]] = {
    "submit_set": {
        "_": {"_": LATE},
        "draft": {"author": "scanning", **HIDDEN},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
    "release_set": {
        "_": NOT_READY,
        "draft": {"author": "set_not_ready", **HIDDEN},
        "approved": {"author": "released", "release_manager": "released", "_": NO},
        "released": {"_": LATE},
        "withdrawn": {"author": "set_not_ready", **HIDDEN},
    },
    "rollback_set": {
        "_": NOTHING_LIVE,
        "draft": {"author": "never_live", **HIDDEN},
        "released": {"release_manager": "back", "responder": "back", "_": NO},
        "withdrawn": {"author": "never_live", **HIDDEN},
    },
    "withdraw_set": {
        "_": {"author": "withdrawn", "_": NO},
        "draft": {"author": "withdrawn", **HIDDEN},
        "released": {"_": LATE},
        "rejected": {"_": LATE},
        "withdrawn": {"author": LATE, **HIDDEN},
    },
}


def outcome(made: ChangeSet, verb: str, actor: User) -> str:
    """What one attempt does to the whole set, taken back afterwards."""
    savepoint = transaction.savepoint()
    try:
        VERBS[verb](made, actor)
        if verb == "rollback_set":
            return "back" if sets.live(made) == [1, 1] else "not back"
        assert len(set(states(made))) == 1
        return states(made)[0]
    except Refusal as refusal:
        return refusal.code
    finally:
        transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize("state", STATES)
def test_set_verb__in_each_state_by_each_person__does_what_the_table_says(
    desk: Desk, state: str
) -> None:
    made = sets.at_state(desk, state)
    for verb, rows in TABLE.items():
        row = rows.get(state, rows["_"])
        expected = {name: row.get(name, row["_"]) for name in PEOPLE}
        found = {name: outcome(made, verb, desk.people[name]) for name in PEOPLE}
        assert found == expected, verb


# -- submit_set, withdraw_set ---------------------------------------------------------------


def test_submit_set__one_was_submitted_alone__the_others_follow(desk: Desk) -> None:
    made = proposed(desk)
    services.submit(members(made)[0].pk, actor=desk.author)
    done = services.submit_set(made.pk, actor=desk.author)
    assert len(done.done) == 2
    assert states(made) == ["scanning"] * 3


def test_withdraw_set__one_is_live_by_an_emergency__the_others_are_withdrawn(desk: Desk) -> None:
    made = sets.in_review(desk)
    sets.emergency(desk, members(made)[0])
    services.withdraw_set(made.pk, actor=desk.author, comment="Not any more.")
    assert states(made) == ["released", "withdrawn", "withdrawn"]
    call_command("audit_verify")


def test_withdraw_set__by_a_manager_of_one_prompt__withdraws_that_and_names_the_others(
    desk: Desk,
) -> None:
    made = sets.in_review(desk)
    first = Prompt.objects.get(name=NAMES[0])
    services.grant(first, permissions.MANAGE, desk.responder, actor=desk.author)
    done = services.withdraw_set(made.pk, actor=desk.responder)
    assert states(made) == ["withdrawn", "review", "review"]
    assert [left.name for left in done.left] == list(NAMES[1:])


@pytest.mark.parametrize("verb", VERBS)
def test_set_verb__confidential_members_only__is_not_found_by_others(desk: Desk, verb: str) -> None:
    made = sets.in_review(desk)
    for prompt in sets.prompts_of(desk):
        prompts.edit_prompt(prompt, confidential=True, actor=desk.author)
    with pytest.raises(NotFound, match="There is no such change set"):
        VERBS[verb](made, desk.outsider)


def test_review__a_member__is_mailed_and_voted_on_like_any_other_change(desk: Desk) -> None:
    one = members(sets.in_review(desk))[0]
    assert OutboxMail.objects.filter(kind="review_asked").exists()
    assert steps.approve(desk, one).state == "approved"
