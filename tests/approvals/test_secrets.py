"""A critical secret never reaches a second reader: not by a text, and not by words beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from approvals import services
from approvals.errors import SecretFound
from approvals.models import ApprovalRequest, Hold, Policy
from audit.ledger import head
from audit.models import AuditBlob
from registry.models import Prompt, Version
from registry.services import details, namespaces, prompts, tokens
from tests.api import make_account
from tests.approvals import desk as steps
from tests.approvals import talking
from tests.approvals.desk import FIRST, SECOND, Desk, fresh, text
from tests.approvals.documents_of import ready

# Put together here so that nothing shaped like a live key stands in the tree.
KEY = "AKIA" + "Z7Q2M5X8" + "R4T6W9B3"
WITH_KEY = f"{FIRST}Use the key {KEY} to look orders up.\n"


def test_submit__critical_secret__is_refused_and_stays_a_draft(desk: Desk) -> None:
    request = steps.propose(desk, WITH_KEY)
    with pytest.raises(SecretFound) as refused:
        services.submit(request.pk, actor=desk.author)
    assert refused.value.code == "secret_found"
    assert KEY not in refused.value.sentence
    assert fresh(request).state == "draft"
    assert fresh(request).submitted_at is None


def test_revise__critical_secret_in_a_change_that_others_read__is_refused(desk: Desk) -> None:
    request = steps.in_review(desk)
    before = Version.objects.count()
    with pytest.raises(SecretFound):
        services.revise(request.pk, document=text(WITH_KEY), rationale="Again.", actor=desk.author)
    assert fresh(request).state == "review"
    assert Version.objects.count() == before


def test_revise__critical_secret_in_a_draft_nobody_else_reads__waits_for_submit(
    desk: Desk,
) -> None:
    request = steps.propose(desk)
    services.revise(request.pk, document=text(WITH_KEY), rationale="Again.", actor=desk.author)
    assert fresh(request).revision == 2


# -- words beside the text ------------------------------------------------------------------

WORDS = f"The key {KEY} does it."
Door = tuple[str, Callable[[Desk], Any], Callable[[Desk], Any]]


def nothing(desk: Desk) -> None:
    """Nothing has to be there before."""


def only(desk: Desk) -> ApprovalRequest:
    found: ApprovalRequest = ApprovalRequest.objects.with_parts().latest("pk")
    return found


def two_released(desk: Desk) -> None:
    steps.released(desk, FIRST)
    steps.released(desk, SECOND)


def rolled_back(desk: Desk) -> None:
    two_released(desk)
    services.rollback(desk.prompt, desk.production, actor=desk.responder)


#: the field of every verb in which people write, what comes before it, and the verb
DOORS: dict[str, Door] = {
    "propose": ("rationale", nothing, lambda desk: steps.propose(desk, rationale=WORDS)),
    "propose, its ticket": (
        "ticket",
        nothing,
        lambda desk: steps.propose(desk, provenance={"change_ticket": KEY}),
    ),
    "propose, where it comes from": (
        "provenance",
        nothing,
        lambda desk: steps.propose(desk, provenance={"commit": KEY}),
    ),
    "revise": (
        "rationale",
        steps.propose,
        lambda desk: services.revise(
            only(desk).pk, document=text(SECOND), rationale=WORDS, actor=desk.author
        ),
    ),
    "withdraw": (
        "comment",
        steps.propose,
        lambda desk: services.withdraw(only(desk).pk, actor=desk.author, comment=WORDS),
    ),
    "review": (
        "comment",
        steps.in_review,
        lambda desk: services.review(
            only(desk).pk,
            actor=desk.safety_reviewer,
            role="safety",
            decision="approve",
            comment=WORDS,
            seen=only(desk).revision_digest,
        ),
    ),
    "open_thread": (
        "text",
        steps.in_review,
        lambda desk: talking.say(desk, only(desk), text=WORDS),
    ),
    "open_thread, a suggestion": (
        "suggestion",
        steps.in_review,
        lambda desk: talking.suggest(desk, only(desk), suggestion=WORDS),
    ),
    "suspend": (
        "reason",
        steps.released,
        lambda desk: services.suspend(
            desk.prompt, desk.production, actor=desk.responder, reason=WORDS
        ),
    ),
    "recall": (
        "reason",
        steps.released,
        lambda desk: services.recall(
            desk.prompt.versions.get(), actor=desk.responder, reason=WORDS
        ),
    ),
    "lift_hold": (
        "reason",
        rolled_back,
        lambda desk: services.lift_hold(
            Hold.objects.get().pk, actor=desk.release_manager, reason=WORDS
        ),
    ),
    "ask_erasure, its ticket": (
        "ticket",
        two_released,
        lambda desk: services.ask_erasure(
            desk.prompt.versions.get(number=1),
            actor=desk.governance_owner,
            reason="A name.",
            ticket=KEY,
        ),
    ),
    "break_glass": (
        "reason",
        steps.in_review,
        lambda desk: services.break_glass(
            only(desk).pk,
            actor=desk.responder,
            reason=WORDS,
            ticket="T-1",
            auth_method="signature:password",
            auth_at=timezone.now(),
            seen=only(desk).revision_digest,
            expected_generation=0,
        ),
    ),
    "propose_policy": (
        "rationale",
        nothing,
        lambda desk: services.propose_policy(
            Policy.objects.get(name="Standard"),
            ready("Standard", due_hours=12),
            rationale=WORDS,
            actor=desk.governance_owner,
        ),
    ),
    "propose_unprotect": (
        "rationale",
        nothing,
        lambda desk: services.propose_unprotect(
            desk.production, rationale=WORDS, actor=desk.governance_owner
        ),
    ),
    "create_prompt, its name": (
        "name",
        nothing,
        lambda desk: services.create_prompt(f"support/{KEY}", actor=desk.author),
    ),
    "create_prompt": (
        "description",
        nothing,
        lambda desk: services.create_prompt("support/x", actor=desk.author, description=WORDS),
    ),
    "create_prompt, a tag": (
        "tags",
        nothing,
        lambda desk: services.create_prompt("support/x", actor=desk.author, tags=(KEY,)),
    ),
    "edit_prompt": (
        "description",
        nothing,
        lambda desk: prompts.edit_prompt(desk.prompt, actor=desk.author, description=WORDS),
    ),
    "edit_person": (
        "display_name",
        nothing,
        lambda desk: details.edit_person(
            desk.author, display_name=KEY, actor=desk.governance_owner
        ),
    ),
    "create_team": (
        "name",
        nothing,
        lambda desk: namespaces.create_team(KEY, actor=desk.governance_owner),
    ),
    "create_token": (
        "name",
        nothing,
        lambda desk: tokens.create_token(
            make_account(desk.governance_owner),
            name=KEY,
            scopes=["read"],
            actor=desk.governance_owner,
        ),
    ),
}


@pytest.mark.parametrize("door", DOORS)
def test_words__with_a_critical_secret__are_refused_by_field_and_kept_nowhere(
    desk: Desk, door: str
) -> None:
    field, prepare, verb = DOORS[door]
    prepare(desk)
    with pytest.raises(SecretFound) as refused:
        verb(desk)
    assert refused.value.extra["field"] == field
    assert KEY not in refused.value.sentence
    assert not AuditBlob.objects.filter(value__contains=KEY).exists()


def test_submit__secret_in_what_was_said_of_the_prompt_before__is_refused(desk: Desk) -> None:
    """Only somebody past the verbs, or a rule that came later, leaves one there."""
    request = steps.propose(desk)
    Prompt.objects.update(description=WORDS)
    before = head().size
    with pytest.raises(SecretFound) as refused:
        services.submit(request.pk, actor=desk.author)
    assert (refused.value.extra["field"], head().size) == ("description", before)


def test_edit_prompt__something_else_than_an_old_secret__is_saved(desk: Desk) -> None:
    Prompt.objects.update(description=WORDS)
    prompts.edit_prompt(desk.prompt, actor=desk.author, data_class="customer")
    assert Prompt.objects.get(pk=desk.prompt.pk).data_class == "customer"
