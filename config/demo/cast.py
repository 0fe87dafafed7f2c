"""The people and prompts of the demo, made through the verbs; who may do what is a grant."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command

from registry import permissions, roles
from registry.models import Label, Namespace, Prompt, User
from registry.services import grants, memberships, namespaces, people, prompts, tokens

GOVERNOR = "gwen"
PM, ENGINEER, SUPPORT, SAFETY = "mara", "eno", "tom", "priya"
RELEASER, AUDITOR, SUPERUSER = "rita", "olga", "root"
YOU = SAFETY

#: user name, name, what the person is called in the story, roles
_PEOPLE: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (PM, "Mara Lind", "product manager", (roles.AUTHORS,)),
    (ENGINEER, "Eno Hartman", "engineer", (roles.ENGINEERING,)),
    (SUPPORT, "Tom Baker", "support reviewer", (roles.SUPPORT,)),
    (SAFETY, "Priya Nair", "safety reviewer", (roles.SAFETY, roles.RESPONDERS)),
    (RELEASER, "Rita Sole", "release manager", (roles.RELEASE_MANAGERS, roles.RESPONDERS)),
    (AUDITOR, "Olga Berg", "auditor", (roles.AUDITORS,)),
    (SUPERUSER, "Rolf Ott", "superuser", ()),
)
TITLES = {GOVERNOR: "governance owner", **{name: title for name, _, title, _ in _PEOPLE}}

_TEMPLATE: list[dict[str, Any]] = [
    {"group": roles.AUTHORS, "permissions": ["view", "propose"]},
    *({"group": role, "permissions": ["view", "review"]} for role in roles.REVIEW_ROLES),
    {"group": roles.RELEASE_MANAGERS, "permissions": ["view", "release"]},
    {"group": roles.RESPONDERS, "permissions": ["view", "respond"]},
]

APP_TOKEN = "app-token"  # noqa: S105  # names of files, not secrets
ENGINEER_TOKEN = "engineer-token"  # noqa: S105
CI_TOKEN = "ci-token"  # noqa: S105


@dataclass
class Cast:
    """Everybody and everything that the story is about."""

    people: dict[str, User] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, Prompt] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> User:
        return self.people[name]

    @property
    def production(self) -> Label:
        return Label.objects.get(name="production")


def make() -> Cast:
    """Set up the installation: roles, labels, policies, people, namespaces, prompts, tokens."""
    cast = Cast()
    cast.passwords[GOVERNOR] = os.environ["BOOTSTRAP_PASSWORD"] = secrets.token_urlsafe(9)
    call_command(
        "bootstrap",
        username=GOVERNOR,
        email="gwen@example.com",
        name="Gwen Adler",
        # One press of Approve is to complete the list.
        sign_offs_only=True,
        stdout=StringIO(),
    )
    gwen = User.objects.get(username=GOVERNOR)
    cast.people[GOVERNOR] = gwen
    for username, name, _, joins in _PEOPLE:
        password = secrets.token_urlsafe(9)
        cast.passwords[username] = password
        cast.people[username] = people.create_person(
            username,
            email=f"{username}@example.com",
            display_name=name,
            password=password,
            actor=gwen,
        )
        for role in joins:
            memberships.join(cast.people[username], role, actor=gwen)
    people.set_flags(cast[SUPERUSER], is_staff=True, is_superuser=True, actor=gwen)
    for name in ("support", "sales"):
        _namespace(name, gwen)
    for name in ("support/reply-drafter", "support/refund-answer", "sales/quote-intro"):
        cast.prompts[name] = prompts.create_prompt(name, actor=cast[PM])
    _tokens(cast, gwen)
    return cast


def _namespace(name: str, gwen: User) -> Namespace:
    made = namespaces.create_namespace(name, actor=gwen, grant_template=_TEMPLATE)
    authors = Group.objects.get(name=roles.AUTHORS)
    grants.grant_on_namespace(made, permissions.CREATE, authors, actor=gwen)
    return made


def _tokens(cast: Cast, gwen: User) -> None:
    """An application that reads production, an engineer's script, and CI that may place."""
    wanted = {
        APP_TOKEN: ("support-app", ["read"], ["production"]),
        ENGINEER_TOKEN: ("engineer-script", ["read", "preview"], ["*"]),
        CI_TOKEN: ("ci", ["read", "place"], ["*"]),
    }
    for name, (account_name, scopes, labels) in wanted.items():
        account = people.create_service_account(account_name, actor=gwen)
        _, secret = tokens.create_token(
            account, name=account_name, scopes=scopes, labels=labels, actor=gwen
        )
        cast.tokens[name] = secret
        keep(name, secret)
        if name == CI_TOKEN:
            for prompt in cast.prompts.values():
                grants.grant(prompt, permissions.PROPOSE, account, actor=gwen)


def keep(name: str, secret: str) -> None:
    """Keep a token for the pages and commands of this demo, readable by its owner only."""
    file = Path(settings.VAR_DIR) / name
    file.write_text(secret, "ascii")
    file.chmod(0o600)


def kept(name: str) -> str:
    """A token kept by this demo; empty when there is none."""
    file = Path(settings.VAR_DIR) / name
    return file.read_text("ascii") if file.is_file() else ""
