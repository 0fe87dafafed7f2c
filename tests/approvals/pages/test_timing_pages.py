"""The pages of a plan, an emergency release and an incident, without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from approvals import services
from approvals.models import AfterReview, ApprovalRequest
from approvals.presenters.exposure import windows_of
from registry.models import LabelPointer, Release, User
from tests.approvals import desk as steps
from tests.approvals.desk import FIRST, SECOND, Desk, approved, fresh, in_review
from tests.approvals.pages.browsing import look, press, signed_in
from tests.approvals.pages.test_signing import PASSWORD, with_password
from tests.approvals.timing_of import plan, regulated

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tries() -> None:
    caches["tries"].clear()


def at(name: str, change: ApprovalRequest) -> str:
    return reverse(f"approvals:{name}", kwargs={"pk": change.pk})


# -- plan -----------------------------------------------------------------------------------


def test_plan_page__time_typed__is_read_in_the_persons_own_zone(desk: Desk) -> None:
    User.objects.filter(pk=desk.author.pk).update(time_zone="Asia/Tokyo")
    change = approved(desk)
    client = signed_in(desk.author)
    page = look(client, at("request", change))
    assert page.has("a", href=at("plan", change))
    day = (timezone.now() + timedelta(days=3)).date()
    form = look(client, at("plan", change))
    done = press(client, form, "Plan the release", at("plan", change), when=f"{day:%Y-%m-%d}T09:30")
    assert "if everything is met" in done.text
    assert "planned for" in done.text
    planned = fresh(change).release_at
    assert planned == datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("typed", ["", "soon", "2001-01-01T10:00"])
def test_plan_page__no_time_to_come__is_refused_and_what_was_typed_stays(
    desk: Desk, typed: str
) -> None:
    change = approved(desk)
    client = signed_in(desk.author)
    page = press(
        client, look(client, at("plan", change)), "Plan the release", at("plan", change), when=typed
    )
    assert page.status == 422
    assert page.has("input", name="when", value=typed, aria_invalid="true")


def test_plan_page__planned_already__takes_the_plan_away(desk: Desk) -> None:
    change = approved(desk)
    plan(desk, change)
    client = signed_in(desk.release_manager)
    page = look(client, at("plan", change))
    done = press(client, page, "Take the plan away", at("plan", change))
    assert "The plan is taken away." in done.text
    assert fresh(change).release_at is None


def test_plan_page__who_may_not_release__is_told(desk: Desk) -> None:
    change = approved(desk)
    client = signed_in(desk.engineer)
    assert look(client, at("plan", change)).status == 403
    assert not look(client, at("request", change)).has("a", href=at("plan", change))


# -- emergency ------------------------------------------------------------------------------


def test_emergency_page__in_review__says_what_it_passes_and_releases_with_the_password(
    desk: Desk,
) -> None:
    change = in_review(desk)
    client = with_password(desk.responder)
    assert look(client, at("request", change)).has("a", href=at("emergency", change))
    page = look(client, at("emergency", change))
    assert "What it goes past" in page.text
    assert "0 of 1 safety reviewer" in page.text
    done = press(
        client,
        page,
        "Release v1 in an emergency",
        at("emergency", change),
        reason="Refunds for all.",
        ticket="INC-7",
        password=PASSWORD,
    )
    assert "Somebody else looks at it afterwards" in done.text
    assert "Released in an emergency" in done.text
    assert "Bypassed in emergency" in done.text
    assert "released it to production in an emergency, past 3 requirements" in done.text
    assert "INC-7: Refunds for all." in done.text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"password": ""}, "An emergency release has to be signed"),
        ({"password": "guess"}, "This is not your password"),
        ({"reason": ""}, "Say in a sentence what the emergency is"),
        ({"ticket": ""}, "Give the ticket or incident"),
    ],
)
def test_emergency_page__something_missing__is_refused_and_what_was_typed_stays(
    desk: Desk, typed: dict[str, str], words: str
) -> None:
    change = in_review(desk)
    client = with_password(desk.responder)
    given: dict[str, Any] = {
        "reason": "Refunds.",
        "ticket": "INC-7",
        "password": PASSWORD,
        **typed,
    }
    page = press(
        client,
        look(client, at("emergency", change)),
        "Release v1 in an emergency",
        at("emergency", change),
        **given,
    )
    assert page.status == 422
    assert words in page.text
    form = page.form_with("Release v1 in an emergency")
    assert (form.value("reason"), form.value("ticket")) == (given["reason"], given["ticket"])
    assert form.value("password") == ""
    assert fresh(change).state == "review"


@pytest.mark.parametrize("who", ["author", "safety_reviewer", "governance_owner"])
def test_emergency_page__who_may_not__finds_no_link_and_no_form(desk: Desk, who: str) -> None:
    change = in_review(desk)
    client = signed_in(desk.people[who])
    assert not look(client, at("request", change)).has("a", href=at("emergency", change))
    page = look(client, at("emergency", change))
    assert "You need the release or respond permission" in page.text
    assert page.buttons == set()


def test_emergency_page__version_recalled__says_what_has_to_hold_and_offers_nothing(
    desk: Desk,
) -> None:
    change = in_review(desk)
    assert change.version is not None
    services.recall(change.version, actor=desk.responder, reason="Harmful.")
    page = look(signed_in(desk.responder), at("emergency", change))
    assert "Even in an emergency this has to hold" in page.text
    assert "This version is recalled." in page.text
    assert page.buttons == set()


def test_emergency_page__policy_allows_none__says_so(desk: Desk) -> None:
    regulated(desk, emergency=False)
    page = look(signed_in(desk.responder), at("emergency", in_review(desk)))
    assert "allows no emergency release" in page.text
    assert page.buttons == set()


def test_pages__after_an_emergency__ask_for_a_review_by_somebody_else(desk: Desk) -> None:
    change = in_review(desk)
    client = with_password(desk.responder)
    press(
        client,
        look(client, at("emergency", change)),
        "Release v1 in an emergency",
        at("emergency", change),
        reason="Refunds.",
        ticket="INC-7",
        password=PASSWORD,
    )
    reviewer = signed_in(desk.safety_reviewer)
    assert "Emergency release of v1" in look(reviewer, reverse("approvals:reviews")).text
    where = reverse("approvals:prompt", kwargs={"name": desk.prompt.name})
    page = look(reviewer, where)
    assert f"{desk.responder} released v1 to production in an emergency, past this" in page.text
    press(reviewer, page, "Close the review", where, reason="It was right.")
    assert AfterReview.objects.get().closed_by == desk.safety_reviewer


# -- incident -------------------------------------------------------------------------------


def card(desk: Desk) -> str:
    return reverse("approvals:incident", kwargs={"name": desk.prompt.name})


def two(desk: Desk) -> None:
    steps.released(desk, FIRST)
    steps.released(desk, SECOND)


def test_incident_card__live__tells_what_since_when_and_who_was_reached(desk: Desk) -> None:
    two(desk)
    page = look(signed_in(desk.responder), card(desk))
    assert "v2 is live since" in page.text
    assert "v1 was live" in page.text
    assert "Reads: not counted. Applications: not counted." in page.text
    prompt = look(
        signed_in(desk.outsider), reverse("approvals:prompt", kwargs={"name": desk.prompt.name})
    )
    assert prompt.has("a", href=card(desk))


def test_incident_card__roll_back__two_taps_with_nothing_typed(desk: Desk) -> None:
    two(desk)
    client = signed_in(desk.responder)
    page = look(client, card(desk))
    assert page.words_in("summary") == ["Suspend…", "Roll back to v1…"]
    done = press(client, page, "Roll back now", card(desk))
    assert "on hold: nothing new goes there" in done.text
    row = Release.objects.filter(kind="rollback").get()
    assert row.reason is not None
    assert row.reason.value == "Rolled back during an incident."


def test_incident_card__suspend_with_the_incident_named__keeps_both_and_resumes(
    desk: Desk,
) -> None:
    steps.released(desk)
    client = signed_in(desk.responder)
    done = press(
        client,
        look(client, card(desk)),
        "Suspend now",
        card(desk),
        incident="INC-9",
        reason="Wrong answers.",
    )
    assert "suspended: serves nothing" in done.text
    row = Release.objects.filter(kind="suspend").get()
    assert row.reason is not None
    assert row.reason.value == "INC-9: Wrong answers."
    press(client, done, "Resume now", card(desk))
    pointer = LabelPointer.objects.get(prompt=desk.prompt, label=desk.production)
    assert not pointer.suspended


def test_incident_card__what_is_live_moved_meanwhile__is_stale_and_what_was_typed_stays(
    desk: Desk,
) -> None:
    two(desk)
    client = signed_in(desk.responder)
    page = look(client, card(desk))
    services.suspend(desk.prompt, desk.production, actor=desk.release_manager, reason="Wrong.")
    done = press(client, page, "Roll back now", card(desk), incident="INC-9")
    assert done.status == 409
    form = done.form_with("Roll back now")
    assert form.value("incident") == "INC-9"


def test_incident_card__who_may_not_undo__reads_it_without_buttons(desk: Desk) -> None:
    two(desk)
    page = look(signed_in(desk.author), card(desk))
    assert page.buttons == set()
    assert "v2 is live since" in page.text
    assert page.has("a", href=reverse("approvals:propose", kwargs={"name": desk.prompt.name}))


def test_incident_card__follow_up__links_reviews_holds_and_emergency_releases(desk: Desk) -> None:
    two(desk)
    services.rollback(desk.prompt, desk.production, actor=desk.responder, reason="No.")
    change = in_review(desk, "Another text for {{customer}}.\n")
    page = look(signed_in(desk.responder), card(desk))
    assert "Lift the hold on production" in page.text
    assert page.has("a", href=at("emergency", change))


def test_incident_card__prompt_that_is_hidden__is_not_found(desk: Desk, make_prompt: Any) -> None:
    hidden = make_prompt("support/secret", confidential=True)
    where = reverse("approvals:incident", kwargs={"name": hidden.name})
    assert look(signed_in(desk.outsider), where).status == 404


def test_windows_of__moves__end_where_the_next_begins(desk: Desk) -> None:
    two(desk)
    where = (desk.prompt, desk.production)
    services.suspend(*where, actor=desk.responder, reason="Wrong.")
    services.rollback(*where, actor=desk.responder, reason="No.")
    moves = list(Release.objects.of(*where).order_by("generation").select_related("version"))
    windows = windows_of(moves)
    assert [(w.version, w.suspended) for w in windows] == [
        (1, False),
        (2, True),
        (2, False),
        (1, False),
    ]
    assert [w.end for w in windows] == [None, moves[3].at, moves[2].at, moves[1].at]
