"""Posts that no page would send: whatever is ticked in them, each item meets every rule."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from approvals.models import ApprovalRequest, Review
from audit.ledger import head
from registry.models import User
from registry.services import memberships, people
from tests.approvals.desk import Desk, in_review, propose
from tests.approvals.pages.browsing import Page, look, signed_in
from tests.approvals.several_of import AT, BUTTON, RISKY, approvals_by, codes, elsewhere, waiting
from tests.approvals.timing_of import regulated
from tests.people import MakePrompt, make_person

pytestmark = pytest.mark.django_db


def send(client: Client, *changes: ApprovalRequest, role: str = "safety", **fields: Any) -> Page:
    """The answer to a post with these changes ticked, each with the digest that it has now."""
    # Any page gives the browser its token.
    look(client, "/prompts/")
    data: dict[str, Any] = {
        "csrfmiddlewaretoken": client.cookies["csrftoken"].value,
        "change": [change.pk for change in changes],
        "key": "k1",
    }
    for change in changes:
        data |= {f"seen:{change.pk}": change.revision_digest, f"role:{change.pk}": role}
    return Page(client.post(AT, {**data, **fields}, follow=True))


def sam(desk: Desk) -> Client:
    return signed_in(desk.safety_reviewer)


def test_post__one_above_low_risk__is_refused_and_the_other_is_approved(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    low = in_review(desk)
    risky = in_review(elsewhere(desk, make_prompt, "b"), RISKY)
    page = send(sam(desk), risky, low)
    assert page.status == 422
    assert codes(page) == ["not_low_risk"]
    assert "Its risk is moderate" in page.text
    assert approvals_by(desk.safety_reviewer) == {low.pk}


def test_post__own_change__is_refused(desk: Desk) -> None:
    memberships.join(desk.author, "safety", actor=desk.governance_owner)
    page = send(signed_in(desk.author), in_review(desk))
    assert (page.status, codes(page)) == (403, ["own_change"])
    assert not Review.objects.exists()


def test_post__confidential_or_not_there__reads_the_same_and_names_nothing(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    hidden = in_review(elsewhere(desk, make_prompt, "merger", confidential=True))
    otto = signed_in(desk.outsider)
    seen = send(otto, hidden)
    absent = send(otto, hidden, change=["999999"])
    draft = send(otto, propose(desk))
    assert codes(seen) == codes(absent) == codes(draft) == ["not_found"]
    panels = {page.html.split('id="refusal"')[1].split("</section>")[0] for page in (seen, absent)}
    assert len(panels) == 1
    assert "Customers read the opening" not in seen.html
    assert "merger" not in seen.html


def test_post__digest_of_another__is_stale(desk: Desk, make_prompt: MakePrompt) -> None:
    a, b = waiting(desk, make_prompt, "a", "b")
    page = send(sam(desk), a, **{f"seen:{a.pk}": b.revision_digest})
    assert (page.status, codes(page)) == (409, ["stale"])
    assert not Review.objects.exists()


def test_post__without_a_digest__is_stale(desk: Desk) -> None:
    change = in_review(desk)
    page = send(sam(desk), change, **{f"seen:{change.pk}": ""})
    assert codes(page) == ["stale"]
    assert not Review.objects.exists()


def test_post__one_change_twice__is_one_vote(desk: Desk) -> None:
    change = in_review(desk)
    page = send(sam(desk), change, change=[f"{change.pk}", f"0{change.pk}", f"{change.pk}"], key="")
    assert page.status == 200
    assert "You approved 1 change." in page.text
    assert Review.objects.count() == 1


def test_post__more_than_fifty__is_refused_whole_and_keeps_the_ticks(desk: Desk) -> None:
    change = in_review(desk)
    before = head().size
    page = send(
        sam(desk), change, change=[change.pk, *range(900_000, 900_050)], comment="All of them."
    )
    assert (page.status, codes(page)) == (422, ["too_many_at_once"])
    assert "51 changes are ticked, and 50 can be approved at once." in page.text
    assert head().size == before
    form = page.form_with(BUTTON)
    assert form.values("change") == [str(change.pk)]
    assert form.value("comment") == "All of them."


def test_post__nonsense_ticked__is_refused_and_the_other_is_approved(desk: Desk) -> None:
    change = in_review(desk)
    page = send(sam(desk), change, change=["9" * 40, "²", "-1", "a:b", str(change.pk)])
    assert codes(page) == ["not_found"]
    assert approvals_by(desk.safety_reviewer) == {change.pk}


def test_post__same_key_with_another_comment__is_refused(desk: Desk) -> None:
    change = in_review(desk)
    client = sam(desk)
    send(client, change, comment="Fine.")
    page = send(client, change, comment="Not so fine.")
    assert codes(page) == ["stale"]
    assert [*Review.objects.values_list("comment__value", flat=True)] == ["Fine."]


def test_post__same_key_with_one_more__approves_that_one_only(
    desk: Desk, make_prompt: MakePrompt
) -> None:
    a, b = waiting(desk, make_prompt, "a", "b")
    client = sam(desk)
    send(client, a)
    before = head().size
    assert send(client, a, b).status == 200
    assert head().size == before + 1
    assert approvals_by(desk.safety_reviewer) == {a.pk, b.pk}


@pytest.mark.parametrize(
    ("who", "role"),
    [
        ("outsider", "safety"),
        ("superuser", "safety"),
        ("release_manager", "safety"),
        ("safety_reviewer", "support"),
        ("safety_reviewer", "brand"),
        ("safety_reviewer", ""),
    ],
)
def test_post__role_that_is_not_theirs__is_refused(desk: Desk, who: str, role: str) -> None:
    page = send(signed_in(desk.people[who]), in_review(desk), role=role)
    assert (page.status, codes(page)) == (403, ["not_eligible"])
    assert not Review.objects.exists()


def test_post__signature_asked__is_refused_even_with_the_password_in_it(desk: Desk) -> None:
    regulated(desk, signature={"minutes": 15})
    desk.safety_reviewer.set_password("horse battery staple")
    desk.safety_reviewer.save(update_fields=["password"])
    page = send(sam(desk), in_review(desk), password="horse battery staple")
    assert (page.status, codes(page)) == (422, ["signature_needed"])
    assert not Review.objects.filter(request__kind="prompt_release").exists()


def test_post__another_decision_in_it__still_only_approves(desk: Desk) -> None:
    send(sam(desk), in_review(desk), do="reject:safety", decision="reject")
    assert Review.objects.get().decision == "approve"


def test_post__comment_that_cannot_be_stored__is_refused_whole(desk: Desk) -> None:
    change = in_review(desk)
    page = send(sam(desk), change, comment="One\0two")
    assert (page.status, codes(page)) == (422, ["invalid_text"])
    assert not Review.objects.exists()
    assert page.form_with(BUTTON).values("change") == [str(change.pk)]


def test_post__without_its_token__is_kept_and_votes_nothing(desk: Desk) -> None:
    page = send(sam(desk), in_review(desk), csrfmiddlewaretoken="")
    assert page.status == 403
    assert not Review.objects.exists()


def test_post__by_somebody_deactivated_meanwhile__votes_nothing(desk: Desk) -> None:
    una: User = make_person("una", "safety", by=desk.governance_owner)
    change, client = in_review(desk), signed_in(una)
    look(client, AT)
    people.deactivate(una, actor=desk.governance_owner)
    data = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, "change": change.pk}
    assert client.post(AT, {**data, f"seen:{change.pk}": change.revision_digest}).status_code == 403
    assert not Review.objects.exists()
