"""Labels: the environments that serve prompts.

No verb changes what a label promotes from: it says where a version is tried first, so changing it
weakens the gate of a protected label. That needs a second governance owner, as a policy does, and
waits for that way.
"""

from __future__ import annotations

import re

from django.db import IntegrityError

from audit.ledger import recording
from registry import releases
from registry.actors import Actor
from registry.errors import BadInput, NameTaken
from registry.models import Label
from registry.permissions import require_governance
from registry.services._common import check_row, stamp

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z", re.ASCII)
_MAX_ORDER = 32767


def create_label(
    name: str,
    *,
    actor: Actor,
    protected: bool = False,
    order: int = 0,
    promotes_from: Label | None = None,
) -> Label:
    """Make a label, with an empty pointer for every prompt; a governance owner, or the bootstrap.

    Raises NotAllowed, BadInput, NameTaken.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor, bootstrap=True)
        if not _NAME.match(name):
            raise BadInput(
                "The name of a label is lower-case letters, digits and single hyphens, such as "
                "staging-eu. Rename it.",
                field="name",
            )
        _check_order(order)
        if Label.objects.filter(name=name).exists():
            raise _taken(name)
        label = Label(name=name, protected=protected, order=order, promotes_from=promotes_from)
        check_row(label)
        stamp(label, actor, "create_label")
        try:
            label.save(force_insert=True)
        except IntegrityError:  # somebody made it in the meantime
            raise _taken(name) from None
        releases.open_pointers_for_label(label)
        log.record(
            "registry.label.created",
            ("registry.label", label.public_id),
            after={
                "name": name,
                "protected": protected,
                "order": order,
                "promotes_from": str(promotes_from.public_id) if promotes_from else None,
            },
        )
        return label


def protect_label(label: Label, *, actor: Actor) -> Label:
    """Protect a label for good: from now on it moves by an approved request only.

    A no-op for a protected one. Raises NotAllowed.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        locked = Label.objects.select_for_update(no_key=True).get(pk=label.pk)
        if locked.protected:
            return locked
        locked.protected = True
        stamp(locked, actor, "protect_label")
        locked.save(update_fields=["protected"])
        log.record(
            "registry.label.protected",
            ("registry.label", locked.public_id),
            before={"protected": False},
            after={"protected": True},
        )
        return locked


def reorder_label(label: Label, order: int, *, actor: Actor) -> Label:
    """Say where a label stands in lists, which end with the highest; a no-op for the same order.

    It decides nothing but that. A governance owner. Raises NotAllowed, BadInput.
    """
    with recording(actor=actor.ref) as log:
        require_governance(actor)
        _check_order(order)
        locked = Label.objects.select_for_update(no_key=True).get(pk=label.pk)
        before = locked.order
        if before == order:
            return locked
        locked.order = order
        stamp(locked, actor, "reorder_label")
        locked.save(update_fields=["order"])
        log.record(
            "registry.label.reordered",
            ("registry.label", locked.public_id),
            before={"order": before},
            after={"order": order},
        )
        return locked


def _check_order(order: int) -> None:
    if not 0 <= order <= _MAX_ORDER:
        raise BadInput(f"The order is a number from 0 to {_MAX_ORDER}.", field="order")


def _taken(name: str) -> NameTaken:
    return NameTaken(f"There is a label named “{name}” already. Choose another name.")
