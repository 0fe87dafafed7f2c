"""The policy pages: sentences to read, JSON to save a new version of, and clear errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from approvals import services
from approvals.models import Policy, PolicyChange, PolicyVersion
from approvals.policies import read, ready_policies, rules_of
from approvals.presenters.policies import sentences
from registry.models import User
from registry.roles import REVIEW_ROLES
from registry.services import people
from tests.approvals.documents_of import in_force, proposed, ready, second_owner
from tests.people import make_person
from tests.registry.desk_of_admin import (
    address,
    events,
    everything,
    listed,
    maker,
    new_events,
    signed_in,
    step,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(governance_owner: User) -> Client:
    """The browser of a governance owner, with the ready policies, and people in every role."""
    services.bootstrap_policies(sign_offs_only=True)
    for name in REVIEW_ROLES:
        make_person(f"any-{name}", name, by=governance_owner)
    return signed_in(governance_owner)


@pytest.fixture
def standard(owner: Client) -> Policy:
    return Policy.objects.get(name="Standard")


def typed(client: Client, policy: Policy) -> dict[str, Any]:
    """What the form holds before anything is typed, and a reason."""
    initial = client.get(step(policy, "version")).context["form"].initial
    return {**initial, "rationale": "Better so."}


def changed(document: str, **fields: Any) -> str:
    return json.dumps({**json.loads(document), **fields})


def test_page__ready_policy__says_its_rules_in_sentences(owner: Client, standard: Policy) -> None:
    page = owner.get(address(standard)).content.decode()
    for sentence in (
        "It covers prompts named *, on production.",
        "Two reviewers in different roles: 2 people in support, safety, brand or engineering, "
        "in at least 2 different roles, from high risk.",
        "Its author, or anyone with the release permission, can release it.",
        "Reviewers have 24 hours; a review after the fact is due within 72 hours.",
    ):
        assert sentence in page


@pytest.mark.parametrize("document", ready_policies(), ids=lambda document: document["title"])
def test_sentences__ready_policy__mention_every_stage(document: dict[str, Any]) -> None:
    said = " ".join(sentences(read(json.dumps(document))))
    for stage in document["stages"]:
        for asked in stage["sign_offs"]:
            assert f"{asked['title']}: " in said
    assert ("nothing passes by itself" in said) == (document["automatic"] is None)
    assert ("covers no prompt" in said) == (not document["scope"]["names"])


def test_new_version__changed__waits_for_another_owner(owner: Client, standard: Policy) -> None:
    data = typed(owner, standard)
    before = events()
    response = owner.post(
        step(standard, "version"), {**data, "document": changed(data["document"], due_hours=8)}
    )
    change = PolicyChange.objects.get()
    assert response.headers["Location"] == address(change)
    standard.refresh_from_db()
    assert standard.current is not None
    assert standard.current.number == 1
    assert change.proposed_policy is not None
    assert read(change.proposed_policy.document).due_hours == 8
    assert new_events(before) == ["approvals.request.policy_proposed"]


def test_change__approved_by_another_owner__is_in_force(
    owner: Client, standard: Policy, governance_owner: User
) -> None:
    waiting = proposed(standard, ready("Standard", due_hours=8), by=governance_owner)
    change = PolicyChange.objects.get(pk=waiting.pk)
    page = owner.get(address(change)).content.decode()
    assert "Another governance owner approves it" in page
    shown = owner.get(step(change, "approve")).context["form"].initial
    mine = owner.post(step(change, "approve"), {"comment": "", **shown})
    assert mine.status_code == 403
    assert "another governance owner has to decide it" in mine.content.decode()
    second = second_owner(governance_owner)
    people.set_flags(second, is_staff=True, actor=governance_owner)
    other = signed_in(second)
    other.post(step(change, "approve"), {"comment": "", **shown})
    standard.refresh_from_db()
    assert standard.current == waiting.proposed_policy


def test_pages__policy_its_versions_and_changes__lead_to_their_shadow_report(
    owner: Client, standard: Policy, governance_owner: User
) -> None:
    waiting = proposed(standard, ready("Standard", due_hours=8), by=governance_owner)
    change = PolicyChange.objects.get(pk=waiting.pk)
    version = PolicyVersion.objects.get(requests=change)
    links = {
        standard: "/shadow/?policy=Standard",
        version: f"/shadow/?version={version.pk}",
        change: f"/shadow/?version={version.pk}",
    }
    for row, link in links.items():
        assert f'href="{link}"' in owner.get(address(row)).content.decode(), row
        assert owner.get(link).status_code == 200
    assert 'href="/shadow/"' in owner.get("/admin/").content.decode()


def test_new_version__same_text__is_refused(owner: Client, standard: Policy) -> None:
    data = typed(owner, standard)
    before = everything()
    response = owner.post(step(standard, "version"), data)
    assert "exactly what is in force" in response.content.decode()
    assert everything() == before


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{", "Line 1, column 2: this is not JSON"),
        ('{\n "a": 1,\n "a": 2}', "“a” stands twice"),
        ("[]", "A policy is a JSON object"),
        ("[" * 5000, "nested too deeply"),
        ('{"schema": 1}', "title: this field is needed"),
        ('{"schema": 3}', "schema: this version reads schema 1 and 2"),
        ('{"schema": 1, "title": "\\ud800"}', "cannot be read"),
        ('{"schema": 1.5}', "cannot be read"),
    ],
)
def test_new_version__unreadable__says_where_and_keeps_what_was_typed(
    owner: Client, standard: Policy, document: str, sentence: str
) -> None:
    before = everything()
    response = owner.post(
        step(standard, "version"), {**typed(owner, standard), "document": document}
    )
    assert response.status_code in (200, 422)
    form = response.context["form"]
    assert sentence in " ".join(form.errors["document"])
    assert form["document"].value() == document
    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"stages": []}, "stages: a list with at least one item is needed"),
        ({"due_hours": 0}, "due_hours: it should be greater than or equal to 1"),
        ({"scope": {"labels": "production"}}, "scope.labels: a list is needed"),
    ],
)
def test_new_version__wrong_field__names_it(
    owner: Client, standard: Policy, fields: dict[str, Any], sentence: str
) -> None:
    data = typed(owner, standard)
    response = owner.post(
        step(standard, "version"), {**data, "document": changed(data["document"], **fields)}
    )
    assert response.status_code == 422
    assert sentence in " ".join(response.context["form"].errors["document"])


def test_new_version__saved_by_somebody_else_meanwhile__is_refused(
    owner: Client, standard: Policy, governance_owner: User
) -> None:
    data = typed(owner, standard)
    assert standard.current is not None
    in_force(standard, ready("Standard", due_hours=12), by=governance_owner)
    before = everything()
    mine = changed(data["document"], due_hours=8)
    response = owner.post(step(standard, "version"), {**data, "document": mine})
    assert response.status_code == 409
    page = response.content.decode()
    assert "Standard 2 came into force since you opened this form" in page
    assert response.context["form"]["document"].value() == mine
    assert everything() == before


def test_new_version__position_taken__is_said_at_the_field(owner: Client, standard: Policy) -> None:
    other = Policy.objects.get(name="Light")
    data = {**typed(owner, standard), "position": other.position}
    response = owner.post(step(standard, "version"), data)
    assert response.status_code == 422
    assert "Another policy is at position" in str(response.context["form"].errors["position"])


def test_new_version__superuser__is_refused_with_a_sentence(
    owner: Client, standard: Policy, superuser: User
) -> None:
    data = typed(owner, standard)
    client = signed_in(superuser)
    before = everything()
    document = changed(data["document"], due_hours=8)
    response = client.post(step(standard, "version"), {**data, "document": document})
    assert response.status_code == 403
    assert "A governance owner has to do this." in response.content.decode()
    assert everything() == before


def test_new_policy__named__is_asked_at_its_position(owner: Client) -> None:
    document = ready("Standard", title="Sales", names=["sales/*"])
    before = events()
    owner.post(
        maker(Policy, "policy"),
        {"name": "Sales", "position": "5", "document": json.dumps(document), "rationale": "New."},
    )
    assert new_events(before) == ["approvals.request.policy_proposed"]
    assert Policy.objects.order_by("position")[0].name == "Sales"


def test_new_version__begun_from_regulated__asks_what_it_asks_in_the_own_scope(
    owner: Client, standard: Policy
) -> None:
    page = owner.get(step(standard, "version"), {"from": "Regulated"})
    found = rules_of(json.loads(page.context["form"].initial["document"]))
    assert (found.title, found.scope.names) == ("Standard", ("*",))
    assert found.signature is not None
    assert {one.role for one in found.checklists} == {"support", "safety", "engineering"}


def test_new_version__of_a_policy_not_decided_yet__begins_from_a_ready_one(
    owner: Client, governance_owner: User
) -> None:
    document = ready("Standard", title="Sales", names=["sales/*"])
    change = proposed(None, document, by=governance_owner, name="Sales")
    assert change.proposed_policy is not None
    page = owner.get(step(change.proposed_policy.policy, "version"), {"from": "Light"})
    assert json.loads(page.context["form"].initial["document"])["title"] == "Light"


@pytest.mark.parametrize("word", ["", "Cheap", "x" * 5000])
def test_new_policy__begun_from_no_ready_policy__shows_the_example(
    owner: Client, word: str
) -> None:
    plain = owner.get(maker(Policy, "policy")).context["form"].initial["document"]
    page = owner.get(maker(Policy, "policy"), {"from": word})
    assert page.context["form"].initial["document"] == plain


def test_new_policy__page__shows_the_ready_policies_and_checklists_in_words(owner: Client) -> None:
    page = owner.get(maker(Policy, "policy")).content.decode()
    for words in (
        "Begin from Regulated",
        "Begin from Light",
        "Begin from Standard",
        "A vote is signed with the password, typed at most 15 minutes before.",
        "Brand and tone",
        "Are names of products and people written as we write them?",
    ):
        assert words in page


def test_version_page__any_version__shows_words_and_json(owner: Client, standard: Policy) -> None:
    version = PolicyVersion.objects.get(policy=standard)
    page = owner.get(address(version)).content.decode()
    assert "It covers prompts named *" in page
    assert "&quot;max_changed_words&quot;: 20" in page
    assert owner.get(listed(PolicyVersion)).status_code == 200
