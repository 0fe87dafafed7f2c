"""Who acts in a replay: its own people, made by verbs, with no more grants than a team has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command

from approvals.matching import PolicyBook
from audit.models import AuditHead
from config.replay.files import written_privately
from registry import permissions, roles
from registry.errors import Refusal
from registry.models import Label, Membership, Namespace, Prompt, User
from registry.names import name_key, namespace_of
from registry.services import grants, memberships, namespaces, people, tokens

GOVERNOR: Final = "replay-governor"
_DOMAIN = "replay.invalid"
_ROLES: Final[dict[str, str]] = {
    "replay-author": roles.AUTHORS,
    **{f"replay-{role}": role for role in roles.REVIEW_ROLES},
    "replay-release": roles.RELEASE_MANAGERS,
    "replay-responder": roles.RESPONDERS,
}
_READER: Final = "replay-reader"
#: what every prompt of a replayed namespace grants from the start
_TEMPLATE: Final[list[dict[str, Any]]] = [
    {"group": roles.AUTHORS, "permissions": ["propose"]},
    {"group": roles.RELEASE_MANAGERS, "permissions": ["release"]},
    {"group": roles.RESPONDERS, "permissions": ["respond"]},
]


@dataclass(frozen=True)
class Cast:
    """The people of a replay and the label that it releases to."""

    governor: User
    author: User
    reviewers: Mapping[int, tuple[User, str]]
    releaser: User
    responder: User
    production: Label

    def namespace(self, name: str) -> Namespace:
        """Return the namespace of that name in any case, made where there is none."""
        found = Namespace.objects.filter(name_key=name_key(name)).first()
        if found is None:
            asked = [
                {"group": role, "permissions": ["review"]}
                for role in _asked(f"{name}/replayed", self.production)
            ]
            found = namespaces.create_namespace(
                name, actor=self.governor, grant_template=[*_TEMPLATE, *asked]
            )
        if not permissions.can_create(self.author, found):
            grants.grant_on_namespace(found, permissions.CREATE, self.author, actor=self.governor)
        return found

    def let_in(self, prompt: Prompt) -> None:
        """Grant what the namespace's own template left out for these people."""
        asked = _asked(prompt.name, self.production)
        wanted = [
            (user, permissions.REVIEW) for user, role in self.reviewers.values() if role in asked
        ]
        wanted += [
            (self.author, permissions.PROPOSE),
            (self.releaser, permissions.RELEASE),
            (self.responder, permissions.RESPOND),
        ]
        for user, codename in wanted:
            if not permissions.may(user, codename, prompt):
                grants.grant(prompt, codename, user, actor=self.governor)


def _asked(prompt: str, label: Label) -> list[str]:
    """As many review roles as the policy of a prompt can ask for at once, others elsewhere."""
    rules = PolicyBook.read().match(prompt=prompt, label=label.name).rules
    if rules is None:
        return list(roles.REVIEW_ROLES)
    turn = sum(namespace_of(prompt).encode("utf-8"))
    chosen: list[str] = []
    for asked in rules.sign_offs:
        known = [role for role in asked.roles if role in chosen]
        others = [role for role in asked.roles if role not in chosen]
        others = others[turn % len(others) :] + others[: turn % len(others)] if others else []
        chosen += others[: max(max(asked.quorum, asked.distinct_roles) - len(known), 0)]
    return chosen


def ready() -> Cast:
    """Set up as `bootstrap --sign-offs-only` does, and make or find the people of a replay.

    Where others govern the installation, the first of them is who adds these people.
    """
    said = StringIO()
    call_command(
        "bootstrap",
        username=GOVERNOR,
        email=f"{GOVERNOR}@{_DOMAIN}",
        # A history of years cannot wait an hour on staging for each change.
        sign_offs_only=True,
        stdout=said,
    )
    governor = _governor()
    found = {name: _person(name, role, governor) for name, role in _ROLES.items()}
    reviewers = {
        found[name].pk: (found[name], role)
        for name, role in _ROLES.items()
        if role in roles.REVIEW_ROLES_SET
    }
    return Cast(
        governor=governor,
        author=found["replay-author"],
        reviewers=reviewers,
        releaser=found["replay-release"],
        responder=found["replay-responder"],
        production=Label.objects.get(name="production"),
    )


def reading_token(cast: Cast) -> str:
    """Return the secret of a token that reads production; kept in VAR_DIR between runs."""
    file = Path(settings.VAR_DIR) / f"replay-token-{AuditHead.objects.get().origin}"
    known = file.read_text(encoding="ascii") if file.is_file() else ""
    if known and tokens.find_token(known) is not None:
        return known
    account = User.objects.filter(username=_READER).first()
    if account is None:
        account = people.create_service_account(
            _READER, actor=cast.governor, display_name="Replay reader"
        )
    _, secret = tokens.create_token(
        account, name="replay", scopes=["read"], labels=["production"], actor=cast.governor
    )
    written_privately(file, secret)
    return secret


def _governor() -> User:
    owners = Membership.objects.filter(
        group__name=roles.GOVERNANCE_OWNERS, user__is_active=True
    ).select_related("user")
    own = owners.filter(user__username=GOVERNOR).first()
    return (own or owners.order_by("pk")[0]).user


def _person(username: str, role: str, governor: User) -> User:
    person = User.objects.filter(username=username).first()
    if person is None:
        person = people.create_person(
            username,
            email=f"{username}@{_DOMAIN}",
            display_name=f"Replay: {role}",
            actor=governor,
        )
    if not person.is_active:
        raise Refusal(f"The account {username} is deactivated; a governance owner can open it.")
    if role not in permissions.roles_of(person):
        memberships.join(person, role, actor=governor)
    return person
