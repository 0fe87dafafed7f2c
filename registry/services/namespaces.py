"""Namespaces and the teams that own them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError

from audit.canonical import canonical
from audit.ledger import recording
from registry.actors import Actor
from registry.errors import BadInput, NameTaken
from registry.holdings import role_named
from registry.models import Namespace, Team
from registry.names import check_segment, name_key
from registry.permissions import WORDS, require_governance
from registry.services._common import check_row, check_shown, check_shown_name, refuse_own

Template = Iterable[Mapping[str, Any]]


def create_namespace(
    name: str,
    *,
    actor: Actor,
    owner_team: Team | None = None,
    grant_template: Template | None = None,
) -> Namespace:
    """Make a namespace, which is one segment; a governance owner, or the bootstrap.

    Raises NotAllowed, InvalidName, NameTaken, BadInput and OwnGrant for the template.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor, bootstrap=True)
        key = name_key(check_segment(name))
        check_shown(name=name)
        template = _checked(grant_template or (), (), actor)
        namespace = Namespace(
            name=name, name_key=key, owner_team=owner_team, grant_template=template
        )
        if Namespace.objects.filter(name_key=key).exists():
            raise _taken(name)
        try:
            namespace.save(force_insert=True)
        except IntegrityError:  # somebody made it in the meantime
            raise _taken(name) from None
        log.record(
            "registry.namespace.created",
            ("registry.namespace", namespace.public_id),
            after={
                "template": template,
                "team": _team_id(owner_team),
            },
            blobs={"name": log.commit(name)},
        )
        return namespace


def set_grant_template(
    namespace: Namespace, grant_template: Template, *, actor: Actor
) -> Namespace:
    """Set what a new prompt in the namespace grants; prompts that exist keep their grants.

    A list of {"group": role, "permissions": ["review", ...]}; a no-op for the same list. Raises
    NotAllowed, BadInput, and OwnGrant for what it would add to a role of whoever sets it.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = Namespace.objects.select_for_update(no_key=True).get(pk=namespace.pk)
        before = locked.grant_template
        template = _checked(grant_template, before, actor)
        if canonical(template) == canonical(before):
            return locked
        locked.grant_template = template
        locked.save(update_fields=["grant_template"])
        log.record(
            "registry.namespace.template_set",
            ("registry.namespace", locked.public_id),
            before={"template": before},
            after={"template": template},
        )
        return locked


def edit_namespace(namespace: Namespace, *, owner_team: Team | None, actor: Actor) -> Namespace:
    """Say which team owns a namespace, None for no team; owning grants nothing by itself.

    A governance owner; a no-op for the same team. Raises NotAllowed.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        rows = Namespace.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("owner_team").get(pk=namespace.pk)
        before = locked.owner_team
        if before == owner_team:
            return locked
        locked.owner_team = owner_team
        locked.save(update_fields=["owner_team"])
        log.record(
            "registry.namespace.edited",
            ("registry.namespace", locked.public_id),
            before={"team": _team_id(before)},
            after={"team": _team_id(owner_team)},
        )
        return locked


def create_team(name: str, *, actor: Actor) -> Team:
    """Make a team that can own namespaces and prompts. Raises NotAllowed, NameTaken, BadInput."""
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        team = Team(name=name)
        _save_team(team)
        log.record(
            "registry.team.created",
            ("registry.team", team.public_id),
            blobs={"name": log.commit(name)},
        )
        return team


def rename_team(team: Team, name: str, *, actor: Actor) -> Team:
    """Give a team another name; what it owns stays its own. A no-op for the same name.

    A governance owner. Raises NotAllowed, NameTaken, BadInput.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        if locked.name == name:
            return locked
        locked.name = name
        _save_team(locked)
        log.record(
            "registry.team.renamed",
            ("registry.team", locked.public_id),
            blobs={"name": log.commit(name)},
        )
        return locked


def pairs(template: Template) -> set[tuple[str, str]]:
    """Return the (role, permission codename) pairs that a grant template stands for."""
    return {(entry["group"], WORDS[word]) for entry in template for word in entry["permissions"]}


def _save_team(team: Team) -> None:
    check_shown_name(name=team.name)
    taken = NameTaken(f"There is a team named “{team.name}” already. Choose another name.")
    if Team.objects.filter(name__iexact=team.name).exclude(pk=team.pk).exists():
        raise taken
    check_row(team)
    try:
        team.save()
    except IntegrityError:  # somebody took the name in the meantime
        raise taken from None


def _team_id(team: Team | None) -> str | None:
    return str(team.public_id) if team else None


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a namespace “{name}” already. Choose another name.")


def _checked(template: Template, before: Template, actor: Actor) -> list[dict[str, Any]]:
    """Return a template in its one form: each role once, in order, with its words in order."""
    words: dict[str, set[str]] = {}
    for entry in template:
        if not isinstance(entry, Mapping) or entry.keys() != {"group", "permissions"}:
            raise BadInput("Each entry of a grant template needs “group” and “permissions”.")
        unknown = [word for word in entry["permissions"] if word not in WORDS]
        if unknown:
            raise BadInput(
                f"“{unknown[0]}” is not a permission on prompts. Use some of: {', '.join(WORDS)}."
            )
        words.setdefault(role_named(str(entry["group"])).name, set()).update(entry["permissions"])
    checked = [
        {"group": name, "permissions": [word for word in WORDS if word in given]}
        for name, given in sorted(words.items())
        if given
    ]
    for name in sorted({name for name, _ in pairs(checked) - pairs(before)}):
        refuse_own(actor, role_named(name))
    return checked
