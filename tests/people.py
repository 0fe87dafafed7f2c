"""Real people in real roles, and a prompt they work on: all made through the verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group

from registry import roles
from registry.models import Label, Namespace, Prompt, User
from registry.permissions import BOOTSTRAP, CREATE
from registry.services import grants, labels, memberships, namespaces, people, prompts
from tests import snapshot

MakePrompt = Callable[..., Prompt]

#: what the namespace of the tests gives to each role on a new prompt
TEMPLATE = [
    {"group": roles.AUTHORS, "permissions": ["view", "propose"]},
    {"group": roles.SUPPORT, "permissions": ["view", "review"]},
    {"group": roles.SAFETY, "permissions": ["view", "review"]},
    {"group": roles.BRAND, "permissions": ["view", "review"]},
    {"group": roles.ENGINEERING, "permissions": ["view", "review"]},
    {"group": roles.RELEASE_MANAGERS, "permissions": ["view", "release"]},
    {"group": roles.RESPONDERS, "permissions": ["view", "respond"]},
]


def make_person(username: str, *joins: str, by: User) -> User:
    """Make a person and put them into roles, as a governance owner does."""
    person = people.create_person(
        username,
        email=f"{username}@example.org",
        display_name=f"{username.capitalize()} {'-'.join(joins) or 'Nobody'}",
        actor=by,
    )
    for name in joins:
        memberships.join(person, name, actor=by)
    return person


# What a test may ask for, each found where it was made already. In this order they are made.


def _role_groups() -> None:
    if not Group.objects.exists():
        for name in roles.ALL_ROLES:
            memberships.create_role(name, actor=BOOTSTRAP)


def _governance_owner() -> User:
    return _named("gwen") or people.first_governance_owner("gwen", "gwen@example.org", "Gwen Owner")


def _person(username: str, *joins: str) -> Callable[[], User]:
    return lambda: _named(username) or make_person(username, *joins, by=_governance_owner())


def _superuser() -> User:
    found = _named("sully")
    if found is None:
        owner = _governance_owner()
        person = make_person("sully", by=owner)
        found = people.set_flags(person, is_staff=True, is_superuser=True, actor=owner)
    return found


def _staging() -> Label:
    found = Label.objects.filter(name="staging").first()
    return found or labels.create_label("staging", order=10, actor=BOOTSTRAP)


def _production() -> Label:
    found = Label.objects.filter(name="production").first()
    return found or labels.create_label(
        "production", protected=True, order=20, promotes_from=_staging(), actor=BOOTSTRAP
    )


def _namespace() -> Namespace:
    found = Namespace.objects.filter(name="support").first()
    if found is None:
        owner = _governance_owner()
        found = namespaces.create_namespace("support", grant_template=TEMPLATE, actor=owner)
        authors = Group.objects.get(name=roles.AUTHORS)
        grants.grant_on_namespace(found, CREATE, authors, actor=owner)
    return found


def _prompt() -> Prompt:
    found = Prompt.objects.filter(name="support/refunds").first()
    return found or prompts.create_prompt("support/refunds", actor=CAST["author"]())


# Those whom `cast` found or made for the test that runs, read in one go.
_found: dict[str, User] = {}


def _named(username: str) -> User | None:
    return _found.get(username) or User.objects.filter(username=username).first()


CAST: dict[str, Callable[[], Any]] = {
    "role_groups": _role_groups,
    "governance_owner": _governance_owner,
    "author": _person("ada", roles.AUTHORS),
    "support_reviewer": _person("sue", roles.SUPPORT),
    "safety_reviewer": _person("sam", roles.SAFETY),
    "engineer": _person("eve", roles.ENGINEERING),
    "release_manager": _person("rita", roles.RELEASE_MANAGERS),
    "responder": _person("ron", roles.RESPONDERS),
    "auditor": _person("olga", roles.AUDITORS),
    "outsider": _person("otto"),
    "superuser": _superuser,
    "staging": _staging,
    "production": _production,
    "namespace": _namespace,
    "prompt": _prompt,
}


@pytest.fixture
def cast(request: pytest.FixtureRequest, db: None) -> Iterator[None]:
    """Whatever of `CAST` the test asks for, in one go; a fixture asked for later finds or makes."""
    wanted = tuple(name for name in CAST if name in request.fixturenames)

    def make() -> None:
        for name in wanted:
            CAST[name]()

    snapshot.put_back_or_make(wanted, make)
    _found.update({person.username: person for person in User.objects.all()})
    yield
    _found.clear()


@pytest.fixture
def role_groups(cast: None) -> None:
    """Every role group, as `bootstrap` makes them."""
    CAST["role_groups"]()


@pytest.fixture
def governance_owner(role_groups: None) -> User:
    """The first governance owner: makes all the other people."""
    return _governance_owner()


@pytest.fixture
def author(governance_owner: User) -> User:
    """Proposes changes; owns `prompt`."""
    person: User = CAST["author"]()
    return person


@pytest.fixture
def support_reviewer(governance_owner: User) -> User:
    """Signs off for support."""
    person: User = CAST["support_reviewer"]()
    return person


@pytest.fixture
def safety_reviewer(governance_owner: User) -> User:
    """Signs off for safety."""
    person: User = CAST["safety_reviewer"]()
    return person


@pytest.fixture
def engineer(governance_owner: User) -> User:
    """Signs off for engineering."""
    person: User = CAST["engineer"]()
    return person


@pytest.fixture
def release_manager(governance_owner: User) -> User:
    """Releases and rolls back."""
    person: User = CAST["release_manager"]()
    return person


@pytest.fixture
def responder(governance_owner: User) -> User:
    """Suspends and rolls back at any hour."""
    person: User = CAST["responder"]()
    return person


@pytest.fixture
def auditor(governance_owner: User) -> User:
    """Reads and verifies."""
    person: User = CAST["auditor"]()
    return person


@pytest.fixture
def outsider(governance_owner: User) -> User:
    """Signed in, in no role and with no permission."""
    person: User = CAST["outsider"]()
    return person


@pytest.fixture
def superuser(governance_owner: User) -> User:
    """Has both flags of the admin, and not one permission."""
    person: User = CAST["superuser"]()
    return person


@pytest.fixture
def staging(cast: None) -> Label:
    """The unprotected label."""
    return _staging()


@pytest.fixture
def production(staging: Label) -> Label:
    """The protected label that promotes from staging."""
    return _production()


@pytest.fixture
def namespace(governance_owner: User, production: Label) -> Namespace:
    """The namespace `support`, in which authors create, with both labels there."""
    return _namespace()


@pytest.fixture
def make_prompt(namespace: Namespace, author: User) -> MakePrompt:
    """Make a prompt in `support` by the author: `make_prompt("support/x", confidential=True)`."""

    def make(name: str = "support/refunds", **fields: Any) -> Prompt:
        return prompts.create_prompt(name, **{"actor": author, **fields})

    return make


@pytest.fixture
def prompt(namespace: Namespace, author: User) -> Prompt:
    """`support/refunds`, owned by the author."""
    return _prompt()
