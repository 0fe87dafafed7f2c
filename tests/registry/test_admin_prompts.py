"""Prompts, namespaces, labels and the grants matrix in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from registry import permissions, roles
from registry.admin.matrix import key_of
from registry.holdings import grants_of
from registry.models import Label, Namespace, Prompt, Team, User
from registry.services import grants, namespaces, people, prompts
from tests.people import MakePrompt
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
    """The browser of a governance owner."""
    return signed_in(governance_owner)


def ticked(client: Client, url: str) -> list[str]:
    """The boxes that are ticked on the page of a matrix."""
    form = client.get(url).context["form"]
    return list(form.was_now)


def role(name: str) -> Group:
    return Group.objects.get(name=name)


# -- the grants matrix ----------------------------------------------------------------------


def test_matrix__boxes_changed__calls_one_verb_each(owner: Client, prompt: Prompt) -> None:
    url = step(prompt, "grants")
    was = ticked(owner, url)
    gone = key_of(role(roles.BRAND), permissions.REVIEW)
    new = key_of(role(roles.AUDITORS), permissions.VIEW)
    before = events()
    response = owner.post(url, {"was": was, "cells": [k for k in was if k != gone] + [new]})
    assert response.status_code == 302
    assert new_events(before) == ["registry.grant.given", "registry.grant.revoked"]
    assert set(ticked(owner, url)) == {*was, new} - {gone}


def test_matrix__nothing_changed__leaves_no_event(owner: Client, prompt: Prompt) -> None:
    url = step(prompt, "grants")
    was = ticked(owner, url)
    before = everything()
    owner.post(url, {"was": was, "cells": was})
    assert everything() == before


def test_matrix__changed_by_somebody_else_meanwhile__keeps_their_change(
    owner: Client, prompt: Prompt, author: User
) -> None:
    url = step(prompt, "grants")
    was = ticked(owner, url)
    grants.grant(prompt, permissions.VIEW, role(roles.AUDITORS), actor=author)
    new = key_of(role(roles.AUDITORS), permissions.REVIEW)
    owner.post(url, {"was": was, "cells": [*was, new]})
    assert key_of(role(roles.AUDITORS), permissions.VIEW) in ticked(owner, url)


def test_matrix__somebody_else__gets_a_line(owner: Client, prompt: Prompt, outsider: User) -> None:
    url = step(prompt, "grants")
    was = ticked(owner, url)
    owner.post(
        url,
        {
            "was": was,
            "cells": was,
            "who": outsider.email.upper(),
            "who_may": [permissions.VIEW, permissions.REVIEW],
        },
    )
    assert permissions.may(outsider, permissions.REVIEW, prompt)
    assert key_of(outsider, permissions.VIEW) in ticked(owner, url)


def test_matrix__to_oneself_or_an_own_role__is_refused_and_nothing_typed_is_lost(
    owner: Client, prompt: Prompt, governance_owner: User
) -> None:
    url = step(prompt, "grants")
    was = ticked(owner, url)
    own_role = key_of(role(roles.GOVERNANCE_OWNERS), permissions.RELEASE)
    for data in (
        {"cells": [*was, own_role]},
        {"cells": was, "who": governance_owner.username, "who_may": [permissions.RELEASE]},
        {"cells": [*was, key_of(governance_owner, permissions.RELEASE)]},
    ):
        before = everything()
        response = owner.post(url, {"was": was, **data})
        assert response.status_code == 403
        page = response.content.decode()
        assert "Nobody gives permissions to themselves" in page
        if own_role in data["cells"]:
            assert f'value="{own_role}" checked' in page
        assert everything() == before


def test_matrix__a_later_box_is_refused__says_what_was_done(
    owner: Client, prompt: Prompt, governance_owner: User
) -> None:
    url = step(prompt, "grants")
    was = ticked(owner, url)
    new = key_of(role(roles.AUDITORS), permissions.VIEW)
    data = {"cells": [*was, new], "who": governance_owner.username, "who_may": [permissions.VIEW]}
    before = events()
    response = owner.post(url, {"was": was, **data})
    assert new_events(before) == ["registry.grant.given"]
    assert "auditors may view." in response.content.decode()


def test_matrix__last_viewer_is_replaced__in_one_go(
    make_prompt: MakePrompt, namespace: Namespace, governance_owner: User, author: User
) -> None:
    namespaces.set_grant_template(namespace, [], actor=governance_owner)
    secret = make_prompt("support/secret", confidential=True)
    people.set_flags(author, is_staff=True, actor=governance_owner)
    client = signed_in(author)
    url = step(secret, "grants")
    was = ticked(client, url)
    cells = [key for key in was if key != key_of(author, permissions.VIEW)]
    before = everything()
    response = client.post(url, {"was": was, "cells": cells})
    assert response.status_code == 409
    assert "Nobody would see this confidential prompt any more." in response.content.decode()
    assert everything() == before
    events_before = events()
    who_may = [permissions.VIEW, permissions.MANAGE]
    data = {"was": was, "cells": cells, "who": "otto", "who_may": who_may}
    people.create_person(
        "otto", email="otto@example.org", display_name="Otto", actor=governance_owner
    )
    client.post(url, data)
    given = ["registry.grant.given"] * 2
    assert new_events(events_before)[1:] == [*given, "registry.grant.revoked"]


def test_matrix__everything_of_ones_own_cleared__takes_manage_last(
    prompt: Prompt, author: User, governance_owner: User
) -> None:
    people.set_flags(author, is_staff=True, actor=governance_owner)
    client = signed_in(author)
    url = step(prompt, "grants")
    was = ticked(client, url)
    own = {key_of(author, code) for code in permissions.PROMPT_PERMISSIONS}
    response = client.post(url, {"was": was, "cells": [key for key in was if key not in own]})
    assert response.status_code == 302
    for code in (permissions.PROPOSE, permissions.MANAGE):
        assert code not in {code for to, code in grants_of(prompt) if to == author}


@pytest.mark.parametrize(
    "key",
    [
        "role:999999:view_prompt",
        "account:x:view_prompt",
        "nonsense",
        "role:1",
        "account:" + "9" * 30 + ":view_prompt",
    ],
)
def test_matrix__crafted_box__is_refused(owner: Client, prompt: Prompt, key: str) -> None:
    before = everything()
    response = owner.post(step(prompt, "grants"), {"was": [], "cells": [key]})
    assert response.status_code in (404, 422)
    assert everything() == before


def test_matrix__unknown_permission__is_refused(owner: Client, prompt: Prompt) -> None:
    before = everything()
    key = key_of(role(roles.AUDITORS), "delete_user")
    response = owner.post(step(prompt, "grants"), {"was": [], "cells": [key]})
    assert response.status_code == 422
    assert everything() == before


def test_matrix__superuser_without_manage__is_refused(superuser: User, prompt: Prompt) -> None:
    client = signed_in(superuser)
    before = everything()
    key = key_of(superuser, permissions.RELEASE)
    response = client.post(step(prompt, "grants"), {"was": [], "cells": [key]})
    assert response.status_code == 403
    assert everything() == before


# -- prompts --------------------------------------------------------------------------------


def test_edit__who_manages__saves_only_what_changed(
    prompt: Prompt, author: User, governance_owner: User
) -> None:
    people.set_flags(author, is_staff=True, actor=governance_owner)
    client = signed_in(author)
    url = step(prompt, "edit")
    form = client.get(url).context["form"]
    before = events()
    client.post(
        url, {**form.initial, "team": "", "tags": "tone, email", "description": "One.\r\nTwo."}
    )
    prompt.refresh_from_db()
    assert prompt.tags == ["tone", "email"]
    assert prompt.description == "One.\nTwo."
    assert new_events(before) == ["registry.prompt.edited"]


def test_edit__governance_owner_without_manage__is_refused_and_keeps_what_was_typed(
    owner: Client, prompt: Prompt
) -> None:
    before = everything()
    data = {"owner": "ada", "data_class": "health", "description": "Mine now."}
    response = owner.post(step(prompt, "edit"), data)
    assert response.status_code == 403
    assert "Mine now." in response.content.decode()
    assert everything() == before


def test_archive__who_manages__leaves_an_event(
    prompt: Prompt, author: User, governance_owner: User
) -> None:
    people.set_flags(author, is_staff=True, actor=governance_owner)
    client = signed_in(author)
    before = events()
    client.post(step(prompt, "archive"))
    client.post(step(prompt, "unarchive"))
    assert new_events(before) == ["registry.prompt.archived", "registry.prompt.unarchived"]


def test_new_prompt__without_create__is_refused(owner: Client, namespace: Namespace) -> None:
    data = {"name": "support/new", "type": "text", "owner": "gwen", "data_class": "internal"}
    before = everything()
    response = owner.post(maker(Prompt, "prompt"), data)
    assert response.status_code == 403
    assert "permission to create prompts" in response.content.decode()
    assert everything() == before


@pytest.mark.parametrize("flag", [False, True])
def test_confidential__without_view__is_nowhere_in_the_admin(
    make_prompt: MakePrompt, governance_owner: User, superuser: User, author: User, flag: bool
) -> None:
    hidden = make_prompt("support/hidden-plan", confidential=True, description="Secret aim.")
    prompts.edit_prompt(hidden, tags=["merger"], actor=author)
    client = signed_in(superuser if flag else governance_owner)
    for url in (
        listed(Prompt),
        listed(Prompt) + "?q=hidden",
        listed(Prompt) + "?confidential__exact=1",
    ):
        assert "hidden-plan" not in client.get(url).content.decode()
    kept = hidden.history.latest()
    for url in (
        address(hidden),
        address(hidden, "history"),
        address(hidden, "kept", kept.pk),
        step(hidden, "grants"),
        step(hidden, "edit"),
    ):
        response = client.get(url)
        assert response.status_code == 404
        assert "hidden-plan" not in response.content.decode()
    before = everything()
    own = key_of(governance_owner, permissions.VIEW)
    assert client.post(step(hidden, "grants"), {"was": [], "cells": [own]}).status_code == 404
    assert everything() == before


# -- namespaces, teams, labels --------------------------------------------------------------

MAKERS: list[tuple[Any, str, dict[str, str], str]] = [
    (Namespace, "namespace", {"name": "sales"}, "registry.namespace.created"),
    (Team, "team", {"name": "Sales"}, "registry.team.created"),
    (Label, "label", {"name": "canary", "order": "15"}, "registry.label.created"),
]


@pytest.mark.parametrize(("model", "slug", "data", "event"), MAKERS)
def test_makers__governance_owner__leave_their_event(
    owner: Client, production: Label, model: Any, slug: str, data: dict[str, str], event: str
) -> None:
    before = events()
    assert owner.post(maker(model, slug), data).status_code == 302
    assert new_events(before) == [event]


@pytest.mark.parametrize(("model", "slug", "data", "event"), MAKERS)
def test_makers__superuser__are_refused(
    superuser: User, production: Label, model: Any, slug: str, data: dict[str, str], event: str
) -> None:
    client = signed_in(superuser)
    before = everything()
    for url in (maker(model, slug), listed(model) + "add/"):
        response = client.post(url, data)
        assert response.status_code == 403
        assert "A governance owner has to do this." in response.content.decode()
    assert everything() == before


def test_new_namespace__bad_name__says_the_rule_and_keeps_what_was_typed(owner: Client) -> None:
    response = owner.post(maker(Namespace, "namespace"), {"name": "a/b"})
    assert response.status_code == 422
    page = response.content.decode()
    assert "holds no “/”" in page
    assert 'value="a/b"' in page


def test_template__boxes__become_the_grant_template(owner: Client, namespace: Namespace) -> None:
    url = step(namespace, "template")
    was = ticked(owner, url)
    new = key_of(role(roles.AUDITORS), permissions.VIEW)
    before = events()
    owner.post(url, {"was": was, "cells": [*was, new]})
    namespace.refresh_from_db()
    assert {"group": roles.AUDITORS, "permissions": ["view"]} in namespace.grant_template
    assert len(namespace.grant_template) == 8
    assert new_events(before) == ["registry.namespace.template_set"]


def test_creators__box__grants_create(owner: Client, namespace: Namespace) -> None:
    url = step(namespace, "creators")
    was = ticked(owner, url)
    before = events()
    owner.post(url, {"was": was, "cells": [*was, key_of(role(roles.SUPPORT), permissions.CREATE)]})
    assert new_events(before) == ["registry.grant.given"]


def test_protect__label__is_for_good(owner: Client, staging: Label) -> None:
    before = events()
    owner.post(step(staging, "protect"))
    staging.refresh_from_db()
    assert staging.protected
    assert new_events(before) == ["registry.label.protected"]
    assert "Protect" not in [s["words"] for s in owner.get(address(staging)).context["steps"]]
