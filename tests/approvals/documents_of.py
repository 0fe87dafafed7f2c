"""Policy documents for tests: the ready ones with something else said in one place."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from django.contrib.auth.models import Group

from approvals import services
from approvals.models import ApprovalRequest, Policy, PolicyVersion
from approvals.policies import ready_policies
from registry import roles
from registry.models import User
from tests.people import make_person


def ready(title: str, /, **changes: Any) -> dict[str, Any]:
    """A ready policy that asks for sign-offs only, with other fields.

    `names`, `labels`, `tags` … are those of its scope.
    """
    found = deepcopy(next(d for d in ready_policies(sign_offs_only=True) if d["title"] == title))
    for name in ("labels", "names", "tags", "data_classes", "min_level"):
        if name in changes:
            found["scope"][name] = changes.pop(name)
    return {**found, **changes}


def sign_off(role: str, **changes: Any) -> dict[str, Any]:
    """One person of one role, or what the changes say."""
    one = {"key": role, "title": f"{role.capitalize()} sign-off", "roles": [role], "quorum": 1}
    return {**one, **changes}


def stages(*groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stages named First, Second … of these sign-offs."""
    words = ("First", "Second", "Third")
    return [{"title": word, "sign_offs": group} for word, group in zip(words, groups, strict=False)]


def with_brand() -> dict[str, Any]:
    """Regulated, asking for the brand as well, at the same time as the others."""
    found = ready("Regulated")
    found["stages"][0]["sign_offs"].append(sign_off("brand"))
    return found


def second_owner(first: User) -> User:
    """Another governance owner, who decides what the first one proposes."""
    found = User.objects.filter(username="greta").first()
    return found or make_person("greta", roles.GOVERNANCE_OWNERS, by=first)


def proposed(
    policy: Policy | None, document: dict[str, Any], *, by: User, **more: Any
) -> ApprovalRequest:
    """A change of a policy that waits for another owner; the roles it asks for have people."""
    for name in roles.REVIEW_ROLES:
        if not Group.objects.get(name=name).memberships.exists():
            make_person(f"any-{name}", name, by=by)
    return services.propose_policy(policy, document, rationale="Better so.", actor=by, **more)


def in_force(
    policy: Policy | None, document: dict[str, Any], *, by: User, **more: Any
) -> PolicyVersion:
    """A policy that one owner proposed and another approved."""
    request = proposed(policy, document, by=by, **more)
    services.decide_policy(request.pk, actor=second_owner(by), decision="approve")
    version = request.proposed_policy
    assert version is not None
    return version
