"""Prompts: made, described, archived. What they say lives in versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group

from audit.ledger import Recording, recording
from registry import permissions, releases, rules
from registry.actors import Actor
from registry.errors import BadInput, InvalidName, NameTaken, NotFound, Refusal
from registry.holdings import role_named
from registry.models import Namespace, Prompt, Team, User
from registry.names import check_name, name_key, namespace_of
from registry.services import _grants, _viewers
from registry.services._common import (
    check_row,
    check_shown,
    check_shown_name,
    check_texts,
    reference,
    stamp,
    told,
)
from registry.services.namespaces import pairs

#: what a prompt's owner may do from the start
OWNER_GRANTS = (permissions.VIEW, permissions.PROPOSE, permissions.MANAGE)
EDITABLE = ("description", "tags", "team", "owner", "data_class", "confidential")
MAX_TAGS = 20
MAX_TAG = 50
MAX_DESCRIPTION = 10_000
_NO_VIEWER = (
    "No active person would see this prompt once it is confidential: service accounts do not "
    "count. Give a person the permission to view it first, or choose an owner who is a person."
)
_NO_MANAGER = (
    "No active person would see this prompt and could give permissions on it once it is "
    "confidential: service accounts do not count. Give a person the permissions to view and to "
    "manage it first, or choose an owner who is a person."
)


def create_prompt(
    name: str,
    *,
    actor: Actor,
    type: str = Prompt.Type.TEXT,
    data_class: str = Prompt.DataClass.INTERNAL,
    description: str = "",
    tags: Iterable[str] = (),
    team: Team | None = None,
    owner: User | None = None,
    confidential: bool = False,
    log: Recording | None = None,
) -> Prompt:
    """Make a prompt in its namespace, with the namespace's grants and a pointer for each label.

    Needs `create` there; the owner (by default whoever makes it) may view, propose and manage.
    `log` is the open recording of a verb that makes a prompt as a part of its work.
    Raises InvalidName, NotFound for the namespace, NotAllowed, BadInput, what the rules for texts
    raise, LastViewer or LastManager for a confidential one that no person would see, or none who
    could grant on it, and for a name that is not free NameTaken, or InvalidName where whoever asks
    may not see the prompt that has it.
    """
    with recording(actor=actor.ref, within=log) as log:
        if confidential:
            rules.hold_still()
        check_name(name)
        check_shown(name=name, description=description)
        namespace = _namespace(name)
        permissions.require_create(actor, namespace)
        if Prompt.objects.filter(name_key=name_key(name)).exists():
            raise not_free(name, actor)
        prompt = Prompt(
            name=name,
            name_key=name_key(name),
            namespace=namespace,
            type=type,
            data_class=data_class,
            description=description,
            tags=_tags(tags),
            team=team,
            owner=_owner(owner or actor.account),
            confidential=confidential,
        )
        _check(prompt)
        stamp(prompt, actor, "create_prompt")
        prompt.save(force_insert=True)
        given = _first_grants(prompt)
        if confidential:
            _viewers.check_kept(prompt, no_viewer=_NO_VIEWER, no_manager=_NO_MANAGER)
        releases.open_pointers(prompt)
        blobs = {"name": log.commit(name), "tags": log.commit("\n".join(prompt.tags))}
        log.record(
            "registry.prompt.created",
            ("registry.prompt", prompt.public_id),
            related=[("registry.namespace", namespace.public_id)],
            after={**_facts(prompt), "status": str(prompt.status), "type": str(prompt.type)},
            data={"grants": given},
            blobs={**blobs, "description": log.commit(description)},
        )
        return prompt


def not_free(name: str, actor: Actor) -> Refusal:
    """Return the refusal of a name that a prompt has already.

    Names are unique, so that a refusal cannot be had without telling that there is something. To
    somebody who may not see that prompt it says no more than of a name that breaks a rule: not
    that it is a prompt, nor whose, nor how it is written there. Only those who may create in the
    namespace get as far as this.
    """
    if permissions.visible_prompts(actor.account).filter(name_key=name_key(name)).exists():
        return NameTaken(f"There is a prompt named “{name}” already. Choose another name.")
    return InvalidName(f"The name “{name}” cannot be used here. Choose another name.", field="name")


def edit_prompt(prompt: Prompt, *, actor: Actor, **fields: Any) -> Prompt:
    """Change what is said about a prompt; needs `manage`. Fields are those of EDITABLE.

    Name and type never change. Raises NotFound, NotAllowed, BadInput, and LastViewer or
    LastManager for a confidential one that no person would see, or none who could grant on it; a
    no-op for equal values.
    """
    unknown = sorted(fields.keys() - {*EDITABLE})
    if unknown:
        raise BadInput(f"“{unknown[0]}” cannot be changed. Change some of: {', '.join(EDITABLE)}.")
    with recording(actor=actor.ref) as log:
        if "confidential" in fields:
            rules.hold_still()
        locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
        permissions.require(actor, permissions.MANAGE, locked)
        if "tags" in fields:
            fields["tags"] = _tags(fields["tags"])
        changed = [name for name, value in fields.items() if getattr(locked, name) != value]
        if not changed:
            return locked
        before = _facts(locked)
        for name in changed:
            setattr(locked, name, fields[name])
        if "description" in changed:
            check_shown(description=locked.description)
        _check(locked)
        if "owner" in changed:
            _owner(locked.owner)
        if "confidential" in changed and locked.confidential:
            _check_still_seen(locked, actor)
        stamp(locked, actor, "edit_prompt")
        locked.save(update_fields=changed)
        if "confidential" in changed:
            _viewers.check_kept(locked, no_viewer=_NO_VIEWER, no_manager=_NO_MANAGER)
        after = _facts(locked)
        told_facts = [key for key in after if after[key] != before[key]]
        log.record(
            "registry.prompt.edited",
            ("registry.prompt", locked.public_id),
            before={key: before[key] for key in told_facts},
            after={key: after[key] for key in told_facts},
            data={"fields": sorted(changed)},
            blobs=_texts(locked, changed, log),
        )
        return locked


def archive_prompt(prompt: Prompt, *, actor: Actor) -> Prompt:
    """Take no more proposals for a prompt; what is live stays live. Needs `manage`."""
    return _set_status(prompt, Prompt.Status.ARCHIVED, "archived", actor)


def unarchive_prompt(prompt: Prompt, *, actor: Actor) -> Prompt:
    """Take proposals for a prompt again. Needs `manage`."""
    return _set_status(prompt, Prompt.Status.ACTIVE, "unarchived", actor)


def _set_status(prompt: Prompt, status: str, word: str, actor: Actor) -> Prompt:
    with recording(actor=actor.ref) as log:
        locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
        permissions.require(actor, permissions.MANAGE, locked)
        before = locked.status
        if before == status:
            return locked
        locked.status = status
        stamp(locked, actor, word)
        locked.save(update_fields=["status"])
        log.record(
            f"registry.prompt.{word}",
            ("registry.prompt", locked.public_id),
            before={"status": str(before)},
            after={"status": str(status)},
        )
        return locked


# -- parts ----------------------------------------------------------------------------------


def _namespace(name: str) -> Namespace:
    first = namespace_of(name)
    # Locked, so that two prompts of one name cannot be made at once.
    rows = Namespace.objects.select_for_update(no_key=True)
    namespace = rows.filter(name_key=name_key(first)).first()
    if namespace is None:
        raise NotFound(
            f"There is no namespace “{first}”. Choose one that exists, "
            "or ask a governance owner to make it."
        )
    if namespace.name != first:
        # Policies match names: another spelling must not slip past the policy of a namespace.
        rest = name[len(first) :]
        raise InvalidName(
            f"The namespace is written “{namespace.name}”. Use “{namespace.name}{rest}”."
        )
    return namespace


def _owner(owner: User | None) -> User:
    if owner is None or not owner.is_active:
        raise BadInput("A prompt needs an owner whose account is active. Choose another person.")
    return owner


def _check(prompt: Prompt) -> None:
    check_texts(description=prompt.description)
    if len(prompt.description) > MAX_DESCRIPTION:
        raise BadInput(
            f"The description has {len(prompt.description):,} characters and at most "
            f"{MAX_DESCRIPTION:,} are allowed. Shorten it.",
            field="description",
        )
    check_row(prompt, exclude=["namespace", "owner", "team", "name", "name_key"])


def _tags(tags: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(str(tag).strip() for tag in tags))
    if len(found) > MAX_TAGS or any(not 0 < len(tag) <= MAX_TAG for tag in found):
        raise BadInput(
            f"Use at most {MAX_TAGS} tags of 1 to {MAX_TAG} characters each.", field="tags"
        )
    for tag in found:
        check_shown_name(tags=tag)
    return found


def _check_still_seen(prompt: Prompt, actor: Actor) -> None:
    if not permissions.may(actor.account, permissions.VIEW, prompt):
        raise BadInput(
            "Only people with the permission to view would still see this prompt, and you would "
            "not. Ask for that permission first.",
            field="confidential",
        )


def _first_grants(prompt: Prompt) -> list[dict[str, Any]]:
    template = sorted(pairs(prompt.namespace.grant_template))
    groups = {name: role_named(name) for name in {name for name, _ in template}}
    wanted: list[tuple[str, User | Group]] = [(code, prompt.owner) for code in OWNER_GRANTS]
    wanted += [(code, groups[name]) for name, code in template]
    _grants.add_first(prompt, wanted)
    return [{"permission": code, "to": told(reference(to))} for code, to in wanted]


def _facts(prompt: Prompt) -> dict[str, Any]:
    return {
        "owner": str(prompt.owner.public_id),
        "team": str(prompt.team.public_id) if prompt.team else None,
        "data_class": str(prompt.data_class),
        "confidential": prompt.confidential,
    }


def _texts(prompt: Prompt, changed: Iterable[str], log: Recording) -> dict[str, Any]:
    texts = {"description": prompt.description, "tags": "\n".join(prompt.tags)}
    return {name: log.commit(text) for name, text in texts.items() if name in changed}
