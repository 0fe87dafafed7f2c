"""The parts of the verbs on policies: reading a document, new rows, and what events say of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max

from approvals.models import Policy, PolicyVersion
from approvals.policies import PolicyRules, UnreadablePolicy
from approvals.policies import read as read_policy
from approvals.services import _common as common
from audit.canonical import canonical, sha256_hex
from audit.ledger import Recording
from registry.actors import Actor
from registry.errors import BadInput, NameTaken
from registry.models import Membership
from registry.names import check_seen

MAX_NAME, MAX_POSITION = 60, 32_000


def readable(document: dict[str, Any]) -> tuple[str, PolicyRules]:
    """The canonical text of a document and its rules; BadInput names what cannot be read."""
    try:
        text = canonical(document)
        return text, read_policy(text)
    except (UnreadablePolicy, ValueError) as error:
        raise BadInput(f"This policy cannot be read: {error}.", field="document") from error


def possible(rules: PolicyRules) -> None:
    """BadInput where a sign-off asks more people than there are active ones in its roles."""
    people = Membership.objects.filter(user__is_active=True, user__kind="person")
    held: dict[int, set[str]] = {}
    for user, role in people.values_list("user_id", "group__name"):
        held.setdefault(user, set()).add(role)
    for sign_off in rules.sign_offs:
        able = [roles_of for roles_of in held.values() if roles_of & set(sign_off.roles)]
        known = {role for roles_of in able for role in roles_of & set(sign_off.roles)}
        if len(able) < sign_off.quorum or len(known) < min(
            sign_off.distinct_roles, sign_off.quorum
        ):
            raise BadInput(
                f"Nobody could ever meet “{sign_off.title}”: it asks for {sign_off.quorum} in "
                f"{' or '.join(sign_off.roles)}, and there are {len(able)}. Add people to the role "
                "first, or ask for fewer.",
                field="document",
            )


def new(name: str, position: int | None, actor: Actor) -> Policy:
    """A policy that is not in force yet; BadInput or NameTaken for its name or position."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise BadInput(f"A policy's name has 1 to {MAX_NAME} printable characters.", field="name")
    check_seen("name", name)
    if Policy.objects.filter(name__iexact=name).exists():
        raise NameTaken(f"There is a policy named {name} already.", field="name")
    if position is None:
        last = Policy.objects.order_by("-position").first()
        position = last.position + 10 if last else 10
    check_free(position)
    policy = Policy(name=name, position=position)
    common.stamp(policy, actor, "propose_policy")
    policy.save()
    return policy


def check_free(position: int) -> None:
    """BadInput for a position that is out of range or taken."""
    if not 0 < position <= MAX_POSITION:
        raise BadInput(f"A position is from 1 to {MAX_POSITION}.", field="position")
    if Policy.objects.filter(position=position).exists():
        raise BadInput(f"Another policy is at position {position}.", field="position")


def append(policy: Policy, text: str, actor: Actor, at: datetime) -> PolicyVersion:
    """The next version of a policy, which its caller has locked."""
    last = policy.versions.aggregate(last=Max("number"))["last"]
    return PolicyVersion.objects.create(
        policy=policy,
        number=(last or 0) + 1,
        document=text,
        digest=sha256_hex(text),
        made_by=actor.account,
        created_at=at,
    )


def told_version(version: PolicyVersion) -> dict[str, Any]:
    """What the event that made a version says of it."""
    return {
        "id": str(version.public_id),
        "policy": str(version.policy.public_id),
        "digest": version.digest,
        "number": version.number,
        "made_by": str(version.made_by.public_id) if version.made_by else None,
    }


def told_policy(policy: Policy) -> dict[str, Any]:
    """What an event says of a policy as it is now."""
    return {
        "id": str(policy.public_id),
        "current": str(policy.current.public_id) if policy.current else None,
        "position": policy.position,
        "name": sha256_hex(policy.name),
    }


def record_first(log: Recording, policy: Policy, version: PolicyVersion) -> None:
    """The event of a policy of the set-up, in force at once."""
    log.record(
        "approvals.policy.saved",
        ("approvals.policy", policy.public_id),
        before={"digest": None},
        after={
            "digest": version.digest,
            "number": version.number,
            "position": policy.position,
            "name": sha256_hex(policy.name),
        },
        data={"version": str(version.public_id), "made_by": None},
    )
